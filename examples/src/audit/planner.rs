//! Which feature or instruction to steer a value with, what else it moves, and whether the choice
//! can be relied upon.
//!
//! Choosing among hundreds of (feature, value, direction) by the best number finds something even
//! where there is nothing. So the choice is made on the training rows and confirmed on the test
//! rows, which have other roles and other items:
//!
//! 1. *Nominated* is what the training rows support: a mean gain above 0, and the exact signed-rank
//!    test over roles, one-sided, at the level of the plan. Explicit instructions, which have no
//!    training rows, are nominated from the start.
//! 2. *Reliable* is what the same test on the test rows confirms, by Holm's procedure over all that
//!    was nominated for any value and direction. Given the training rows the nominations are
//!    fixed, so the probability of one or more false claims in the whole plan is at most the level,
//!    whatever features and values have to do with each other.
//!
//! A table has one mean per role, value and feature, so that roles can be left out in turn but items
//! cannot: for items the only check is that the test rows are measured with others.

mod choice;
mod evidence;
mod record;

use value_causal::bench::{OrientationTable, SteeringChanges};
use value_causal::discovery::effects::{Ida, Moments};

use super::effects::extendable;
use super::settings::Settings;
use crate::Failure;
use crate::arguments::Loaded;
use choice::confirm;
use evidence::Evidences;

pub use evidence::Instructed;
pub use record::{
    Aim, By, Candidate, CrossValidated, Evidence, Interval, Moved, Plan, Predicted, SideEffects,
    Target,
};

/// What a plan leaves open.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    /// Probability of one or more false claims in the whole plan, at most.
    pub alpha: f64,
    /// Into how many parts the training roles are divided for cross-validation.
    pub folds: usize,
    /// Seed of the division.
    pub seed: u64,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            folds: 5,
            seed: 1,
        }
    }
}

/// The plan of a study: all its features and its instructions. Predicted side effects are those of
/// the graph that the default search finds in all training rows; where it allows none, because a
/// value is constant, say, a note says so.
///
/// # Errors
/// If training and test rows have other features.
pub fn compute(loaded: &Loaded, settings: &Settings) -> Result<Plan, Failure> {
    let study = &loaded.study;
    let [train, test] = [&study.train, &study.test].map(SteeringChanges::of);
    let instructed = Instructed::of(&study.test, &study.raise, &study.lower);
    let options = PlanOptions {
        seed: settings.seed,
        ..PlanOptions::default()
    };
    let effects = possible_effects(&study.train, loaded.experiment.alpha);
    let mut plan = plan(
        &train,
        &test,
        Some(&instructed),
        effects.as_ref().ok(),
        options,
    )?;
    if let Err(reason) = effects {
        plan.notes
            .push(format!("no predicted side effects: {reason}"));
    }
    Ok(plan)
}

fn possible_effects(train: &OrientationTable, alpha: f64) -> Result<Ida, Failure> {
    let moments = Moments::from_samples(train.matrix())?;
    Ok(Ida::global(
        &extendable(train, alpha)?,
        &moments.covariance,
    )?)
}

/// Plans for every value and both directions.
///
/// `effects` are the total effects that the training rows and their graph allow, for the predicted
/// side effects; without them there are none. Roles must be independent of each other, and training
/// and test roles different.
///
/// # Errors
/// If training and test rows have other values or features, or the number of folds is below 2.
pub fn plan(
    train: &SteeringChanges,
    test: &SteeringChanges,
    instructed: Option<&Instructed>,
    effects: Option<&Ida>,
    options: PlanOptions,
) -> Result<Plan, Failure> {
    check(train, test, effects, options)?;
    let study = Evidences {
        train,
        test,
        instructed,
        effects,
        options,
    };
    let values = 0..train.values().len();
    let aims = values.flat_map(|value| [Aim::Raise, Aim::Lower].map(|aim| (value, aim)));
    let mut targets: Vec<Target> = aims.map(|(value, aim)| study.target(value, aim)).collect();
    confirm(&mut targets, options.alpha);
    let count = |of: fn(&Candidate) -> bool| {
        let candidates = targets.iter().flat_map(|target| &target.candidates);
        candidates.filter(|candidate| of(candidate)).count()
    };
    Ok(Plan {
        alpha: options.alpha,
        n_considered: count(|_| true),
        n_nominated: count(|candidate| candidate.nominated),
        n_reliable: count(|candidate| candidate.reliable),
        notes: notes(instructed.is_some()),
        targets,
    })
}

fn notes(instructed: bool) -> Vec<String> {
    let mut notes = vec![
        "cross-validated by role only: a table holds one mean per role and value, so items cannot be \
         left out in turn; that the test rows are measured with other items is the only check on items"
            .to_owned(),
    ];
    if instructed {
        notes.push(
            "side effects of instructions are not known: of each only the value that it instructs was \
             measured"
                .to_owned(),
        );
    }
    notes
}

fn check(
    train: &SteeringChanges,
    test: &SteeringChanges,
    effects: Option<&Ida>,
    options: PlanOptions,
) -> Result<(), Failure> {
    let (values, p) = (train.values(), train.values().len());
    if test.values() != values || effects.is_some_and(|ida| ida.n_variables() != p) {
        let found = test.values();
        return Err(
            format!("expected effects and test rows of {values:?}, found {found:?}").into(),
        );
    }
    if train.interventions() != test.interventions() {
        let (train, test) = (train.interventions(), test.interventions());
        return Err(format!("expected test rows of the features {train:?}, found {test:?}").into());
    }
    if options.folds < 2 {
        return Err(format!("expected at least 2 folds, found {}", options.folds).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
