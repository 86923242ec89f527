//! How well orientations are measured, from the single answers in the journal: reliability, and plain items against
//! reverse-keyed ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use value_causal::bench::journal::{Journal, JournalError, Unjudged};
use value_causal::bench::{ItemScores, Keying, Setting};
use value_causal::ndarray::{Array1, Array2, ArrayView1, Axis};
use value_causal::psychometrics::reliability::{AskedItems, Pool, alpha};
use value_causal::psychometrics::{Correlations, PartialScores, Scores};

use super::plan::TRAIN;

/// By value, over the unsteered training rows.
pub(super) type Orientations = BTreeMap<String, Orientation>;

/// How well one value's orientation is measured. What cannot be told is null: with a single item, or without variance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Orientation {
    /// Of all items.
    all: Measured,
    /// Of the items whose yes speaks for the value.
    plain: Measured,
    /// Of the items whose no speaks for the value. Who says yes to everything stands high on the former, low on these.
    reversed: Measured,
    /// Correlation of the two over the roles.
    plain_with_reversed: Option<f64>,
}

/// One orientation over some of a value's items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Measured {
    /// Items that any role was asked.
    items: usize,
    /// Mean over the roles.
    mean: Option<f64>,
    /// Cronbach's alpha where all roles are asked the same items. Where each has a draw of its own, the share of the
    /// variance between roles that the draw does not make.
    reliability: Option<f64>,
    /// Feldt's 95 % interval of alpha.
    interval: Option<[f64; 2]>,
}

/// Reads them from a complete journal.
///
/// # Errors
/// What the journal says.
pub(super) fn orientations(
    journal: &Journal,
    unjudged: Unjudged,
) -> Result<Orientations, JournalError> {
    let scores = journal.item_scores(TRAIN, unjudged)?;
    Ok(of_values(&scores.select(Setting::is_unsteered)))
}

/// Of these rows.
pub(super) fn of_values(rows: &ItemScores) -> Orientations {
    let values = rows.values().iter();
    let of_value = |value: &String| (value.clone(), Orientation::of(&rows.of_value(value)));
    values.map(of_value).collect()
}

impl Orientation {
    fn of(items: &ItemScores) -> Self {
        let [plain, reversed] = [Keying::Positive, Keying::Negative].map(|way| items.keyed(way));
        Self {
            all: Measured::of(items),
            plain_with_reversed: correlation(&plain, &reversed),
            plain: Measured::of(&plain),
            reversed: Measured::of(&reversed),
        }
    }

    /// Of all items.
    pub(super) fn reliability(&self) -> Option<f64> {
        self.all.reliability
    }
}

impl Measured {
    fn of(items: &ItemScores) -> Self {
        let cells = items.matrix();
        let columns = cells.axis_iter(Axis(1)).enumerate();
        let asked = columns.filter(|(_, column)| column.iter().any(|cell| !cell.is_nan()));
        let asked: Vec<usize> = asked.map(|(place, _)| place).collect();
        let asked = cells.select(Axis(1), &asked);
        let (reliability, interval) = reliability(&asked);
        Self {
            items: asked.ncols(),
            mean: means(items)
                .into_iter()
                .flatten()
                .collect::<Array1<f64>>()
                .mean(),
            reliability,
            interval,
        }
    }
}

/// The reliability of one value's orientation, with its interval where there is one.
pub(super) fn alpha_of(items: &ItemScores) -> (Option<f64>, Option<[f64; 2]>) {
    let found = Measured::of(items);
    (found.reliability, found.interval)
}

/// With its interval where there is one.
fn reliability(cells: &Array2<f64>) -> (Option<f64>, Option<[f64; 2]>) {
    if let Ok(same_items) = Scores::new(cells.view()) {
        let alpha = alpha(&same_items).ok();
        let interval = alpha.and_then(|alpha| alpha.interval(0.95).ok());
        return (alpha.map(|alpha| alpha.value), interval);
    }
    // The draw can only be told where a role was asked two items.
    let rows = cells.rows().into_iter().enumerate();
    let twice = rows.filter(|(_, row)| row.iter().filter(|cell| !cell.is_nan()).count() > 1);
    let twice: Vec<usize> = twice.map(|(row, _)| row).collect();
    let cells = cells.select(Axis(0), &twice);
    let drawn = PartialScores::new(cells.view()).ok();
    let asked = drawn.and_then(|scores| AskedItems::of(&scores).ok());
    let pool = Pool::Items(cells.ncols());
    (asked.and_then(|asked| asked.reliability(pool).ok()), None)
}

/// The mean score of each role; none where it was asked nothing.
fn means(items: &ItemScores) -> Vec<Option<f64>> {
    let rows = items.matrix();
    let mean = |row: ArrayView1<'_, f64>| {
        let asked = row.iter().copied().filter(|cell| !cell.is_nan());
        asked.collect::<Array1<f64>>().mean()
    };
    rows.rows().into_iter().map(mean).collect()
}

/// Over the roles that were asked items of both kinds.
fn correlation(plain: &ItemScores, reversed: &ItemScores) -> Option<f64> {
    let both = means(plain).into_iter().zip(means(reversed));
    correlation_of(both.filter_map(|(plain, reversed)| Some([plain?, reversed?])))
}

/// Pearson's; none where one of the two does not vary.
pub(super) fn correlation_of(pairs: impl Iterator<Item = [f64; 2]>) -> Option<f64> {
    let both = Array2::from(pairs.collect::<Vec<_>>());
    let correlations = Correlations::of(&Scores::new(both.view()).ok()?).ok()?;
    Some(correlations.matrix()[[0, 1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::{Item, Score};

    /// Two plain and two reverse-keyed items of one value.
    fn scores(rows: &[[i8; 4]]) -> ItemScores {
        let item = |n: usize| Item {
            inventory: String::new(),
            statement: String::new(),
            value: "A".into(),
            keying: [Keying::Positive, Keying::Negative][n / 2],
            question: n.to_string(),
            ..Item::default()
        };
        let score = |cell: i8| match cell {
            -1 => Some(Score::Against),
            0 => Some(Score::Neutral),
            1 => Some(Score::For),
            _ => None,
        };
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(n, row)| {
            let role = Setting::of_role(n.to_string().as_str());
            (role, row.map(score).to_vec())
        });
        ItemScores::of((0..4).map(item).collect(), rows.collect()).unwrap()
    }

    #[test]
    fn who_says_yes_to_everything_is_seen_between_the_orientations() {
        let found = Orientation::of(&scores(&[
            [1, 1, -1, -1],
            [1, 1, -1, -1],
            [1, 0, -1, 0],
            [-1, -1, 1, 1],
        ]));
        assert_eq!(found.all.mean, Some(0.0));
        assert_eq!(found.plain.mean, Some(0.375));
        assert!((found.plain_with_reversed.unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(found.plain.items, 2);
        let [low, high] = found.plain.interval.unwrap();
        let alpha = found.plain.reliability.unwrap();
        assert!(low < alpha && alpha < high && alpha > 0.8, "{alpha}");
    }

    /// 1 - mean(s^2 / m (1 - m / N)) / var(mean), by hand.
    #[test]
    fn a_draw_for_each_role_is_part_of_what_differs() {
        const NOT: i8 = 9;
        let rows = [[1, 1, NOT, NOT], [-1, NOT, 1, NOT], [NOT, -1, NOT, -1]];
        let found = Orientation::of(&scores(&rows));
        let draw = (0.0 + 2.0 + 0.0) / 3.0 / 2.0 * (1.0 - 2.0 / 4.0);
        assert!((found.all.reliability.unwrap() - (1.0 - draw)).abs() < 1e-12);
        assert_eq!(found.all.interval, None);
        // One role was asked two plain items: nothing can be told.
        assert_eq!((found.plain.items, found.plain.reliability), (2, None));
        let nothing = Orientation::of(&scores(&[[1; 4], [1; 4]]));
        assert_eq!(
            (nothing.all.reliability, nothing.plain_with_reversed),
            (None, None)
        );
    }
}
