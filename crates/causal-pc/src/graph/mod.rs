//! Graphs with a mark at each end of every edge, and what is done with them.
//!
//! [`MixedGraph`] is what a search returns: directed, undirected and bidirected edges over named
//! variables.

mod mixed;

pub use mixed::{Edge, GraphError, Mark, MixedGraph};
