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

use std::cmp::Reverse;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use value_causal::bench::{
    Intervention, OrientationTable, Setting, SteeringChanges, holm, signed_rank,
};
use value_causal::discovery::effects::{Ida, Moments};
use value_causal::ndarray::{ArrayView1, Axis};

use super::effects::extendable;
use super::settings::Settings;
use crate::Failure;
use crate::arguments::Loaded;

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

/// What to steer with, for every value and direction.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Probability of one or more false claims among all of these, at most.
    pub alpha: f64,
    /// Number of (value, direction, feature or instruction) looked at.
    pub n_considered: usize,
    /// Number of them that were nominated, and so tested on the test rows.
    pub n_nominated: usize,
    /// Number of them that are reliable.
    pub n_reliable: usize,
    /// What was not checked.
    pub notes: Vec<String>,
    /// By value, in the order of the table, raised and lowered.
    pub targets: Vec<Target>,
}

/// Which way a value is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// Towards +1.
    Raise,
    /// Towards -1.
    Lower,
}

/// What to steer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A feature of the sparse autoencoder.
    Feature(u64),
    /// The explicit instruction for this value and direction.
    Instruction,
}

/// One value and one direction.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The value.
    pub value: String,
    /// The direction.
    pub aim: Aim,
    /// The reliable one with the largest gain, or `None`: there is no reliable choice.
    pub choice: Option<By>,
    /// The reason, in a sentence.
    pub why: String,
    /// All there are, by [`Candidate::gain`], the largest first.
    pub candidates: Vec<Candidate>,
    /// What choosing the feature with the largest training gain is worth to roles that had no say in
    /// the choice.
    pub cross_validated: Option<CrossValidated>,
}

/// A feature or an instruction as a means to one end.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    /// Which.
    pub by: By,
    /// The mean gain that it is ranked by: on the training rows, or on the test rows for an
    /// instruction.
    pub gain: f64,
    /// The training roles; `None` for an instruction.
    pub train: Option<Evidence>,
    /// The test roles, measured with other items.
    pub test: Evidence,
    /// Whether the training rows support it.
    pub nominated: bool,
    /// Holm's adjusted p-value on the test rows, if it was nominated.
    pub adjusted_p: Option<f64>,
    /// Whether the test rows confirm it.
    pub reliable: bool,
    /// What it does to the other values; `None` for an instruction, of which only the value that it
    /// instructs was measured.
    pub side_effects: Option<SideEffects>,
    /// Whether no other nominated feature has both a larger training gain and smaller training side
    /// effects.
    pub pareto: bool,
}

/// What it does to the target, in some roles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Evidence {
    /// Roles in which the target went the wanted way.
    pub toward: usize,
    /// Roles in which it went the other way.
    pub away: usize,
    /// Roles in which it stayed.
    pub unchanged: usize,
    /// The mean gain in the wanted direction, in units of orientation.
    pub gain: Interval,
    /// The exact signed-rank test's one-sided p-value.
    pub p: f64,
}

/// A mean over roles with Student's 95% interval; without ends for fewer than two roles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The mean; NaN without roles.
    pub mean: f64,
    /// The lower end.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// What a feature does to the values that are not its target.
#[derive(Clone, Debug, Serialize)]
pub struct SideEffects {
    /// By how much another value changes in a training role, either way: mean over values and roles.
    pub train: Interval,
    /// The same in the test roles.
    pub test: Interval,
    /// What the causal model says of it.
    pub predicted: Option<Predicted>,
    /// The other values whose mean over the test roles moves most, up to three.
    pub most_moved: Vec<Moved>,
}

/// A value that moves along.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// The value.
    pub value: String,
    /// Its mean change.
    pub change: f64,
}

/// The side effects of moving the target itself by its mean training change, whatever moved it; what
/// a feature does to other values on its own comes on top.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Predicted {
    /// Mean size of another value's change, by the mean effect over the class of DAGs.
    pub size: f64,
    /// The same, if each effect were the smallest of the class.
    pub low: f64,
    /// The same, if each were the largest.
    pub high: f64,
    /// Pearson's correlation of predicted and observed mean changes over the other values, on the
    /// test roles; `None` where either is constant.
    pub correlation: Option<f64>,
}

/// The choice, made and judged on different roles in turn.
#[derive(Clone, Debug, Serialize)]
pub struct CrossValidated {
    /// The feature chosen without the roles of each fold.
    pub chosen: Vec<u64>,
    /// Share of folds that chose the same as all roles together.
    pub stability: f64,
    /// Its gain in the roles of the fold, over all folds.
    pub gain: Interval,
}

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

/// Tests what was nominated, all at once, and makes the choices.
fn confirm(targets: &mut [Target], alpha: f64) {
    let all = targets.iter_mut().flat_map(|target| &mut target.candidates);
    let mut claims: Vec<&mut Candidate> = all.filter(|candidate| candidate.nominated).collect();
    let p_values: Vec<f64> = claims.iter().map(|claim| claim.test.p).collect();
    for (claim, adjusted) in claims.iter_mut().zip(holm(&p_values)) {
        claim.adjusted_p = Some(adjusted);
        claim.reliable = adjusted <= alpha && claim.test.gain.mean > 0.0;
    }
    let n_claims = p_values.len();
    for target in targets {
        target.choose(n_claims, alpha);
    }
}

impl Target {
    fn choose(&mut self, n_claims: usize, alpha: f64) {
        let nominated = self.candidates.iter().filter(|c| c.nominated).count();
        let best_p = self
            .candidates
            .iter()
            .filter_map(|c| c.adjusted_p)
            .fold(1.0, f64::min);
        let choice = self.candidates.iter().find(|candidate| candidate.reliable);
        self.choice = choice.map(|candidate| candidate.by);
        self.why = match choice {
            Some(candidate) => format!(
                "{} of {} test roles went the wanted way, {} the other; adjusted p {:.2}",
                candidate.test.toward,
                candidate.test.n_roles(),
                candidate.test.away,
                Rounded(candidate.adjusted_p.unwrap_or(1.0)),
            ),
            None if nominated == 0 => {
                "no reliable choice: the training rows support none in this direction".to_owned()
            }
            None => format!(
                "no reliable choice: of {nominated} that the training rows support, the test rows \
                 confirm none at {alpha} over {n_claims} claims (least adjusted p {:.2})",
                Rounded(best_p)
            ),
        };
    }
}

/// A p-value as sentences print it: small ones by their power of ten.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 < 0.005 {
            true => write!(f, "{:.0e}", self.0),
            false => self.0.fmt(f),
        }
    }
}

impl Evidence {
    fn of(changes: &[f64], aim: Aim) -> Self {
        let ranked = signed_rank(changes);
        let (raised, lowered) = (count(changes, |c| c > 0.0), count(changes, |c| c < 0.0));
        let (toward, away, sign, p) = match aim {
            Aim::Raise => (raised, lowered, 1.0, ranked.p_raised),
            Aim::Lower => (lowered, raised, -1.0, ranked.p_lowered),
        };
        let gains: Vec<f64> = changes.iter().map(|change| sign * change).collect();
        Self {
            toward,
            away,
            unchanged: changes.len() - raised - lowered,
            gain: Interval::of(&gains),
            p,
        }
    }

    /// Number of roles.
    #[must_use]
    pub fn n_roles(&self) -> usize {
        self.toward + self.away + self.unchanged
    }
}

fn count(changes: &[f64], of: impl Fn(f64) -> bool) -> usize {
    changes.iter().filter(|&&change| of(change)).count()
}

impl Interval {
    fn of(numbers: &[f64]) -> Self {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
        let student = StudentsT::new(0.0, 1.0, n - 1.0).ok();
        let half = student.map(|t| t.inverse_cdf(0.975) * (squares / (n - 1.0) / n).sqrt());
        Self {
            mean,
            low: half.map(|half| mean - half),
            high: half.map(|half| mean + half),
        }
    }
}

/// Everything a plan rests on.
struct Evidences<'a> {
    train: &'a SteeringChanges,
    test: &'a SteeringChanges,
    instructed: Option<&'a Instructed>,
    effects: Option<&'a Ida>,
    options: PlanOptions,
}

impl Evidences<'_> {
    fn target(&self, value: usize, aim: Aim) -> Target {
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

/// Marks the nominated features of which no other is at least as good both ways and better in one.
fn mark_pareto_front(candidates: &mut [Candidate]) {
    let place = |candidate: &Candidate| {
        let side_effects = candidate.side_effects.as_ref()?.train.mean;
        candidate
            .nominated
            .then_some((candidate.gain, side_effects))
    };
    let places: Vec<Option<(f64, f64)>> = candidates.iter().map(place).collect();
    for (candidate, own) in candidates.iter_mut().zip(&places) {
        let Some((gain, side)) = *own else { continue };
        let beats = |&(g, s): &(f64, f64)| g >= gain && s <= side && (g > gain || s < side);
        candidate.pareto = !places.iter().flatten().any(beats);
    }
}

fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let found = super::effects::pearson(x, y);
    found.is_finite().then_some(found)
}

#[cfg(test)]
mod tests;
