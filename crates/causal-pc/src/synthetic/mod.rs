//! Random graphs and data with known answers, for testing what discovers them.

mod dag;
mod linear;

pub use dag::{DagModel, random_dag};
pub use linear::{LinearOptions, LinearSem};

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::graph::{MixedGraph, NotADag};

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
    /// A range is empty, negative, infinite or undefined.
    #[error(
        "{parameter} must range between two finite numbers of at least 0, found {low} to {high}"
    )]
    Range {
        /// The parameter's name.
        parameter: &'static str,
        /// Its lower bound as given.
        low: f64,
        /// Its upper bound as given.
        high: f64,
    },
    /// The graph of the model is not a DAG.
    #[error(transparent)]
    NotADag(#[from] NotADag),
}

impl SyntheticError {
    fn parameter(parameter: &'static str, expected: &'static str, found: f64) -> Self {
        Self::Parameter {
            parameter,
            expected,
            found,
        }
    }
}

fn checked_dag(dag: &MixedGraph) -> Result<Vec<usize>, SyntheticError> {
    Ok(dag.check_dag()?)
}

fn checked_range(
    parameter: &'static str,
    (low, high): (f64, f64),
) -> Result<RangeInclusive<f64>, SyntheticError> {
    if 0.0 <= low && low <= high && high.is_finite() {
        return Ok(low..=high);
    }
    Err(SyntheticError::Range {
        parameter,
        low,
        high,
    })
}
