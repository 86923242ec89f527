//! Graphs with a mark at each end of every edge, and what is done with them.
//!
//! [`MixedGraph`] is what a search returns: directed, undirected and bidirected edges over named
//! variables. [`cpdag_of_dag`] gives the class a DAG belongs to.

mod convert;
mod cpdag;
mod mixed;
mod order;

pub use convert::UndirectedEdges;
pub use cpdag::cpdag_of_dag;
pub use mixed::{Edge, GraphError, Mark, MixedGraph};
pub use order::NotADag;
