//! The acyclic orientation that agrees with most of the evidence.
//!
//! Every DAG over the skeleton makes each unshielded triple a collider or not. Its worth is the sum
//! of the support of its colliders; support is positive where the tests speak for a collider and
//! negative where they speak against. Finding the best DAG is hard, so the search is greedy: place
//! colliders from the best supported on, leaving out those that conflict or close a cycle; complete
//! the rest without new colliders as far as that goes (D. Dor and M. Tarsi, 1992, with the least
//! loss where it does not go); then turn single edges, or both edges of a triple, as long as the
//! worth rises, the best turn first.
//!
//! Variables are taken in an order computed from the evidence, and among equals from their names, so
//! that the result does not depend on how they are numbered. Where names do not decide, `ties` does.
//! Evidence that is equal but for rounding counts as equal: which of two such numbers is larger may
//! hang on the order of the columns.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, HashSet};
use std::mem;

use rayon::prelude::*;

use super::reason::Triple;
use super::ties;

/// What the search is told.
pub(super) struct Problem<'a> {
    pub(super) n_variables: usize,
    /// For each variable its place among all by name, which settles what the evidence leaves equal;
    /// none if nothing is to settle it.
    pub(super) by_name: Option<&'a [usize]>,
    /// The skeleton's edges.
    pub(super) edges: &'a [(usize, usize)],
    /// For each edge a number that tells it from others.
    pub(super) strengths: &'a [f64],
    /// The unshielded triples, each with its support and with what breaks ties between equal
    /// supports.
    pub(super) triples: &'a [(Triple, f64, f64)],
    /// Whether an edge must point from the first to the second. These arrows form no cycle.
    pub(super) must: &'a (dyn Fn(usize, usize) -> bool + Sync),
    /// Whether the graph is large enough for several threads.
    pub(super) parallel: bool,
}

/// A number without the digits that rounding may have touched: numbers that differ by less come out
/// equal, but for the few on either side of a step.
pub(super) fn coarse(evidence: f64) -> f64 {
    f64::from(evidence as f32)
}

/// For each triple whether it is a collider in the DAG found; and those triples from which nothing
/// follows, since ties left them without a DAG.
///
/// O(edges · degree² · log p) to begin with, then for each improvement O(triples + edges) and a
/// search for cycles.
pub(super) fn orient(problem: &Problem<'_>) -> (Vec<bool>, HashSet<Triple>) {
    let keys = keys(problem);
    let mut order: Vec<usize> = (0..problem.n_variables).collect();
    let place = |v: usize| problem.by_name.map_or(v, |places| places[v]);
    order.sort_by(|&a, &b| {
        let by_evidence = keys[a].compare(&keys[b]);
        by_evidence.then_with(|| place(a).cmp(&place(b)))
    });
    let colliders = in_order(problem, &order);
    if problem.by_name.is_some() {
        return (colliders, HashSet::new());
    }
    let like = |a: usize, b: usize| !keys[a].edges.is_empty() && keys[a].compare(&keys[b]).is_eq();
    let mut tied = vec![false; order.len()];
    for pair in order.windows(2).filter(|pair| like(pair[0], pair[1])) {
        pair.iter().for_each(|&v| tied[v] = true);
    }
    ties::settled(problem, &tied, colliders)
}

/// For each triple whether it is a collider in the DAG found with the variables in this order.
pub(super) fn in_order(problem: &Problem<'_>, order: &[usize]) -> Vec<bool> {
    let mut ranks = vec![0; order.len()];
    for (rank, &variable) in order.iter().enumerate() {
        ranks[variable] = rank;
    }
    let mut dag = Dag::new(problem, &ranks);
    dag.place_colliders();
    dag.complete();
    dag.improve(problem.parallel);
    let mut colliders = vec![false; problem.triples.len()];
    for triple in &dag.triples {
        colliders[triple.at] = dag.is_collider(triple);
    }
    colliders
}

/// What is known of each variable whatever its number.
fn keys(problem: &Problem<'_>) -> Vec<Key> {
    let mut keys = vec![Key::default(); problem.n_variables];
    for (&(a, b), &strength) in problem.edges.iter().zip(problem.strengths) {
        keys[a].edges.push(strength);
        keys[b].edges.push(strength);
    }
    for &(Triple { x, y, z }, support, _) in problem.triples {
        keys[y].middle.push(support);
        keys[x].end.push(support);
        keys[z].end.push(support);
    }
    if problem.parallel {
        keys.par_iter_mut().for_each(Key::sort);
    } else {
        keys.iter_mut().for_each(Key::sort);
    }
    keys
}

/// What is known of a variable whatever its number.
#[derive(Clone, Default)]
struct Key {
    /// Strengths of its edges.
    edges: Vec<f64>,
    /// Supports of the triples of which it is the middle, or an end.
    middle: Vec<f64>,
    end: Vec<f64>,
}

impl Key {
    fn sort(&mut self) {
        for list in [&mut self.edges, &mut self.middle, &mut self.end] {
            list.sort_unstable_by(f64::total_cmp);
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let list = |a: &[f64], b: &[f64]| {
            let mut differences = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
            let first = differences.find(|order| order.is_ne());
            a.len().cmp(&b.len()).then(first.unwrap_or(Ordering::Equal))
        };
        list(&self.edges, &other.edges)
            .then_with(|| list(&self.middle, &other.middle))
            .then_with(|| list(&self.end, &other.end))
    }
}

/// An edge between `a < b`, both ranks.
#[derive(Clone, Copy)]
struct Edge {
    a: usize,
    b: usize,
    /// Whether it points at b; none while it is undirected.
    to_b: Option<bool>,
    fixed: bool,
}

impl Edge {
    fn to(&self) -> usize {
        if self.to_b == Some(false) {
            self.a
        } else {
            self.b
        }
    }

    fn from(&self) -> usize {
        self.a + self.b - self.to()
    }

    fn other(&self, end: usize) -> usize {
        self.a + self.b - end
    }

    fn points_at(&self, end: usize) -> bool {
        self.to_b.is_some() && self.to() == end
    }

    fn point_at(&mut self, end: usize) {
        self.to_b = Some(end == self.b);
    }
}

/// An unshielded triple by its two edges.
struct UnshieldedTriple {
    /// Its place among the problem's triples.
    at: usize,
    edges: [usize; 2],
    middle: usize,
    support: f64,
    tie: f64,
}

impl UnshieldedTriple {
    fn other(&self, edge: usize) -> usize {
        self.edges[0] + self.edges[1] - edge
    }
}

/// The skeleton while it is oriented, over ranks instead of variables.
struct Dag {
    edges: Vec<Edge>,
    /// For each variable its edges.
    at: Vec<Vec<usize>>,
    triples: Vec<UnshieldedTriple>,
    /// For each edge the triples that it is part of.
    of_edge: Vec<Vec<usize>>,
    /// For each variable the last search for a path that met it.
    visited: Vec<u64>,
    visit: u64,
}

impl Dag {
    fn new(problem: &Problem<'_>, ranks: &[usize]) -> Self {
        let mut edges: Vec<Edge> = problem
            .edges
            .iter()
            .map(|&(v, w)| {
                let (a, b) = (ranks[v].min(ranks[w]), ranks[v].max(ranks[w]));
                let head = match ((problem.must)(v, w), (problem.must)(w, v)) {
                    (true, _) => Some(ranks[w]),
                    (_, true) => Some(ranks[v]),
                    _ => None,
                };
                Edge {
                    a,
                    b,
                    to_b: head.map(|head| head == b),
                    fixed: head.is_some(),
                }
            })
            .collect();
        edges.sort_by_key(|edge| (edge.a, edge.b));
        let mut at = vec![Vec::new(); problem.n_variables];
        for (index, edge) in edges.iter().enumerate() {
            at[edge.a].push(index);
            at[edge.b].push(index);
        }
        let mut dag = Self {
            of_edge: vec![Vec::new(); edges.len()],
            visited: vec![0; problem.n_variables],
            visit: 0,
            edges,
            at,
            triples: Vec::new(),
        };
        dag.add_triples(problem, ranks);
        dag
    }

    fn add_triples(&mut self, problem: &Problem<'_>, ranks: &[usize]) {
        let by_edges = |(at, &(Triple { x, y, z }, support, tie)): (usize, &(Triple, f64, f64))| {
            let (x, y, z) = (ranks[x], ranks[y], ranks[z]);
            let (first, second) = (self.edge(y, x)?, self.edge(y, z)?);
            Some(UnshieldedTriple {
                at,
                edges: [first.min(second), first.max(second)],
                middle: y,
                support,
                tie,
            })
        };
        let key = |triple: &UnshieldedTriple| (triple.middle, triple.edges);
        let given = problem.triples;
        let mut triples: Vec<UnshieldedTriple>;
        if problem.parallel {
            triples = given.par_iter().enumerate().filter_map(by_edges).collect();
            triples.par_sort_unstable_by_key(key);
        } else {
            triples = given.iter().enumerate().filter_map(by_edges).collect();
            triples.sort_unstable_by_key(key);
        }
        self.triples = triples;
        for (index, triple) in self.triples.iter().enumerate() {
            triple
                .edges
                .iter()
                .for_each(|&edge| self.of_edge[edge].push(index));
        }
    }

    fn edge(&self, v: usize, w: usize) -> Option<usize> {
        let joins = |&&edge: &&usize| self.edges[edge].other(v) == w;
        self.at[v].iter().find(joins).copied()
    }

    fn is_collider(&self, triple: &UnshieldedTriple) -> bool {
        let points = |&edge: &usize| self.edges[edge].points_at(triple.middle);
        triple.edges.iter().all(points)
    }

    /// Places colliders from the best supported on, if no arrow stands against them and they close
    /// no cycle.
    fn place_colliders(&mut self) {
        let mut order: Vec<usize> = (0..self.triples.len())
            .filter(|&f| self.triples[f].support > 0.0)
            .collect();
        order.sort_by(|&f, &g| {
            let (f, g) = (&self.triples[f], &self.triples[g]);
            g.support
                .total_cmp(&f.support)
                .then_with(|| g.tie.total_cmp(&f.tie))
        });
        for triple in order {
            let UnshieldedTriple { edges, middle, .. } = self.triples[triple];
            let free = |&&edge: &&usize| self.edges[edge].to_b.is_none();
            let turned: Vec<usize> = edges.iter().filter(free).copied().collect();
            let stands =
                |&edge: &usize| !turned.contains(&edge) && !self.edges[edge].points_at(middle);
            if turned.is_empty() || edges.iter().any(stands) {
                continue;
            }
            turned
                .iter()
                .for_each(|&edge| self.edges[edge].point_at(middle));
            let ends = edges.map(|edge| self.edges[edge].other(middle));
            if self.reaches(middle, &ends) {
                turned.iter().for_each(|&edge| self.edges[edge].to_b = None);
            }
        }
    }

    /// Whether arrows lead from one variable to one of these.
    fn reaches(&mut self, from: usize, to: &[usize]) -> bool {
        self.visit += 1;
        self.visited[from] = self.visit;
        let mut stack = vec![from];
        while let Some(v) = stack.pop() {
            if to.contains(&v) {
                return true;
            }
            for &edge in &self.at[v] {
                let edge = &self.edges[edge];
                let w = edge.other(v);
                if edge.points_at(w) && self.visited[w] != self.visit {
                    self.visited[w] = self.visit;
                    stack.push(w);
                }
            }
        }
        false
    }

    /// Turns what is undirected, taking away one variable after another that no arrow leaves and
    /// that loses least as a sink.
    fn complete(&mut self) {
        let n = self.at.len();
        let mut left = vec![true; n];
        let mut out: Vec<usize> = (0..n).map(|v| self.n_out(v)).collect();
        let mut loss: Vec<Loss> = (0..n).map(|v| self.loss(v, &left)).collect();
        let ready = |v: usize, out: &[usize]| out[v] == 0;
        let mut queue: BTreeSet<(Loss, usize)> = (0..n)
            .filter(|&v| ready(v, &out))
            .map(|v| (loss[v], v))
            .collect();
        while let Some((_, v)) = queue.pop_first() {
            left[v] = false;
            let mut touched = Vec::new();
            for edge in self.at[v].clone() {
                let w = self.edges[edge].other(v);
                if !left[w] {
                    continue;
                }
                match self.edges[edge].to_b {
                    None => self.edges[edge].point_at(v),
                    Some(_) => out[w] -= 1,
                }
                touched.push(w);
            }
            for w in touched {
                queue.remove(&(loss[w], w));
                loss[w] = self.loss(w, &left);
                if ready(w, &out) {
                    queue.insert((loss[w], w));
                }
            }
        }
    }

    fn n_out(&self, v: usize) -> usize {
        let leaves = |&&edge: &&usize| {
            let edge = &self.edges[edge];
            edge.to_b.is_some() && edge.from() == v
        };
        self.at[v].iter().filter(leaves).count()
    }

    /// What new colliders cost if every undirected edge at v points at v.
    fn loss(&self, v: usize, left: &[bool]) -> Loss {
        let mut cost = 0.0;
        for &edge in &self.at[v] {
            if self.edges[edge].to_b.is_some() || !left[self.edges[edge].other(v)] {
                continue;
            }
            let triples = self.of_edge[edge]
                .iter()
                .map(|&triple| &self.triples[triple]);
            for triple in triples.filter(|triple| triple.middle == v) {
                let other = triple.other(edge);
                let joins = match self.edges[other].to_b {
                    Some(_) => self.edges[other].points_at(v),
                    None => left[self.edges[other].other(v)] && edge < other,
                };
                if joins {
                    cost += (-triple.support).max(0.0);
                }
            }
        }
        Loss(cost.to_bits())
    }

    /// Turns edges as long as that raises the worth, the best turn first.
    fn improve(&mut self, parallel: bool) {
        let all = 0..self.edges.len() + self.triples.len();
        let mut seen = vec![false; all.len()];
        let rises: Vec<f64> = if parallel {
            all.into_par_iter().map(|turn| self.rise_of(turn)).collect()
        } else {
            all.map(|turn| self.rise_of(turn)).collect()
        };
        let mut turns = Turns::new(rises);
        loop {
            let taken = turns.ranked().find(|&turn| self.take(turn));
            let Some(turn) = taken else { return };
            for affected in self.affected(turn, &mut seen) {
                turns.set(affected, self.rise_of(affected));
            }
        }
    }

    /// The edges of a turn: turns are numbered edges first, then triples.
    fn edges_of(&self, turn: usize) -> Vec<usize> {
        match turn.checked_sub(self.edges.len()) {
            None => vec![turn],
            Some(triple) => self.triples[triple].edges.to_vec(),
        }
    }

    /// Turns whose rise may have changed with this one: of edges that share a triple with its edges,
    /// and of triples that share an edge with those. `seen` is false throughout, before and after.
    fn affected(&self, turn: usize, seen: &mut [bool]) -> Vec<usize> {
        let mut near = Vec::new();
        let mut add = |turn: usize, near: &mut Vec<usize>| {
            if !mem::replace(&mut seen[turn], true) {
                near.push(turn);
            }
        };
        for edge in self.edges_of(turn) {
            add(edge, &mut near);
            for &triple in &self.of_edge[edge] {
                add(self.triples[triple].other(edge), &mut near);
            }
        }
        for at in 0..near.len() {
            for &triple in &self.of_edge[near[at]] {
                add(self.edges.len() + triple, &mut near);
            }
        }
        near.iter().for_each(|&turn| seen[turn] = false);
        near
    }

    /// How much the worth rises by a turn: of one edge, or of both edges of a triple towards its
    /// middle.
    fn rise_of(&self, turn: usize) -> f64 {
        let is_fixed = |edge: usize| self.edges[edge].fixed;
        let Some(triple) = turn.checked_sub(self.edges.len()) else {
            return if is_fixed(turn) { 0.0 } else { self.rise(turn) };
        };
        let UnshieldedTriple {
            edges: [first, second],
            middle,
            support,
            ..
        } = self.triples[triple];
        let points = |edge: usize| self.edges[edge].points_at(middle);
        if support <= 0.0
            || [first, second]
                .into_iter()
                .any(|edge| is_fixed(edge) || points(edge))
        {
            return 0.0;
        }
        self.rise(first) + self.rise(second) + support
    }

    /// How much the worth rises when an edge is turned.
    fn rise(&self, edge: usize) -> f64 {
        let to = self.edges[edge].to();
        let worth = |triple: &usize| {
            let triple = &self.triples[*triple];
            if !self.edges[triple.other(edge)].points_at(triple.middle) {
                return 0.0;
            }
            if triple.middle == to {
                -triple.support
            } else {
                triple.support
            }
        };
        self.of_edge[edge].iter().map(worth).sum()
    }

    /// Turns the edges, which then point at the same variable, unless that closes a cycle; whether
    /// it did.
    fn take(&mut self, turn: usize) -> bool {
        let edges = self.edges_of(turn);
        self.reverse(&edges);
        let from: Vec<usize> = edges.iter().map(|&edge| self.edges[edge].from()).collect();
        if self.reaches(self.edges[edges[0]].to(), &from) {
            self.reverse(&edges);
            return false;
        }
        true
    }

    fn reverse(&mut self, edges: &[usize]) {
        for &edge in edges {
            let back = self.edges[edge].from();
            self.edges[edge].point_at(back);
        }
    }
}

/// The turns that raise the worth, the best first, equal ones by number.
struct Turns {
    rises: Vec<f64>,
    order: BTreeSet<(Reverse<u64>, usize)>,
}

impl Turns {
    /// What counts as a rise: more than rounding.
    const LEAST: f64 = 1e-9;

    fn new(rises: Vec<f64>) -> Self {
        let raises = |&(_, &rise): &(usize, &f64)| rise > Self::LEAST;
        let found = rises.iter().enumerate().filter(raises);
        let order = found.map(|(turn, &rise)| Self::key(turn, rise)).collect();
        Self { rises, order }
    }

    /// The bits of positive numbers are ordered as the numbers are.
    fn key(turn: usize, rise: f64) -> (Reverse<u64>, usize) {
        (Reverse(rise.to_bits()), turn)
    }

    fn set(&mut self, turn: usize, rise: f64) {
        if rise.to_bits() == self.rises[turn].to_bits() {
            return;
        }
        if self.rises[turn] > Self::LEAST {
            self.order.remove(&Self::key(turn, self.rises[turn]));
        }
        self.rises[turn] = rise;
        if rise > Self::LEAST {
            self.order.insert(Self::key(turn, rise));
        }
    }

    fn ranked(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().map(|&(_, turn)| turn)
    }
}

/// A cost, ordered as a number that is not negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Loss(u64);
