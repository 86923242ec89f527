//! The original search: an edge goes as soon as a set separates its ends.

use super::{Adjacency, Search, Skeleton};
use crate::ci::{CiTest, Next, SetScan};
use crate::error::PcError;
use crate::options::Manner;
use crate::progress::PcStage;
use crate::separating_sets::{SeparatedBy, SeparatingSets, Separation};

pub(super) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    let mut skeleton = start(search);
    let mut depth = 0;
    while depth == 0 || search.goes_on(depth, &skeleton.adjacency) {
        let Some(n_tests) = search.in_time(level(search, depth, &mut skeleton))? else {
            skeleton.unfinished = Some(depth);
            break;
        };
        skeleton.n_tests_by_depth.push(n_tests);
        depth += 1;
    }
    Ok(skeleton)
}

/// The complete graph, less what knowledge forbids.
fn start<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Skeleton {
    let n = search.n_variables();
    let knowledge = &search.options.knowledge;
    let mut separating_sets = SeparatingSets::new(n, search.marginal_copies());
    let row = |(a, p_values): (usize, &mut [f64])| {
        let mut later = Vec::with_capacity(p_values.len());
        for (b, slot) in (a + 1..).zip(p_values) {
            if !knowledge.is_empty() && knowledge.forbids_pair(a, b) {
                *slot = SeparatingSets::FORBIDDEN;
            } else {
                later.push(b);
            }
        }
        later
    };
    let later = separating_sets
        .marginal_rows()
        .into_iter()
        .enumerate()
        .map(row)
        .collect();
    Skeleton {
        adjacency: Adjacency::from_later(later),
        separating_sets,
        n_tests_by_depth: Vec::new(),
        unfinished: None,
    }
}

fn level<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    depth: usize,
    skeleton: &mut Skeleton,
) -> Result<u64, PcError> {
    let n = search.n_variables();
    let steps = search.watch.stage(PcStage::Skeleton { depth }, n);
    let mut n_tests = 0;
    // What each variable's sets were chosen from when its turn came.
    let mut tried: Vec<Vec<usize>> = Vec::with_capacity(n);
    for x in 0..n {
        // Frozen for x's turn, as in causal-learn: edges lost on the way still give members.
        let neighbors = skeleton.adjacency.neighbors(x).to_vec();
        for &y in neighbors.iter().filter(|&&y| search.is_open(x, y)) {
            let candidates: Vec<usize> = neighbors.iter().copied().filter(|&v| v != y).collect();
            let turn = Turn {
                search,
                x,
                y,
                depth,
                candidates,
                before: tried.get(y).map(Vec::as_slice),
            };
            let (found, tested) = turn.test()?;
            n_tests += tested;
            if let Some(given) = found {
                let separation = Separation {
                    p_value: search.p_value(x, y, &given)?,
                    sets: search.listed(given),
                    depth,
                    by: SeparatedBy::Test,
                };
                skeleton.separating_sets.insert(x, y, separation);
                skeleton.adjacency.remove(x, y);
            }
        }
        tried.push(neighbors);
        steps.step()?;
    }
    Ok(n_tests)
}

/// One ordered pair at one depth.
struct Turn<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    x: usize,
    y: usize,
    depth: usize,
    candidates: Vec<usize>,
    /// What the sets of the other side were chosen from, if its turn has been.
    before: Option<&'a [usize]>,
}

impl<T: CiTest + ?Sized> Turn<'_, T> {
    /// The first set that separates, and the number of tests.
    fn test(&self) -> Result<(Option<Vec<usize>>, u64), PcError> {
        let (x, y) = (self.x, self.y);
        if self.depth == 0 {
            if self.before.is_some() {
                return Ok((None, 0));
            }
            let p = self.search.p_value(x, y, &[])?;
            return Ok((self.search.bound.admits(p).then(Vec::new), 1));
        }
        let is_done = |v| {
            self.before
                .is_some_and(|before| before.binary_search(v).is_ok())
        };
        let done: Vec<bool> = self.candidates.iter().map(is_done).collect();
        let sets = SetScan {
            x,
            y,
            always: &[],
            candidates: &self.candidates,
            size: self.depth,
            done: &done,
        };
        let mut found = None;
        let tested = self.search.scan(&sets, self.search.bound, &mut |given| {
            found = Some(given.to_vec());
            Ok(Next::Stop)
        })?;
        Ok((found, tested))
    }
}

impl<T: CiTest + ?Sized> Search<'_, T> {
    /// The sets of a separated pair; causal-learn lists an empty one after that found.
    fn listed(&self, given: Vec<usize>) -> Vec<Vec<usize>> {
        match self.options.manner {
            Manner::CausalLearn => vec![given, Vec::new()],
            Manner::Own | Manner::Pcalg => vec![given],
        }
    }
}
