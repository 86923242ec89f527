//! What choosing a feature is worth to roles and items that had no say in the choice.

use std::cmp::Reverse;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use value_causal::ndarray::{Array2, ArrayView3};

use super::record::Interval;

/// Places along one axis: those that choose, and those that the choice is judged on.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) choose: Vec<usize>,
    pub(super) judge: Vec<usize>,
}

/// The places in `n` parts of almost equal size, drawn from `seed`, each left out once; `None` where
/// there are not two to part.
pub(super) fn parts(places: &[usize], n: usize, seed: u64) -> Option<Vec<Fold>> {
    let n = n.min(places.len());
    if n < 2 {
        return None;
    }
    let mut mixed = places.to_vec();
    mixed.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let fold = |part| {
        let judge: Vec<usize> = mixed.iter().copied().skip(part).step_by(n).collect();
        let chooses = |place: &usize| !judge.contains(place);
        Fold {
            choose: places.iter().copied().filter(chooses).collect(),
            judge,
        }
    };
    Some((0..n).map(fold).collect())
}

/// Nothing is left out: all places choose and judge.
pub(super) fn whole(places: &[usize]) -> Vec<Fold> {
    vec![Fold {
        choose: places.to_vec(),
        judge: places.to_vec(),
    }]
}

/// The features chosen, and what they gained where they were not chosen.
#[derive(Clone, Debug)]
pub(super) struct LeftOut {
    /// For each fold of roles, and within it for each fold of items.
    pub(super) chosen: Vec<usize>,
    /// Share of these that are the feature chosen with nothing left out.
    pub(super) stability: f64,
    /// `[roles, items]`: what the feature chosen without this role and this item gained in it; NaN where
    /// nothing is known.
    gains: Array2<f64>,
}

/// Chooses and judges on every pair of a fold of roles and a fold of items. `gains` are
/// `[features, roles, items]`, NaN where nothing is known; `None` where some fold has nothing to choose
/// from. O(folds of roles × folds of items × gains).
pub(super) fn cross_validate(
    gains: ArrayView3<'_, f64>,
    roles: &[Fold],
    items: &[Fold],
) -> Option<LeftOut> {
    let (_, n_roles, n_items) = gains.dim();
    let judged = |folds: &[Fold]| -> Vec<usize> {
        let mut all: Vec<usize> = folds.iter().flat_map(|fold| fold.judge.clone()).collect();
        all.sort_unstable();
        all
    };
    let all = best(gains, &judged(roles), &judged(items))?;
    let mut chosen = Vec::new();
    let mut left_out = Array2::from_elem((n_roles, n_items), f64::NAN);
    for of_roles in roles {
        for of_items in items {
            let feature = best(gains, &of_roles.choose, &of_items.choose)?;
            chosen.push(feature);
            for &role in &of_roles.judge {
                for &item in &of_items.judge {
                    left_out[[role, item]] = gains[[feature, role, item]];
                }
            }
        }
    }
    let same = chosen.iter().filter(|&&feature| feature == all).count();
    Some(LeftOut {
        stability: same as f64 / chosen.len() as f64,
        chosen,
        gains: left_out,
    })
}

/// The feature with the largest mean gain: over items in each role, then over roles. Of equal ones
/// the first.
fn best(gains: ArrayView3<'_, f64>, roles: &[usize], items: &[usize]) -> Option<usize> {
    let of_feature = |feature: usize| {
        let of_role = |&role: &usize| mean(items.iter().map(|&item| gains[[feature, role, item]]));
        mean(roles.iter().map(of_role))
    };
    let known = (0..gains.dim().0).map(|feature| (of_feature(feature), Reverse(feature)));
    let known = known.filter(|(mean, _)| !mean.is_nan());
    let best = known.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    best.map(|(_, Reverse(feature))| feature)
}

/// Of those that are known; NaN without any.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0_usize);
    for number in numbers.filter(|number| !number.is_nan()) {
        sum += number;
        n += 1;
    }
    sum / n as f64
}

impl LeftOut {
    /// Over roles, as if the items were all there are.
    pub(super) fn over_roles(&self) -> Interval {
        Interval::of(&self.of_roles())
    }

    /// Over items, as if the roles were all there are.
    pub(super) fn over_items(&self) -> Interval {
        Interval::of(&self.of_items())
    }

    /// Over both, for other roles and other items.
    pub(super) fn over_both(&self) -> Interval {
        Interval::crossed(&self.of_roles(), &self.of_items())
    }

    fn of_roles(&self) -> Vec<f64> {
        let rows = self.gains.rows().into_iter();
        let means = rows.map(|row| mean(row.iter().copied()));
        means.filter(|mean| !mean.is_nan()).collect()
    }

    fn of_items(&self) -> Vec<f64> {
        let columns = self.gains.columns().into_iter();
        let means = columns.map(|column| mean(column.iter().copied()));
        means.filter(|mean| !mean.is_nan()).collect()
    }
}

#[cfg(test)]
mod tests;
