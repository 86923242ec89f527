//! How well any score of pairs of nodes predicts which nodes change along.

use ndarray::ArrayView2;

use crate::change_rates::ChangeRates;
use crate::numbers::{pearson, ranks};

/// How well scores predict changes, see [`predictive_accuracy`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictiveAccuracy {
    /// Probability that of a node that changed along and one that did not, drawn at random, the
    /// first has the higher score (half for equal scores): the area under the ROC curve. 0.5 for
    /// scores that know nothing. `None` where no node changed along, or every one did.
    pub auc: Option<f64>,
    /// Spearman's rank correlation of score and rate over the pairs of nodes that have a rate.
    /// `None` where either is the same for all pairs.
    pub rank_correlation: Option<f64>,
    /// Number of ordered pairs of distinct nodes that have a score and a rate.
    pub n_pairs: usize,
    /// Number of events behind `auc`: an intervention that changed `v`, seen at another node.
    pub n_events: usize,
}

/// Measures how well scores of ordered pairs predict which nodes change along.
///
/// A graph's successors, a correlation, a rate from elsewhere: each is a score of how much one
/// expects `v'` to change when `v` did, and can be held against what happened. Each intervention
/// that changed `v` is an event for every other node `v'`, which changed along or did not; the area
/// under the curve is over all events, the rank correlation over pairs, where `c(v', v)` is what
/// happened.
///
/// # Arguments
/// * `scores`: `[affected, given]`, higher for what is expected to change along rather; NaN, and
///   what lies outside the matrix, leaves the pair out.
/// * `rates`: what happened.
///
/// # Complexity
/// `O(|V|² log |V|)`.
///
/// # Example
/// ```
/// use digraph_metrics::{ChangeRates, predictive_accuracy};
/// use ndarray::array;
///
/// let changes = array![[true, true, false], [true, true, false], [false, false, true]];
/// let rates = ChangeRates::from_changes(changes.view());
/// // 0 and 1 are expected to change together, 2 with neither: every event is as expected
/// let scores = array![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
/// let found = predictive_accuracy(scores.view(), &rates);
/// assert_eq!((found.auc, found.rank_correlation), (Some(1.0), Some(1.0)));
/// assert_eq!((found.n_pairs, found.n_events), (6, 10));
/// ```
///
/// J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating
/// characteristic (ROC) curve", Radiology 143 (1982).
#[must_use]
pub fn predictive_accuracy(scores: ArrayView2<'_, f64>, rates: &ChangeRates) -> PredictiveAccuracy {
    let n = rates.n_nodes();
    let mut pairs: Vec<Pair> = (0..n)
        .flat_map(|affected| (0..n).map(move |given| (affected, given)))
        .filter(|(affected, given)| affected != given)
        .filter_map(|(affected, given)| Pair::of(affected, given, scores, rates))
        .collect();
    pairs.sort_by(|a, b| a.score.total_cmp(&b.score));
    let of = |number: fn(&Pair) -> f64| pairs.iter().map(number).collect::<Vec<f64>>();
    PredictiveAccuracy {
        auc: area(&pairs),
        rank_correlation: pearson(
            &ranks(&of(|pair| pair.score)),
            &ranks(&of(|pair| pair.rate)),
        ),
        n_pairs: pairs.len(),
        n_events: pairs.iter().map(|pair| pair.along + pair.alone).sum(),
    }
}

struct Pair {
    score: f64,
    rate: f64,
    /// Interventions that changed both.
    along: usize,
    /// Interventions that changed the given node alone.
    alone: usize,
}

impl Pair {
    fn of(
        affected: usize,
        given: usize,
        scores: ArrayView2<'_, f64>,
        rates: &ChangeRates,
    ) -> Option<Self> {
        let score = *scores.get([affected, given])?;
        let rate = rates.rate(affected, given)?;
        let along = rates.n_changed_together(affected, given);
        // -0 and 0 are the same score.
        (!score.is_nan()).then(|| Self {
            score: score + 0.0,
            rate,
            along,
            alone: rates.n_changes(given) - along,
        })
    }
}

/// Over pairs in ascending order of score.
fn area(sorted: &[Pair]) -> Option<f64> {
    let (mut won, mut alone_below) = (0.0, 0.0);
    for same in sorted.chunk_by(|a, b| a.score == b.score) {
        let along: usize = same.iter().map(|pair| pair.along).sum();
        let alone: usize = same.iter().map(|pair| pair.alone).sum();
        won += along as f64 * (alone_below + alone as f64 / 2.0);
        alone_below += alone as f64;
    }
    let along: usize = sorted.iter().map(|pair| pair.along).sum();
    let all = along as f64 * alone_below;
    (all > 0.0).then(|| won / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Every event against every other.
    fn naive_auc(scores: &Array2<f64>, changes: &Array2<bool>) -> Option<f64> {
        let (mut along, mut alone) = (Vec::new(), Vec::new());
        for row in changes.rows() {
            for given in 0..row.len() {
                for affected in 0..row.len() {
                    if row[given] && affected != given {
                        let events = if row[affected] {
                            &mut along
                        } else {
                            &mut alone
                        };
                        events.push(scores[[affected, given]]);
                    }
                }
            }
        }
        let mut won = 0.0;
        for a in &along {
            for b in &alone {
                won += if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
            }
        }
        let all = along.len() * alone.len();
        (all > 0).then(|| won / all as f64)
    }

    #[test]
    fn the_area_is_the_share_of_events_in_the_right_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for n_levels in [1, 2, 5, 1000] {
            let scores =
                Array2::from_shape_simple_fn((5, 5), || f64::from(rng.random_range(0..n_levels)));
            let changes = Array2::from_shape_simple_fn((8, 5), || rng.random_bool(0.4));
            let rates = ChangeRates::from_changes(changes.view());
            let found = predictive_accuracy(scores.view(), &rates);
            let (ours, naive) = (found.auc.unwrap(), naive_auc(&scores, &changes).unwrap());
            assert!((ours - naive).abs() < 1e-12, "{ours} {naive}");
            assert_eq!(found.rank_correlation.is_none(), n_levels == 1);
        }
    }

    #[test]
    fn pairs_without_score_or_rate_are_left_out() {
        let changes = ndarray::array![[true, true, false], [true, false, false]];
        let rates = ChangeRates::from_changes(changes.view());
        let mut scores = Array2::zeros((3, 3));
        assert_eq!(predictive_accuracy(scores.view(), &rates).n_pairs, 4);
        scores[[1, 0]] = f64::NAN;
        let found = predictive_accuracy(scores.view(), &rates);
        assert_eq!((found.n_pairs, found.n_events), (3, 4));
        let few = Array2::zeros((1, 1));
        assert_eq!(predictive_accuracy(few.view(), &rates).auc, None);
    }
}
