//! Tests of conditional independence.
//!
//! [`CiTest`] is all that the search knows of data: how many variables there are, and the p-value
//! of "x is independent of y given S".

mod d_separation;
mod query;

pub use d_separation::DSeparation;
pub use query::QueryError;

/// A test of conditional independence over variables numbered from 0.
pub trait CiTest: Sync {
    /// What can go wrong in a test.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Number of variables; they are numbered from 0.
    fn n_variables(&self) -> usize;

    /// The p-value of "`x` is independent of `y` given `given`", between 0 and 1.
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
}
