//! What p-values say of an unshielded triple.

use crate::ci::{Bound, CiTest, Next, SetScan, Verdict};
use crate::discovery::PcError;
use crate::options::UndefinedP;
use crate::skeleton::{Adjacency, Search};

use super::Triple;

/// The largest p-value over some sets, and the set that has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Largest {
    /// Its natural logarithm; minus infinity if every p-value is zero.
    pub(crate) log_p: f64,
    /// The first set that has it; none if every p-value is zero.
    pub(crate) given: Option<Vec<usize>>,
}

/// Whether sets contain the triple's middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    With,
    Without,
}

/// The subsets of x's neighbours and of z's, up to a size.
pub(crate) struct TripleSets<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    triple: Triple,
    /// Neighbours of x and of z, less the middle.
    sides: [Vec<usize>; 2],
    /// Whether each neighbour of z is one of x too.
    shared: Vec<bool>,
    max_size: usize,
    pub(crate) n_tests: u64,
}

impl<'a, T: CiTest + ?Sized> TripleSets<'a, T> {
    pub(crate) fn new(
        search: &'a Search<'a, T>,
        adjacency: &Adjacency,
        triple: Triple,
        max_size: usize,
    ) -> Self {
        let side = |v: usize| -> Vec<usize> {
            let neighbors = adjacency.neighbors(v).iter().copied();
            neighbors.filter(|&w| w != triple.y).collect()
        };
        let sides = [side(triple.x), side(triple.z)];
        let is_shared = |&v: &usize| adjacency.contains(triple.x, v);
        Self {
            search,
            triple,
            shared: sides[1].iter().map(is_shared).collect(),
            sides,
            max_size,
            n_tests: 0,
        }
    }

    /// The largest p-value over the sets with, or without, the middle.
    pub(crate) fn largest(&mut self, middle: Middle) -> Result<Largest, PcError> {
        let mut best = Largest {
            log_p: f64::NEG_INFINITY,
            given: None,
        };
        let with = usize::from(middle == Middle::With);
        let longest = self.sides[0].len().max(self.sides[1].len());
        for size in 0..=longest.min(self.max_size.saturating_sub(with)) {
            for side in 0..2 {
                self.raise(middle, side, size, &mut best)?;
            }
        }
        Ok(best)
    }

    /// Looks for larger p-values among the sets of one size on one side.
    fn raise(
        &mut self,
        middle: Middle,
        side: usize,
        size: usize,
        best: &mut Largest,
    ) -> Result<(), PcError> {
        let Triple { x, y, z } = self.triple;
        let search = self.search;
        if side == 1 && size == 0 {
            return Ok(());
        }
        let sets = SetScan {
            x,
            y: z,
            always: if middle == Middle::With { &[y] } else { &[] },
            candidates: &self.sides[side],
            size,
            done: if side == 0 { &[] } else { &self.shared },
        };
        let bound = Bound::above_log(best.log_p);
        let mut refused = None;
        let mut visit = |given: &[usize], verdict| match search.log_p(x, z, given, verdict) {
            Err(error) => {
                refused = Some(error);
                Next::Stop
            }
            Ok(log_p) if log_p > best.log_p => {
                best.log_p = log_p;
                best.given = Some(given.to_vec());
                if verdict == Verdict::Independent {
                    Next::Raise
                } else {
                    Next::Continue
                }
            }
            Ok(_) => Next::Continue,
        };
        let tested = search.test.scan(&sets, bound, &mut visit);
        if let Some(error) = refused {
            return Err(error);
        }
        self.n_tests += tested.map_err(|error| search.failed(x, z, error))?;
        Ok(())
    }
}

impl<T: CiTest + ?Sized> Search<'_, T> {
    /// The logarithm of a p-value that a scan reported.
    fn log_p(&self, x: usize, y: usize, given: &[usize], verdict: Verdict) -> Result<f64, PcError> {
        let log_p = self
            .test
            .log_p_value(x, y, given)
            .map_err(|e| self.failed(x, y, e))?;
        match (verdict, self.options.undefined_p) {
            (Verdict::Independent, _) => Ok(log_p),
            (_, UndefinedP::Dependent) if log_p.is_nan() => Ok(f64::NEG_INFINITY),
            (_, UndefinedP::Independent) if log_p.is_nan() => Ok(0.0),
            _ => Err(self.undefined(x, y, given, log_p.exp())),
        }
    }
}
