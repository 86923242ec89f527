//! What the rows say of each means to each end.

use std::cmp::Reverse;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use value_causal::bench::{Intervention, OrientationTable, Setting, SteeringChanges};
use value_causal::discovery::effects::Ida;
use value_causal::ndarray::{ArrayView1, Axis};

use super::PlanOptions;
use super::choice::mark_pareto_front;
use super::record::{
    Aim, By, Candidate, CrossValidated, Evidence, Interval, Moved, Predicted, SideEffects, Target,
};
use crate::audit::effects::pearson;

/// Changes of each value under its own instruction, over roles: `[values][roles]`.
#[derive(Clone, Debug)]
pub struct Instructed {
    /// Under the instruction that inclines to it.
    pub raise: Vec<Vec<f64>>,
    /// Under the one that disinclines from it.
    pub lower: Vec<Vec<f64>>,
}

impl Instructed {
    /// Instructed rows less the unsteered test rows of the same roles.
    #[must_use]
    pub fn of(test: &OrientationTable, raise: &OrientationTable, lower: &OrientationTable) -> Self {
        let changes = |instructed: &OrientationTable, value: usize| -> Vec<f64> {
            let unsteered = test.settings().iter().filter(|s| s.is_unsteered());
            let of_role = |setting: &Setting| {
                Some(instructed.row(setting)?.get(value)? - test.row(setting)?.get(value)?)
            };
            unsteered.filter_map(of_role).collect()
        };
        let all = |instructed| {
            (0..test.n_values())
                .map(|v| changes(instructed, v))
                .collect()
        };
        Self {
            raise: all(raise),
            lower: all(lower),
        }
    }

    fn toward(&self, aim: Aim, value: usize) -> &[f64] {
        let changes = match aim {
            Aim::Raise => &self.raise,
            Aim::Lower => &self.lower,
        };
        changes.get(value).map_or(&[], Vec::as_slice)
    }
}

/// Everything a plan rests on.
pub(super) struct Evidences<'a> {
    pub(super) train: &'a SteeringChanges,
    pub(super) test: &'a SteeringChanges,
    pub(super) instructed: Option<&'a Instructed>,
    pub(super) effects: Option<&'a Ida>,
    pub(super) options: PlanOptions,
}

impl Evidences<'_> {
    pub(super) fn target(&self, value: usize, aim: Aim) -> Target {
        let features = 0..self.train.interventions().len();
        let mut candidates: Vec<Candidate> = features
            .filter_map(|feature| self.feature(feature, value, aim))
            .collect();
        mark_pareto_front(&mut candidates);
        candidates.extend(self.instruction(value, aim));
        candidates.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.by.cmp(&b.by)));
        Target {
            value: self.train.values()[value].clone(),
            aim,
            choice: None,
            why: String::new(),
            candidates,
            cross_validated: self.cross_validated(value, aim),
        }
    }

    fn feature(&self, feature: usize, value: usize, aim: Aim) -> Option<Candidate> {
        let train = Evidence::of(&self.train.of_value(feature, value), aim);
        let test = Evidence::of(&self.test.of_value(feature, value), aim);
        Some(Candidate {
            by: By::Feature(number(&self.train.interventions()[feature])?),
            gain: train.gain.mean,
            nominated: train.gain.mean > 0.0 && train.p <= self.options.alpha,
            train: Some(train),
            test,
            adjusted_p: None,
            reliable: false,
            side_effects: Some(self.side_effects(feature, value)),
            pareto: false,
        })
    }

    fn instruction(&self, value: usize, aim: Aim) -> Option<Candidate> {
        let changes = self.instructed?.toward(aim, value);
        let test = Evidence::of(changes, aim);
        (!changes.is_empty()).then_some(Candidate {
            by: By::Instruction,
            gain: test.gain.mean,
            train: None,
            test,
            nominated: true,
            adjusted_p: None,
            reliable: false,
            side_effects: None,
            pareto: false,
        })
    }

    fn side_effects(&self, feature: usize, target: usize) -> SideEffects {
        let means = mean_changes(self.test, feature);
        let others = (0..means.len()).filter(|&value| value != target);
        let mut most_moved: Vec<Moved> = others
            .map(|value| Moved {
                value: self.test.values()[value].clone(),
                change: means[value],
            })
            .collect();
        most_moved.sort_by(|a, b| b.change.abs().total_cmp(&a.change.abs()));
        most_moved.truncate(3);
        SideEffects {
            train: size_of_others(self.train, feature, target),
            test: size_of_others(self.test, feature, target),
            predicted: self.predicted(feature, target, &means),
            most_moved,
        }
    }

    fn predicted(&self, feature: usize, target: usize, observed: &[f64]) -> Option<Predicted> {
        let effects = self.effects?;
        let change = mean_changes(self.train, feature)[target];
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
        let foretold = others
            .iter()
            .map(|&value| effects.mean(target, value) * change);
        let happened: Vec<f64> = others.iter().map(|&value| observed[value]).collect();
        Some(Predicted {
            size: mean_size(&|value| (effects.mean(target, value) * change).abs()),
            low: mean_size(&|value| effects.least_size(target, value) * change.abs()),
            high: mean_size(&largest),
            correlation: correlation(&foretold.collect::<Vec<_>>(), &happened),
        })
    }

    fn cross_validated(&self, value: usize, aim: Aim) -> Option<CrossValidated> {
        let n_roles = self.train.roles().len();
        let folds = self.options.folds.min(n_roles);
        if folds < 2 {
            return None;
        }
        let mut roles: Vec<usize> = (0..n_roles).collect();
        roles.shuffle(&mut ChaCha8Rng::seed_from_u64(self.options.seed));
        let all = self.best(value, aim, &|_| true)?;
        let (mut chosen, mut gains) = (Vec::new(), Vec::new());
        for fold in 0..folds {
            let held_out: Vec<usize> = roles.iter().copied().skip(fold).step_by(folds).collect();
            let best = self.best(value, aim, &|role| !held_out.contains(&role))?;
            chosen.push(best);
            gains.extend(self.gains(best, value, aim, &|role| held_out.contains(&role)));
        }
        let same = chosen.iter().filter(|&&feature| feature == all).count();
        let numbers = chosen
            .iter()
            .filter_map(|&f| number(&self.train.interventions()[f]));
        Some(CrossValidated {
            chosen: numbers.collect(),
            stability: same as f64 / folds as f64,
            gain: Interval::of(&gains),
        })
    }

    /// The feature with the largest mean gain over some training roles, of equal ones the first.
    fn best(&self, value: usize, aim: Aim, roles: &dyn Fn(usize) -> bool) -> Option<usize> {
        let features = 0..self.train.interventions().len();
        let mean = |feature| {
            let gains = self.gains(feature, value, aim, roles);
            gains.iter().sum::<f64>() / gains.len() as f64
        };
        let known = features.map(|feature| (mean(feature), Reverse(feature)));
        let known = known.filter(|(mean, _)| !mean.is_nan());
        let best = known.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best.map(|(_, Reverse(feature))| feature)
    }

    fn gains(
        &self,
        feature: usize,
        value: usize,
        aim: Aim,
        roles: &dyn Fn(usize) -> bool,
    ) -> Vec<f64> {
        let sign = if aim == Aim::Raise { 1.0 } else { -1.0 };
        let matrix = self.train.matrix();
        let some = (0..matrix.dim().1).filter(|&role| roles(role));
        let gains = some.map(|role| sign * matrix[[feature, role, value]]);
        gains.filter(|gain| !gain.is_nan()).collect()
    }
}

fn number(intervention: &Intervention) -> Option<u64> {
    match intervention {
        Intervention::Feature(feature) => Some(*feature),
        _ => None,
    }
}

/// The mean change of each value over the roles.
fn mean_changes(changes: &SteeringChanges, feature: usize) -> Vec<f64> {
    let mean = |value| {
        let changes = changes.of_value(feature, value);
        changes.iter().sum::<f64>() / changes.len() as f64
    };
    (0..changes.values().len()).map(mean).collect()
}

/// The mean size of the changes of the values but one, over roles.
fn size_of_others(changes: &SteeringChanges, feature: usize, target: usize) -> Interval {
    let matrix = changes.matrix();
    let of_role = |role: ArrayView1<'_, f64>| {
        let all = role
            .iter()
            .enumerate()
            .filter(|(value, _)| *value != target);
        all.map(|(_, change)| change.abs()).sum::<f64>() / (role.len() - 1) as f64
    };
    let of_feature = matrix.index_axis(Axis(0), feature);
    let sizes: Vec<f64> = of_feature.rows().into_iter().map(of_role).collect();
    let known: Vec<f64> = sizes.into_iter().filter(|size| !size.is_nan()).collect();
    Interval::of(&known)
}

fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let found = pearson(x, y);
    found.is_finite().then_some(found)
}
