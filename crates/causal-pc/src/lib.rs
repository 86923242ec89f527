//! The PC algorithm for causal discovery: fast, exact, order-independent, over any test of conditional independence.

pub mod ci;
pub mod graph;
pub mod synthetic;

pub use ci::{CiTest, DSeparation};
pub use graph::{Edge, GraphError, Mark, MixedGraph};
