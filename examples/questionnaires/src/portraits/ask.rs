use std::path::Path;

use program::{Failure, Interruption, counted, remark, steps};
use value_causal::bench::chat::Message;
use value_causal::bench::schwartz::{Instrument, Items};
use value_causal::bench::{RatingJudge, Role};

use crate::asking::{Lines, Speaker};

/// Puts an instrument's items to a model in each role (`None` is the model as it is). Each answer is kept beside `file`, in
/// `STEM.texts.csv`, as it comes, and a row of ratings for each role in `file` once all are there; what is there already is not
/// asked again. A role without any rating has no row.
///
/// # Errors
/// If a file is that of another instrument, or has answers of another model or to other prompts; if the model cannot answer,
/// or gives no rating in any role; when the run is interrupted.
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
    let middle = numbers.iter().map(String::as_str);
    let header: Vec<&str> = ["person"]
        .into_iter()
        .chain(middle)
        .chain(["asked"])
        .collect();
    let mut lines = Lines::open(file, &header)?;
    let mut texts = Lines::open(
        &file.with_extension("texts.csv"),
        &["person", "item", "answer", "asked"],
    )?;
    let scale = instrument.scale();
    let judge = RatingJudge::new(&scale);
    let among: Vec<String> = scale.ratings().iter().map(ToString::to_string).collect();
    let (there, said) = (lines.rows()?, texts.rows()?);
    let progress = steps(roles.len() as u64);
    let mut unrated = None;
    for role in roles {
        let name = role.map_or(speaker.name(), |role| &role.name);
        let prompts: Vec<String> = items
            .texts()
            .iter()
            .map(|text| instrument.prompt(text, *role))
            .collect();
        let asked = speaker.asked(&prompts.concat());
        let own = |row: &&csv::StringRecord| row.get(0) == Some(name);
        lines.check_rows(there.iter().filter(own), "asked", &asked)?;
        texts.check_rows(said.iter().filter(own), "asked", &asked)?;
        if !there.iter().any(|row| own(&row)) {
            let mut answers: Vec<Option<String>> = vec![None; prompts.len()];
            for row in said.iter().filter(own) {
                let item = numbers.iter().position(|number| row.get(1) == Some(number));
                if let Some(item) = item {
                    answers[item] = row.get(2).map(str::to_owned);
                }
            }
            let open: Vec<usize> = (0..prompts.len())
                .filter(|&at| answers[at].is_none())
                .collect();
            let chats = open
                .iter()
                .map(|&item| vec![Message::user(&*prompts[item])]);
            let chats: Vec<Vec<Message>> = chats.collect();
            speaker.choose(&chats, &among, &mut |number, answer| {
                let item = open[number];
                texts.push(&[name, &numbers[item], answer, &asked])?;
                answers[item] = Some(answer.to_owned());
                Ok(interruption.check()?)
            })?;
            let answers: Vec<String> = answers.into_iter().map(Option::unwrap_or_default).collect();
            let rating = |answer: &String| {
                judge
                    .judge(answer)
                    .map_or_else(String::new, |rating| rating.to_string())
            };
            let ratings: Vec<String> = answers.iter().map(rating).collect();
            if ratings.iter().all(String::is_empty) {
                let (n, first) = (counted(answers.len(), "answer"), &answers[0]);
                let why = format!(
                    "{name}: expected a rating in an answer, found none in {n}, the first of which is {first:?}"
                );
                remark(format_args!("note: {why}"));
                unrated.get_or_insert(why);
            } else {
                let cells = [name].into_iter().chain(ratings.iter().map(String::as_str));
                lines.push(&cells.chain([asked.as_str()]).collect::<Vec<_>>())?;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    match unrated {
        Some(why) if lines.is_new() => Err(why.into()),
        _ => Ok(()),
    }
}
