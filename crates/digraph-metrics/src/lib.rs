//! Measures on directed graphs: reachability, transitive reduction, how well a graph foretells the effects of interventions, and graph comparison.

// Array views are passed by value, as is the custom with ndarray.
#![allow(clippy::needless_pass_by_value)]

mod change_rates;
mod compare;
mod dyads;
mod export;
mod reachability;
mod reduction;
mod sid;
mod steering;

pub use change_rates::{ChangeRates, ChangesError, changes_from_baseline};
pub use compare::{Agreement, CompareError, Comparison, compare};
pub use dyads::{Directions, DyadError, Dyads, NoiseRule, dyads};
pub use export::{Export, ExportError};
pub use reachability::{
    Reachability, connected, predecessors, reachability, successors, unrelated,
};
pub use reduction::{ReductionError, reduce_in_order, transitive_reduction};
pub use sid::structural_intervention_distance;
pub use steering::{
    Expected, NodeEffects, SteeringEffects, SteeringError, Summary, Unexpected, steering_effects,
};
