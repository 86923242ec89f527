//! Items that are rated, not answered with yes or no: what does not go with them, and what their numbers stand for.

use serde::{Deserialize, Serialize};
use value_causal::bench::{Item, RatingScale, Scale};

use super::file::{JudgedBy, Judging, JudgingMode, NO_SPELLINGS};
use program::counted;

/// What the ends of orientations, -1 and 1, stand for where items are rated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    /// The spellings with their ratings.
    ratings: String,
    /// The lowest rating, -1 in the tables.
    low: i32,
    /// The highest, 1 in the tables.
    high: i32,
}

impl Ends {
    /// Of every scale on which items are rated.
    pub(super) fn of(items: &[Item]) -> Vec<Self> {
        let ends = |scale: &RatingScale| Self {
            ratings: scale.to_string(),
            low: scale.low(),
            high: scale.high(),
        };
        scales(items).into_iter().map(ends).collect()
    }
}

/// Every scale on which items are rated, in the order in which items name them first.
pub(super) fn scales(items: &[Item]) -> Vec<&RatingScale> {
    let mut scales = Vec::new();
    for scale in items.iter().filter_map(|item| item.scale.ratings()) {
        if !scales.contains(&scale) {
            scales.push(scale);
        }
    }
    scales
}

/// Whether no item is answered with yes or no.
pub(super) fn all_rated(items: &[Item]) -> bool {
    items.iter().all(|item| item.scale != Scale::YesNo)
}

/// How items are answered, in words; nothing where it is with yes or no alone.
pub(super) fn described(items: &[Item]) -> Option<String> {
    let of = |scale: &RatingScale| {
        let options = scale.options();
        let [first, last] =
            [options.last(), options.first()].map(|end| end.map_or("", |end| end.0));
        let (low, high) = (scale.low(), scale.high());
        let n = counted(options.len(), "rating");
        format!("{n} from {low} ({first}) to {high} ({last})")
    };
    let scales: Vec<String> = scales(items).into_iter().map(of).collect();
    let yes_or_no = if all_rated(items) { "" } else { "yes or no; " };
    let ends = "which tables have from -1 to 1";
    (!scales.is_empty()).then(|| format!("{yes_or_no}{}, {ends}", scales.join("; ")))
}

/// What in the judging does not go with how items are answered.
///
/// # Errors
/// The setting, what it should be and what it is.
pub(super) fn check(judging: &Judging, items: &[Item]) -> Result<(), String> {
    let unspelled = judging.words().is_some_and(|words| words.yes.is_empty());
    if unspelled && !all_rated(items) {
        return Err(NO_SPELLINGS.to_owned());
    }
    if scales(items).is_empty() {
        return Ok(());
    }
    let not_so = match judging.mode {
        JudgingMode::Fast => Some("for a longer spelling may still come, found \"fast\""),
        JudgingMode::Both => Some("for only yes and no are compared in both, found \"both\""),
        JudgingMode::Exact | JudgingMode::Likelihood => None,
    };
    if let Some(not_so) = not_so {
        return Err(format!(
            "judging.mode: expected \"exact\" or \"likelihood\" where items are rated, {not_so}"
        ));
    }
    match judging.judge {
        JudgedBy::Rules => Ok(()),
        JudgedBy::Chat => Err(
            "judging.judge: expected \"rules\" where items are rated, for a rating is read by its spelling, found \"chat\""
                .to_owned(),
        ),
    }
}
