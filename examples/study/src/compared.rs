//! Answers that were written, held against those that were read off to the same questions: agreement, reliability, cost.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use value_causal::bench::journal::{Journal, JournalError, Recorded, Unjudged, Verdict};
use value_causal::bench::{ItemScores, Setting, Stance};

use super::orientations::{Orientation, Orientations, correlation_of, of_values};
use super::plan::{TRAIN, WRITTEN};
use program::counted;
use reproduce::text::{decimal, escaped};

/// Of the training roles that did both, as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Compared {
    /// How many they are.
    roles: usize,
    /// Questions whose written answer was judged yes or no.
    decided: usize,
    /// The share of them whose likelier word is that answer.
    agreement: Option<f64>,
    /// Cohen's kappa of the same: how far agreement goes beyond that of two who say yes as often, whatever is asked.
    kappa: Option<f64>,
    /// Correlation of the two orientations over roles and values.
    orientations_correlate: Option<f64>,
    written: Way,
    read_off: Way,
    /// Reliability of each value's orientation, written and read off.
    reliability: BTreeMap<String, [Option<f64>; 2]>,
}

/// One way to come by answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Way {
    answers: usize,
    /// Share of answers that mean yes.
    yes: Option<f64>,
    /// Share of answers that mean no.
    no: Option<f64>,
    /// Mean tokens of a prompt, of both orders where both are asked, shared or not.
    prompt_tokens: Option<f64>,
    /// Mean tokens written.
    new_tokens: Option<f64>,
    /// Of the process that asked, where one did.
    answers_per_second: Option<f64>,
}

/// Answers per second of the process that asked most of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speed {
    /// Of all answers.
    pub all: Option<f64>,
    /// Of those that were written.
    pub written: Option<f64>,
    /// Of those that were read off.
    pub read_off: Option<f64>,
}

impl Compared {
    /// Of a complete journal of a study that does both.
    pub(super) fn of(
        journal: &Journal,
        unjudged: Unjudged,
        speed: &Speed,
    ) -> Result<Self, JournalError> {
        let rows = journal.item_scores(WRITTEN, unjudged)?;
        let writes = |setting: &Setting| rows.settings().contains(setting);
        let read_off = journal.item_scores(TRAIN, unjudged)?.select(writes);
        let both = [&rows, &read_off].map(ItemScores::orientations);
        let mut tally = Tally::default();
        journal.for_each(|recorded| {
            let row = &journal.design().rows()[recorded.response.question.row];
            if row.part == WRITTEN || (row.part == TRAIN && writes(&row.setting)) {
                tally.add(row.part == WRITTEN, row.setting.role.as_deref(), &recorded);
            }
            Ok::<_, JournalError>(())
        })?;
        let [written, read] = [(true, speed.written), (false, speed.read_off)];
        let (agreement, kappa, decided) = tally.agreement();
        Ok(Self {
            roles: rows.settings().len(),
            decided,
            agreement,
            kappa,
            orientations_correlate: correlation_of(
                both[0].iter().zip(&both[1]).map(|(a, b)| [*a, *b]),
            ),
            written: tally.way(written),
            read_off: tally.way(read),
            reliability: side_by_side(&of_values(&rows), &of_values(&read_off)),
        })
    }

    /// What an earlier process told of speed.
    pub(super) fn speed(&self) -> [Option<f64>; 2] {
        [&self.written, &self.read_off].map(|way| way.answers_per_second)
    }

    /// The section of the report.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!(
            "## Written and read off\n\n{} of the training did both, unsteered. Of {} whose written answer means yes or no \
             a share of {} has that word for the likelier one (Cohen's kappa {}); the two orientations correlate {} over roles \
             and values.\n\n| | answers | yes | no | prompt tokens | new tokens | answers per second |\n\
             |---|---:|---:|---:|---:|---:|---:|\n",
            counted(self.roles, "role"),
            counted(self.decided, "question"),
            decimal(self.agreement, 3),
            decimal(self.kappa, 3),
            decimal(self.orientations_correlate, 3),
        );
        for (name, way) in [("written", &self.written), ("read off", &self.read_off)] {
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} | {} |",
                way.answers,
                decimal(way.yes, 3),
                decimal(way.no, 3),
                decimal(way.prompt_tokens, 0),
                decimal(way.new_tokens, 1),
                decimal(way.answers_per_second, 1),
            );
        }
        text.push_str("\n| value | reliability, written | read off |\n|---|---:|---:|\n");
        for (value, both) in &self.reliability {
            let [written, read_off] = both.map(|found| decimal(found, 3));
            let _ = writeln!(text, "| {} | {written} | {read_off} |", escaped(value));
        }
        text.push('\n');
        text
    }
}

fn side_by_side(
    written: &Orientations,
    read_off: &Orientations,
) -> BTreeMap<String, [Option<f64>; 2]> {
    let reliability =
        |of: &Orientations, value: &str| of.get(value).and_then(Orientation::reliability);
    let both = |value: &String| [written, read_off].map(|of| reliability(of, value));
    written
        .keys()
        .map(|value| (value.clone(), both(value)))
        .collect()
}

/// Sums over the answers of both ways.
#[derive(Default)]
struct Tally {
    /// By role and item: the stances, read off and written.
    said: HashMap<(Option<String>, usize), [Option<Stance>; 2]>,
    /// By way: answers, tokens of prompts, new tokens.
    sums: [[u64; 3]; 2],
}

impl Tally {
    fn add(&mut self, written: bool, role: Option<&str>, recorded: &Recorded) {
        let response = &recorded.response;
        let way = usize::from(written);
        let more = [1, response.prompt_tokens, response.new_tokens];
        self.sums[way]
            .iter_mut()
            .zip(more)
            .for_each(|(sum, n)| *sum += n);
        if let Verdict::Judged { stance, .. } = response.verdict {
            let question = (role.map(str::to_owned), response.question.item);
            self.said.entry(question).or_default()[way] = Some(stance);
        }
    }

    fn way(&self, (written, answers_per_second): (bool, Option<f64>)) -> Way {
        let way = usize::from(written);
        let [n, prompt_tokens, new_tokens] = self.sums[way];
        let share = |sum: u64| (n > 0).then(|| sum as f64 / n as f64);
        let of = |stance| {
            let said = self.said.values();
            share(said.filter(|said| said[way] == Some(stance)).count() as u64)
        };
        Way {
            answers: usize::try_from(n).unwrap_or(usize::MAX),
            yes: of(Stance::Yes),
            no: of(Stance::No),
            prompt_tokens: share(prompt_tokens),
            new_tokens: share(new_tokens),
            answers_per_second,
        }
    }

    /// The share of equal words where both are one, its kappa, and of how many.
    fn agreement(&self) -> (Option<f64>, Option<f64>, usize) {
        let word = |stance: Option<Stance>| match stance {
            Some(Stance::Yes) => Some(true),
            Some(Stance::No) => Some(false),
            _ => None,
        };
        let both = self.said.values();
        let both: Vec<[bool; 2]> = both
            .filter_map(|[read_off, written]| Some([word(*read_off)?, word(*written)?]))
            .collect();
        let n = both.len();
        let share = |of: &dyn Fn(&[bool; 2]) -> bool| {
            both.iter().filter(|it| of(it)).count() as f64 / n as f64
        };
        let (same, a, b) = (
            share(&|[a, b]| a == b),
            share(&|it| it[0]),
            share(&|it| it[1]),
        );
        let by_chance = a * b + (1.0 - a) * (1.0 - b);
        let kappa = (n > 0 && by_chance < 1.0).then(|| (same - by_chance) / (1.0 - by_chance));
        ((n > 0).then_some(same), kappa, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_told_beyond_chance() {
        let mut tally = Tally::default();
        let words = [
            Some(Stance::Yes),
            Some(Stance::No),
            Some(Stance::Unsure),
            None,
        ];
        // 3 yes and yes, 1 yes and no, 4 no and no, 2 no and yes, read off first; and two that tell nothing.
        let counts = [
            (0, 0, 3),
            (0, 1, 1),
            (1, 1, 4),
            (1, 0, 2),
            (0, 2, 1),
            (1, 3, 1),
        ];
        for (read_off, written, n) in counts {
            for _ in 0..n {
                let item = tally.said.len();
                tally
                    .said
                    .insert((None, item), [words[read_off], words[written]]);
            }
        }
        let (agreement, kappa, n) = tally.agreement();
        assert_eq!((agreement, n), (Some(0.7), 10));
        // Yes by chance .4 * .5, no by chance .6 * .5.
        assert!((kappa.unwrap() - (0.7 - 0.5) / 0.5).abs() < 1e-12);
        assert_eq!(Tally::default().agreement(), (None, None, 0));
    }
}
