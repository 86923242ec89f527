#![doc = include_str!("../README.md")]

pub mod ci;
pub mod data;
mod discovery;
pub mod effects;
mod explain;
pub mod graph;
mod knowledge;
mod options;
mod orient;
mod pc;
mod progress;
mod resample;
mod separating_sets;
mod skeleton;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod synthetic;

pub use ci::{Cached, ChiSquare, CiTest, DSeparation, FisherZ, GSquare, MixedTest};
pub use discovery::{Discovery, PcError};
pub use explain::{Arrow, Explanation, JudgedTriple, RemovedEdge};
pub use graph::{Edge, GraphError, Mark, MixedGraph};
pub use knowledge::{Knowledge, KnowledgeError};
pub use ndarray;
pub use options::{
    Alpha, AlphaError, ColliderConflict, ColliderRule, Discoveries, Evidence, Independent,
    MeekRules, PcOptions, RetestedSets, SetSearch, SkeletonSearch, UndefinedP, Validity,
};
pub use orient::{Reason, Triple, TripleFinding, Verdict};
pub use pc::{pc, pc_with_progress};
pub use progress::{Progress, Stage};
pub use resample::{
    Bootstrap, BootstrapError, BootstrapOptions, BootstrapProgress, Draw, EdgeFrequency, Failures,
    bootstrap, bootstrap_with_progress,
};
pub use separating_sets::{SeparatedBy, SeparatingSets, Separation};
