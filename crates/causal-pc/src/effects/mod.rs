//! Effects of interventions, from a graph and linear data.
//!
//! A graph found in data is often a class of DAGs, so an effect is often not one number but one for
//! each DAG. [`Ida`] lists them, for every pair of variables; [`joint_effects`] does so for several
//! variables set at the same time. Both need the graph and the covariance only, and read a total
//! effect off a regression on the cause and its parents.
//!
//! For one DAG, [`LinearModel`] is the whole linear structural equation model: what the variables
//! would be on average if some were set or shifted ([`LinearModel::expected_under`]), and what one
//! observed case would have been ([`LinearModel::counterfactual`]). [`Moments`] are the means and the
//! covariance that all of these start from.
//!
//! ```
//! use causal_pc::effects::{Action, Ida, LinearModel, Moments};
//! use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
//! use causal_pc::{Alpha, FisherZ, PcOptions, pc};
//!
//! let dag = random_dag(6, DagModel::ErdosRenyi { expected_degree: 2.0 }, 3)?;
//! let samples = LinearSem::random(&dag, LinearOptions::new(), 3)?.sample(2_000, 3);
//! let found = pc(&FisherZ::from_samples(samples.view())?, &PcOptions::new(Alpha::new(0.01)?))?;
//! let moments = Moments::from_samples(samples.view())?;
//!
//! // Over all DAGs of the class: by how much X1 changes when X0 is set one unit higher.
//! let effects = Ida::global(&found.graph, &moments.covariance)?;
//! let (low, high) = effects.bounds(0, 1);
//! assert!(low <= high);
//!
//! // In one DAG of the class: the first case, had X0 been 2.
//! let model = LinearModel::fit_moments(&found.graph.consistent_extension()?, &moments)?;
//! let case = model.counterfactual(samples.row(0), &[(0, Action::Set(2.0))])?;
//! assert_eq!(case[0], 2.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Assumptions
//!
//! Those of the search (no hidden common cause, no cycle), and linear influences; noise need not be
//! Gaussian. Where the graph is wrong, the numbers are wrong without a sign of it: bounds over the
//! class say what the graph leaves open, not how sure the graph is.
//!
//! # Literature
//!
//! M. Maathuis, M. Kalisch, P. Bühlmann: Estimating high-dimensional intervention effects from
//! observational data. Annals of Statistics 37, 2009 (IDA).
//! P. Nandy, M. Maathuis, T. Richardson: Estimating the effect of joint interventions from
//! observational data in sparse high-dimensional settings. Annals of Statistics 45, 2017.
//! J. Pearl: *Causality*, 2nd edition, 2009, section 7.1 (abduction, action, prediction).

mod adjust;
mod ida;
mod joint;
mod linear;
mod moments;
mod regression;

pub use adjust::{Adjustment, EffectError};
pub use ida::{Ida, PossibleEffect};
pub use joint::{JointEffect, joint_effects};
pub use linear::{Action, LinearModel, ModelError};
pub use moments::Moments;
