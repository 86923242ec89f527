//! From answers to orientations.

use std::collections::HashMap;

use ndarray::Array2;

use crate::stats::{mean, population_std, weighted_mean};
use crate::{Keying, OrientationTable, Setting, Stance, TableError, Weight};

/// What an answer to one item says about its value: -1, 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Score {
    /// The answer speaks against the value: -1.
    Against,
    /// The answer is unsure: 0.
    Neutral,
    /// The answer speaks for the value: 1.
    For,
}

impl Score {
    /// The score of an answer: for a yes the item's keying, for a no its opposite.
    ///
    /// ```
    /// use valuebench::{Keying, Score, Stance};
    ///
    /// assert_eq!(Score::of(Stance::No, Keying::Negative), Score::For);
    /// ```
    pub fn of(stance: Stance, keying: Keying) -> Self {
        match (stance, keying) {
            (Stance::Unsure, _) => Self::Neutral,
            (Stance::Yes, Keying::Positive) | (Stance::No, Keying::Negative) => Self::For,
            (Stance::Yes, Keying::Negative) | (Stance::No, Keying::Positive) => Self::Against,
        }
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        match score {
            Score::Against => -1.0,
            Score::Neutral => 0.0,
            Score::For => 1.0,
        }
    }
}

/// The orientation towards a value: the mean of its items' scores, in \[-1, 1\]; `None` without
/// items.
pub fn orientation(scores: &[Score]) -> Option<f64> {
    (!scores.is_empty()).then(|| mean(&numbers(scores)))
}

/// The population standard deviation of the scores, in \[0, 1\]; `None` without items.
pub fn score_std(scores: &[Score]) -> Option<f64> {
    (!scores.is_empty()).then(|| population_std(&numbers(scores)))
}

/// How unevenly an intervention moves a value's items (`scstd` in the released files): the
/// population standard deviation of those score changes that are not zero, in \[0, 2\]; `None`
/// where fewer than two items changed. Both slices hold the same items in the same order; items
/// that only one of them has are not compared.
///
/// ```
/// use valuebench::{Score::{Against, For, Neutral}, change_std};
///
/// let unsteered = [For, For, Neutral, Against];
/// assert_eq!(change_std(&unsteered, &[Against, Neutral, Neutral, Against]), Some(0.5));
/// assert_eq!(change_std(&unsteered, &[Against, For, Neutral, Against]), None);
/// ```
pub fn change_std(unsteered: &[Score], steered: &[Score]) -> Option<f64> {
    std_of_changes(&numbers(unsteered), &numbers(steered))
}

fn std_of_changes(unsteered: &[f64], steered: &[f64]) -> Option<f64> {
    let pairs = unsteered.iter().zip(steered);
    let changes = pairs.map(|(&before, &after)| after - before);
    let changes: Vec<f64> = changes.filter(|&change| change != 0.0).collect();
    (changes.len() >= 2).then(|| population_std(&changes))
}

/// Item scores of many settings, on their way to an [`OrientationTable`].
///
/// ```
/// use valuebench::{Measurements, Score::{Against, For}, Setting};
///
/// let mut measured = Measurements::new(vec!["Empathy".into()]);
/// measured.push(Setting::default(), vec![vec![For, For, Against, For]]);
/// measured.push(Setting::steered(None, 7), vec![vec![Against, For, For, For]]);
/// let table = measured.table()?;
/// assert_eq!(
///     table.to_csv(),
///     "steer_dim,player_name,Empathy,Empathy:scstd,stds,scstds\n\
///      ,,0.5,-1,0.8660254037844386,\n\
///      7,,0.5,2.0,0.8660254037844386,2.0\n"
/// );
/// # Ok::<(), valuebench::MeasurementError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    values: Vec<String>,
    settings: Vec<Setting>,
    /// Per setting and value the scores of the items.
    scores: Vec<Vec<Vec<f64>>>,
    /// What each of them counts for.
    weights: Vec<Vec<Vec<f64>>>,
}

/// Why item scores do not make an [`OrientationTable`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasurementError {
    /// A setting has scores for more or fewer values than there are.
    #[error("setting {setting}: expected as many scores as values ({expected}), found {found}")]
    Values {
        /// The setting.
        setting: Setting,
        /// Number of values.
        expected: usize,
        /// Number of values with scores.
        found: usize,
    },
    /// A value has no score, so no orientation either.
    #[error("setting {setting}, {value}: expected at least one score, found none")]
    NoScore {
        /// The setting.
        setting: Setting,
        /// The value.
        value: String,
    },
    /// A steered setting has no unsteered one to be compared with.
    #[error("setting {setting}: expected the unsteered setting of the same role, found none")]
    NoUnsteered {
        /// The setting.
        setting: Setting,
    },
    /// A steered setting and the unsteered one of its role have different numbers of items.
    #[error(
        "setting {setting}, {value}: expected as many scores as when unsteered ({expected}), found {found}"
    )]
    Items {
        /// The steered setting.
        setting: Setting,
        /// The value.
        value: String,
        /// Number of scores of the unsteered setting.
        expected: usize,
        /// Number of scores of this setting.
        found: usize,
    },
    /// A setting has places for more or fewer items than there are.
    #[error(
        "setting {setting}: expected a score, or none, for each of the items ({expected}), found {found}"
    )]
    Places {
        /// The setting.
        setting: Setting,
        /// Number of items.
        expected: usize,
        /// Number of places.
        found: usize,
    },
    /// The settings or the values do not make a table.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Measurements {
    /// No settings yet.
    pub fn new(values: Vec<String>) -> Self {
        Self {
            values,
            settings: Vec::new(),
            scores: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Adds a setting with the scores of each value's items, as [`Score`]s or as numbers: for the
    /// values in their order, and for the items in the same order in all settings of a role.
    pub fn push<S: Into<f64>>(&mut self, setting: Setting, scores: Vec<Vec<S>>) {
        let alike = |of_value: Vec<S>| {
            let scores = of_value.into_iter();
            scores.map(|score| (score, Weight::default())).collect()
        };
        self.push_weighted(setting, scores.into_iter().map(alike).collect());
    }

    /// The same of items that count differently: an orientation is the mean by these weights.
    /// Standard deviations are those of the items, each alike.
    pub fn push_weighted<S: Into<f64>>(&mut self, setting: Setting, scores: Vec<Vec<(S, Weight)>>) {
        let numbers = |(score, weight): (S, Weight)| (score.into(), weight.get());
        let apart = |of_value: Vec<(S, Weight)>| of_value.into_iter().map(numbers).unzip();
        let (scores, weights) = scores.into_iter().map(apart).unzip();
        self.settings.push(setting);
        self.scores.push(scores);
        self.weights.push(weights);
    }

    /// The table, with the columns of the released files: orientations, `scstd`, `stds` and
    /// `scstds`. Rows are in the order in which the settings came.
    ///
    /// # Errors
    ///
    /// [`MeasurementError`] for settings that occur twice, lack scores, or have no unsteered
    /// setting of the same role with as many items.
    pub fn table(&self) -> Result<OrientationTable, MeasurementError> {
        let rows: HashMap<&Setting, usize> = self.settings.iter().zip(0..).collect();
        let shape = (self.settings.len(), self.values.len());
        let mut orientations = Array2::zeros(shape);
        let mut scstds = Array2::zeros(shape);
        let mut stds = Array2::zeros(shape);
        for (row, setting) in self.settings.iter().enumerate() {
            let unsteered = rows.get(&setting.unsteered());
            let unsteered = *unsteered.ok_or_else(|| MeasurementError::NoUnsteered {
                setting: setting.clone(),
            })?;
            for value in 0..shape.1 {
                let scores = self.checked(row, value)?;
                let before = self.checked(unsteered, value)?;
                self.check_items(row, value, before, scores)?;
                orientations[(row, value)] = weighted_mean(scores, &self.weights[row][value]);
                stds[(row, value)] = population_std(scores);
                scstds[(row, value)] = std_of_changes(before, scores).unwrap_or(-1.0);
            }
        }
        let stds = stds
            .rows()
            .into_iter()
            .map(|row| mean(&row.to_vec()))
            .collect();
        let (values, settings) = (self.values.clone(), self.settings.clone());
        let table = OrientationTable::new(values, settings, orientations, Some(scstds))?;
        Ok(table.with_stds(stds)?)
    }

    /// The scores of a value in a row, of which there is at least one.
    fn checked(&self, row: usize, value: usize) -> Result<&[f64], MeasurementError> {
        let scores = &self.scores[row];
        if scores.len() != self.values.len() {
            return Err(MeasurementError::Values {
                setting: self.settings[row].clone(),
                expected: self.values.len(),
                found: scores.len(),
            });
        }
        match scores[value].is_empty() {
            false => Ok(&scores[value]),
            true => Err(MeasurementError::NoScore {
                setting: self.settings[row].clone(),
                value: self.values[value].clone(),
            }),
        }
    }

    fn check_items(
        &self,
        row: usize,
        value: usize,
        before: &[f64],
        scores: &[f64],
    ) -> Result<(), MeasurementError> {
        if before.len() == scores.len() {
            return Ok(());
        }
        Err(MeasurementError::Items {
            setting: self.settings[row].clone(),
            value: self.values[value].clone(),
            expected: before.len(),
            found: scores.len(),
        })
    }
}

fn numbers(scores: &[Score]) -> Vec<f64> {
    scores.iter().map(|&score| f64::from(score)).collect()
}

#[cfg(test)]
mod tests {
    use super::Score::{Against, For, Neutral};
    use super::*;

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(orientation(&[]), None);
        assert_eq!(score_std(&[]), None);
        assert_eq!(change_std(&[], &[]), None);
    }

    #[test]
    fn scores_follow_the_keying() {
        for (stance, positive) in [
            (Stance::Yes, For),
            (Stance::No, Against),
            (Stance::Unsure, Neutral),
        ] {
            assert_eq!(Score::of(stance, Keying::Positive), positive);
            let negative = f64::from(Score::of(stance, Keying::Negative));
            assert_eq!(negative, 0.0 - f64::from(positive));
        }
    }

    fn error(rows: Vec<(Setting, Vec<Vec<Score>>)>) -> String {
        let mut measured = Measurements::new(vec!["A".into(), "B".into()]);
        for (setting, scores) in rows {
            measured.push(setting, scores);
        }
        measured.table().unwrap_err().to_string()
    }

    #[test]
    fn incomplete_measurements_are_refused() {
        let role = || Setting::of_role("Ada");
        let one = || vec![vec![For], vec![For]];
        assert_eq!(
            error(vec![(role(), vec![vec![For]])]),
            "setting Ada, unsteered: expected as many scores as values (2), found 1"
        );
        assert_eq!(
            error(vec![(role(), vec![vec![For], vec![]])]),
            "setting Ada, unsteered, B: expected at least one score, found none"
        );
        assert_eq!(
            error(vec![(role(), one()), (Setting::steered(None, 7), one())]),
            "setting empty role, feature 7: expected the unsteered setting of the same role, found none"
        );
        assert_eq!(
            error(vec![
                (Setting::steered("Ada", 7), vec![vec![For], vec![For, For]]),
                (role(), one())
            ]),
            "setting Ada, feature 7, B: expected as many scores as when unsteered (1), found 2"
        );
        assert_eq!(
            error(vec![(role(), one()), (role(), one())]),
            "setting 1 (Ada, unsteered): expected each setting once, found it first as setting 0"
        );
    }
}
