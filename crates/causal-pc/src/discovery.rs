//! What a search returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::graph::MixedGraph;
use crate::orient::{Reason, TripleFinding};
use crate::progress::PcStage;
use crate::separating_sets::{Entry, SeparatingSets};

/// What a search found, and why; [`Discovery::explain`] puts the reasons into sentences.
///
/// Serde data are read back as they were, floating-point numbers as exactly as the format reads
/// them (serde_json: to the last digit with its feature `float_roundtrip`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
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
    /// Where the time limit ended the search; none if it was finished. If it ended in
    /// the skeleton, that may hold edges that later depths would have removed, and no arrows are
    /// there but those that knowledge decides. If it ended among the colliders, these are told by the
    /// sets that separated pairs, whatever the collider rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<PcStage>,
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

/// A [`Discovery`] as it is stored.
#[derive(Deserialize)]
struct Stored {
    graph: MixedGraph,
    skeleton: MixedGraph,
    separating_sets: Vec<Entry>,
    reasons: Vec<ReasonEntry<Reason>>,
    triples: Vec<TripleFinding>,
    n_tests: u64,
    n_tests_by_depth: Vec<u64>,
    n_tests_for_colliders: u64,
    #[serde(default)]
    unfinished: Option<PcStage>,
}

impl TryFrom<Stored> for Discovery {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let n_variables = stored.graph.n_variables();
        let separating_sets = SeparatingSets::from_entries(n_variables, stored.separating_sets);
        let reasons = stored.reasons.into_iter();
        Ok(Self {
            separating_sets: separating_sets.ok_or_else(|| {
                format!("a separated pair is not two of the {n_variables} variables, ascending")
            })?,
            reasons: reasons
                .map(|entry| ((entry.from, entry.to), entry.reason))
                .collect(),
            graph: stored.graph,
            skeleton: stored.skeleton,
            triples: stored.triples,
            n_tests: stored.n_tests,
            n_tests_by_depth: stored.n_tests_by_depth,
            n_tests_for_colliders: stored.n_tests_for_colliders,
            unfinished: stored.unfinished,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct ReasonEntry<R> {
    from: usize,
    to: usize,
    reason: R,
}

/// As a list of `{from, to, reason}`, since JSON has no keys of two numbers.
fn as_list<S: Serializer>(
    reasons: &BTreeMap<(usize, usize), Reason>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let entry = |(&(from, to), reason)| ReasonEntry { from, to, reason };
    serializer.collect_seq(reasons.iter().map(entry))
}
