//! What a search returns, and why it may fail.

use std::collections::BTreeMap;
use std::error::Error;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::data::Variable;
use crate::graph::MixedGraph;
use crate::knowledge::KnowledgeError;
use crate::orient::{Reason, TripleFinding};
use crate::separating_sets::SeparatingSets;

/// What a search found, and why; [`Discovery::explain`] puts the reasons into sentences.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Discovery {
    /// The graph.
    pub graph: MixedGraph,
    /// Its adjacencies alone, every edge undirected.
    pub skeleton: MixedGraph,
    /// What separated each pair that is not adjacent.
    pub separating_sets: SeparatingSets,
    /// Why there is an arrowhead: for each `(from, to)` with an arrowhead at `to`.
    #[serde(serialize_with = "as_list")]
    pub reasons: BTreeMap<(usize, usize), Reason>,
    /// The unshielded triples, what the tests said of each, and what became of it.
    pub triples: Vec<TripleFinding>,
    /// Number of distinct tests that the search of the skeleton made: an unordered pair and a set
    /// count once.
    pub n_tests: u64,
    /// The same by size of the conditioning set.
    pub n_tests_by_depth: Vec<u64>,
    /// Number of tests made after that, to tell colliders from other triples.
    pub n_tests_for_colliders: u64,
}

impl Discovery {
    /// Why the edge between `from` and `to` has an arrowhead at `to`; none if it has not.
    pub fn why_arrow(&self, from: usize, to: usize) -> Option<&Reason> {
        self.reasons.get(&(from, to))
    }

    /// The triples that are not in the graph what the tests made of them: given up for others with
    /// stronger evidence, for knowledge, or for a graph without cycles.
    pub fn given_up(&self) -> impl Iterator<Item = &TripleFinding> {
        self.triples.iter().filter(|finding| finding.is_given_up())
    }
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
    /// The background knowledge contradicts itself, the variables or the data.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// Two options exclude each other.
    #[error("{first} cannot be combined with {second}")]
    Options {
        /// One option.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
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

/// As a list of `{from, to, reason}`, since JSON has no keys of two numbers.
fn as_list<S: Serializer>(
    reasons: &BTreeMap<(usize, usize), Reason>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry<'a> {
        from: usize,
        to: usize,
        reason: &'a Reason,
    }
    let entry = |(&(from, to), reason)| Entry { from, to, reason };
    serializer.collect_seq(reasons.iter().map(entry))
}
