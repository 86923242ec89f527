//! What p-values say of an unshielded triple.

use crate::ci::{Bound, CiTest, Next, SetScan};
use crate::error::PcError;
use crate::skeleton::{Adjacency, Search};

use super::reason::Triple;

/// The largest p-value over some sets, and the set that has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Largest {
    /// Its natural logarithm; minus infinity if every p-value is zero.
    pub(crate) log_p: f64,
    /// The first set that has it; none if every p-value is zero.
    pub(crate) given: Option<Vec<usize>>,
    /// Whether any set was tested.
    is_tried: bool,
}

impl Largest {
    const NONE: Self = Self {
        log_p: f64::NEG_INFINITY,
        given: None,
        is_tried: false,
    };
}

/// Whether sets contain the triple's middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    With,
    Without,
}

/// The subsets of x's neighbours and of z's, and the largest p-values met among them so far.
pub(crate) struct TripleSets<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    triple: Triple,
    /// Neighbours of x and of z, less the middle.
    sides: [Vec<usize>; 2],
    /// Whether each neighbour of z is one of x too.
    shared: Vec<bool>,
    pub(crate) with: Largest,
    pub(crate) without: Largest,
    pub(crate) n_tests: u64,
}

impl<'a, T: CiTest + ?Sized> TripleSets<'a, T> {
    pub(crate) fn new(search: &'a Search<'a, T>, adjacency: &Adjacency, triple: Triple) -> Self {
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
            with: Largest::NONE,
            without: Largest::NONE,
            n_tests: 0,
        }
    }

    /// Size of the largest set.
    pub(crate) fn longest(&self) -> usize {
        self.sides[0].len().max(self.sides[1].len()) + 1
    }

    /// Looks for larger p-values among the sets of this size, with or without the middle.
    pub(crate) fn raise(&mut self, middle: Middle, size: usize) -> Result<(), PcError> {
        let Triple { x, y, z } = self.triple;
        let search = self.search;
        let (always, best): (&[usize], _) = match middle {
            Middle::With => (&[y], &mut self.with),
            Middle::Without => (&[], &mut self.without),
        };
        let Some(size) = size.checked_sub(always.len()) else {
            return Ok(());
        };
        for (candidates, done) in [(&self.sides[0], &[][..]), (&self.sides[1], &self.shared)] {
            if size == 0 && best.is_tried {
                continue;
            }
            best.is_tried = true;
            let sets = SetScan {
                x,
                y: z,
                always,
                candidates,
                size,
                done,
            };
            let bound = Bound::above_log(best.log_p);
            self.n_tests += search.scan(&sets, bound, &mut |given| {
                let log_p = search.log_p(x, z, given)?;
                if log_p > best.log_p {
                    best.log_p = log_p;
                    best.given = Some(given.to_vec());
                    return Ok(Next::Raise);
                }
                Ok(Next::Continue)
            })?;
        }
        Ok(())
    }
}
