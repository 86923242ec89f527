#![doc = include_str!("../README.md")]

pub mod ci;
mod clusters;
pub mod data;
pub mod decide;
mod discovery;
pub mod effects;
mod error;
mod explain;
pub mod graph;
mod knowledge;
mod options;
mod orient;
mod pc;
mod presets;
mod progress;
mod resample;
mod separating_sets;
mod skeleton;
#[cfg(feature = "proptest")]
pub mod strategies;
mod strength;
pub mod synthetic;
mod words;

pub use ci::{Cached, ChiSquare, CiTest, ClusterRobust, DSeparation, FisherZ, GSquare, MixedTest};
pub use clusters::{Clusters, ClustersError};
pub use discovery::Discovery;
pub use error::PcError;
pub use explain::{Arrow, Explanation, GivenUpFor, JudgedTriple, RemovedEdge};
pub use graph::{Edge, GraphError, Mark, MixedGraph};
pub use knowledge::{Knowledge, KnowledgeError};
pub use ndarray;
pub use options::{
    Alpha, AlphaError, ColliderConflict, ColliderRule, Evidence, FdrControl, Independent,
    MeekRules, PcOptions, RetestedSets, SetSearch, SkeletonSearch, Ties, UndefinedP, Validity,
};
pub use orient::{Reason, Triple, TripleFinding, TripleVerdict};
pub use pc::{pc, pc_with_progress};
pub use petgraph;
pub use presets::OptionsError;
pub use progress::{PcProgress, PcStage};
pub use resample::{
    Bootstrap, BootstrapError, BootstrapOptions, Draw, EdgeFrequency, EdgeNull, Failures,
    LeaveOneOut, NullError, NullOptions, PairNull, PairRuns, ResampleProgress, bootstrap,
    bootstrap_with_progress, edge_null, edge_null_with_progress,
};
pub use separating_sets::{SeparatedBy, SeparatingSets, Separation};
pub use strength::{EdgeStrength, edge_strengths};
