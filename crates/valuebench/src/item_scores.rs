//! The scores of single items, from which the quality of an orientation is told.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, Axis};

use crate::stats::weighted_mean;
use crate::{
    Item, Keying, MeasurementError, Measurements, OrientationTable, Setting, TableError, Weight,
};

/// What every setting scored on every item, -1, 0 or 1, or a number between, as far as it was
/// asked: what reliability, factors and item response models are computed from.
///
/// An orientation is the mean of a value's items, so its reliability is that of these items: take
/// the items of a value with [`of_value`](Self::of_value), perhaps the settings of one kind with
/// [`select`](Self::select), and hand [`matrix`](Self::matrix) on. Respondents are rows, items are
/// columns, and NaN stands for "not asked". Scores are towards the value: a no to a negatively
/// keyed item is 1.
///
/// Items that are keyed positively and those that are keyed negatively can be taken
/// [apart](Self::keyed). A model that says yes whatever it is asked has high orientations on the
/// former and low ones on the latter; the two correlate as highly as their reliability allows only
/// where they measure the same.
///
/// ```
/// use valuebench::{Keying, Item, ItemScores, Score::{Against, For}, Setting};
///
/// let item = |keying: Keying| Item {
///     inventory: String::new(),
///     statement: String::new(),
///     value: "Empathy".into(),
///     keying,
///     question: format!("Should I? {keying}"),
///     ..Item::default()
/// };
/// let rows = vec![
///     (Setting::of_role("Mary Holt"), vec![Some(For), Some(Against)]), // says yes to both
///     (Setting::of_role("Ada Day"), vec![Some(For), None]), // was asked the first one only
/// ];
/// let scores = ItemScores::of(vec![item(Keying::Positive), item(Keying::Negative)], rows)?;
/// assert_eq!(scores.orientations()[[0, 0]], 0.0);
/// assert_eq!(scores.keyed(Keying::Positive).orientations()[[0, 0]], 1.0);
/// assert_eq!(scores.keyed(Keying::Negative).orientations()[[0, 0]], -1.0);
/// assert!(scores.keyed(Keying::Negative).orientations()[[1, 0]].is_nan());
/// # Ok::<(), valuebench::MeasurementError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ItemScores {
    settings: Vec<Setting>,
    items: Vec<Item>,
    /// The values of the items at first, whichever of these are left.
    values: Vec<String>,
    scores: Array2<f64>,
}

impl ItemScores {
    /// Of the scores of settings, each with one place for every item: its score, as a
    /// [`Score`](crate::Score) or a number, or `None` where it was not asked.
    ///
    /// # Errors
    ///
    /// [`MeasurementError`]: a setting that occurs twice, or has more or fewer places than there
    /// are items.
    pub fn of<S: Into<f64>>(
        items: Vec<Item>,
        rows: Vec<(Setting, Vec<Option<S>>)>,
    ) -> Result<Self, MeasurementError> {
        let mut scores = Array2::from_elem((rows.len(), items.len()), f64::NAN);
        let (mut settings, mut seen) = (Vec::with_capacity(rows.len()), HashMap::new());
        for (row, (setting, of_row)) in rows.into_iter().enumerate() {
            if of_row.len() != items.len() {
                return Err(MeasurementError::Places {
                    setting,
                    expected: items.len(),
                    found: of_row.len(),
                });
            }
            if let Some(first) = seen.insert(setting.clone(), row) {
                let second = row;
                let twice = TableError::DuplicateSetting {
                    setting,
                    first,
                    second,
                };
                return Err(twice.into());
            }
            for (place, score) in of_row.into_iter().enumerate() {
                if let Some(score) = score {
                    scores[[row, place]] = score.into();
                }
            }
            settings.push(setting);
        }
        let mut values: Vec<String> = Vec::new();
        for item in &items {
            if !values.contains(&item.value) {
                values.push(item.value.clone());
            }
        }
        Ok(Self {
            settings,
            items,
            values,
            scores,
        })
    }

    /// With the values in this order, as the parts of a study have them in one.
    #[cfg(feature = "journal")]
    pub(crate) fn with_values(self, values: Vec<String>) -> Self {
        Self { values, ..self }
    }

    /// The settings, one per row.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The items, one per column.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The values, in the order in which the items named them first; taking items away leaves them
    /// as they were.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The scores, `[settings, items]`: -1, 0 or 1 or a number between, and NaN where a setting was not asked the item.
    pub fn matrix(&self) -> ArrayView2<'_, f64> {
        self.scores.view()
    }

    /// With other scores: what `of` makes of row, item and score, where there is one.
    pub(crate) fn map(&self, of: impl Fn(usize, usize, f64) -> f64) -> Self {
        let scores = Array2::from_shape_fn(self.scores.dim(), |(row, item)| {
            let score = self.scores[[row, item]];
            match score.is_nan() {
                true => score,
                false => of(row, item, score),
            }
        });
        Self {
            scores,
            ..self.clone()
        }
    }

    /// The items for which `keep` holds, in their order.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&Item) -> bool) -> Self {
        let columns: Vec<usize> = (0..self.items.len())
            .filter(|&place| keep(&self.items[place]))
            .collect();
        Self {
            settings: self.settings.clone(),
            items: columns
                .iter()
                .map(|&place| self.items[place].clone())
                .collect(),
            values: self.values.clone(),
            scores: self.scores.select(Axis(1), &columns),
        }
    }

    /// The items that measure a value.
    #[must_use]
    pub fn of_value(&self, value: &str) -> Self {
        self.filter(|item| item.value == value)
    }

    /// The items that are keyed this way.
    #[must_use]
    pub fn keyed(&self, keying: Keying) -> Self {
        self.filter(|item| item.keying == keying)
    }

    /// The rows for which `keep` holds, in their order.
    #[must_use]
    pub fn select(&self, mut keep: impl FnMut(&Setting) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.settings.len())
            .filter(|&row| keep(&self.settings[row]))
            .collect();
        Self {
            settings: rows.iter().map(|&row| self.settings[row].clone()).collect(),
            items: self.items.clone(),
            values: self.values.clone(),
            scores: self.scores.select(Axis(0), &rows),
        }
    }

    /// The orientations that these items give, `[settings, values]`: of each value's items the mean
    /// score by their weights, to the bit that of the [table](crate::OrientationTable) if no item was taken away;
    /// NaN where a setting was asked none.
    pub fn orientations(&self) -> Array2<f64> {
        let shape = (self.settings.len(), self.values.len());
        Array2::from_shape_fn(shape, |(row, value)| {
            let items = self.items.iter().zip(self.scores.row(row));
            let of_value =
                items.filter(|(item, score)| item.value == self.values[value] && !score.is_nan());
            let of_value = of_value.map(|(item, &score)| (score, item.weight.get()));
            let (scores, weights): (Vec<f64>, Vec<f64>) = of_value.unzip();
            weighted_mean(&scores, &weights)
        })
    }

    /// The table of these orientations, with all columns of the released files.
    ///
    /// # Errors
    ///
    /// As [`Measurements::table`].
    pub fn table(&self) -> Result<OrientationTable, MeasurementError> {
        let mut measured = Measurements::new(self.values.clone());
        for (setting, row) in self.settings.iter().zip(self.scores.rows()) {
            let of_value = |value: &String| {
                let items = self.items.iter().zip(row);
                let of_value = items.filter(|(item, x)| item.value == *value && !x.is_nan());
                of_value.map(|(item, &x)| (x, item.weight)).collect()
            };
            let scores: Vec<Vec<(f64, Weight)>> = self.values.iter().map(of_value).collect();
            measured.push_weighted(setting.clone(), scores);
        }
        measured.table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Score::{Against, For, Neutral};

    fn scores() -> ItemScores {
        let item = |n: usize| Item {
            inventory: String::new(),
            statement: String::new(),
            value: ["A", "B"][n % 2].into(),
            keying: [Keying::Positive, Keying::Negative][n / 2],
            question: n.to_string(),
            ..Item::default()
        };
        let rows = vec![
            (
                Setting::of_role("x"),
                vec![Some(For), Some(Neutral), Some(Against), None],
            ),
            (
                Setting::steered("x", 7),
                vec![Some(For), Some(For), Some(For), None],
            ),
        ];
        ItemScores::of((0..4).map(item).collect(), rows).unwrap()
    }

    #[test]
    fn items_and_rows_can_be_taken_apart() {
        let all = scores();
        assert_eq!(all.values(), ["A", "B"]);
        assert_eq!(all.orientations(), ndarray::array![[0.0, 0.0], [1.0, 1.0]]);
        let plain = all.keyed(Keying::Positive);
        assert_eq!(
            plain.orientations(),
            ndarray::array![[1.0, 0.0], [1.0, 1.0]]
        );
        let reversed = all.keyed(Keying::Negative).orientations();
        assert_eq!(reversed.column(0).to_vec(), [-1.0, 1.0]);
        assert!(reversed.column(1).iter().all(|x| x.is_nan()));
        assert_eq!(
            all.of_value("A").matrix(),
            ndarray::array![[1.0, -1.0], [1.0, 1.0]]
        );
        let steered = all.select(|setting| !setting.is_unsteered());
        assert_eq!(
            (steered.settings().len(), steered.matrix().dim()),
            (1, (1, 4))
        );
        assert!(all.of_value("C").items().is_empty());
    }
}
