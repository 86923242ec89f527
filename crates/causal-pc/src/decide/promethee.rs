use ndarray::{Array1, ArrayView2};

use super::{DecisionError, Preference};

/// Net flows closer than this are equal.
const ROUNDING: f64 = 1e-12;

/// A criterion by which actions are compared: more of it is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Criterion {
    /// How much it counts; weights are scaled to a sum of 1.
    pub weight: f64,
    /// How far a difference makes a preference.
    pub preference: Preference,
}

/// How much each action is preferred to others, and others to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flows {
    /// The mean preference for each action over the others, from 0 to 1: its strength.
    pub plus: Array1<f64>,
    /// The mean preference for the others over it: its weakness.
    pub minus: Array1<f64>,
}

/// How two actions stand to each other by PROMETHEE I.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outranking {
    /// The first is as strong and as little weak, and better in one.
    First,
    /// The second is.
    Second,
    /// Both are equally strong and weak.
    Indifferent,
    /// One is stronger, and weaker too.
    Incomparable,
}

/// PROMETHEE's flows of actions on criteria. `actions` is `[n_actions, n_criteria]`.
///
/// O(actions² criteria). An action more or less can turn the order of two others: ranks hold among
/// these actions only.
///
/// ```
/// use causal_pc::decide::{Criterion, Outranking, Preference, promethee};
/// use ndarray::array;
///
/// let preference = Preference::Linear { indifference: 0.1, strict: 0.6 };
/// let criteria = [0.7, 0.3].map(|weight| Criterion { weight, preference });
/// let flows = promethee(array![[0.9, 0.1], [0.2, 0.8], [0.1, 0.1]].view(), &criteria)?;
/// assert_eq!(flows.ranking(), [0, 1, 2]);
/// assert_eq!(flows.compare(1, 2), Some(Outranking::First));
/// # Ok::<(), causal_pc::decide::DecisionError>(())
/// ```
///
/// # Errors
///
/// [`DecisionError`] for fewer than two actions, no criterion or another number of them than columns,
/// numbers that are not finite, weights below 0 or all 0, and thresholds that are none.
///
/// J. P. Brans and P. Vincke, "A preference ranking organisation method", Management Science 31
/// (1985).
pub fn promethee(
    actions: ArrayView2<'_, f64>,
    criteria: &[Criterion],
) -> Result<Flows, DecisionError> {
    check(actions, criteria)?;
    let total: f64 = criteria.iter().map(|criterion| criterion.weight).sum();
    let preferred = |a: usize, b: usize| {
        let differences = actions.row(a).into_iter().zip(actions.row(b));
        let degrees = criteria.iter().zip(differences).map(|(criterion, (x, y))| {
            criterion.weight / total * criterion.preference.degree(x - y)
        });
        degrees.sum::<f64>()
    };
    let n = actions.nrows();
    let mean_over_others = |of: &dyn Fn(usize, usize) -> f64| {
        let mean = |a: usize| {
            let others = (0..n).filter(|&b| b != a);
            others.map(|b| of(a, b)).sum::<f64>() / (n - 1) as f64
        };
        (0..n).map(mean).collect()
    };
    Ok(Flows {
        plus: mean_over_others(&preferred),
        minus: mean_over_others(&|a, b| preferred(b, a)),
    })
}

impl Flows {
    /// Strength less weakness, from -1 to 1; the sum over all actions is 0.
    pub fn net(&self) -> Array1<f64> {
        &self.plus - &self.minus
    }

    /// The actions by net flow, the best first, of equal ones the first: PROMETHEE II.
    pub fn ranking(&self) -> Vec<usize> {
        let net = self.net().mapv(|flow| (flow / ROUNDING).round());
        let mut order: Vec<usize> = (0..net.len()).collect();
        order.sort_by(|&a, &b| net[b].total_cmp(&net[a]));
        order
    }

    /// How two actions stand to each other: PROMETHEE I. `None` for one that there is not.
    pub fn compare(&self, first: usize, second: usize) -> Option<Outranking> {
        let of = |action: usize| Some((*self.plus.get(action)?, *self.minus.get(action)?));
        let ((plus, minus), (other_plus, other_minus)) = (of(first)?, of(second)?);
        let sign = |gain: f64| i32::from(gain > ROUNDING) - i32::from(gain < -ROUNDING);
        let gains = (sign(plus - other_plus), sign(other_minus - minus));
        Some(match gains {
            (0, 0) => Outranking::Indifferent,
            (stronger, firmer) if stronger >= 0 && firmer >= 0 => Outranking::First,
            (stronger, firmer) if stronger <= 0 && firmer <= 0 => Outranking::Second,
            _ => Outranking::Incomparable,
        })
    }
}

fn check(actions: ArrayView2<'_, f64>, criteria: &[Criterion]) -> Result<(), DecisionError> {
    if actions.nrows() < 2 {
        return Err(DecisionError::Length {
            what: "actions, of at least",
            expected: 2,
            found: actions.nrows(),
        });
    }
    DecisionError::check_length("criteria", actions.ncols(), criteria.len())?;
    let numbers = actions.iter();
    DecisionError::check_numbers("cell", "a finite number", numbers, f64::is_finite)?;
    let weights: Vec<f64> = criteria.iter().map(|criterion| criterion.weight).collect();
    check_weights(&weights)?;
    let mut preferences = criteria.iter().enumerate();
    preferences.try_for_each(|(at, criterion)| criterion.preference.check(at))
}

/// Refuses weights that are none, below 0, or all 0.
pub(super) fn check_weights(weights: &[f64]) -> Result<(), DecisionError> {
    let is_weight = |weight: f64| weight.is_finite() && weight >= 0.0;
    DecisionError::check_numbers("weight", "a number of at least 0", weights, is_weight)?;
    match weights.iter().sum::<f64>() {
        sum if sum > 0.0 && sum.is_finite() => Ok(()),
        found => Err(DecisionError::Number {
            what: "the sum of weights up to",
            place: weights.len(),
            expected: "a finite number above 0",
            found,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn actions_may_be_incomparable_or_equal() {
        let flows = |plus, minus| Flows { plus, minus };
        let apart = flows(array![0.6, 0.4], array![0.5, 0.2]);
        assert_eq!(apart.compare(0, 1), Some(Outranking::Incomparable));
        let equal = flows(array![0.5, 0.5], array![0.2, 0.2]);
        assert_eq!(equal.compare(0, 1), Some(Outranking::Indifferent));
        assert_eq!(equal.ranking(), [0, 1]);
        let over = flows(array![0.5, 0.5], array![0.3, 0.2]);
        assert_eq!(over.compare(0, 1), Some(Outranking::Second));
        assert_eq!(over.compare(0, 2), None);
        assert_eq!(over.ranking(), [1, 0]);
    }

    #[test]
    fn what_cannot_be_ranked_is_named() {
        let usual = |weight| Criterion {
            weight,
            preference: Preference::Usual,
        };
        let message = |actions: Array2<f64>, criteria: &[Criterion]| {
            promethee(actions.view(), criteria).unwrap_err().to_string()
        };
        let two = || array![[1.0], [2.0]];
        assert_eq!(
            message(array![[1.0]], &[usual(1.0)]),
            "actions, of at least: expected 2, found 1"
        );
        assert_eq!(message(two(), &[]), "criteria: expected 1, found 0");
        assert!(message(two(), &[usual(-1.0)]).starts_with("weight 0"));
        assert!(message(two(), &[usual(0.0)]).starts_with("the sum of weights"));
        assert_eq!(
            message(array![[1.0], [f64::NAN]], &[usual(1.0)]),
            "cell 1: expected a finite number, found NaN"
        );
        let wrong = [
            Preference::UShape { indifference: -0.1 },
            Preference::VShape { strict: 0.0 },
            Preference::Level {
                indifference: 0.2,
                strict: 0.2,
            },
            Preference::Linear {
                indifference: 0.2,
                strict: f64::NAN,
            },
            Preference::Gaussian {
                inflection: f64::INFINITY,
            },
        ];
        for preference in wrong {
            let weight = 1.0;
            assert!(message(two(), &[Criterion { weight, preference }]).contains("of criterion 0"));
        }
    }
}
