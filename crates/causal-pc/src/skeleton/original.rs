//! The original search: an edge goes as soon as a set separates its ends.

use super::{Adjacency, Search, Skeleton};
use crate::ci::{CiTest, Next, SetScan, Verdict};
use crate::discovery::PcError;
use crate::options::Manner;
use crate::separating_sets::{SeparatingSets, Separation};

pub(super) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    let n = search.n_variables();
    let complete = (0..n).map(|a| (a + 1..n).collect()).collect();
    let mut skeleton = Skeleton {
        adjacency: Adjacency::from_later(complete),
        separating_sets: SeparatingSets::new(n, 1),
        n_tests_by_depth: Vec::new(),
    };
    let mut depth = 0;
    while depth == 0 || search.goes_on(depth, &skeleton.adjacency) {
        let n_tests = level(search, depth, &mut skeleton)?;
        skeleton.n_tests_by_depth.push(n_tests);
        depth += 1;
    }
    Ok(skeleton)
}

fn level<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    depth: usize,
    skeleton: &mut Skeleton,
) -> Result<u64, PcError> {
    let n = search.n_variables();
    let mut n_tests = 0;
    // What each variable's sets were chosen from when its turn came.
    let mut tried: Vec<Vec<usize>> = Vec::with_capacity(n);
    for x in 0..n {
        // Frozen for x's turn, as in causal-learn: edges lost on the way still give members.
        let neighbors = skeleton.adjacency.neighbors(x).to_vec();
        for &y in &neighbors {
            let candidates: Vec<usize> = neighbors.iter().copied().filter(|&v| v != y).collect();
            let before: &[usize] = tried.get(y).map_or(&[], Vec::as_slice);
            let turn = Turn {
                search,
                x,
                y,
                depth,
                candidates,
                before: (y < x).then_some(before),
            };
            let (found, tested) = turn.test()?;
            n_tests += tested;
            if let Some(given) = found {
                let separation = Separation {
                    p_value: search.p_value(x, y, &given)?,
                    sets: search.listed(given),
                    depth,
                };
                skeleton.separating_sets.insert(x, y, separation);
                skeleton.adjacency.remove(x, y);
            }
        }
        tried.push(neighbors);
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
        let done: Vec<bool> = match self.before {
            None => Vec::new(),
            Some(before) => {
                let is_done = |v| before.binary_search(v).is_ok();
                self.candidates.iter().map(is_done).collect()
            }
        };
        self.scan(&done)
    }

    fn scan(&self, done: &[bool]) -> Result<(Option<Vec<usize>>, u64), PcError> {
        let (search, x, y) = (self.search, self.x, self.y);
        let sets = SetScan {
            x,
            y,
            always: &[],
            candidates: &self.candidates,
            size: self.depth,
            done,
        };
        let (mut found, mut refused) = (None, None);
        let mut visit = |given: &[usize], verdict| {
            let independent = match verdict {
                Verdict::Independent => Ok(true),
                Verdict::Undefined => search.undefined_verdict(x, y, given),
            };
            match independent {
                Ok(false) => return Next::Continue,
                Ok(true) => found = Some(given.to_vec()),
                Err(error) => refused = Some(error),
            }
            Next::Stop
        };
        let tested = search.test.scan(&sets, search.bound, &mut visit);
        match refused {
            Some(error) => Err(error),
            None => Ok((found, tested.map_err(|error| search.failed(x, y, error))?)),
        }
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
