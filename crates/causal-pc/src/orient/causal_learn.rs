//! causal-learn's orientation, to the letter.
//!
//! Marks, orders of visit and the table of ancestors follow causal-learn 0.1.4.8, including what
//! looks accidental: triples, triangles and kites are listed once, after the colliders, in the
//! order of its list of adjacencies; the table of ancestors is no transitive closure. Its results
//! depend on all of these.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Orientation;
use super::largest::{Largest, Middle, TripleSets};
use super::reason::{Reason, Triple, TripleFinding, TripleVerdict};
use crate::ci::CiTest;
use crate::error::PcError;
use crate::graph::{Mark, MixedGraph};
use crate::knowledge::Knowledge;
use crate::options::{ColliderConflict, ColliderRule, Evidence, PcOptions};
use crate::progress::PcStage;
use crate::separating_sets::SeparatingSets;
use crate::skeleton::{Adjacency, Search};

/// Orients a skeleton as causal-learn does.
pub(crate) fn orient<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    separating_sets: &SeparatingSets,
) -> Result<Orientation, PcError> {
    let knowledge = &search.options.knowledge;
    let mut marks = Marks::new(adjacency);
    marks.orient_by_knowledge(knowledge);
    let mut judge = Judge {
        search,
        adjacency,
        separating_sets,
        n_tests: 0,
    };
    let steps = search
        .watch
        .stage(PcStage::Colliders, marks.triples().len());
    let mut triples = Vec::new();
    for triple in marks.triples() {
        triples.push(judge.judge(triple)?);
        steps.step()?;
    }
    let colliders = place_colliders(search.options, &triples, &mut marks);
    if search.options.collider_rule == ColliderRule::DefiniteMaxP {
        let others = triples
            .iter()
            .filter(|f| f.verdict == TripleVerdict::NonCollider);
        let others = others.map(|f| f.triple).collect();
        definite_meek(&mut marks, &Definite { colliders, others }, knowledge);
    }
    meek(&mut marks, knowledge);
    for finding in &mut triples {
        let Triple { x, y, z } = finding.triple;
        finding.is_collider = marks.get(y, x) == ARROW && marks.get(y, z) == ARROW;
    }
    Ok(Orientation {
        graph: marks.graph(),
        reasons: marks.arrow_reasons(),
        triples,
        n_tests: judge.n_tests,
    })
}

/// Triples that causal-learn's `uc_rule=2` made colliders, or found to be none for certain.
struct Definite {
    colliders: HashSet<Triple>,
    others: Vec<Triple>,
}

/// Asks what causal-learn would make of a triple.
struct Judge<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    adjacency: &'a Adjacency,
    separating_sets: &'a SeparatingSets,
    n_tests: u64,
}

impl<T: CiTest + ?Sized> Judge<'_, T> {
    fn judge(&mut self, triple: Triple) -> Result<TripleFinding, PcError> {
        let options = self.search.options;
        if options.collider_rule == ColliderRule::SeparatingSet {
            let Triple { x, y, z } = triple;
            let with = self.separating_sets.contains(x, z, y);
            let by_strength = options.conflict == ColliderConflict::StrongerEvidence;
            let (verdict, support) = if with {
                (TripleVerdict::NonCollider, -1.0)
            } else {
                (TripleVerdict::Collider, 1.0)
            };
            return if with || !by_strength {
                Ok(TripleFinding::new(triple, verdict, support))
            } else {
                self.largest(triple, |_, _| verdict)
            };
        }
        let alpha = options.alpha.value();
        let definite = options.collider_rule == ColliderRule::DefiniteMaxP;
        self.largest(triple, |with, without| {
            if definite && with > alpha && without > alpha {
                TripleVerdict::Ambiguous
            } else if without > with {
                TripleVerdict::Collider
            } else {
                TripleVerdict::NonCollider
            }
        })
    }

    /// By the largest p-values with and without the middle, over all subsets of either end's
    /// neighbours.
    fn largest(
        &mut self,
        triple: Triple,
        verdict: impl FnOnce(f64, f64) -> TripleVerdict,
    ) -> Result<TripleFinding, PcError> {
        let mut sets = TripleSets::new(self.search, self.adjacency, triple);
        for size in 0..=sets.longest() {
            sets.raise(Middle::With, size)?;
            sets.raise(Middle::Without, size)?;
        }
        let p = |largest: &Largest| {
            let Some(given) = &largest.given else {
                return Ok(0.0);
            };
            let p = self.search.test.p_value(triple.x, triple.z, given);
            p.map_err(|error| self.search.failed(triple.x, triple.z, error))
        };
        let (with, without): (f64, f64) = (p(&sets.with)?, p(&sets.without)?);
        self.n_tests += sets.n_tests;
        let verdict = verdict(with, without);
        let support = match verdict {
            TripleVerdict::Collider => 1.0,
            TripleVerdict::NonCollider => -1.0,
            TripleVerdict::Ambiguous => 0.0,
        };
        Ok(TripleFinding {
            log_p_with: Some(with.ln()),
            log_p_without: Some(without.ln()),
            ..TripleFinding::new(triple, verdict, support)
        })
    }
}

/// Makes colliders of those found to be, in causal-learn's order; returns which were made.
fn place_colliders(
    options: &PcOptions,
    triples: &[TripleFinding],
    marks: &mut Marks,
) -> HashSet<Triple> {
    let found = triples
        .iter()
        .filter(|finding| finding.verdict == TripleVerdict::Collider);
    let mut colliders: Vec<&TripleFinding> = found.collect();
    if options.conflict == ColliderConflict::StrongerEvidence {
        sort(&mut colliders, options.evidence);
    }
    let mut made = HashSet::new();
    for triple in colliders.into_iter().map(|finding| finding.triple) {
        if !marks.is_against(&options.knowledge, triple)
            && marks.make_collider(triple, options.conflict)
        {
            made.insert(triple);
        }
    }
    made
}

/// Orders colliders by strength; equal ones stay in their order.
fn sort(colliders: &mut [&TripleFinding], evidence: Evidence) {
    let with = |f: &TripleFinding| f.log_p_with.unwrap_or_default();
    let without = |f: &TripleFinding| f.log_p_without.unwrap_or_default();
    colliders.sort_by(|f, g| match evidence {
        Evidence::SmallWithMiddle => with(f).total_cmp(&with(g)),
        Evidence::LargeWithoutMiddle => without(g).total_cmp(&without(f)),
        Evidence::Ratio => (without(g) - with(g)).total_cmp(&(without(f) - with(f))),
    });
}

/// Meek's R1 over triples, R2 over triangles and R3 over kites, until nothing changes.
fn meek(marks: &mut Marks, knowledge: &Knowledge) {
    let lists = Lists::new(marks);
    let mut ancestors = Ancestors::new(marks);
    loop {
        let mut changed = false;
        for &[i, j, k] in &lists.triples {
            if marks.is_directed(i, j) && marks.is_undirected(j, k) {
                changed |= ancestors.orient(marks, knowledge, j, k, Reason::MeekR1 { a: i });
            }
        }
        changed |= second_rule(marks, &lists, &mut ancestors, knowledge);
        for &[i, j, k, l] in &lists.kites {
            if marks.is_undirected(i, j)
                && marks.is_undirected(i, k)
                && marks.is_directed(j, l)
                && marks.is_directed(k, l)
                && marks.is_undirected(i, l)
            {
                changed |= ancestors.orient(marks, knowledge, i, l, Reason::MeekR3 { b: j, c: k });
            }
        }
        if !changed {
            return;
        }
    }
}

/// causal-learn's `definite_meek`: R1 and R3 over the definite triples alone.
fn definite_meek(marks: &mut Marks, definite: &Definite, knowledge: &Knowledge) {
    let lists = Lists::new(marks);
    let mut ancestors = Ancestors::new(marks);
    let triple = |x: usize, y: usize, z: usize| Triple {
        x: x.min(z),
        y,
        z: x.max(z),
    };
    let others: HashSet<Triple> = definite.others.iter().copied().collect();
    loop {
        let mut changed = false;
        for &Triple { x: i, y: j, z: k } in &definite.others {
            if first_rule_applies(marks, knowledge, i, j, k) {
                changed |= ancestors.orient(marks, knowledge, j, k, Reason::MeekR1 { a: i });
            } else if first_rule_applies(marks, knowledge, k, j, i) {
                changed |= ancestors.orient(marks, knowledge, j, i, Reason::MeekR1 { a: k });
            }
        }
        changed |= second_rule(marks, &lists, &mut ancestors, knowledge);
        for &[i, j, k, l] in &lists.kites {
            if definite.colliders.contains(&triple(j, l, k))
                && others.contains(&triple(j, i, k))
                && marks.is_undirected(i, l)
            {
                changed |= ancestors.orient(marks, knowledge, i, l, Reason::MeekR3 { b: j, c: k });
            }
        }
        if !changed {
            return;
        }
    }
}

fn first_rule_applies(marks: &Marks, knowledge: &Knowledge, i: usize, j: usize, k: usize) -> bool {
    marks.is_directed(i, j) && marks.is_undirected(j, k) && !rules_out(knowledge, j, k)
}

fn second_rule(
    marks: &mut Marks,
    lists: &Lists,
    ancestors: &mut Ancestors,
    knowledge: &Knowledge,
) -> bool {
    let mut changed = false;
    for &[i, j, k] in &lists.triangles {
        if marks.is_directed(i, j) && marks.is_directed(j, k) && marks.is_undirected(i, k) {
            changed |= ancestors.orient(marks, knowledge, i, k, Reason::MeekR2 { b: j });
        }
    }
    changed
}

/// Whether knowledge is against `from -> to`.
fn rules_out(knowledge: &Knowledge, from: usize, to: usize) -> bool {
    knowledge.forbids(from, to) || knowledge.requires(to, from)
}

const TAIL: i8 = -1;
const ARROW: i8 = 1;

/// The marks of a graph, as a matrix, and what its table of ancestors has to be told.
struct Marks {
    n: usize,
    /// Entry `i * n + j`: the mark at i's end of the edge between i and j, 0 without an edge.
    at: Vec<i8>,
    neighbors: Vec<Vec<usize>>,
    /// Arrows added since a directed edge was last taken away.
    since: Vec<(usize, usize)>,
    reasons: BTreeMap<(usize, usize), Reason>,
}

impl Marks {
    fn new(adjacency: &Adjacency) -> Self {
        let n = adjacency.n_variables();
        let mut at = vec![0; n * n];
        let neighbors: Vec<Vec<usize>> = (0..n).map(|v| adjacency.neighbors(v).to_vec()).collect();
        for (i, row) in neighbors.iter().enumerate() {
            row.iter().for_each(|&j| at[i * n + j] = TAIL);
        }
        Self {
            n,
            at,
            neighbors,
            since: Vec::new(),
            reasons: BTreeMap::new(),
        }
    }

    fn get(&self, i: usize, j: usize) -> i8 {
        self.at[i * self.n + j]
    }

    fn is_adjacent(&self, i: usize, j: usize) -> bool {
        self.get(i, j) != 0
    }

    fn is_directed(&self, i: usize, j: usize) -> bool {
        self.get(i, j) == TAIL && self.get(j, i) == ARROW
    }

    fn is_undirected(&self, i: usize, j: usize) -> bool {
        self.get(i, j) == TAIL && self.get(j, i) == TAIL
    }

    /// Takes the edge away: if it was directed, causal-learn's table starts anew without it.
    fn take(&mut self, i: usize, j: usize) {
        if self.is_directed(i, j) || self.is_directed(j, i) {
            self.since.clear();
        }
        self.put(i, j, 0, 0);
    }

    fn put(&mut self, i: usize, j: usize, at_i: i8, at_j: i8) {
        self.at[i * self.n + j] = at_i;
        self.at[j * self.n + i] = at_j;
    }

    /// Replaces whatever is there by `i -> j`.
    fn direct(&mut self, i: usize, j: usize, reason: Reason) {
        self.take(i, j);
        self.put(i, j, TAIL, ARROW);
        self.since.push((i, j));
        self.reasons.insert((i, j), reason);
    }

    fn orient_by_knowledge(&mut self, knowledge: &Knowledge) {
        if knowledge.is_empty() {
            return;
        }
        for i in 0..self.n {
            for j in self.neighbors[i].clone() {
                if j < i {
                    continue;
                }
                if knowledge.forbids(j, i) {
                    self.direct(i, j, Reason::Knowledge);
                } else if knowledge.forbids(i, j) || knowledge.requires(j, i) {
                    self.direct(j, i, Reason::Knowledge);
                } else if knowledge.requires(i, j) {
                    self.direct(i, j, Reason::Knowledge);
                }
            }
        }
    }

    fn is_against(&self, knowledge: &Knowledge, triple: Triple) -> bool {
        rules_out(knowledge, triple.x, triple.y) || rules_out(knowledge, triple.z, triple.y)
    }

    /// Whether the collider was made.
    fn make_collider(&mut self, triple: Triple, conflict: ColliderConflict) -> bool {
        let Triple { x, y, z } = triple;
        match conflict {
            ColliderConflict::Overwrite => {}
            ColliderConflict::Bidirected => {
                self.point(x, y, triple);
                self.point(z, y, triple);
                return true;
            }
            ColliderConflict::KeepFirst | ColliderConflict::StrongerEvidence => {
                if self.is_directed(y, x) || self.is_directed(y, z) {
                    return false;
                }
            }
        }
        self.direct(x, y, Reason::Collider(triple));
        self.direct(z, y, Reason::Collider(triple));
        true
    }

    /// Adds an arrowhead at y to an edge that has none there.
    fn point(&mut self, x: usize, y: usize, triple: Triple) {
        if self.is_undirected(x, y) {
            self.direct(x, y, Reason::Collider(triple));
        } else if self.is_directed(y, x) {
            self.take(x, y);
            self.put(x, y, ARROW, ARROW);
            self.reasons.insert((x, y), Reason::Collider(triple));
        }
    }

    /// The list of adjacencies `(a, b)`: tails first, then arrowheads, each by b and then a.
    fn adjacencies(&self) -> Vec<(usize, usize)> {
        let of = |mark: i8| {
            (0..self.n).flat_map(move |b| {
                let with_mark = move |&&a: &&usize| self.get(b, a) == mark;
                self.neighbors[b]
                    .iter()
                    .filter(with_mark)
                    .map(move |&a| (a, b))
            })
        };
        of(TAIL).chain(of(ARROW)).collect()
    }

    /// Unshielded triples with x < z, in causal-learn's order.
    fn triples(&self) -> Vec<Triple> {
        let all = unshielded(self, &self.adjacencies());
        let ordered = all.into_iter().filter(|[x, _, z]| x < z);
        ordered.map(|[x, y, z]| Triple { x, y, z }).collect()
    }

    /// The reasons of arrows that still stand.
    fn arrow_reasons(&self) -> BTreeMap<(usize, usize), Reason> {
        let stands = |&(&(from, to), _): &(&(usize, usize), &Reason)| self.get(to, from) == ARROW;
        let standing = self.reasons.iter().filter(stands);
        standing
            .map(|(&arrow, reason)| (arrow, reason.clone()))
            .collect()
    }

    fn graph(&self) -> MixedGraph {
        let mut graph = MixedGraph::new(self.n);
        let mark = |at: i8| if at == ARROW { Mark::Arrow } else { Mark::Tail };
        for i in 0..self.n {
            for &j in self.neighbors[i].iter().filter(|&&j| j > i) {
                graph.add_edge(crate::graph::Edge {
                    a: i,
                    b: j,
                    mark_a: mark(self.get(i, j)),
                    mark_b: mark(self.get(j, i)),
                });
            }
        }
        graph
    }
}

/// For each variable those that follow it in the list of adjacencies, in its order.
fn followers(n: usize, adjacencies: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut followers = vec![Vec::new(); n];
    for &(a, b) in adjacencies {
        followers[a].push(b);
    }
    followers
}

/// Paths `i - j - k`, i and k not adjacent, in the order of the list of adjacencies.
fn unshielded(marks: &Marks, adjacencies: &[(usize, usize)]) -> Vec<[usize; 3]> {
    paths(marks, adjacencies, |i, k| !marks.is_adjacent(i, k))
}

fn paths(
    marks: &Marks,
    adjacencies: &[(usize, usize)],
    ends: impl Fn(usize, usize) -> bool,
) -> Vec<[usize; 3]> {
    let followers = followers(marks.n, adjacencies);
    let mut paths = Vec::new();
    for &(i, j) in adjacencies {
        let third = followers[j].iter().filter(|&&k| k != i && ends(i, k));
        paths.extend(third.map(|&k| [i, j, k]));
    }
    paths
}

/// The patterns that Meek's rules look at.
struct Lists {
    triples: Vec<[usize; 3]>,
    triangles: Vec<[usize; 3]>,
    /// `i - j - l - k - i` with `i - l`, and j < k not adjacent.
    kites: Vec<[usize; 4]>,
}

impl Lists {
    fn new(marks: &Marks) -> Self {
        let adjacencies = marks.adjacencies();
        let triangles = paths(marks, &adjacencies, |i, k| marks.is_adjacent(i, k));
        let mut middles: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for &[i, j, l] in &triangles {
            middles.entry((i, l)).or_default().push(j);
        }
        let mut kites = Vec::new();
        for &[i, j, l] in &triangles {
            let others = middles[&(i, l)].iter();
            let apart = others.filter(|&&k| j < k && !marks.is_adjacent(j, k));
            kites.extend(apart.map(|&k| [i, j, k, l]));
        }
        Self {
            triples: unshielded(marks, &adjacencies),
            triangles,
            kites,
        }
    }
}

/// causal-learn's table of ancestors, which is no closure: an arrow i -> j gives j all ancestors
/// recorded for i, and gives those recorded as descendants of j only i itself.
struct Ancestors {
    n: usize,
    /// Entry `a * n + b`: b is recorded as an ancestor of a.
    table: Vec<bool>,
}

impl Ancestors {
    /// The table after the arrows so far. It was last started anew with the arrows that are not in
    /// `since`, by descending (lower, higher) variable; those in `since` followed.
    fn new(marks: &Marks) -> Self {
        let n = marks.n;
        let mut ancestors = Self {
            n,
            table: vec![false; n * n],
        };
        (0..n).for_each(|v| ancestors.table[v * n + v] = true);
        let since: HashSet<(usize, usize)> = marks.since.iter().copied().collect();
        for a in (0..n).rev() {
            for &b in marks.neighbors[a].iter().rev().filter(|&&b| b > a) {
                let arrow = if marks.is_directed(a, b) {
                    (a, b)
                } else if marks.is_directed(b, a) {
                    (b, a)
                } else {
                    continue;
                };
                if !since.contains(&arrow) {
                    ancestors.add(arrow.0, arrow.1);
                }
            }
        }
        for &(i, j) in &marks.since {
            ancestors.add(i, j);
        }
        ancestors
    }

    fn add(&mut self, i: usize, j: usize) {
        let n = self.n;
        self.table[j * n + i] = true;
        for k in 0..n {
            if self.table[i * n + k] {
                self.table[j * n + k] = true;
            }
            if self.table[k * n + j] {
                self.table[k * n + i] = true;
            }
        }
    }

    /// Turns `i - j` into `i -> j` unless knowledge or the table is against it; whether it did.
    fn orient(
        &mut self,
        marks: &mut Marks,
        knowledge: &Knowledge,
        i: usize,
        j: usize,
        reason: Reason,
    ) -> bool {
        if rules_out(knowledge, i, j) || self.table[i * self.n + j] {
            return false;
        }
        marks.direct(i, j, reason);
        self.add(i, j);
        true
    }
}
