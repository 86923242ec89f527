//! Random graphs and data with known answers, for testing what discovers them.

mod dag;

pub use dag::{DagModel, random_dag};

use thiserror::Error;

/// Why nothing could be drawn from a model.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// A number is outside what the model allows.
    #[error("{parameter} must be {expected}, found {found}")]
    Parameter {
        /// The parameter's name.
        parameter: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
}
