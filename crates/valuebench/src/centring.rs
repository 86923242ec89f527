//! What a respondent says to all items alike, taken away.

use ndarray::Axis;

use crate::ItemScores;

/// What is taken away from the scores of each setting.
///
/// Where answers hang on who is asked more than on what, all orientations rise and fall together,
/// and their correlations tell of that alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Centring {
    /// Its mean score over all items that it was asked: how far it leans to the values as a whole.
    Items,
    /// Its mean answer (yes 1, no -1) over these items, whichever way they are keyed: how far it
    /// says yes to anything. It raises scores on items that are keyed positively and lowers those
    /// on the others, and so it is taken away. Values that are keyed both ways evenly stay as they
    /// are.
    YesSaying,
}

/// That centred orientations depend on one another: in every row the sum of weight times
/// orientation over the values is nothing, whatever was answered.
///
/// Their correlations have at most as many dimensions as there are values less one, and whoever
/// searches a graph among them leaves a value out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// Each value with its weight, which is the number of its items, negative where a yes to them
    /// speaks against it.
    pub weights: Vec<(String, i64)>,
}

impl Dependence {
    /// The value to leave out: the one with the fewest items, which is measured worst; the last of
    /// several.
    pub fn left_out(&self) -> Option<&str> {
        let fewest = self
            .weights
            .iter()
            .rev()
            .min_by_key(|(_, weight)| weight.abs());
        fewest.map(|(value, _)| value.as_str())
    }
}

impl ItemScores {
    /// What [`Centring`] takes away from each setting.
    pub fn centres(&self, centring: Centring) -> Vec<f64> {
        let of_row = |row: ndarray::ArrayView1<'_, f64>| {
            let asked = row.iter().zip(self.items());
            let asked = asked.filter(|(score, _)| !score.is_nan());
            let numbers = asked.map(|(&score, item)| match centring {
                Centring::Items => score,
                Centring::YesSaying => score * f64::from(item.keying.sign()),
            });
            crate::stats::mean(&numbers.collect::<Vec<_>>())
        };
        self.matrix().axis_iter(Axis(0)).map(of_row).collect()
    }

    /// The scores less what is said to all items alike.
    ///
    /// ```
    /// use valuebench::{Centring, Item, ItemScores, Keying, Score::{Against, For}, Setting};
    ///
    /// # let item = |keying: Keying| Item {
    /// #     inventory: String::new(),
    /// #     statement: String::new(),
    /// #     value: "Empathy".into(),
    /// #     keying,
    /// #     question: format!("Should I? {keying}"),
    /// #     ..Item::default()
    /// # };
    /// let items = vec![item(Keying::Positive), item(Keying::Negative)];
    /// // Says yes to both.
    /// let rows = vec![(Setting::of_role("Mary Holt"), vec![Some(For), Some(Against)])];
    /// let scores = ItemScores::of(items, rows)?;
    /// assert_eq!(scores.centres(Centring::YesSaying), [1.0]);
    /// let centred = scores.centred(Centring::YesSaying);
    /// assert_eq!(centred.matrix(), ndarray::array![[0.0, 0.0]]);
    /// # Ok::<(), valuebench::MeasurementError>(())
    /// ```
    #[must_use]
    pub fn centred(&self, centring: Centring) -> Self {
        let centres = self.centres(centring);
        let signs: Vec<f64> = self
            .items()
            .iter()
            .map(|item| match centring {
                Centring::Items => 1.0,
                Centring::YesSaying => f64::from(item.keying.sign()),
            })
            .collect();
        self.map(|row, item, score| score - centres[row] * signs[item])
    }

    /// Which exact dependence centring puts between the orientations, as it follows from who is
    /// asked what: none where settings are asked different numbers of a value's items, nor where the
    /// items of a value have different weights or, for [`Centring::YesSaying`], are keyed both ways.
    /// What the answers happen to be says nothing of it.
    pub fn dependence(&self, centring: Centring) -> Option<Dependence> {
        let weight = |value: &String| {
            let items = self.items().iter().enumerate();
            let items: Vec<_> = items.filter(|(_, item)| item.value == *value).collect();
            let sign = match centring {
                Centring::Items => 1,
                Centring::YesSaying => i64::from(items.first()?.1.keying.sign()),
            };
            let alike = items.windows(2).all(|two| {
                let [a, b] = [two[0].1, two[1].1];
                let one_way = centring == Centring::Items || a.keying == b.keying;
                one_way && a.weight == b.weight
            });
            let asked = |row: ndarray::ArrayView1<'_, f64>| {
                items.iter().filter(|(at, _)| !row[*at].is_nan()).count()
            };
            let mut counts = self
                .matrix()
                .axis_iter(Axis(0))
                .map(asked)
                .collect::<Vec<_>>();
            counts.dedup();
            match counts[..] {
                [n] if n > 0 && alike => Some((value.clone(), sign * i64::try_from(n).ok()?)),
                _ => None,
            }
        };
        let weights = self.values().iter().map(weight);
        Some(Dependence {
            weights: weights.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Keying, Setting};

    /// Two values with two and three items; the last item is keyed as given.
    fn scores(last: Keying, rows: &[[f64; 5]]) -> ItemScores {
        let item = |n: usize| Item {
            inventory: String::new(),
            statement: String::new(),
            value: ["A", "A", "B", "B", "B"][n].into(),
            keying: if n == 4 { last } else { Keying::Positive },
            question: n.to_string(),
            ..Item::default()
        };
        let rows = rows.iter().enumerate().map(|(n, row)| {
            let row = row.map(|x| (!x.is_nan()).then_some(x));
            (Setting::of_role(n.to_string().as_str()), row.to_vec())
        });
        ItemScores::of((0..5).map(item).collect(), rows.collect()).unwrap()
    }

    const ROWS: [[f64; 5]; 3] = [
        [0.5, -0.25, 0.125, 1.0, 0.75],
        [-0.5, 0.25, 0.5, 0.25, -1.0],
        [0.0, 0.375, -0.625, 0.5, 0.25],
    ];

    #[test]
    fn the_weighted_sum_of_centred_orientations_is_nothing_where_that_is_said() {
        for centring in [Centring::Items, Centring::YesSaying] {
            let scores = scores(Keying::Positive, &ROWS);
            let centred = scores.centred(centring);
            let found = scores.dependence(centring).unwrap();
            assert_eq!(found.weights, [("A".to_owned(), 2), ("B".to_owned(), 3)]);
            assert_eq!(found.left_out(), Some("A"));
            for row in centred.orientations().rows() {
                assert!((2.0 * row[0] + 3.0 * row[1]).abs() < 1e-12, "{row}");
            }
        }
    }

    #[test]
    fn a_value_keyed_both_ways_depends_on_no_other_but_keeps_what_it_says() {
        let scores = scores(Keying::Negative, &ROWS);
        assert_eq!(scores.dependence(Centring::YesSaying), None);
        assert!(scores.dependence(Centring::Items).is_some());
        // Saying yes to everything, at 0.25 more, changes nothing once it is taken away.
        let more = scores.map(|_, item, x| x + if item == 4 { -0.25 } else { 0.25 });
        let [a, b] = [&scores, &more].map(|s| s.centred(Centring::YesSaying).orientations());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn rows_that_are_asked_different_numbers_do_not_depend_exactly() {
        let mut rows = ROWS;
        rows[1][0] = f64::NAN;
        let scores = scores(Keying::Positive, &rows);
        assert_eq!(scores.dependence(Centring::Items), None);
        assert!(scores.centred(Centring::Items).matrix()[[1, 0]].is_nan());
    }
}
