//! Meek's rules (C. Meek, "Causal inference and causal explanation with background knowledge",
//! UAI 1995).

use std::collections::{BTreeMap, HashSet};

use super::reason::{Reason, Triple};
use crate::graph::{Edge, MixedGraph};
use crate::options::MeekRules;

/// How the rules are applied.
pub(super) struct Closure<'a> {
    pub(super) rules: MeekRules,
    /// For each variable its place among all, where edges are to be looked at in that order and not in
    /// that of the numbers.
    pub(super) places: Option<&'a [usize]>,
    /// Triples that may be colliders or not, and so keep out of R1, R3 and R4.
    pub(super) ambiguous: &'a HashSet<Triple>,
}

impl Closure<'_> {
    /// Turns undirected edges by the rules until none applies, and notes why. Each edge is looked
    /// at in both directions, edges in ascending order, each turn at once.
    ///
    /// On the pattern of a DAG the result does not depend on the order: it is the DAG's CPDAG. It may on
    /// others, where two rules turn an edge in opposite directions.
    /// O(edges · degree³) for a sweep over all edges; most graphs need a few sweeps.
    pub(super) fn close(
        &self,
        graph: &mut MixedGraph,
        reasons: &mut BTreeMap<(usize, usize), Reason>,
    ) {
        let edges = graph.edges().filter(Edge::is_undirected);
        let place = |v: usize| self.places.map_or(v, |places| places[v]);
        let ascending = |(a, b)| if place(a) < place(b) { (a, b) } else { (b, a) };
        let mut open: Vec<(usize, usize)> = edges.map(|edge| ascending((edge.a, edge.b))).collect();
        open.sort_by_key(|&(a, b)| (place(a), place(b)));
        loop {
            let before = open.len();
            open.retain(|&(a, b)| !self.turn(graph, reasons, a, b));
            if open.len() == before {
                return;
            }
        }
    }

    /// Turns `a - b` if a rule applies; whether one did.
    fn turn(
        &self,
        graph: &mut MixedGraph,
        reasons: &mut BTreeMap<(usize, usize), Reason>,
        a: usize,
        b: usize,
    ) -> bool {
        for (from, to) in [(a, b), (b, a)] {
            if let Some(reason) = self.reason(graph, from, to) {
                graph.add_directed(from, to);
                reasons.insert((from, to), reason);
                return true;
            }
        }
        false
    }

    /// The rule that makes `from - to` into `from -> to`, if one does.
    fn reason(&self, graph: &MixedGraph, from: usize, to: usize) -> Option<Reason> {
        self.first(graph, from, to)
            .or_else(|| second(graph, from, to))
            .or_else(|| self.third(graph, from, to))
            .or_else(|| match self.rules {
                MeekRules::All => self.fourth(graph, from, to),
                MeekRules::WithoutR4 => None,
            })
    }

    fn first(&self, graph: &MixedGraph, from: usize, to: usize) -> Option<Reason> {
        let apart = |&a: &usize| !graph.is_adjacent(a, to) && self.is_sure(a, from, to);
        graph
            .parents(from)
            .find(apart)
            .map(|a| Reason::MeekR1 { a })
    }

    fn third(&self, graph: &MixedGraph, from: usize, to: usize) -> Option<Reason> {
        let points = |&b: &usize| graph.is_undirected(from, b);
        let all: Vec<usize> = graph.parents(to).filter(points).collect();
        for (at, &b) in all.iter().enumerate() {
            let apart = |&&c: &&usize| !graph.is_adjacent(b, c) && self.is_sure(b, from, c);
            if let Some(&c) = all[at + 1..].iter().find(apart) {
                return Some(Reason::MeekR3 { b, c });
            }
        }
        None
    }

    fn fourth(&self, graph: &MixedGraph, from: usize, to: usize) -> Option<Reason> {
        for c in graph.parents(to).filter(|&c| graph.is_adjacent(from, c)) {
            let apart = |&b: &usize| {
                graph.is_undirected(from, b)
                    && b != to
                    && !graph.is_adjacent(b, to)
                    && self.is_sure(b, from, to)
            };
            if let Some(b) = graph.parents(c).find(apart) {
                return Some(Reason::MeekR4 { b, c });
            }
        }
        None
    }

    fn is_sure(&self, x: usize, y: usize, z: usize) -> bool {
        self.ambiguous.is_empty() || !self.ambiguous.contains(&Triple::new(x, y, z))
    }
}

fn second(graph: &MixedGraph, from: usize, to: usize) -> Option<Reason> {
    let between = |&b: &usize| graph.is_directed(from, b);
    graph
        .parents(to)
        .find(between)
        .map(|b| Reason::MeekR2 { b })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(n: usize, edges: &[Edge]) -> (MixedGraph, BTreeMap<(usize, usize), Reason>) {
        let mut graph = MixedGraph::from_edges(n, edges.iter().copied()).unwrap();
        let mut reasons = BTreeMap::new();
        let closure = Closure {
            rules: MeekRules::All,
            places: None,
            ambiguous: &HashSet::new(),
        };
        closure.close(&mut graph, &mut reasons);
        (graph, reasons)
    }

    #[test]
    fn each_rule_turns_its_edge_and_says_so() {
        let (directed, undirected) = (Edge::directed, Edge::undirected);
        let (_, reasons) = closed(3, &[directed(0, 1), undirected(1, 2)]);
        assert_eq!(reasons[&(1, 2)], Reason::MeekR1 { a: 0 });

        let (_, reasons) = closed(3, &[directed(0, 1), directed(1, 2), undirected(0, 2)]);
        assert_eq!(reasons[&(0, 2)], Reason::MeekR2 { b: 1 });

        let kite = [
            undirected(0, 1),
            undirected(0, 2),
            undirected(0, 3),
            directed(1, 3),
            directed(2, 3),
        ];
        let (_, reasons) = closed(4, &kite);
        assert_eq!(reasons[&(0, 3)], Reason::MeekR3 { b: 1, c: 2 });

        let fourth = [
            undirected(0, 1),
            undirected(0, 2),
            undirected(0, 3),
            directed(1, 2),
            directed(2, 3),
        ];
        let (graph, reasons) = closed(4, &fourth);
        assert_eq!(reasons[&(0, 3)], Reason::MeekR4 { b: 1, c: 2 });
        assert!(graph.is_undirected(0, 1));
    }
}
