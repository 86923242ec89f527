//! What came of objectives, as pictures.

use figures::{DrawError, Picture, TargetFigure, TargetRow, targets};

use crate::outcome::{Coupled, Held, OfValue, Outcome, Tried, Verdict};
use crate::report::verdict;

/// How far a value must move to be shown where it neither has to move nor to stay.
const MOVED: f64 = 0.02;

/// The pictures by name: all objectives, then each of them.
///
/// # Errors
/// A number is not finite.
pub fn pictures(coupled: &Coupled) -> Result<Vec<(String, Picture)>, DrawError> {
    let all = [("couple".to_owned(), targets(&overview(coupled)))];
    let each = coupled.objectives.iter().enumerate();
    let each = each.map(|(at, outcome)| (format!("objective_{}", at + 1), targets(&of(outcome))));
    all.into_iter()
        .chain(each)
        .map(|(name, picture)| Ok((name, picture?)))
        .collect()
}

const MARKS: [&str; 3] = ["as it is", "by instruction alone", "with the plan"];

fn overview(coupled: &Coupled) -> TargetFigure {
    let rows = coupled.objectives.iter().map(|outcome| TargetRow {
        name: format!("{} ({})", outcome.name, verdict(outcome.verdict)),
        band: None,
        at: [
            Some(outcome.now.deviation),
            outcome.by_instruction.as_ref().map(deviation),
            (outcome.verdict == Verdict::Met).then(|| deviation(&outcome.plan)),
        ],
    });
    TargetFigure {
        title: format!("{}: how far from each objective", coupled.study),
        description: "The weighted deviation from each objective, as it is, with the value instructed that is furthest off, and \
                      with the plan where it meets the objective; couple.md has the numbers."
            .to_owned(),
        x_label: "weighted deviation".to_owned(),
        band: String::new(),
        marks: MARKS.map(str::to_owned),
        rows: rows.collect(),
        range: [0.0, 1.0],
    }
}

fn deviation(tried: &Tried) -> f64 {
    let Held { deviation, .. } = tried.held;
    deviation
}

fn of(outcome: &Outcome) -> TargetFigure {
    let planned = outcome.verdict == Verdict::Met;
    let is_shown = |value: &&OfValue| {
        let moved = [value.by_instruction, Some(value.after)]
            .into_iter()
            .flatten();
        value.wanted || moved.into_iter().any(|to| (to - value.now).abs() > MOVED)
    };
    let rows = outcome
        .values
        .iter()
        .filter(is_shown)
        .map(|value| TargetRow {
            name: value.value.clone(),
            band: value.tolerance.map(|tolerance| {
                [value.target - tolerance, value.target + tolerance].map(|end| end.clamp(-1.0, 1.0))
            }),
            at: [
                Some(value.now),
                value.by_instruction,
                planned.then_some(value.after),
            ],
        });
    TargetFigure {
        title: format!("{}: {}", outcome.name, verdict(outcome.verdict)),
        description: "Orientations that are wanted somewhere or moved, as they are, with the value instructed that is furthest \
                      off, and with the plan; couple.md has all numbers."
            .to_owned(),
        x_label: "orientation".to_owned(),
        band: "near enough".to_owned(),
        marks: MARKS.map(str::to_owned),
        rows: rows.collect(),
        range: [-1.0, 1.0],
    }
}
