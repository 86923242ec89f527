//! Random graphs and data with known answers, for testing what discovers them.
//!
//! A truth is drawn in two steps, each seeded, so that the same arguments always give the same:
//!
//! 1. a graph, [`random_dag`], by one of three [`DagModel`]s;
//! 2. a model over it, [`LinearSem`], [`NonlinearSem`] or [`DiscreteNet`], whose `sample` gives data.
//!
//! What a search should find is known without data: [`DSeparation`](crate::DSeparation) answers every
//! question of independence, and [`cpdag_of_dag`](crate::graph::cpdag_of_dag) is what an exact search
//! over it returns. A linear model also knows its exact correlations, so that a test can be run on
//! the population itself, and its total effects. [`known_answers`] are small graphs with everything
//! written down, and [`RandomTest`] is a test without any truth, for what must hold even then.
//!
//! ```
//! use causal_pc::graph::cpdag_of_dag;
//! use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
//! use causal_pc::{Alpha, DSeparation, FisherZ, PcOptions, pc};
//!
//! let dag = random_dag(8, DagModel::ErdosRenyi { expected_degree: 2.0 }, 1)?;
//! let truth = cpdag_of_dag(&dag)?;
//! let options = PcOptions::new(Alpha::new(0.01)?);
//!
//! // By the oracle a search finds the truth.
//! let found = pc(&DSeparation::new(&dag)?, &options)?;
//! assert_eq!(found.graph, truth);
//!
//! // From samples it finds what they show.
//! let samples = LinearSem::random(&dag, LinearOptions::new(), 2)?.sample(2_000, 3);
//! let found = pc(&FisherZ::from_samples(samples.view())?, &options)?;
//! assert!(found.skeleton.n_edges() > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Property tests
//!
//! A property test draws many small truths and, when one fails, shrinks it to the smallest that
//! still does. With the feature `proptest` the module `strategies` has strategies whose values
//! shrink well: to fewer variables, fewer edges, fewer samples, and variables in causal order.
//! Without it, drawing seeds and asking this module does the rest, without shrinking.
//!
//! Properties worth testing of a search or a test of one's own:
//!
//! - by the oracle, the search returns `cpdag_of_dag` of the graph;
//! - a variable's place in the data makes no difference: relabel, search, and relabel back;
//! - whatever the test says ([`RandomTest`]), the graph has no directed cycle and can be extended
//!   ([`MixedGraph::is_extendable`]);
//! - the p-values of separated pairs are uniform over many samples, those of others pile up at 0.

mod dag;
mod discrete;
mod known;
mod linear;
mod nonlinear;
mod random_test;

pub use dag::{DagModel, random_dag};
pub use discrete::{DiscreteNet, DiscreteNetOptions};
pub use known::{KnownAnswer, known_answers};
pub use linear::{LinearOptions, LinearSem};
pub use nonlinear::{Curve, Influence, NonlinearOptions, NonlinearSem};
pub use random_test::RandomTest;

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
