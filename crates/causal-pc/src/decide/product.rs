use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::promethee::check_weights;
use super::{DecisionError, Flows};

/// ValuePilot's rating of an action in a scenario, `[values]`, with sum 1: what a scenario and an
/// action mean for each value, drawn towards the user's `preferences` (from 0 to 1).
///
/// # Errors
///
/// [`DecisionError`] where the numbers of values differ.
pub fn product_rating(
    scenario: ArrayView1<'_, f64>,
    action: ArrayView1<'_, f64>,
    preferences: ArrayView1<'_, f64>,
) -> Result<Array1<f64>, DecisionError> {
    let n = preferences.len();
    DecisionError::check_length("values of a scenario", n, scenario.len())?;
    DecisionError::check_length("values of an action", n, action.len())?;
    let drawn = |rating: f64, preference: f64| {
        let apart = (gate(rating) - gate(preference)).abs();
        0.3 * (1.0 - apart) + 0.7 * rating
    };
    let rating = |at: usize| {
        let scenario = drawn(scenario[at], preferences[at]);
        sigmoid(scenario.abs()) * drawn(action[at], preferences[at])
    };
    let ratings: Array1<f64> = (0..n).map(rating).collect();
    let sum = ratings.sum();
    Ok(ratings / sum)
}

/// Flows as ValuePilot computes them: preferences are the sigmoid of differences, multiplied over
/// the values with the weights `gate(preference)` as exponents, and means are over all actions, the
/// action itself among them.
///
/// That is the weighted sum in disguise: `ln(P(a, b) / P(b, a))` is the difference of the weighted
/// sums of a and b, and with equal preferences all net flows are 0. It is here to be
/// compared with; [`promethee`](super::promethee) is the method. `ratings` is `[actions, values]`.
///
/// # Errors
///
/// [`DecisionError`] where the numbers of values differ, or without actions.
pub fn product_flows(
    ratings: ArrayView2<'_, f64>,
    preferences: ArrayView1<'_, f64>,
) -> Result<Flows, DecisionError> {
    let n = ratings.nrows();
    DecisionError::check_length("values", preferences.len(), ratings.ncols())?;
    let weights: Vec<f64> = preferences
        .iter()
        .map(|&preference| gate(preference))
        .collect();
    check_weights(&weights)?;
    let total: f64 = weights.iter().sum();
    let preferred = Array2::from_shape_fn((n, n), |(a, b)| {
        let differences = ratings.row(a).into_iter().zip(ratings.row(b));
        let factors = weights.iter().zip(differences);
        let factors = factors.map(|(weight, (x, y))| sigmoid(x - y).powf(weight / total));
        factors.product::<f64>()
    });
    let mean = |sums: Array1<f64>| sums / n as f64;
    Ok(Flows {
        plus: mean(preferred.sum_axis(ndarray::Axis(1))),
        minus: mean(preferred.sum_axis(ndarray::Axis(0))),
    })
}

/// From 0 to 1, steep at one half.
fn gate(x: f64) -> f64 {
    sigmoid(10.0 * (x - 0.5))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
