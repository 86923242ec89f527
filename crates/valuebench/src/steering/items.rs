//! Changes of item scores.

use ndarray::{Array3, ArrayView3};

use super::changes::Paired;
use crate::{Intervention, Item, ItemScores, MeasurementError, Score, Setting};

/// By how much each intervention changed the score of each item in each role: that of the steered
/// row less that of the unsteered row of the same role, from -2 to 2.
///
/// The mean over the items of a value that a role was asked is its change in
/// [`SteeringChanges`](crate::SteeringChanges), up to rounding; interventions and roles are in the
/// same order.
///
/// ```
/// use valuebench::{Keying, Item, ItemChanges, Score::{Against, For, Neutral}, Setting};
///
/// let item = |question: &str| Item {
///     inventory: String::new(),
///     statement: String::new(),
///     value: "Empathy".into(),
///     keying: Keying::Positive,
///     question: question.into(),
///     ..Item::default()
/// };
/// let rows = vec![
///     (Setting::of_role("Mary Holt"), vec![Some(Against), Some(Neutral)]),
///     (Setting::steered("Mary Holt", 7), vec![Some(For), Some(Neutral)]),
///     (Setting::of_role("Ada Day"), vec![Some(For), None]), // was asked the first one only
///     (Setting::steered("Ada Day", 7), vec![Some(For), None]),
/// ];
/// let changes = ItemChanges::of(vec![item("Should I care?"), item("Should I ask?")], rows)?;
/// assert_eq!(changes.matrix()[[0, 0, 0]], 2.0);
/// assert_eq!(changes.matrix()[[0, 0, 1]], 0.0);
/// assert!(changes.matrix()[[0, 1, 1]].is_nan());
/// # Ok::<(), valuebench::MeasurementError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ItemChanges {
    items: Vec<Item>,
    interventions: Vec<Intervention>,
    roles: Vec<Option<String>>,
    changes: Array3<f64>,
}

impl ItemChanges {
    /// Of the scores of settings, each with one place for every item: its score, or `None` where it
    /// was not asked. Interventions are ascending, roles those that have an unsteered row, in the
    /// order of these rows.
    ///
    /// # Errors
    ///
    /// [`MeasurementError`]: a setting that occurs twice, or has more or fewer places than there
    /// are items.
    pub fn of(
        items: Vec<Item>,
        rows: Vec<(Setting, Vec<Option<Score>>)>,
    ) -> Result<Self, MeasurementError> {
        let scores = ItemScores::of(items, rows)?;
        Ok(Self::of_scores(&scores))
    }

    /// Of item scores.
    pub fn of_scores(scores: &ItemScores) -> Self {
        let Paired {
            interventions,
            roles,
            changes,
        } = Paired::of(scores.settings(), scores.matrix());
        Self {
            items: scores.items().to_vec(),
            interventions,
            roles,
            changes,
        }
    }

    /// The items.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The interventions, ascending.
    pub fn interventions(&self) -> &[Intervention] {
        &self.interventions
    }

    /// The roles; `None` is the empty role.
    pub fn roles(&self) -> &[Option<String>] {
        &self.roles
    }

    /// The changes, `[interventions, roles, items]`; NaN where a role was not asked the item, or
    /// has no row under an intervention.
    pub fn matrix(&self) -> ArrayView3<'_, f64> {
        self.changes.view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keying;

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let item = Item {
            inventory: String::new(),
            statement: String::new(),
            value: "A".into(),
            keying: Keying::Positive,
            question: String::new(),
            ..Item::default()
        };
        let of = |rows| ItemChanges::of(vec![item.clone()], rows).unwrap_err();
        let row = |n| (Setting::of_role("x"), vec![Some(Score::For); n]);
        assert_eq!(
            of(vec![row(1), (Setting::steered("x", 7), Vec::new())]).to_string(),
            "setting x, feature 7: expected a score, or none, for each of the items (1), found 0"
        );
        let twice = of(vec![row(1), row(1)]).to_string();
        assert!(twice.contains("expected each setting once"), "{twice}");
    }
}
