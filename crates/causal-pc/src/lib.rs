//! The PC algorithm for causal discovery: fast, exact, order-independent, over any test of conditional independence.

pub mod graph;

pub use graph::{Edge, GraphError, Mark, MixedGraph};
