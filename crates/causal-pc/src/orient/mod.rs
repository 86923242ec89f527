//! The orientation of a skeleton: colliders, then Meek's rules.
//!
//! [`own`](self) first asks each unshielded triple for its evidence (`evidence`), then either places
//! colliders one after another as the conflict policy says (`pattern`) or looks for the acyclic
//! orientation that agrees with most of the evidence (`best`), and closes the result under Meek's
//! rules (`meek`). The presets of other implementations go their own ways (`causal_learn`, `pcalg`).

mod best;
pub(crate) mod causal_learn;
mod evidence;
mod largest;
mod meek;
mod own;
mod pattern;
pub(crate) mod pcalg;
mod reason;
mod ties;

use std::collections::BTreeMap;

use crate::graph::MixedGraph;
use crate::skeleton::Adjacency;

pub(crate) use own::{by_knowledge, orient};
pub use reason::{Reason, Triple, TripleFinding, TripleVerdict};

/// What the orientation of a skeleton hands on.
pub(crate) struct Orientation {
    pub(crate) graph: MixedGraph,
    /// Why there is an arrowhead, for each `(from, to)` with one at `to`.
    pub(crate) reasons: BTreeMap<(usize, usize), Reason>,
    pub(crate) triples: Vec<TripleFinding>,
    /// Tests made for colliders, a pair and a set counting once.
    pub(crate) n_tests: u64,
}

/// The unshielded triples, by middle, then by first end, then by second.
pub(crate) fn unshielded(adjacency: &Adjacency) -> Vec<Triple> {
    let mut triples = Vec::new();
    for y in 0..adjacency.n_variables() {
        let neighbors = adjacency.neighbors(y);
        for (at, &x) in neighbors.iter().enumerate() {
            let apart = neighbors[at + 1..]
                .iter()
                .filter(|&&z| !adjacency.contains(x, z));
            triples.extend(apart.map(|&z| Triple { x, y, z }));
        }
    }
    triples
}

/// The skeleton as a graph of undirected edges.
pub(crate) fn undirected(adjacency: &Adjacency) -> MixedGraph {
    let mut graph = MixedGraph::new(adjacency.n_variables());
    for (a, b) in adjacency.pairs() {
        graph.add_undirected(a, b);
    }
    graph
}
