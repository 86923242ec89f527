use thiserror::Error;

use crate::reliability::ReliabilityError;

/// Why nothing could be chosen.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SelectionError {
    /// There is not one group for each score.
    #[error("{groups} groups for {scores} scores")]
    Groups {
        /// Number of groups given.
        groups: usize,
        /// Number of scores.
        scores: usize,
    },
    /// A score or a reward is none.
    #[error("{what} {place} is {found}: expected a number")]
    NotANumber {
        /// "score" or "reward of arm".
        what: &'static str,
        /// Its number, from 0.
        place: usize,
        /// What stands there.
        found: f64,
    },
    /// So many items cannot be chosen.
    #[error("{asked} items of {there}: at least 2 can be chosen, at most all")]
    Size {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        there: usize,
    },
    /// There are too many sets of items.
    #[error("{sets} sets of items: at most {most} are gone through; search greedily")]
    ManySets {
        /// Number of sets.
        sets: u128,
        /// The limit.
        most: u128,
    },
    /// There is no such arm.
    #[error("arm {arm}; there are {arms}, numbered from 0")]
    UnknownArm {
        /// Its number.
        arm: usize,
        /// Number of arms.
        arms: usize,
    },
    /// No set of items has a reliability.
    #[error(transparent)]
    Reliability(#[from] ReliabilityError),
}
