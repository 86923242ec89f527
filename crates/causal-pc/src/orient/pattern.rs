//! Colliders placed one after another.

use std::collections::{BTreeMap, HashSet};

use super::reason::{Reason, Triple};
use crate::graph::{Edge, Mark, MixedGraph};
use crate::options::ColliderConflict;

/// A graph whose colliders are being placed.
pub(super) struct Pattern<'a> {
    pub(super) graph: &'a mut MixedGraph,
    pub(super) reasons: &'a mut BTreeMap<(usize, usize), Reason>,
}

impl Pattern<'_> {
    /// Makes `triple` a collider, as the policy allows. Arrows of knowledge never turn.
    pub(super) fn place(&mut self, triple: Triple, conflict: ColliderConflict) {
        let Triple { x, y, z } = triple;
        if self.is_known(y, x) || self.is_known(y, z) {
            return;
        }
        match conflict {
            ColliderConflict::KeepFirst | ColliderConflict::StrongerEvidence => {
                if self.graph.is_directed(y, x) || self.graph.is_directed(y, z) {
                    return;
                }
                self.direct(x, y, triple);
                self.direct(z, y, triple);
            }
            ColliderConflict::Overwrite => {
                self.direct(x, y, triple);
                self.direct(z, y, triple);
            }
            ColliderConflict::Bidirected => {
                self.point(x, y, triple);
                self.point(z, y, triple);
            }
        }
    }

    /// Makes these triples colliders, but for those against which an arrow stands, and those of which
    /// two want an edge in opposite directions.
    pub(super) fn place_equal(&mut self, triples: impl Iterator<Item = Triple>) {
        let arrows = |&Triple { x, y, z }: &Triple| [(x, y), (z, y)];
        let is_free = |triple: &Triple| {
            let against = |&(from, to): &(usize, usize)| self.graph.is_directed(to, from);
            !arrows(triple).iter().any(against)
        };
        let free: Vec<Triple> = triples.filter(is_free).collect();
        let wanted: HashSet<(usize, usize)> = free.iter().flat_map(arrows).collect();
        let disputed = |triple: &Triple| {
            arrows(triple)
                .iter()
                .any(|&(a, b)| wanted.contains(&(b, a)))
        };
        for &triple in free.iter().filter(|triple| !disputed(triple)) {
            self.place(triple, ColliderConflict::KeepFirst);
        }
    }

    /// Puts `from -> to` in place of whatever is there.
    fn direct(&mut self, from: usize, to: usize, triple: Triple) {
        self.graph.add_directed(from, to);
        self.reasons.remove(&(to, from));
        let reason = Reason::Collider(triple);
        self.reasons.entry((from, to)).or_insert(reason);
    }

    /// Adds an arrowhead at `to`, and keeps one at `from`.
    fn point(&mut self, from: usize, to: usize, triple: Triple) {
        let mark_a = self.graph.mark_at(from, to).unwrap_or(Mark::Tail);
        self.graph.add_edge(Edge {
            a: from,
            b: to,
            mark_a,
            mark_b: Mark::Arrow,
        });
        let reason = Reason::Collider(triple);
        self.reasons.entry((from, to)).or_insert(reason);
    }

    fn is_known(&self, from: usize, to: usize) -> bool {
        self.reasons.get(&(from, to)) == Some(&Reason::Knowledge)
    }
}
