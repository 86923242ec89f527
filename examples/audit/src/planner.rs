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
//! Beside that, what a choice is worth is cross-validated: the training roles are left out in turn,
//! and with them, where a journal has the single answers, the training items. A table has one mean per
//! role, value and feature, so that without a journal the only check on items is that the test rows
//! are measured with others. Cross-validation reports and claims nothing.
//!
//! Beside the Pareto front, what was nominated is ranked by PROMETHEE, and the orders are held against those of single test
//! roles, next to a random order and to the order of all other test roles.

mod choice;
mod cross;
mod evidence;
mod instructed;
mod ranking;
mod record;
mod side_effects;

use study::Answers;
use value_causal::bench::{OrientationTable, SteeringChanges};
use value_causal::discovery::effects::{Ida, Moments};

use super::effects::extendable;
use super::settings::Settings;
use choice::confirm;
use program::Failure;
use reproduce::Loaded;

pub use evidence::Evidences;
pub use instructed::{AllChanges, Instructed};
pub use record::{
    Aim, By, Candidate, CrossValidated, Evidence, Foretold, Function, Interval, Moved, Plan,
    PlanOptions, Predicted, Ranking, RankingOf, SideEffects, Target,
};

/// The plan of a study: all its features and its instructions. Predicted side effects are those of
/// the graph that the default search finds in all training rows; where it allows none, because a
/// value is constant, say, a note says so.
///
/// # Errors
/// If training and test rows have other features.
pub fn compute(
    loaded: &Loaded,
    answers: Option<&Answers>,
    settings: &Settings,
) -> Result<Plan, Failure> {
    let study = &loaded.study;
    let [train, test] = [&study.train, &study.test].map(SteeringChanges::of);
    let all = answers.and_then(|answers| answers.instructed.as_ref());
    let instructed = Instructed::of(&study.test, [&study.raise, &study.lower], all);
    let effects = possible_effects(&study.train, loaded.experiment.alpha);
    let mut plan = plan(&Evidences {
        train: &train,
        test: &test,
        items: answers.map(|answers| &answers.items),
        instructed: Some(&instructed),
        effects: effects.as_ref().ok(),
        options: PlanOptions {
            seed: settings.seed,
            ..PlanOptions::default()
        },
    })?;
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
/// # Errors
/// If training rows, their items and test rows have other values, features or roles than they should,
/// or the number of folds is below 2.
pub fn plan(study: &Evidences<'_>) -> Result<Plan, Failure> {
    check(study)?;
    let alpha = study.options.alpha;
    let values = 0..study.train.values().len();
    let aims = values.flat_map(|value| [Aim::Raise, Aim::Lower].map(|aim| (value, aim)));
    let mut targets: Vec<Target> = aims.map(|(value, aim)| study.target(value, aim)).collect();
    confirm(&mut targets, alpha);
    let count = |of: fn(&Candidate) -> bool| {
        let candidates = targets.iter().flat_map(|target| &target.candidates);
        candidates.filter(|candidate| of(candidate)).count()
    };
    Ok(Plan {
        alpha,
        n_considered: count(|_| true),
        n_nominated: count(|candidate| candidate.nominated),
        n_reliable: count(|candidate| candidate.reliable),
        notes: notes(study),
        foretold: Foretold::mean(&targets),
        targets,
    })
}

fn notes(study: &Evidences<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if study.items.is_none() {
        notes.push(
            "cross-validated by role only: a table holds one mean per role and value, so items cannot be \
             left out in turn; that the test rows are measured with other items is the only check on items"
                .to_owned(),
        );
    }
    if study
        .instructed
        .is_some_and(|instructed| instructed.all.is_none())
    {
        notes.push(
            "side effects of instructions are not known: of each only the value that it instructs was \
             measured"
                .to_owned(),
        );
    }
    notes
}

fn check(study: &Evidences<'_>) -> Result<(), Failure> {
    let Evidences {
        train,
        test,
        items,
        effects,
        options,
        ..
    } = study;
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
    if let Some(items) = items {
        let of_train = (train.interventions(), train.roles());
        let found = (items.interventions(), items.roles());
        if found != of_train {
            return Err(format!(
                "expected items of the features and roles {of_train:?}, found {found:?}"
            )
            .into());
        }
    }
    if options.folds < 2 {
        return Err(format!("expected at least 2 folds, found {}", options.folds).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
