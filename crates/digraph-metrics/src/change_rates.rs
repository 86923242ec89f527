//! How often nodes change together over a set of interventions.

use ndarray::{Array2, ArrayView1, ArrayView2};
use thiserror::Error;

use crate::numbers::share;

/// Why [`changes_from_baseline`] refused its values.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ChangesError {
    /// The baseline has another number of nodes than the values.
    #[error("expected values of all nodes of the baseline ({baseline}), found those of {values}")]
    Lengths {
        /// Number of entries of the baseline.
        baseline: usize,
        /// Number of columns of the values.
        values: usize,
    },
    /// A value is not a number, so that it is neither equal to the baseline nor different from it.
    #[error("the value of intervention {intervention}, node {node} is not a number")]
    NotANumber {
        /// Row of the values.
        intervention: usize,
        /// Column of the values.
        node: usize,
    },
    /// A value of the baseline is not a number.
    #[error("the baseline value of node {node} is not a number")]
    BaselineNotANumber {
        /// Entry of the baseline.
        node: usize,
    },
}

/// Which nodes differ from the baseline under which intervention, `[interventions, nodes]`.
///
/// `values` is `[interventions, nodes]` without the baseline's own row, `baseline` is `[nodes]`.
/// Numbers are compared exactly, as the paper's section 2.3 does (`s_r[v] ≠ s_r0[v]`).
///
/// # Errors
/// [`ChangesError`] where the sizes differ or a value is not a number.
///
/// # Example
/// ```
/// use digraph_metrics::changes_from_baseline;
/// use ndarray::array;
///
/// let values = array![[0.5, 1.0], [0.0, 1.0]];
/// let changes = changes_from_baseline(values.view(), array![0.0, 1.0].view())?;
/// assert_eq!(changes, array![[true, false], [false, false]]);
/// # Ok::<(), digraph_metrics::ChangesError>(())
/// ```
pub fn changes_from_baseline(
    values: ArrayView2<'_, f64>,
    baseline: ArrayView1<'_, f64>,
) -> Result<Array2<bool>, ChangesError> {
    if baseline.len() != values.ncols() {
        return Err(ChangesError::Lengths {
            baseline: baseline.len(),
            values: values.ncols(),
        });
    }
    if let Some(node) = baseline.iter().position(|value| value.is_nan()) {
        return Err(ChangesError::BaselineNotANumber { node });
    }
    if let Some(((intervention, node), _)) = values.indexed_iter().find(|(_, v)| v.is_nan()) {
        return Err(ChangesError::NotANumber { intervention, node });
    }
    Ok(Array2::from_shape_fn(values.dim(), |(row, node)| {
        values[[row, node]] != baseline[node]
    }))
}

/// The rates `c(v', v)`: among the interventions under which `v` changed, the share under which
/// `v'` changed too (the paper's section 2.3).
///
/// Nodes are numbered as the columns of the matrix they were counted from, which must be the order
/// of the nodes of the graphs they are held against. The counts behind each rate are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRates {
    /// `[affected, given]`: number of interventions that changed both; the diagonal counts the
    /// changes of each node.
    together: Array2<usize>,
    n_interventions: usize,
}

impl ChangeRates {
    /// Counts changes given as `[interventions, nodes]`, `true` where the node changed.
    ///
    /// A baseline row is no intervention: leave it out, or let it be all `false`, which alters no
    /// rate but is counted by [`n_interventions`](Self::n_interventions). The order of the rows
    /// plays no part.
    ///
    /// # Complexity
    /// `O(interventions × nodes²)` time at worst, `nodes²` counts.
    ///
    /// # Example
    /// ```
    /// use digraph_metrics::ChangeRates;
    /// use ndarray::array;
    ///
    /// let changes = array![[true, true, false], [true, false, false]];
    /// let rates = ChangeRates::from_changes(changes.view());
    /// assert_eq!(rates.rate(1, 0), Some(0.5)); // 1 changed in half the rows where 0 did
    /// assert_eq!(rates.rate(0, 1), Some(1.0));
    /// assert_eq!(rates.rate(0, 2), None); // 2 never changed
    /// ```
    #[must_use]
    pub fn from_changes(changes: ArrayView2<'_, bool>) -> Self {
        let mut together = Array2::zeros((changes.ncols(), changes.ncols()));
        for row in changes.rows() {
            let changed: Vec<usize> = (0..row.len()).filter(|&node| row[node]).collect();
            for &affected in &changed {
                for &given in &changed {
                    together[[affected, given]] += 1;
                }
            }
        }
        Self {
            together,
            n_interventions: changes.nrows(),
        }
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.together.nrows()
    }

    /// Number of interventions, those that changed nothing included.
    #[must_use]
    pub fn n_interventions(&self) -> usize {
        self.n_interventions
    }

    /// `c(affected, given_changed)`, in [0, 1].
    ///
    /// `None` where `given_changed` never changed, or where a node is out of range.
    #[must_use]
    pub fn rate(&self, affected: usize, given_changed: usize) -> Option<f64> {
        let together = *self.together.get([affected, given_changed])?;
        share(together, self.n_changes(given_changed))
    }

    /// Number of interventions that changed `node`: the rows behind every rate given `node`.
    ///
    /// 0 for a node out of range.
    #[must_use]
    pub fn n_changes(&self, node: usize) -> usize {
        self.n_changed_together(node, node)
    }

    /// Number of interventions that changed both nodes; 0 for a node out of range.
    #[must_use]
    pub fn n_changed_together(&self, a: usize, b: usize) -> usize {
        self.together.get([a, b]).copied().unwrap_or(0)
    }

    /// Share of all interventions that changed `node`, whatever else they changed.
    ///
    /// The rates given other nodes are to be read against it: a node that changes always has rate 1
    /// given any other. `None` without interventions, or for a node out of range.
    #[must_use]
    pub fn base_rate(&self, node: usize) -> Option<f64> {
        let changes = *self.together.get([node, node])?;
        share(changes, self.n_interventions)
    }

    /// Mean over nodes of the number of interventions that changed the node.
    ///
    /// `None` without nodes.
    #[must_use]
    pub fn mean_interventions_changing_a_node(&self) -> Option<f64> {
        share(self.together.diag().sum(), self.n_nodes())
    }

    /// Mean over interventions of the number of nodes that changed.
    ///
    /// `None` without interventions.
    #[must_use]
    pub fn mean_nodes_changed_per_intervention(&self) -> Option<f64> {
        share(self.together.diag().sum(), self.n_interventions)
    }

    /// Adds the counts of `other`, as if each of its interventions had happened `times` times.
    ///
    /// Sums over several baselines, and the weights of a resample, are made so.
    /// A node that `other` lacks gains nothing.
    pub fn add(&mut self, other: &Self, times: usize) {
        ndarray::Zip::indexed(&mut self.together)
            .for_each(|(a, b), count| *count += times * other.n_changed_together(a, b));
        self.n_interventions += times * other.n_interventions;
    }

    /// All rates as a matrix, `[affected, given]`: `c(affected, given)`, NaN where
    /// [`rate`](Self::rate) gives `None`.
    #[must_use]
    pub fn rate_matrix(&self) -> Array2<f64> {
        Array2::from_shape_fn(self.together.dim(), |(affected, given)| {
            self.rate(affected, given).unwrap_or(f64::NAN)
        })
    }

    /// All lifts as a matrix, `[affected, given]`: `c(affected, given)` over the
    /// [base rate](Self::base_rate) of `affected`.
    ///
    /// 1 where the two change independently of each other, whatever their base rates. NaN where
    /// either never changed. (S. Brin, R. Motwani, J. Ullman and S. Tsur, SIGMOD 1997, who call it
    /// interest.)
    #[must_use]
    pub fn lift_matrix(&self) -> Array2<f64> {
        Array2::from_shape_fn(self.together.dim(), |(affected, given)| {
            let base = self.base_rate(affected).filter(|&base| base > 0.0);
            match (self.rate(affected, given), base) {
                (Some(rate), Some(base)) => rate / base,
                _ => f64::NAN,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn counts_stand_behind_the_rates() {
        let changes = array![
            [true, true, false],
            [true, false, false],
            [false, false, false]
        ];
        let rates = ChangeRates::from_changes(changes.view());
        assert_eq!((rates.n_nodes(), rates.n_interventions()), (3, 3));
        assert_eq!((rates.n_changes(0), rates.n_changed_together(0, 1)), (2, 1));
        assert_eq!(rates.base_rate(0), Some(2.0 / 3.0));
        assert_eq!(rates.mean_interventions_changing_a_node(), Some(1.0));
        assert_eq!(rates.mean_nodes_changed_per_intervention(), Some(1.0));
    }

    #[test]
    fn lift_is_the_rate_over_the_base_rate() {
        let changes = array![[true, true, false], [true, false, false]];
        let rates = ChangeRates::from_changes(changes.view());
        let lift = rates.lift_matrix();
        assert_eq!((lift[[0, 1]], lift[[1, 0]], lift[[1, 1]]), (1.0, 1.0, 2.0));
        assert!(lift[[2, 0]].is_nan() && lift[[0, 2]].is_nan());
        let found = rates.rate_matrix();
        assert_eq!(
            (found[[0, 1]], found[[1, 0]], found[[2, 0]]),
            (1.0, 0.5, 0.0)
        );
        assert!(found[[0, 2]].is_nan());
    }

    #[test]
    fn added_counts_are_those_of_the_rows_one_below_the_other() {
        let (one, other) = (array![[true, false]], array![[true, true], [false, true]]);
        let mut sum = ChangeRates::from_changes(one.view());
        sum.add(&ChangeRates::from_changes(other.view()), 2);
        let rows = array![
            [true, false],
            [true, true],
            [false, true],
            [true, true],
            [false, true]
        ];
        assert_eq!(sum, ChangeRates::from_changes(rows.view()));
    }

    #[test]
    fn a_node_out_of_range_has_no_rate() {
        let rates = ChangeRates::from_changes(array![[true]].view());
        assert_eq!(
            (rates.rate(1, 0), rates.rate(0, 1), rates.base_rate(1)),
            (None, None, None)
        );
        assert_eq!(rates.n_changes(1), 0);
    }

    #[test]
    fn an_empty_table_has_no_rates() {
        let rates = ChangeRates::from_changes(Array2::from_elem((0, 2), true).view());
        assert_eq!((rates.rate(0, 1), rates.base_rate(0)), (None, None));
        assert_eq!(rates.mean_nodes_changed_per_intervention(), None);
        assert_eq!(rates.mean_interventions_changing_a_node(), Some(0.0));
        let no_nodes = ChangeRates::from_changes(Array2::from_elem((2, 0), true).view());
        assert_eq!(no_nodes.mean_interventions_changing_a_node(), None);
    }

    #[test]
    fn bad_values_are_refused_with_their_place() {
        let message = |values: Array2<f64>, baseline: &[f64]| {
            changes_from_baseline(values.view(), baseline.into())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(array![[1.0, 2.0]], &[1.0]),
            "expected values of all nodes of the baseline (1), found those of 2"
        );
        assert_eq!(
            message(array![[1.0, 2.0], [1.0, f64::NAN]], &[1.0, 2.0]),
            "the value of intervention 1, node 1 is not a number"
        );
        assert_eq!(
            message(array![[1.0, 2.0]], &[f64::NAN, 2.0]),
            "the baseline value of node 0 is not a number"
        );
    }
}
