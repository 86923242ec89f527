//! What the rows say of each means to each end.

use value_causal::bench::{Intervention, ItemChanges, SteeringChanges};
use value_causal::discovery::effects::Ida;
use value_causal::ndarray::{Array3, Axis};

use super::choice::mark_pareto_front;
use super::cross::{LeftOut, cross_validate, parts, whole};
use super::instructed::Instructed;
use super::ranking::ranking;
use super::record::{Aim, By, Candidate, CrossValidated, Evidence, Interval, PlanOptions, Target};
use super::side_effects::{of_feature, side_effects};

/// Everything a plan rests on. Roles must be independent of each other, and training and test roles
/// different.
#[derive(Clone, Copy, Debug)]
pub struct Evidences<'a> {
    /// What features changed in the training roles.
    pub train: &'a SteeringChanges,
    /// The same in the test roles, measured with other items.
    pub test: &'a SteeringChanges,
    /// `train` item by item, where a journal tells.
    pub items: Option<&'a ItemChanges>,
    /// What explicit instructions changed, if any were given.
    pub instructed: Option<&'a Instructed>,
    /// The total effects that the training rows and their graph allow, for the predicted side
    /// effects; without them there are none.
    pub effects: Option<&'a Ida>,
    /// What is left open.
    pub options: PlanOptions,
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
        let [by_item, by_both] = self.by_item(value, aim);
        let ranking = ranking(&candidates, (value, aim), self.test, self.options.seed);
        Target {
            value: self.train.values()[value].clone(),
            aim,
            choice: None,
            why: String::new(),
            candidates,
            ranking,
            cross_validated: self.by_role(value, aim),
            cross_validated_by_item: by_item,
            cross_validated_by_role_and_item: by_both,
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
            side_effects: Some(side_effects(
                Some(of_feature(self.train, feature)),
                of_feature(self.test, feature),
                self.train.values(),
                value,
                self.effects,
            )),
            pareto: false,
        })
    }

    fn instruction(&self, value: usize, aim: Aim) -> Option<Candidate> {
        let instructed = self.instructed?;
        let changes = instructed.toward(aim, value);
        let test = Evidence::of(changes, aim);
        let of_all = |all| side_effects(None, all, self.train.values(), value, self.effects);
        (!changes.is_empty()).then(|| Candidate {
            by: By::Instruction,
            gain: test.gain.mean,
            train: None,
            test,
            nominated: true,
            adjusted_p: None,
            reliable: false,
            side_effects: instructed.all(aim, value).map(of_all),
            pareto: false,
        })
    }

    /// On the orientations of the training roles.
    fn by_role(&self, value: usize, aim: Aim) -> Option<CrossValidated> {
        let changes = self.train.matrix().index_axis_move(Axis(2), value);
        let gains = (aim.sign() * &changes).insert_axis(Axis(2));
        let roles = parts(&known_roles(&gains), self.options.folds, self.options.seed)?;
        let left_out = cross_validate(gains.view(), &roles, &whole(&[0]))?;
        Some(self.recorded(&left_out, left_out.over_roles()))
    }

    /// On the answers to the training items: with items left out, and with roles and items left out
    /// at once.
    fn by_item(&self, value: usize, aim: Aim) -> [Option<CrossValidated>; 2] {
        let Some(changes) = self.items else {
            return [None, None];
        };
        let name = &self.train.values()[value];
        let items = changes.items().iter().enumerate();
        let of_value = items.filter(|(_, item)| item.value == *name);
        let columns: Vec<usize> = of_value.map(|(column, _)| column).collect();
        let gains = aim.sign() * &changes.matrix().select(Axis(2), &columns);
        let known = known_roles(&gains);
        let PlanOptions { folds, seed, .. } = self.options;
        let places: Vec<usize> = (0..columns.len()).collect();
        let Some(items) = parts(&places, folds, seed) else {
            return [None, None];
        };
        let by_item = cross_validate(gains.view(), &whole(&known), &items)
            .map(|left_out| self.recorded(&left_out, left_out.over_items()));
        let by_both = parts(&known, folds, seed)
            .and_then(|roles| cross_validate(gains.view(), &roles, &items))
            .map(|left_out| self.recorded(&left_out, left_out.over_both()));
        [by_item, by_both]
    }

    fn recorded(&self, left_out: &LeftOut, gain: Interval) -> CrossValidated {
        let numbers = left_out
            .chosen
            .iter()
            .filter_map(|&feature| number(&self.train.interventions()[feature]));
        CrossValidated {
            chosen: numbers.collect(),
            stability: left_out.stability,
            gain,
        }
    }
}

/// The roles in which something was steered.
fn known_roles(gains: &Array3<f64>) -> Vec<usize> {
    let steered = |role: &usize| gains.index_axis(Axis(1), *role).iter().any(|g| !g.is_nan());
    (0..gains.dim().1).filter(steered).collect()
}

pub(super) fn number(intervention: &Intervention) -> Option<u64> {
    match intervention {
        Intervention::Feature(feature) => Some(*feature),
        _ => None,
    }
}
