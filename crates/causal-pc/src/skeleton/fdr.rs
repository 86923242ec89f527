//! The stable search with control of the false discovery rate.
//!
//! Each pair keeps the largest p-value met so far. At the end of each depth, Benjamini and
//! Hochberg's procedure over all tested pairs decides which of them count as dependent; the other
//! edges go. p-values only grow, so no edge that went would come back.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::stable::Sides;
use super::{Adjacency, Search, Skeleton};
use crate::ci::{Bound, CiTest, Next, SetScan};
use crate::error::PcError;
use crate::options::FdrControl;
use crate::progress::PcStage;
use crate::separating_sets::{SeparatedBy, Separation};

pub(super) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    let (mut skeleton, mut largest) = marginal(search)?;
    let n_pairs = skeleton.n_tests_by_depth[0];
    remove(search, n_pairs, &mut largest, &mut skeleton);
    let mut depth = 1;
    while search.goes_on(depth, &skeleton.adjacency) {
        let tested = level(search, depth, &skeleton.adjacency, &mut largest);
        let Some(n_tests) = search.in_time(tested)? else {
            skeleton.unfinished = Some(depth);
            break;
        };
        skeleton.n_tests_by_depth.push(n_tests);
        remove(search, n_pairs, &mut largest, &mut skeleton);
        depth += 1;
    }
    Ok(skeleton)
}

/// The largest p-value met for a pair, by its logarithm, and the set that has it.
pub(crate) struct Largest {
    pub(crate) log_p: f64,
    pub(crate) given: Vec<usize>,
}

type AllLargest = BTreeMap<(usize, usize), Largest>;

/// Depth 0: every pair that knowledge leaves open. No procedure spares a p-value above alpha, so
/// only the others are kept.
fn marginal<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<(Skeleton, AllLargest), PcError> {
    let skeleton = super::stable::marginal(search)?;
    let mut largest = BTreeMap::new();
    for (x, y) in skeleton.adjacency.pairs() {
        if search.is_open(x, y) {
            let log_p = search.log_p(x, y, &[])?;
            let given = Vec::new();
            largest.insert((x, y), Largest { log_p, given });
        }
    }
    Ok((skeleton, largest))
}

/// Raises the largest p-values by the sets of one depth; returns the number of tests.
fn level<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    depth: usize,
    adjacency: &Adjacency,
    largest: &mut AllLargest,
) -> Result<u64, PcError> {
    let steps = search
        .watch
        .stage(PcStage::Skeleton { depth }, largest.len());
    let raise = |(&(x, y), largest): (&(usize, usize), &mut Largest)| {
        let raised = raise(search, Sides::new(adjacency, x, y), depth, largest);
        steps.step().and(raised)
    };
    let mut all: Vec<_> = largest.iter_mut().collect();
    let tested: Vec<Result<u64, PcError>> = if search.runs_parallel(all.len() * depth) {
        all.into_par_iter().map(raise).collect()
    } else {
        all.drain(..).map(raise).collect()
    };
    tested.into_iter().sum()
}

/// The largest p-value over all sets of up to this size of either end's neighbours.
pub(crate) fn largest<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    (x, y): (usize, usize),
    max_depth: usize,
) -> Result<Largest, PcError> {
    let mut largest = Largest {
        log_p: search.log_p(x, y, &[])?,
        given: Vec::new(),
    };
    for depth in 1..=max_depth {
        raise(search, Sides::new(adjacency, x, y), depth, &mut largest)?;
    }
    Ok(largest)
}

fn raise<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    first: Sides<'_>,
    depth: usize,
    largest: &mut Largest,
) -> Result<u64, PcError> {
    let n_tests = raise_side(search, &first.sets(depth), largest)?;
    Ok(n_tests + raise_side(search, &first.second().sets(depth), largest)?)
}

fn raise_side<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    sets: &SetScan<'_>,
    largest: &mut Largest,
) -> Result<u64, PcError> {
    search.scan(sets, Bound::above_log(largest.log_p), &mut |given| {
        let log_p = search.log_p(sets.x, sets.y, given)?;
        if log_p > largest.log_p {
            largest.log_p = log_p;
            largest.given = given.to_vec();
            return Ok(Next::Raise);
        }
        Ok(Next::Continue)
    })
}

/// Removes the edges whose p-values the procedure does not reject.
fn remove<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    n_pairs: u64,
    largest: &mut AllLargest,
    skeleton: &mut Skeleton,
) {
    let cut = cut(search, n_pairs, largest);
    largest.retain(|&(x, y), found| {
        let stays = found.log_p <= cut;
        if !stays {
            let separation = Separation {
                depth: found.given.len(),
                sets: vec![std::mem::take(&mut found.given)],
                p_value: found.log_p.exp(),
                by: SeparatedBy::Test,
            };
            skeleton.separating_sets.insert(x, y, separation);
            skeleton.adjacency.remove(x, y);
        }
        stays
    });
}

/// The logarithm of the largest p-value that counts as dependence: the k-th smallest for the
/// largest k with `p <= k alpha / m`, m the number of pairs (times the harmonic sum under any
/// dependence).
fn cut<T: ?Sized>(search: &Search<'_, T>, n_pairs: u64, largest: &AllLargest) -> f64 {
    let mut log_ps: Vec<f64> = largest.values().map(|found| found.log_p).collect();
    log_ps.sort_by(f64::total_cmp);
    let m = n_pairs as f64;
    let factor = match search.options.fdr_control {
        FdrControl::EachTest | FdrControl::BenjaminiHochberg => m,
        FdrControl::BenjaminiYekutieli => m * (1..=n_pairs).map(|k| 1.0 / k as f64).sum::<f64>(),
    };
    let level = search.options.alpha.value().ln() - factor.ln();
    let mut last = f64::NEG_INFINITY;
    for (k, &log_p) in (1..).zip(&log_ps) {
        if log_p <= level + f64::from(k).ln() {
            last = log_p;
        }
    }
    last
}

impl<T: CiTest + ?Sized> Search<'_, T> {
    /// Whether the false discovery rate is controlled.
    pub(super) fn controls_fdr(&self) -> bool {
        self.options.fdr_control != FdrControl::EachTest
    }
}
