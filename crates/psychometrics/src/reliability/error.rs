use thiserror::Error;

use crate::correlation::CorrelationError;
use crate::factors::FactorError;
use crate::variable::Variable;

/// Why a reliability could not be computed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ReliabilityError {
    /// A reliability of one variable alone, say.
    #[error("expected at least {needed} variables, found {found}")]
    FewVariables {
        /// Number of variables.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// There are too few cases for a variance between them.
    #[error("expected at least 2 cases, found {found}")]
    FewCases {
        /// Number of cases.
        found: usize,
    },
    /// The sum over all variables is the same for every case, so that there is nothing to measure.
    #[error("the scores of all cases are equal")]
    EqualScores,
    /// A cell is neither 0 nor 1.
    #[error("case {case}, {variable}: {found} is neither 0 nor 1")]
    NotBinary {
        /// Row, from 0.
        case: usize,
        /// Column.
        variable: Variable,
        /// What stands there.
        found: f64,
    },
    /// A level of confidence is not between 0 and 1.
    #[error("a level of confidence lies between 0 and 1, not at {found}")]
    Level {
        /// The level asked for.
        found: f64,
    },
    /// Two variables were answered together too seldom.
    #[error("{first} and {second}: expected at least 2 cases in common, found {found}")]
    FewCommonCases {
        /// One of the two.
        first: Variable,
        /// The other.
        second: Variable,
        /// Number of cases that have both.
        found: usize,
    },
    /// A case has too few answers for a variance.
    #[error("case {case} has {found} answers: at least 2 are needed")]
    FewAnswers {
        /// Row, from 0.
        case: usize,
        /// Number of its answers.
        found: usize,
    },
    /// More items were asked than there are.
    #[error("case {case} has {asked} answers to the {pool} items of the pool")]
    PoolTooSmall {
        /// Row, from 0.
        case: usize,
        /// Number of its answers.
        asked: usize,
        /// Number of items to draw from.
        pool: usize,
    },
    /// A mean or a variance is not what its name says.
    #[error("case {case} has mean {mean} and variance {variance}")]
    NotMoments {
        /// Row, from 0.
        case: usize,
        /// Its mean.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
    /// There are too many ways to halve the variables.
    #[error(
        "{variables} variables can be halved in {splits} ways: at most {most} are gone through"
    )]
    ManySplits {
        /// Number of variables.
        variables: usize,
        /// Number of ways.
        splits: u128,
        /// The limit.
        most: u128,
    },
    /// The variables have no correlations.
    #[error(transparent)]
    Correlation(#[from] CorrelationError),
    /// No factor could be fitted.
    #[error(transparent)]
    Factor(#[from] FactorError),
}
