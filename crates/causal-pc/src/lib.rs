//! The PC algorithm for causal discovery: fast, exact, order-independent, over any test of conditional independence.

pub mod ci;
pub mod data;
mod discovery;
pub mod graph;
mod knowledge;
mod options;
mod orient;
mod pc;
mod separating_sets;
mod skeleton;
pub mod synthetic;

pub use ci::{Cached, ChiSquare, CiTest, DSeparation, FisherZ, GSquare, MixedTest};
pub use discovery::{Discovery, PcError};
pub use graph::{Edge, GraphError, Mark, MixedGraph};
pub use knowledge::Knowledge;
pub use ndarray;
pub use options::{
    Alpha, AlphaError, ColliderConflict, ColliderRule, Discoveries, Evidence, Independent,
    MeekRules, PcOptions, SetSearch, SkeletonSearch, UndefinedP, Validity,
};
pub use orient::Triple;
pub use pc::pc;
pub use separating_sets::{SeparatingSets, Separation};
