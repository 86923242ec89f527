//! What a plan says.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use value_causal::bench::signed_rank;

/// What a plan leaves open.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    /// Probability of one or more false claims in the whole plan, at most.
    pub alpha: f64,
    /// Into how many parts the training roles, and the training items of a value, are divided for
    /// cross-validation.
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
    /// What rankings foretell of single test roles, on average over the targets with one; `None` without any.
    pub foretold: Option<Foretold>,
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
    /// The reliable one with the largest gain in test, or `None`: there is no reliable choice.
    pub choice: Option<By>,
    /// The reason, in a sentence.
    pub why: String,
    /// All there are, by [`Candidate::gain`], the largest first.
    pub candidates: Vec<Candidate>,
    /// The nominated features by PROMETHEE; `None` for fewer than two of them.
    pub ranking: Option<Ranking>,
    /// What choosing the feature with the largest training gain is worth to roles that had no say in
    /// the choice.
    pub cross_validated: Option<CrossValidated>,
    /// The same to training items that had no say, in the same roles; `None` without a journal, which
    /// alone tells items apart.
    pub cross_validated_by_item: Option<CrossValidated>,
    /// The same where neither the role nor the item had a say.
    pub cross_validated_by_role_and_item: Option<CrossValidated>,
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
    /// What it does to the other values; `None` for an instruction of which only the value that it
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

/// What a feature or an instruction does to the values that are not its target.
#[derive(Clone, Debug, Serialize)]
pub struct SideEffects {
    /// By how much another value changes in a training role, either way: mean over values and roles;
    /// `None` for an instruction, which only test roles are given.
    pub train: Option<Interval>,
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

/// The side effects of moving the target itself by its mean training change (its mean test change for
/// an instruction), whatever moved it; what else moves other values comes on top.
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

/// The nominated features in order, best first, by what the training rows say: mean gain, small side effects, and the roles
/// moved the wanted way less those moved the other, equally weighted.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    /// By preference function.
    pub by: Vec<RankingOf>,
    /// How far these orders are those of single test roles; `None` for fewer than two roles.
    pub foretold: Option<Foretold>,
}

/// PROMETHEE with one preference function.
#[derive(Clone, Debug, Serialize)]
pub struct RankingOf {
    /// Which.
    pub function: Function,
    /// PROMETHEE II: by net flow, the best first, of equal ones the one with the larger gain.
    pub features: Vec<u64>,
    /// In that order, how much each is preferred to the others.
    pub plus: Vec<f64>,
    /// In that order, how much the others are preferred to it.
    pub minus: Vec<f64>,
    /// PROMETHEE I: pairs of which one is stronger and weaker too.
    pub incomparable: Vec<[u64; 2]>,
}

/// A preference function of Brans and Vincke. Where it has thresholds, a difference of half a standard deviation of the
/// criterion counts nothing, one of two counts in full, and the Gaussian bends at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Any difference counts in full.
    Usual,
    /// In full above a threshold.
    UShape,
    /// In proportion up to a threshold.
    VShape,
    /// By half above one threshold, in full above another.
    Level,
    /// In proportion between two thresholds.
    Linear,
    /// By a Gaussian curve.
    Gaussian,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Usual,
        Self::UShape,
        Self::VShape,
        Self::Level,
        Self::Linear,
        Self::Gaussian,
    ];
}

/// The average overlap of an order with the orders in which single test roles gain: 1 if they are the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foretold {
    /// Features in the order; over all targets, their number.
    pub features: usize,
    /// Test roles.
    pub roles: usize,
    /// Of the order by each preference function, from the training rows.
    pub by: BTreeMap<Function, f64>,
    /// Of a random order, on average.
    pub random_order: f64,
    /// Of the order in which all other test roles together gain.
    pub everyone_else: f64,
}

/// The choice, made and judged on different roles, items or both in turn.
#[derive(Clone, Debug, Serialize)]
pub struct CrossValidated {
    /// The feature chosen without each fold; without both, for each fold of roles and within it for
    /// each of items.
    pub chosen: Vec<u64>,
    /// Share of these that are the feature chosen with nothing left out.
    pub stability: f64,
    /// Its gain in what was left out, over all folds: with the interval over roles, over items, or
    /// over both.
    pub gain: Interval,
}

impl Aim {
    /// What a change is multiplied by to be a gain.
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Raise => 1.0,
            Self::Lower => -1.0,
        }
    }
}

impl Evidence {
    pub(super) fn of(changes: &[f64], aim: Aim) -> Self {
        let ranked = signed_rank(changes);
        let (raised, lowered) = (count(changes, |c| c > 0.0), count(changes, |c| c < 0.0));
        let (toward, away, p) = match aim {
            Aim::Raise => (raised, lowered, ranked.p_raised),
            Aim::Lower => (lowered, raised, ranked.p_lowered),
        };
        let gains: Vec<f64> = changes.iter().map(|change| aim.sign() * change).collect();
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
    /// Of the mean of independent numbers.
    pub(super) fn of(numbers: &[f64]) -> Self {
        let n = numbers.len();
        Self::student(mean(numbers), square_of_error(numbers), n)
    }

    /// Of the mean of a table whose rows and whose columns have these means. What rows vary by and
    /// what columns vary by is added up, which counts what cells vary by twice: rather too wide.
    pub(super) fn crossed(rows: &[f64], columns: &[f64]) -> Self {
        let square = square_of_error(rows) + square_of_error(columns);
        Self::student(mean(rows), square, rows.len().min(columns.len()))
    }

    fn student(mean: f64, square: f64, n: usize) -> Self {
        let student = StudentsT::new(0.0, 1.0, n as f64 - 1.0).ok();
        let half = student.map(|t| t.inverse_cdf(0.975) * square.sqrt());
        Self {
            mean,
            low: half.map(|half| mean - half),
            high: half.map(|half| mean + half),
        }
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The squared standard error of their mean.
fn square_of_error(numbers: &[f64]) -> f64 {
    let (n, mean) = (numbers.len() as f64, mean(numbers));
    let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
    squares / (n - 1.0) / n
}
