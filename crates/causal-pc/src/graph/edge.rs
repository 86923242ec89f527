//! Edges and the marks at their ends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The mark at one end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// No arrowhead: the end of `--`, or the origin of `->`.
    Tail,
    /// An arrowhead: the target of `->`, or either end of `<->`.
    Arrow,
}

/// One edge, with the mark at each of its ends.
///
/// [`MixedGraph::edges`](super::MixedGraph::edges) gives edges with `a < b`. Printed as `0 -> 1`, `1 -> 0`, `0 -- 1` or
/// `0 <-> 1`; [`MixedGraph::display_edge`](super::MixedGraph::display_edge) prints the names instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edge {
    /// One end.
    pub a: usize,
    /// The other end.
    pub b: usize,
    /// The mark at `a`.
    pub mark_a: Mark,
    /// The mark at `b`.
    pub mark_b: Mark,
}

impl Edge {
    /// The edge `from -> to`.
    pub fn directed(from: usize, to: usize) -> Self {
        Self {
            a: from,
            b: to,
            mark_a: Mark::Tail,
            mark_b: Mark::Arrow,
        }
    }

    /// The edge `a -- b`.
    pub fn undirected(a: usize, b: usize) -> Self {
        Self {
            a,
            b,
            mark_a: Mark::Tail,
            mark_b: Mark::Tail,
        }
    }

    /// The edge `a <-> b`.
    pub fn bidirected(a: usize, b: usize) -> Self {
        Self {
            a,
            b,
            mark_a: Mark::Arrow,
            mark_b: Mark::Arrow,
        }
    }

    /// `(from, to)` if the edge is directed.
    pub fn direction(&self) -> Option<(usize, usize)> {
        match (self.mark_a, self.mark_b) {
            (Mark::Tail, Mark::Arrow) => Some((self.a, self.b)),
            (Mark::Arrow, Mark::Tail) => Some((self.b, self.a)),
            _ => None,
        }
    }

    /// Whether both ends are tails.
    pub fn is_undirected(&self) -> bool {
        self.mark_a == Mark::Tail && self.mark_b == Mark::Tail
    }

    /// Whether both ends are arrowheads.
    pub fn is_bidirected(&self) -> bool {
        self.mark_a == Mark::Arrow && self.mark_b == Mark::Arrow
    }

    /// The same edge with its ends exchanged, so that `a < b`.
    #[must_use]
    pub fn ordered(self) -> Self {
        if self.a <= self.b {
            return self;
        }
        Self {
            a: self.b,
            b: self.a,
            mark_a: self.mark_b,
            mark_b: self.mark_a,
        }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_edge(f, self, &self.a, &self.b)
    }
}

/// Prints an edge whose ends are called `a` and `b`.
pub(super) fn write_edge(
    f: &mut fmt::Formatter<'_>,
    edge: &Edge,
    a: &dyn fmt::Display,
    b: &dyn fmt::Display,
) -> fmt::Result {
    match (edge.mark_a, edge.mark_b) {
        (Mark::Tail, Mark::Arrow) => write!(f, "{a} -> {b}"),
        (Mark::Arrow, Mark::Tail) => write!(f, "{b} -> {a}"),
        (Mark::Tail, Mark::Tail) => write!(f, "{a} -- {b}"),
        (Mark::Arrow, Mark::Arrow) => write!(f, "{a} <-> {b}"),
    }
}
