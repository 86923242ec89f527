//! Causal graphs among the values of language models: questionnaires, causal discovery and steering effects behind one facade.

#[cfg(feature = "discovery")]
pub use causal_pc as discovery;
#[cfg(feature = "metrics")]
pub use digraph_metrics as metrics;
#[cfg(feature = "bench")]
pub use valuebench as bench;
pub use {ndarray, petgraph};
