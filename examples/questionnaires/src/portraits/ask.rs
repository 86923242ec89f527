use std::path::Path;

use program::{Failure, Interruption, steps};
use value_causal::bench::chat::Message;
use value_causal::bench::schwartz::{Instrument, Items};
use value_causal::bench::{RatingJudge, Role};

use crate::asking::{Lines, Speaker};

/// Puts an instrument's items to a model in each role (`None` is the model as it is), and keeps a row of answers for each in
/// `file` once all are there; roles that the file has already are not asked again.
///
/// # Errors
/// If the file is that of another instrument, or the model cannot answer; when the run is interrupted.
pub fn ask(
    file: &Path,
    instrument: &Instrument,
    items: &Items,
    roles: &[Option<&Role>],
    speaker: &Speaker,
    interruption: &Interruption,
) -> Result<(), Failure> {
    let numbers: Vec<String> = (1..=instrument.n_items)
        .map(|item| item.to_string())
        .collect();
    let header: Vec<&str> = std::iter::once("person")
        .chain(numbers.iter().map(String::as_str))
        .collect();
    let mut lines = Lines::open(file, &header)?;
    let rows = lines.rows()?;
    let is_there = |name: &str| rows.iter().any(|row| row.get(0) == Some(name));
    let scale = instrument.scale();
    let judge = RatingJudge::new(&scale);
    let among: Vec<String> = scale.ratings().iter().map(ToString::to_string).collect();
    let progress = steps(roles.len() as u64);
    for role in roles {
        let name = role.map_or(speaker.name(), |role| &role.name);
        if !is_there(name) {
            let prompts = items
                .texts()
                .iter()
                .map(|text| instrument.prompt(text, *role));
            let chats: Vec<Vec<Message>> =
                prompts.map(|prompt| vec![Message::user(prompt)]).collect();
            let mut answers = vec![String::new(); chats.len()];
            speaker.choose(&chats, &among, &mut |number, answer| {
                let rating = judge.judge(answer);
                answers[number] = rating.map_or_else(String::new, |rating| rating.to_string());
                Ok(interruption.check()?)
            })?;
            let cells = std::iter::once(name).chain(answers.iter().map(String::as_str));
            lines.push(&cells.collect::<Vec<_>>())?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}
