//! What a means to one end does to everything else.

use value_causal::bench::SteeringChanges;
use value_causal::discovery::effects::Ida;
use value_causal::ndarray::{ArrayView1, ArrayView2, Axis};

use super::record::{Interval, Moved, Predicted, SideEffects};
use reproduce::correlation::pearson;

/// Of changes over `[roles, values]`, NaN where a role has none; instructions have none in training.
pub(super) fn side_effects(
    train: Option<ArrayView2<'_, f64>>,
    test: ArrayView2<'_, f64>,
    values: &[String],
    target: usize,
    effects: Option<&Ida>,
) -> SideEffects {
    let means = mean_changes(test);
    let others = (0..means.len()).filter(|&value| value != target);
    let mut most_moved: Vec<Moved> = others
        .map(|value| Moved {
            value: values[value].clone(),
            change: means[value],
        })
        .collect();
    most_moved.sort_by(|a, b| b.change.abs().total_cmp(&a.change.abs()));
    most_moved.truncate(3);
    let moved = mean_changes(train.unwrap_or(test))[target];
    SideEffects {
        train: train.map(|train| size_of_others(train, target)),
        test: size_of_others(test, target),
        predicted: effects.map(|effects| predicted(effects, target, moved, &means)),
        most_moved,
    }
}

/// What comes along when the target moves by `change`, beside what was observed.
fn predicted(effects: &Ida, target: usize, change: f64, observed: &[f64]) -> Predicted {
    let others: Vec<usize> = (0..observed.len())
        .filter(|&value| value != target)
        .collect();
    let mean_size = |of: &dyn Fn(usize) -> f64| {
        others.iter().map(|&value| of(value)).sum::<f64>() / others.len() as f64
    };
    let largest = |value| {
        let (low, high) = effects.bounds(target, value);
        low.abs().max(high.abs()) * change.abs()
    };
    let predicted = others
        .iter()
        .map(|&value| effects.mean(target, value) * change);
    let happened: Vec<f64> = others.iter().map(|&value| observed[value]).collect();
    let correlation = pearson(&predicted.collect::<Vec<_>>(), &happened);
    Predicted {
        size: mean_size(&|value| (effects.mean(target, value) * change).abs()),
        low: mean_size(&|value| effects.least_size(target, value) * change.abs()),
        high: mean_size(&largest),
        correlation: correlation.is_finite().then_some(correlation),
    }
}

/// The changes that one feature made.
pub(super) fn of_feature(changes: &SteeringChanges, feature: usize) -> ArrayView2<'_, f64> {
    changes.matrix().index_axis_move(Axis(0), feature)
}

/// The mean change of each value over the roles.
fn mean_changes(changes: ArrayView2<'_, f64>) -> Vec<f64> {
    let mean = |column: ArrayView1<'_, f64>| {
        let known = || column.iter().filter(|change| !change.is_nan());
        known().sum::<f64>() / known().count() as f64
    };
    changes.columns().into_iter().map(mean).collect()
}

/// The mean size of the changes of the values but one, over roles.
fn size_of_others(changes: ArrayView2<'_, f64>, target: usize) -> Interval {
    let of_role = |role: ArrayView1<'_, f64>| {
        let all = role
            .iter()
            .enumerate()
            .filter(|(value, _)| *value != target);
        all.map(|(_, change)| change.abs()).sum::<f64>() / (role.len() - 1) as f64
    };
    let sizes: Vec<f64> = changes.rows().into_iter().map(of_role).collect();
    let known: Vec<f64> = sizes.into_iter().filter(|size| !size.is_nan()).collect();
    Interval::of(&known)
}
