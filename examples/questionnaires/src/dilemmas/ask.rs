use std::collections::HashMap;
use std::path::Path;

use program::{Failure, Interruption, counted, steps};
use value_causal::bench::chat::Message;
use value_causal::bench::dilemmas::{
    Choices, Context, Dilemma, Dilemmas, LETTERS, STEPS, Turn, choice_in,
};

use crate::asking::{Lines, Speaker};

const HEADER: [&str; 9] = [
    "dilemma",
    "step",
    "choiceA_value",
    "choiceB_value",
    "choice",
    "context",
    "model",
    "answer",
    "asked",
];

/// Questions that are put together, of which each may wait for the slowest.
const TOGETHER: usize = 64;

/// Puts every step of every dilemma to a model, in that context, and keeps each answer in `file` as it comes; what the file
/// has already is not asked again.
///
/// # Errors
/// If the file is that of another model, context or set of dilemmas, or was asked otherwise; if the model cannot answer, or
/// makes no choice at all; when the run is interrupted.
pub fn ask(
    file: &Path,
    dilemmas: &Dilemmas,
    context: Context,
    speaker: &Speaker,
    interruption: &Interruption,
) -> Result<(), Failure> {
    let mut lines = Lines::open(file, &HEADER)?;
    lines.check("context", context.name())?;
    lines.check("model", speaker.name())?;
    let mut answered = match lines.is_new() {
        true => Answered::default(),
        false => Answered::read(file, dilemmas)?,
    };
    let asked = |chat: &[Message]| {
        let texts: Vec<&str> = chat.iter().map(|message| &*message.text).collect();
        speaker.asked(&texts.join("\n"))
    };
    for row in lines.rows()? {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let own = dilemmas.dilemmas().iter().find(|of| of.id == cell(0));
        let step = cell(1)
            .parse()
            .ok()
            .filter(|step| (1..=STEPS).contains(step));
        if let (Some(of), Some(step)) = (own, step) {
            let chat = chat(of.dialogue(step, context, &answered.before(of, step)));
            lines.check_rows([&row], "asked", &asked(&chat))?;
        }
    }
    let all = (dilemmas.dilemmas().len() * STEPS) as u64;
    let progress = steps(all).with_position(answered.0.len() as u64);
    let letters = LETTERS.map(str::to_owned);
    for step in 1..=STEPS {
        let open = dilemmas.dilemmas().iter();
        let open: Vec<&Dilemma> = open.filter(|of| answered.of(of, step).is_none()).collect();
        for dilemmas in open.chunks(TOGETHER) {
            let chats: Vec<Vec<Message>> = dilemmas
                .iter()
                .map(|of| chat(of.dialogue(step, context, &answered.before(of, step))))
                .collect();
            speaker.choose(&chats, &letters, &mut |number, answer| {
                let dilemma = dilemmas[number];
                let choice = choice_in(answer);
                let [a, b] = dilemma.steps[step - 1].alternatives.each_ref();
                let letter = choice.map_or("", |place| LETTERS[place]);
                lines.push(&[
                    &dilemma.id,
                    &step.to_string(),
                    &a.value,
                    &b.value,
                    letter,
                    context.name(),
                    speaker.name(),
                    answer,
                    &asked(&chats[number]),
                ])?;
                answered.0.insert((dilemma.id.clone(), step), choice);
                progress.inc(1);
                Ok(interruption.check()?)
            })?;
        }
    }
    progress.finish_and_clear();
    if answered.0.values().all(Option::is_none) {
        let (rows, n) = (lines.rows()?, counted(answered.0.len(), "answer"));
        let first = rows.first().and_then(|row| row.get(7)).unwrap_or_default();
        return Err(format!(
            "{}: expected the choice of A or B in an answer, found none in {n}, the first of which is {first:?}",
            file.display()
        )
        .into());
    }
    Ok(())
}

fn chat(turns: Vec<Turn>) -> Vec<Message> {
    let last = turns.len().saturating_sub(1);
    let messages = turns.into_iter().enumerate().flat_map(|(at, turn)| {
        let answer = turn.chosen.unwrap_or("I cannot choose.");
        let answer = (at < last).then(|| Message::assistant(answer));
        [Message::user(turn.asked)].into_iter().chain(answer)
    });
    messages.collect()
}

/// The place of what was chosen in each step of a dilemma; none where no choice was made.
#[derive(Default)]
struct Answered(HashMap<(String, usize), Option<usize>>);

impl Answered {
    fn read(file: &Path, dilemmas: &Dilemmas) -> Result<Self, Failure> {
        let choices = Choices::from_path(file)?;
        let of: HashMap<&str, &Dilemma> = dilemmas
            .dilemmas()
            .iter()
            .map(|dilemma| (dilemma.id.as_str(), dilemma))
            .collect();
        let mut answered = HashMap::new();
        for chosen in choices.chosen() {
            let place = usize::from(!chosen.is_first);
            let values = &choices.values();
            let found = [&values[chosen.winner], &values[chosen.loser]];
            let expected = of.get(chosen.dilemma.as_str()).map(|dilemma| {
                let [a, b] = dilemma.steps[chosen.step - 1].alternatives.each_ref();
                if chosen.is_first {
                    [&a.value, &b.value]
                } else {
                    [&b.value, &a.value]
                }
            });
            if expected != Some(found) {
                return Err(format!(
                    "{}: step {} of dilemma {:?} is about {} and {}, which is not so in the dilemmas: answers to others \
                     belong into another file",
                    file.display(),
                    chosen.step,
                    chosen.dilemma,
                    found[0],
                    found[1]
                )
                .into());
            }
            answered.insert((chosen.dilemma.clone(), chosen.step), Some(place));
        }
        let open = choices.open().iter().cloned();
        answered.extend(open.map(|question| (question, None)));
        Ok(Self(answered))
    }

    fn of(&self, dilemma: &Dilemma, step: usize) -> Option<Option<usize>> {
        self.0.get(&(dilemma.id.clone(), step)).copied()
    }

    fn before(&self, dilemma: &Dilemma, step: usize) -> Vec<Option<usize>> {
        let before = 1..step;
        before
            .map(|step| self.of(dilemma, step).flatten())
            .collect()
    }
}
