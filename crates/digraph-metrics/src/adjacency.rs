//! Edges that come and go, and whether a path is left between two nodes.

use std::collections::VecDeque;

use fixedbitset::FixedBitSet;

/// Edges as rows of bits in both directions; parallel edges are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjacency {
    children: Vec<FixedBitSet>,
    parents: Vec<FixedBitSet>,
}

impl Adjacency {
    pub(crate) fn new(n_nodes: usize) -> Self {
        let rows = vec![FixedBitSet::with_capacity(n_nodes); n_nodes];
        Self {
            children: rows.clone(),
            parents: rows,
        }
    }

    /// Returns whether the edge was there before.
    pub(crate) fn insert(&mut self, source: usize, target: usize) -> bool {
        self.parents[target].insert(source);
        self.children[source].put(target)
    }

    pub(crate) fn remove(&mut self, source: usize, target: usize) {
        self.children[source].set(target, false);
        self.parents[target].set(source, false);
    }

    /// Whether a path of at least one edge leads from `source` to `target`.
    ///
    /// Searches from both ends in turn: an edge that is needed is often the only one out of its
    /// source or into its target, and then one of the searches ends at once.
    pub(crate) fn reaches(&self, source: usize, target: usize) -> bool {
        let mut ahead = Search::from(source, &self.children);
        let mut back = Search::from(target, &self.parents);
        loop {
            if let Some(met) = ahead.step(&back.seen).or_else(|| back.step(&ahead.seen)) {
                return met;
            }
        }
    }
}

/// The nodes seen from one end of a path, and those among them whose neighbours are to be seen.
struct Search<'a> {
    rows: &'a [FixedBitSet],
    seen: FixedBitSet,
    waiting: VecDeque<usize>,
}

impl<'a> Search<'a> {
    fn from(start: usize, rows: &'a [FixedBitSet]) -> Self {
        let mut seen = FixedBitSet::with_capacity(rows.len());
        seen.insert(start);
        Self {
            rows,
            seen,
            waiting: VecDeque::from([start]),
        }
    }

    /// Looks at the neighbours of one node: `Some(true)` where the other search has seen one of
    /// them, `Some(false)` where no node is left to look from.
    fn step(&mut self, seen_by_other: &FixedBitSet) -> Option<bool> {
        let Some(node) = self.waiting.pop_front() else {
            return Some(false);
        };
        let row = &self.rows[node];
        if !row.is_disjoint(seen_by_other) {
            return Some(true);
        }
        self.waiting.extend(row.difference(&self.seen));
        self.seen.union_with(row);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_reaches_itself_through_a_cycle_only() {
        let mut edges = Adjacency::new(3);
        assert!(!edges.insert(0, 1) && !edges.insert(1, 2) && edges.insert(0, 1));
        assert!(edges.reaches(0, 2) && !edges.reaches(0, 0) && !edges.reaches(2, 0));
        edges.insert(2, 0);
        assert!(edges.reaches(0, 0) && edges.reaches(2, 1));
        edges.remove(1, 2);
        assert!(!edges.reaches(0, 2));
    }
}
