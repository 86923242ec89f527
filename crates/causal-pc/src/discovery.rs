//! What a search returns, and why it may fail.

use std::error::Error;

use thiserror::Error;

use crate::data::Variable;
use crate::graph::MixedGraph;
use crate::separating_sets::SeparatingSets;

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Discovery {
    /// The graph.
    pub graph: MixedGraph,
    /// Its adjacencies alone, every edge undirected.
    pub skeleton: MixedGraph,
    /// What separated each pair that is not adjacent.
    pub separating_sets: SeparatingSets,
    /// Number of distinct tests that the search of the skeleton made: an unordered pair and a set
    /// count once.
    pub n_tests: u64,
    /// The same by size of the conditioning set.
    pub n_tests_by_depth: Vec<u64>,
}

/// Why a search found nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PcError {
    /// A test failed.
    #[error("testing {x} and {y}: {source}")]
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
    #[error("testing {x} and {y} given {}: the p-value is {found}", list(given))]
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
    /// The caller's progress function ended the search.
    #[error("the search was cancelled")]
    Cancelled,
    /// The operating system refused threads.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

fn list(variables: &[Variable]) -> String {
    let names: Vec<String> = variables.iter().map(ToString::to_string).collect();
    format!("{{{}}}", names.join(", "))
}
