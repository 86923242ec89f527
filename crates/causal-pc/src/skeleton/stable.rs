//! The stable search: the graph is frozen for each depth, and pairs are tested independently of
//! each other, on as many threads as there are.

use rayon::prelude::*;

use super::{Adjacency, Search, Skeleton};
use crate::ci::{CiTest, Next, SetScan, Subsets};
use crate::error::PcError;
use crate::options::{Manner, SetSearch};
use crate::progress::PcStage;
use crate::separating_sets::{SeparatedBy, SeparatingSets, Separation};

pub(super) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    let mut skeleton = marginal(search)?;
    let mut depth = 1;
    while search.goes_on(depth, &skeleton.adjacency) {
        let Some(n_tests) = search.in_time(level(search, depth, &mut skeleton))? else {
            skeleton.unfinished = Some(depth);
            break;
        };
        skeleton.n_tests_by_depth.push(n_tests);
        depth += 1;
    }
    Ok(skeleton)
}

/// Depth 0: every pair that knowledge leaves open, given nothing.
pub(super) fn marginal<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    let n = search.n_variables();
    let mut separating_sets = SeparatingSets::new(n, search.marginal_copies());
    let steps = search.watch.stage(PcStage::Skeleton { depth: 0 }, n);
    let test_row = |(x, p_values): (usize, &mut [f64])| {
        let row = marginal_row(search, x, p_values);
        steps.step().and(row)
    };
    let rows = separating_sets.marginal_rows();
    let rows: Vec<Row> = if search.runs_parallel(n * n / 2) {
        rows.into_par_iter().enumerate().map(test_row).collect()
    } else {
        rows.into_iter().enumerate().map(test_row).collect()
    };
    let mut later = Vec::with_capacity(n);
    let mut n_tests = 0;
    for row in rows {
        let row = row?;
        n_tests += row.1;
        later.push(row.0);
    }
    Ok(Skeleton {
        adjacency: Adjacency::from_later(later),
        separating_sets,
        n_tests_by_depth: vec![n_tests],
        unfinished: None,
    })
}

/// The neighbours of x after x, and the number of tests.
type Row = Result<(Vec<usize>, u64), PcError>;

fn marginal_row<T: CiTest + ?Sized>(search: &Search<'_, T>, x: usize, p_values: &mut [f64]) -> Row {
    let (mut later, mut n_tests) = (Vec::new(), 0);
    for (y, slot) in (x + 1..).zip(p_values) {
        if !search.is_open(x, y) {
            if search.options.knowledge.requires_pair(x, y) {
                later.push(y);
            } else {
                *slot = SeparatingSets::FORBIDDEN;
            }
            continue;
        }
        n_tests += 1;
        let p = search.p_value(x, y, &[])?;
        if search.bound.admits(p) {
            *slot = p;
        } else {
            later.push(y);
        }
    }
    Ok((later, n_tests))
}

/// One depth from 1 on: tests every pair, then removes the separated ones. Returns the number of
/// tests.
fn level<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    depth: usize,
    skeleton: &mut Skeleton,
) -> Result<u64, PcError> {
    let adjacency = &skeleton.adjacency;
    let open = |&(x, y): &(usize, usize)| search.is_open(x, y);
    let pairs: Vec<(usize, usize)> = adjacency.pairs().into_iter().filter(open).collect();
    let steps = search.watch.stage(PcStage::Skeleton { depth }, pairs.len());
    let test_pair = |&(x, y): &(usize, usize)| {
        let outcome = Pair {
            search,
            adjacency,
            depth,
            x,
            y,
            n_tests: 0,
        }
        .test();
        steps.step().and(outcome)
    };
    let outcomes: Vec<Result<Outcome, PcError>> = if search.runs_parallel(pairs.len() * depth) {
        pairs.par_iter().with_min_len(4).map(test_pair).collect()
    } else {
        pairs.iter().map(test_pair).collect()
    };
    let mut n_tests = 0;
    let mut removed = Vec::with_capacity(pairs.len());
    for (&(x, y), outcome) in pairs.iter().zip(outcomes) {
        let outcome = outcome?;
        n_tests += outcome.n_tests;
        if let Some(separation) = outcome.separation {
            skeleton.separating_sets.insert(x, y, separation);
            removed.push((x, y));
        }
    }
    skeleton.adjacency.remove_all(&removed);
    Ok(n_tests)
}

struct Outcome {
    separation: Option<Separation>,
    n_tests: u64,
}

/// What the sets of a pair are chosen from.
pub(super) struct Sides<'a> {
    adjacency: &'a Adjacency,
    x: usize,
    y: usize,
    /// Neighbours of x other than y, or of y other than x.
    neighbors: Vec<usize>,
    /// For the second side, whether each neighbour of y is one of x too.
    shared: Vec<bool>,
}

impl<'a> Sides<'a> {
    /// The first side.
    pub(super) fn new(adjacency: &'a Adjacency, x: usize, y: usize) -> Self {
        Self {
            adjacency,
            x,
            y,
            neighbors: without(adjacency.neighbors(x), y),
            shared: Vec::new(),
        }
    }

    /// The second side.
    pub(super) fn second(mut self) -> Self {
        self.neighbors = without(self.adjacency.neighbors(self.y), self.x);
        let mut of_x = self.adjacency.neighbors(self.x).iter().peekable();
        let is_shared = |v: &usize| {
            while of_x.next_if(|&w| w < v).is_some() {}
            of_x.peek() == Some(&v)
        };
        self.shared = self.neighbors.iter().map(is_shared).collect();
        self
    }

    /// The subsets of this side; of the second less those that are subsets of the first.
    pub(super) fn sets(&self, size: usize) -> SetScan<'_> {
        SetScan {
            x: self.x,
            y: self.y,
            always: &[],
            candidates: &self.neighbors,
            size,
            done: &self.shared,
        }
    }
}

fn without(neighbors: &[usize], v: usize) -> Vec<usize> {
    let mut others = Vec::with_capacity(neighbors.len());
    others.extend(neighbors.iter().filter(|&&w| w != v));
    others
}

/// One pair at one depth.
struct Pair<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    adjacency: &'a Adjacency,
    depth: usize,
    x: usize,
    y: usize,
    n_tests: u64,
}

impl<T: CiTest + ?Sized> Pair<'_, T> {
    fn test(mut self) -> Result<Outcome, PcError> {
        let separation = match self.search.options.set_search {
            SetSearch::FirstHit => self.first_hit()?,
            SetSearch::All => self.all_hits()?,
        };
        Ok(Outcome {
            separation,
            n_tests: self.n_tests,
        })
    }

    /// The first set that separates, among the neighbours of x and then of y; as pcalg, of the one
    /// with more neighbours first.
    fn first_hit(&mut self) -> Result<Option<Separation>, PcError> {
        let degree = |v| self.adjacency.neighbors(v).len();
        let is_pcalg = self.search.options.manner == Manner::Pcalg;
        if is_pcalg && degree(self.x) < degree(self.y) {
            (self.x, self.y) = (self.y, self.x);
        }
        let mut sides = Sides::new(self.adjacency, self.x, self.y);
        let mut found = self.first_of(&sides)?;
        if found.is_none() {
            sides = sides.second();
            found = match is_pcalg {
                true => self.first_in_pcalgs_order(&sides)?,
                false => self.first_of(&sides)?,
            };
        }
        let Some(given) = found else { return Ok(None) };
        Ok(Some(Separation {
            p_value: self.search.p_value(self.x, self.y, &given)?,
            sets: vec![given],
            depth: self.depth,
            by: SeparatedBy::Test,
        }))
    }

    fn first_of(&mut self, sides: &Sides<'_>) -> Result<Option<Vec<usize>>, PcError> {
        let mut found = None;
        self.scan(sides, &mut |given| {
            found = Some(given.to_vec());
            Next::Stop
        })?;
        Ok(found)
    }

    /// The first set of the second side where neighbours of y alone come before those of both, as in
    /// pcalg. A scan goes in ascending order: it only says whether there is such a set.
    fn first_in_pcalgs_order(&mut self, sides: &Sides<'_>) -> Result<Option<Vec<usize>>, PcError> {
        let before = self.n_tests;
        if self.first_of(sides)?.is_none() {
            return Ok(None);
        }
        self.n_tests = before;
        let mut order: Vec<usize> = (0..sides.neighbors.len()).collect();
        order.sort_by_key(|&at| sides.shared[at]);
        let mut subsets = Subsets::new(order.len(), self.depth);
        while let Some(places) = subsets.next() {
            let mut given: Vec<usize> = places
                .iter()
                .map(|&at| sides.neighbors[order[at]])
                .collect();
            given.sort_unstable();
            self.n_tests += 1;
            let p = self.search.p_value(self.x, self.y, &given)?;
            if self.search.bound.admits(p) {
                return Ok(Some(given));
            }
        }
        Ok(None)
    }

    fn all_of(&mut self, sides: &Sides<'_>) -> Result<Vec<Vec<usize>>, PcError> {
        let mut found = Vec::new();
        self.scan(sides, &mut |given| {
            found.push(given.to_vec());
            Next::Continue
        })?;
        Ok(found)
    }

    /// The union of all sets that separate, for each side.
    fn all_hits(&mut self) -> Result<Option<Separation>, PcError> {
        let first = Sides::new(self.adjacency, self.x, self.y);
        let from_x = self.all_of(&first)?;
        let second = first.second();
        let mut from_y = self.all_of(&second)?;
        if from_x.is_empty() && from_y.is_empty() {
            return Ok(None);
        }
        let mut p_value = 0.0f64;
        for given in from_x.iter().chain(&from_y) {
            p_value = p_value.max(self.search.p_value(self.x, self.y, given)?);
        }
        let is_of_y = |v: &usize| second.neighbors.binary_search(v).is_ok();
        let again = from_x.iter().filter(|given| given.iter().all(is_of_y));
        from_y.extend(again.cloned());
        Ok(Some(Separation {
            sets: self.listed(&from_x, &from_y, second.neighbors.len()),
            p_value,
            depth: self.depth,
            by: SeparatedBy::Test,
        }))
    }

    /// The unions in causal-learn's way: none for the first side unless it found a set itself; one
    /// for the second, found or not, unless that variable has fewer than depth - 1 neighbours.
    fn listed(
        &self,
        from_x: &[Vec<usize>],
        from_y: &[Vec<usize>],
        others_of_y: usize,
    ) -> Vec<Vec<usize>> {
        let mut sets = Vec::with_capacity(2);
        if !from_x.is_empty() {
            sets.push(union(from_x));
        }
        if others_of_y + 2 >= self.depth {
            sets.push(union(from_y));
        }
        sets
    }

    fn scan(
        &mut self,
        sides: &Sides<'_>,
        found: &mut dyn FnMut(&[usize]) -> Next,
    ) -> Result<(), PcError> {
        let sets = sides.sets(self.depth);
        let tested = self
            .search
            .scan(&sets, self.search.bound, &mut |given| Ok(found(given)));
        self.n_tests += tested?;
        Ok(())
    }
}

/// All members, ascending.
fn union(sets: &[Vec<usize>]) -> Vec<usize> {
    let mut members: Vec<usize> = sets.concat();
    members.sort_unstable();
    members.dedup();
    members
}
