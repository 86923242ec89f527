//! The search of the skeleton: which pairs are adjacent, and what separates the others.

mod adjacency;
mod fdr;
mod original;
mod stable;

use crate::ci::{Bound, CERTAIN, CiTest, Next, SetOutcome, SetScan};
use crate::data::Variable;
use crate::error::PcError;
use crate::options::{Independent, Manner, PcOptions, SetSearch, SkeletonSearch, UndefinedP};
use crate::progress::Watch;
use crate::separating_sets::SeparatingSets;

pub(crate) use adjacency::Adjacency;
pub(crate) use fdr::largest;

/// What the search of the skeleton hands on.
pub(crate) struct Skeleton {
    pub(crate) adjacency: Adjacency,
    pub(crate) separating_sets: SeparatingSets,
    pub(crate) n_tests_by_depth: Vec<u64>,
    /// The depth that the time limit ended.
    pub(crate) unfinished: Option<usize>,
}

/// Searches the skeleton.
pub(crate) fn search<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Result<Skeleton, PcError> {
    match search.options.skeleton {
        SkeletonSearch::Stable if search.controls_fdr() => fdr::search(search),
        SkeletonSearch::Stable => stable::search(search),
        SkeletonSearch::Original => original::search(search),
    }
}

/// A test and how its answers are read.
pub(crate) struct Search<'a, T: ?Sized> {
    pub(crate) test: &'a T,
    pub(crate) options: &'a PcOptions,
    pub(crate) bound: Bound,
    pub(crate) watch: Watch<'a>,
    /// Whether there is more than one thread to work on.
    parallel: bool,
}

/// What is done with a set that a scan reports.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&[usize]) -> Result<Next, PcError>;

impl<'a, T: CiTest + ?Sized> Search<'a, T> {
    pub(crate) fn new(test: &'a T, options: &'a PcOptions, watch: Watch<'a>) -> Self {
        let alpha = options.alpha.value();
        let bound = match options.independent {
            Independent::Above => Bound::above(alpha),
            Independent::AtLeast => Bound::at_least(alpha),
        };
        Self {
            test,
            options,
            bound,
            watch,
            parallel: options.threads != Some(1) && rayon::current_num_threads() > 1,
        }
    }

    /// What a depth came to, or none if time was up before it was finished.
    fn in_time<R>(&self, level: Result<R, PcError>) -> Result<Option<R>, PcError> {
        match level {
            Err(PcError::Cancelled) if self.watch.is_late() => Ok(None),
            finished => finished.map(Some),
        }
    }

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    /// Whether so many steps are worth several threads.
    pub(crate) fn runs_parallel(&self, n_steps: usize) -> bool {
        const WORTH_IT: usize = 256;
        self.parallel && n_steps >= WORTH_IT
    }

    /// Whether there is a next depth to search after the graph has lost the edges of the last.
    fn goes_on(&self, depth: usize, adjacency: &Adjacency) -> bool {
        self.options.max_depth.is_none_or(|max| depth <= max) && adjacency.max_degree() > depth
    }

    /// How often a marginally independent pair lists the empty set: once for each side where all
    /// sets are tried, and causal-learn lists it twice always.
    fn marginal_copies(&self) -> usize {
        let twice =
            self.options.set_search == SetSearch::All || self.options.manner == Manner::CausalLearn;
        1 + usize::from(twice)
    }

    /// Whether knowledge leaves the pair to the tests.
    pub(crate) fn is_open(&self, x: usize, y: usize) -> bool {
        let knowledge = &self.options.knowledge;
        knowledge.is_empty() || !(knowledge.requires_pair(x, y) || knowledge.forbids_pair(x, y))
    }

    /// The p-value, if it is one.
    pub(crate) fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, PcError> {
        let p = self
            .test
            .p_value(x, y, given)
            .map_err(|e| self.failed(x, y, e))?;
        if (0.0..=1.0 + CERTAIN).contains(&p) {
            return Ok(p.min(1.0));
        }
        self.instead(x, y, given, p)
    }

    /// The logarithm of the p-value, if it is one.
    pub(crate) fn log_p(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, PcError> {
        let log_p = self
            .test
            .log_p_value(x, y, given)
            .map_err(|e| self.failed(x, y, e))?;
        if log_p <= CERTAIN {
            return Ok(log_p.min(0.0));
        }
        Ok(self.instead(x, y, given, log_p.exp())?.ln())
    }

    /// Scans the sets; `visit` hears of those that count as independence. Returns the number of
    /// tests.
    ///
    /// With a time limit, many sets are scanned in parts, in the same order: by their first member,
    /// and so on.
    pub(crate) fn scan(
        &self,
        sets: &SetScan<'_>,
        bound: Bound,
        visit: Visit<'_>,
    ) -> Result<u64, PcError> {
        const MANY: f64 = 1e5;
        let many = || binomial(sets.candidates.len(), sets.size) > MANY;
        if sets.size == 0 || !self.watch.is_limited() || !many() {
            return self.scan_whole(sets, bound, visit);
        }
        let (mut n_tests, mut is_over) = (0, false);
        let mut always = sets.always.to_vec();
        for (at, &first) in sets.candidates.iter().enumerate() {
            self.watch.check()?;
            let place = always.partition_point(|&v| v < first);
            always.insert(place, first);
            // A set is left out if all its chosen members are marked.
            let is_marked = sets.done.get(at) == Some(&true);
            let part = SetScan {
                always: &always,
                candidates: &sets.candidates[at + 1..],
                size: sets.size - 1,
                done: if is_marked { &sets.done[at + 1..] } else { &[] },
                ..*sets
            };
            if part.candidates.len() >= part.size && !(is_marked && part.size == 0) {
                n_tests += self.scan(&part, bound, &mut |given| {
                    let next = visit(given)?;
                    is_over = matches!(next, Next::Stop);
                    Ok(next)
                })?;
            }
            always.remove(place);
            if is_over {
                break;
            }
        }
        Ok(n_tests)
    }

    fn scan_whole(
        &self,
        sets: &SetScan<'_>,
        bound: Bound,
        visit: Visit<'_>,
    ) -> Result<u64, PcError> {
        let mut refused = None;
        let mut report = |given: &[usize], verdict| {
            let next = match self.counts(sets, given, verdict) {
                Ok(true) => visit(given),
                Ok(false) => Ok(Next::Continue),
                Err(error) => Err(error),
            };
            next.unwrap_or_else(|error| {
                refused = Some(error);
                Next::Stop
            })
        };
        let tested = self.test.scan(sets, bound, &mut report);
        match refused {
            Some(error) => Err(error),
            None => tested.map_err(|error| self.failed(sets.x, sets.y, error)),
        }
    }

    /// Whether what a scan reported counts as independence.
    fn counts(
        &self,
        sets: &SetScan<'_>,
        given: &[usize],
        verdict: SetOutcome,
    ) -> Result<bool, PcError> {
        match verdict {
            SetOutcome::Independent => Ok(true),
            SetOutcome::Undefined => Ok(self.p_value(sets.x, sets.y, given)? == 1.0),
        }
    }

    /// What a test's answer counts as where it is no number between 0 and 1.
    fn instead(&self, x: usize, y: usize, given: &[usize], p: f64) -> Result<f64, PcError> {
        match self.options.undefined_p {
            UndefinedP::Dependent if p.is_nan() => Ok(0.0),
            UndefinedP::Independent if p.is_nan() => Ok(1.0),
            _ => Err(PcError::UndefinedP {
                x: self.variable(x),
                y: self.variable(y),
                given: given.iter().map(|&v| self.variable(v)).collect(),
                found: p,
            }),
        }
    }

    pub(crate) fn failed(&self, x: usize, y: usize, error: T::Error) -> PcError {
        PcError::of_test(self.test.names(), x, y, error)
    }

    fn variable(&self, index: usize) -> Variable {
        Variable::new(index, self.test.names())
    }
}

/// The number of subsets of a size.
pub(crate) fn binomial(n: usize, size: usize) -> f64 {
    (0..size)
        .map(|i| n.saturating_sub(i) as f64 / (i + 1) as f64)
        .product()
}
