//! pcalg's orientation, to the letter: `udag2pdagRelaxed`, after `pc.cons.intern` where triples are
//! tested again (pcalg 2.7-12).
//!
//! A matrix entry is 1 if there is an edge without a mark that speaks against it: 1 in `(a, b)` and
//! 0 in `(b, a)` is `a -> b`, 1 in both is `a - b`, 2 in both is `a <-> b`. Loops go by column and
//! then by row, as R's `which` does.

use std::collections::{BTreeMap, HashSet};

use super::reason::{Reason, Triple, TripleFinding, TripleVerdict};
use super::{Orientation, unshielded};
use crate::ci::{CiTest, Next, SetScan};
use crate::error::PcError;
use crate::graph::{Mark, MixedGraph};
use crate::options::{ColliderConflict, ColliderRule};
use crate::separating_sets::SeparatingSets;
use crate::skeleton::{Adjacency, Search};

/// Orients a skeleton as pcalg does.
pub(crate) fn orient<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    separating_sets: &SeparatingSets,
) -> Result<Orientation, PcError> {
    let (mut triples, mut n_tests) = (Vec::new(), 0);
    for triple in unshielded(adjacency) {
        let (finding, tested) = judge(search, adjacency, separating_sets, triple)?;
        n_tests += tested;
        triples.push(finding);
    }
    let ambiguous = triples
        .iter()
        .filter(|f| f.verdict == TripleVerdict::Ambiguous);
    let colliders = triples
        .iter()
        .filter(|f| f.verdict == TripleVerdict::Collider);
    let mut pdag = Pdag::new(
        adjacency,
        search.options.conflict == ColliderConflict::Bidirected,
    );
    pdag.ambiguous = ambiguous.map(|f| f.triple).collect();
    pdag.place_colliders(&colliders.map(|f| f.triple).collect());
    while pdag.first_rule() | pdag.second_rule() | pdag.third_rule() {}
    for finding in &mut triples {
        let Triple { x, y, z } = finding.triple;
        finding.is_collider = pdag.has_arrow(x, y) && pdag.has_arrow(z, y);
    }
    Ok(Orientation {
        graph: pdag.graph(),
        reasons: pdag.arrow_reasons(),
        triples,
        n_tests,
    })
}

fn judge<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    separating_sets: &SeparatingSets,
    triple: Triple,
) -> Result<(TripleFinding, u64), PcError> {
    let majority = match search.options.collider_rule {
        ColliderRule::Majority => true,
        ColliderRule::Conservative => false,
        _ => {
            let with = separating_sets.contains(triple.x, triple.z, triple.y);
            let (verdict, support) = if with {
                (TripleVerdict::NonCollider, -1.0)
            } else {
                (TripleVerdict::Collider, 1.0)
            };
            return Ok((TripleFinding::new(triple, verdict, support), 0));
        }
    };
    let (with, without, n_tests) = votes(search, adjacency, triple)?;
    let verdict = if with + without == 0 {
        TripleVerdict::Ambiguous
    } else if without == 0 || (majority && with > without) {
        TripleVerdict::NonCollider
    } else if with == 0 || (majority && with < without) {
        TripleVerdict::Collider
    } else {
        TripleVerdict::Ambiguous
    };
    let support = (without as f64 - with as f64) / (with + without).max(1) as f64;
    let finding = TripleFinding {
        n_with: Some(with),
        n_without: Some(without),
        ..TripleFinding::new(triple, verdict, support)
    };
    Ok((finding, n_tests))
}

/// Counts the sets that make the ends independent, with and without the middle; those that are
/// subsets of both neighbourhoods count twice.
fn votes<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    triple: Triple,
) -> Result<(u64, u64, u64), PcError> {
    let (mut with, mut without, mut n_tests) = (0, 0, 0);
    for end in [triple.x, triple.z] {
        let candidates = adjacency.neighbors(end);
        for size in 0..=candidates.len() {
            let sets = SetScan {
                x: triple.x,
                y: triple.z,
                always: &[],
                candidates,
                size,
                done: &[],
            };
            n_tests += search.scan(&sets, search.bound, &mut |given| {
                if given.contains(&triple.y) {
                    with += 1;
                } else {
                    without += 1;
                }
                Ok(Next::Continue)
            })?;
        }
    }
    Ok((with, without, n_tests))
}

/// pcalg's adjacency matrix.
struct Pdag {
    n: usize,
    at: Vec<u8>,
    neighbors: Vec<Vec<usize>>,
    ambiguous: HashSet<Triple>,
    /// Whether conflicts become bidirected edges: pcalg's `solve.confl`.
    solve: bool,
    reasons: BTreeMap<(usize, usize), Reason>,
}

impl Pdag {
    fn new(adjacency: &Adjacency, solve: bool) -> Self {
        let n = adjacency.n_variables();
        let neighbors: Vec<Vec<usize>> = (0..n).map(|v| adjacency.neighbors(v).to_vec()).collect();
        let mut at = vec![0; n * n];
        for (a, row) in neighbors.iter().enumerate() {
            row.iter().for_each(|&b| at[a * n + b] = 1);
        }
        Self {
            n,
            at,
            neighbors,
            ambiguous: HashSet::new(),
            solve,
            reasons: BTreeMap::new(),
        }
    }

    /// Every unshielded triple from both ends, in R's order of edges.
    fn place_colliders(&mut self, colliders: &HashSet<Triple>) {
        for y in 0..self.n {
            let around = self.neighbors[y].clone();
            for &x in &around {
                for &z in around.iter().filter(|&&z| z != x) {
                    let triple = Triple::new(x, y, z);
                    if colliders.contains(&triple) {
                        self.point(x, y, Reason::Collider(triple));
                        self.point(z, y, Reason::Collider(triple));
                    }
                }
            }
        }
    }

    /// Makes the edge `x -> y`, or `x <-> y` where that is against an earlier arrow and conflicts
    /// are solved.
    fn point(&mut self, x: usize, y: usize, reason: Reason) {
        if self.solve && self.get(x, y) != 1 {
            self.put(x, y, 2, 2);
        } else {
            self.put(x, y, 1, 0);
        }
        self.reasons.insert((x, y), reason);
    }

    /// R1; whether it changed anything.
    fn first_rule(&mut self) -> bool {
        let before = self.at.clone();
        let mut seen = self.at.clone();
        for (a, b) in self.arrows() {
            let third = |&&c: &&usize| {
                seen[b * self.n + c] == 1
                    && seen[c * self.n + b] == 1
                    && seen[a * self.n + c] == 0
                    && seen[c * self.n + a] == 0
            };
            let thirds: Vec<usize> = self.neighbors[b].iter().filter(third).copied().collect();
            for c in thirds.into_iter().filter(|&c| c != a) {
                if !self.ambiguous.contains(&Triple::new(a, b, c)) {
                    self.turn(b, c, Reason::MeekR1 { a });
                }
            }
            if !self.solve {
                seen.clone_from(&self.at);
            }
        }
        self.at != before
    }

    /// R2; whether it changed anything.
    fn second_rule(&mut self) -> bool {
        let before = self.at.clone();
        let mut seen = self.at.clone();
        for (a, b) in self.lines() {
            let between = |&&c: &&usize| self.points(&seen, a, c) && self.points(&seen, c, b);
            let between: Vec<usize> = self.neighbors[a].iter().filter(between).copied().collect();
            for c in between {
                self.turn(a, b, Reason::MeekR2 { b: c });
            }
            if !self.solve {
                seen.clone_from(&self.at);
            }
        }
        self.at != before
    }

    /// R3; whether it changed anything.
    fn third_rule(&mut self) -> bool {
        let before = self.at.clone();
        let mut seen = self.at.clone();
        for (a, b) in self.lines() {
            let n = self.n;
            let both = |&&c: &&usize| {
                seen[a * n + c] == 1 && seen[c * n + a] == 1 && self.points(&seen, c, b)
            };
            let both: Vec<usize> = self.neighbors[a].iter().filter(both).copied().collect();
            let apart = |&(b, c): &(usize, usize)| {
                seen[b * n + c] == 0
                    && seen[c * n + b] == 0
                    && !self.ambiguous.contains(&Triple::new(b, a, c))
            };
            let pairs = both.iter().enumerate();
            let mut pairs = pairs.flat_map(|(i, &c)| both[i + 1..].iter().map(move |&d| (c, d)));
            if let Some((c, d)) = pairs.find(apart) {
                self.turn(a, b, Reason::MeekR3 { b: c, c: d });
                if !self.solve {
                    seen.clone_from(&self.at);
                }
            }
        }
        self.at != before
    }

    /// Makes `a - b` into `a -> b`. An arrow found against it in the same sweep is overwritten, or
    /// makes the edge bidirected.
    fn turn(&mut self, a: usize, b: usize, reason: Reason) {
        let is_line = self.get(a, b) == 1 && self.get(b, a) == 1;
        if !self.solve || is_line {
            self.put(a, b, 1, 0);
        } else if self.get(a, b) == 0 && self.get(b, a) == 1 {
            self.put(a, b, 2, 2);
        } else {
            return;
        }
        self.reasons.insert((a, b), reason);
    }

    /// The directed edges, in R's order.
    fn arrows(&self) -> Vec<(usize, usize)> {
        self.pairs(|at_ab, at_ba| at_ab == 1 && at_ba == 0)
    }

    /// The undirected edges in both directions, in R's order.
    fn lines(&self) -> Vec<(usize, usize)> {
        self.pairs(|at_ab, at_ba| at_ab == 1 && at_ba == 1)
    }

    fn pairs(&self, keep: impl Fn(u8, u8) -> bool) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for b in 0..self.n {
            let kept = self.neighbors[b]
                .iter()
                .filter(|&&a| keep(self.get(a, b), self.get(b, a)));
            pairs.extend(kept.map(|&a| (a, b)));
        }
        pairs
    }

    fn points(&self, at: &[u8], a: usize, b: usize) -> bool {
        at[a * self.n + b] == 1 && at[b * self.n + a] == 0
    }

    fn get(&self, a: usize, b: usize) -> u8 {
        self.at[a * self.n + b]
    }

    fn put(&mut self, a: usize, b: usize, at_ab: u8, at_ba: u8) {
        self.at[a * self.n + b] = at_ab;
        self.at[b * self.n + a] = at_ba;
    }

    fn has_arrow(&self, from: usize, to: usize) -> bool {
        let (there, back) = (self.get(from, to), self.get(to, from));
        there == 2 || (there == 1 && back == 0)
    }

    fn graph(&self) -> MixedGraph {
        let mut graph = MixedGraph::new(self.n);
        let mark = |arrow| if arrow { Mark::Arrow } else { Mark::Tail };
        for (a, row) in self.neighbors.iter().enumerate() {
            for &b in row.iter().filter(|&&b| b > a) {
                graph.add_edge(crate::graph::Edge {
                    a,
                    b,
                    mark_a: mark(self.has_arrow(b, a)),
                    mark_b: mark(self.has_arrow(a, b)),
                });
            }
        }
        graph
    }

    /// The reasons of arrows that still stand.
    fn arrow_reasons(&self) -> BTreeMap<(usize, usize), Reason> {
        let stands = |&(&(from, to), _): &(&(usize, usize), &Reason)| self.has_arrow(from, to);
        let standing = self.reasons.iter().filter(stands);
        standing
            .map(|(&arrow, reason)| (arrow, reason.clone()))
            .collect()
    }
}
