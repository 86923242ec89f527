//! Why a search may fail.

use std::error::Error;

use thiserror::Error;

use crate::data::{Variable, in_braces};
use crate::knowledge::KnowledgeError;
use crate::presets::OptionsError;
use crate::words::counted;

/// Why a search found nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PcError {
    /// A test failed.
    #[error("testing {x} and {y}")]
    Test {
        /// One variable of the pair.
        x: Variable,
        /// The other.
        y: Variable,
        /// What the test said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A p-value is not a number between 0 and 1.
    #[error(
        "testing {x} and {y} given {}: the p-value is {found}",
        in_braces(given)
    )]
    UndefinedP {
        /// One variable of the pair.
        x: Variable,
        /// The other.
        y: Variable,
        /// The conditioning set.
        given: Vec<Variable>,
        /// The p-value.
        found: f64,
    },
    /// The background knowledge contradicts itself, the variables or the data.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// Two options exclude each other, or a preset cannot honour one.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The number of names that the test gives is not the number of its variables.
    #[error("the test has {expected} variables and {found} names")]
    NameCount {
        /// Variables of the test.
        expected: usize,
        /// Names that it gives.
        found: usize,
    },
    /// The caller's progress function ended the search.
    #[error("the search was cancelled")]
    Cancelled,
    /// The operating system refused threads.
    #[error("cannot start {threads}: {reason}", threads = counted(threads, "thread"))]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

impl PcError {
    /// What a test of this pair said.
    pub(crate) fn of_test(
        names: Option<&[String]>,
        x: usize,
        y: usize,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::Test {
            x: Variable::new(x, names),
            y: Variable::new(y, names),
            source: Box::new(source),
        }
    }
}
