//! Graphs with a mark at each end of every edge, and what is done with them.
//!
//! [`MixedGraph`] is what a search returns: directed, undirected and bidirected edges over named
//! variables. Of the graphs it can be, two have a theory of their own:
//!
//! - A DAG ([`MixedGraph::is_dag`]); [`cpdag_of_dag`] gives the class of DAGs that imply the same
//!   independences.
//! - A CPDAG ([`MixedGraph::is_cpdag`]), such a class; so also a CPDAG in which background knowledge
//!   has directed more. [`MixedGraph::consistent_extension`] gives one DAG of the class,
//!   [`MixedGraph::class_dags`] all of them, [`MixedGraph::class_size`] their number, and
//!   [`MixedGraph::adjustments`] the ways to find an effect.
//!
//! A graph goes on as petgraph graph ([`MixedGraph::to_digraph`]), matrix
//! ([`MixedGraph::mark_matrix`]), DOT text ([`MixedGraph::to_dot`]), or serde data.

mod class;
mod convert;
mod count;
mod cpdag;
mod edge;
mod error;
mod extension;
mod meek;
mod mixed;
mod order;

pub use class::ClassDags;
pub use convert::UndirectedEdges;
pub use cpdag::cpdag_of_dag;
pub use edge::{Edge, Mark};
pub use error::GraphError;
pub use extension::NotExtendable;
pub use mixed::MixedGraph;
pub use num_bigint::BigUint;
pub use order::NotADag;
