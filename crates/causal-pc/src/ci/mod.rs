//! Tests of conditional independence.
//!
//! [`CiTest`] is all that the search knows of data: how many variables there are, and the p-value
//! of "x is independent of y given S". A test of one's own needs only these two answers:
//!
//! ```
//! use causal_pc::{Alpha, PcOptions, ci::CiTest, pc};
//! use std::convert::Infallible;
//!
//! /// Knows that 0 and 1 meet only through 2.
//! struct Chain;
//!
//! impl CiTest for Chain {
//!     type Error = Infallible;
//!     fn n_variables(&self) -> usize {
//!         3
//!     }
//!     fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Infallible> {
//!         Ok(if x.min(y) == 0 && x.max(y) == 1 && given == [2] { 1.0 } else { 0.0 })
//!     }
//! }
//!
//! let found = pc(&Chain, &PcOptions::new(Alpha::new(0.05)?))?;
//! assert_eq!(found.graph.to_string(), "X0 -- X2\nX1 -- X2\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bound;
mod cached;
mod chi_squared;
mod cluster_robust;
mod d_separation;
mod discrete;
mod f_distribution;
mod fisher_z;
mod forward;
#[cfg(feature = "lapack")]
mod kci;
mod mixed;
mod normal;
mod query;
mod scan;

pub use bound::Bound;
pub use cached::Cached;
pub use cluster_robust::{ClusterRobust, ClusterRobustError, ClusterRobustOptions};
pub use d_separation::DSeparation;
pub use discrete::{
    ChiSquare, DegreesOfFreedom, DiscreteError, DiscreteOptions, DiscreteResult, GSquare, Level,
    MinimumCount,
};
pub use fisher_z::{Correlation, FisherZ, FisherZError, FisherZOptions, Singular, TooFew};
pub use forward::{DynCiTest, TestError, boxed};
#[cfg(feature = "lapack")]
pub use kci::{Kci, KciError, KciOptions, KernelWidth};
pub use mixed::{MixedError, MixedOptions, MixedTest, VariableKind};
pub use query::QueryError;
pub(crate) use scan::{CERTAIN, Subsets};
pub use scan::{Next, SetOutcome, SetScan};

/// A test of conditional independence over variables numbered from 0.
///
/// The search calls a test from several threads at once, hence [`Sync`]. It never asks about
/// `x == y`, nor about a set that contains `x` or `y` or repeats a member; sets come in ascending
/// order. The answer must be the same whenever the same question is asked, and whichever of `x`
/// and `y` is named first.
///
/// Only [`n_variables`](Self::n_variables) and [`p_value`](Self::p_value) must be written. The
/// other methods have defaults, which a test overrides to be quicker or more precise.
pub trait CiTest: Sync {
    /// What can go wrong in a test.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Number of variables; they are numbered from 0.
    fn n_variables(&self) -> usize;

    /// The p-value of "`x` is independent of `y` given `given`", between 0 and 1.
    ///
    /// A test that cannot say may return NaN; what the search makes of it is
    /// [`UndefinedP`](crate::UndefinedP).
    ///
    /// # Errors
    ///
    /// Whatever keeps the test from answering. The search stops and passes it on.
    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error>;

    /// The natural logarithm of the p-value, for comparing values too small for `f64`.
    ///
    /// The default takes the logarithm of [`p_value`](Self::p_value).
    ///
    /// # Errors
    ///
    /// As [`p_value`](Self::p_value).
    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        Ok(self.p_value(x, y, given)?.ln())
    }

    /// How strongly the pair hangs together given the set, in the test's own measure: the partial
    /// correlation of Fisher's z and of the test for clustered rows.
    ///
    /// The default knows none.
    ///
    /// # Errors
    ///
    /// As [`p_value`](Self::p_value).
    fn association(&self, x: usize, y: usize, given: &[usize]) -> Result<Option<f64>, Self::Error> {
        let _ = (x, y, given);
        Ok(None)
    }

    /// The variables' names, if the test knows them; they then name the graph's variables.
    fn names(&self) -> Option<&[String]> {
        None
    }

    /// Tests one pair against many conditioning sets, and reports those whose p-value passes.
    ///
    /// The sets are those of [`SetScan`], in its order. `visit` hears of each set whose p-value
    /// `bound` admits ([`SetOutcome::Independent`]) and of each whose p-value is not a number between
    /// 0 and 1 ([`SetOutcome::Undefined`]), and says how to go on. Returns the number of sets
    /// tested.
    ///
    /// The default asks [`p_value`](Self::p_value) one set at a time. A test that can share work
    /// among the sets overrides it, with the same answers.
    ///
    /// # Errors
    ///
    /// As [`p_value`](Self::p_value).
    fn scan(
        &self,
        sets: &SetScan<'_>,
        bound: Bound,
        visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
    ) -> Result<u64, Self::Error> {
        scan::one_by_one(self, sets, bound, visit)
    }
}
