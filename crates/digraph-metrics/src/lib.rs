//! Measures on directed graphs: reachability, transitive reduction, how well a graph foretells the effects of interventions, and graph comparison.

// Array views are passed by value, as is the custom with ndarray.
#![allow(clippy::needless_pass_by_value)]

mod change_rates;
mod dyads;
mod reachability;
mod reduction;
mod steering;

pub use change_rates::{ChangeRates, ChangesError, changes_from_baseline};
pub use dyads::{Directions, DyadError, Dyads, NoiseRule, dyads};
pub use reachability::{
    Reachability, connected, predecessors, reachability, successors, unrelated,
};
pub use reduction::{ReductionError, reduce_in_order, transitive_reduction};
pub use steering::{
    Expected, NodeEffects, SteeringEffects, SteeringError, Summary, Unexpected, steering_effects,
};
