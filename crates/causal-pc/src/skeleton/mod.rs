//! The search of the skeleton: which pairs are adjacent, and what separates the others.

mod adjacency;
mod original;
mod stable;

use crate::ci::{Bound, CiTest};
use crate::data::Variable;
use crate::discovery::PcError;
use crate::options::{Independent, PcOptions, SetSearch, SkeletonSearch, UndefinedP};
use crate::separating_sets::SeparatingSets;

pub(crate) use adjacency::Adjacency;

/// What the search of the skeleton hands on.
pub(crate) struct Skeleton {
    pub(crate) adjacency: Adjacency,
    pub(crate) separating_sets: SeparatingSets,
    pub(crate) n_tests_by_depth: Vec<u64>,
}

/// Searches the skeleton.
pub(crate) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    match search.options.skeleton {
        SkeletonSearch::Stable => stable::search(search),
        SkeletonSearch::Original => original::search(search),
    }
}

/// A test and how its answers are read.
pub(crate) struct Search<'a, T: ?Sized> {
    pub(crate) test: &'a T,
    pub(crate) options: &'a PcOptions,
    pub(crate) bound: Bound,
    /// Whether there is more than one thread to work on.
    parallel: bool,
}

impl<'a, T: CiTest + ?Sized> Search<'a, T> {
    pub(crate) fn new(test: &'a T, options: &'a PcOptions) -> Self {
        let alpha = options.alpha.value();
        let bound = match options.independent {
            Independent::Above => Bound::above(alpha),
            Independent::AtLeast => Bound::at_least(alpha),
        };
        Self {
            test,
            options,
            bound,
            parallel: options.threads != Some(1) && rayon::current_num_threads() > 1,
        }
    }

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    /// Whether there is a next depth to search after the graph has lost the edges of the last.
    fn goes_on(&self, depth: usize, adjacency: &Adjacency) -> bool {
        self.options.max_depth.is_none_or(|max| depth <= max) && adjacency.max_degree() > depth
    }

    /// How often a marginally independent pair lists the empty set: once for each side where all
    /// sets are tried.
    fn marginal_copies(&self) -> usize {
        match self.options.set_search {
            SetSearch::FirstHit => 1,
            SetSearch::All => 2,
        }
    }

    /// The p-value, if it is one.
    pub(crate) fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, PcError> {
        let p = self
            .test
            .p_value(x, y, given)
            .map_err(|e| self.failed(x, y, e))?;
        if (0.0..=1.0).contains(&p) {
            return Ok(p);
        }
        match self.options.undefined_p {
            UndefinedP::Dependent if p.is_nan() => Ok(0.0),
            UndefinedP::Independent if p.is_nan() => Ok(1.0),
            _ => Err(self.undefined(x, y, given, p)),
        }
    }

    pub(crate) fn failed(&self, x: usize, y: usize, error: T::Error) -> PcError {
        PcError::Test {
            x: self.variable(x),
            y: self.variable(y),
            source: Box::new(error),
        }
    }

    pub(crate) fn undefined(&self, x: usize, y: usize, given: &[usize], found: f64) -> PcError {
        PcError::UndefinedP {
            x: self.variable(x),
            y: self.variable(y),
            given: given.iter().map(|&v| self.variable(v)).collect(),
            found,
        }
    }

    fn variable(&self, index: usize) -> Variable {
        Variable::new(index, self.test.names())
    }
}
