//! Why a graph cannot be made.

use thiserror::Error;

use super::Edge;

/// Why a graph could not be made from what was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An edge names a variable that the graph does not have.
    #[error("edge {edge}: the graph has variables 0 to {}, n = {n_variables}", n_variables.saturating_sub(1))]
    UnknownVariable {
        /// The edge as given.
        edge: Edge,
        /// Variables in the graph.
        n_variables: usize,
    },
    /// An edge joins a variable to itself.
    #[error("edge {edge} joins variable {} to itself", edge.a)]
    SelfLoop {
        /// The edge as given.
        edge: Edge,
    },
    /// Two edges join the same pair.
    #[error(
        "edges {first} and {second} join the same pair; a graph holds at most one edge per pair"
    )]
    RepeatedPair {
        /// The edge met first.
        first: Edge,
        /// The edge met later.
        second: Edge,
    },
    /// The number of names is not the number of variables.
    #[error("{found} names for {expected} variables")]
    NameCount {
        /// Variables in the graph.
        expected: usize,
        /// Names given.
        found: usize,
    },
}
