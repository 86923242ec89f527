//! Measures on directed graphs: reachability, transitive reduction, how well a graph predicts the
//! effects of interventions, and graph comparison.
//!
//! Everything works on [`petgraph::graph::DiGraph`] and [`ndarray`] matrices; nodes are matched by
//! index, and column `i` of a matrix belongs to node `i`. [`reachability`] gives the closure, from
//! which [`successors`], [`predecessors`], [`connected`] and [`unrelated`] nodes follow;
//! [`transitive_reduction`] and [`reduce_in_order`] leave out what the closure does not need.
//! [`changes_from_baseline`] turns measured values into a table of changes, [`ChangeRates`] counts
//! which nodes change together, and [`steering_effects`] holds a graph against these rates, with
//! [`gap_test`] to say whether it does better than chance. [`dyads`] tells whether an
//! intervention moves a node the same way on new data. [`compare`] and
//! [`structural_intervention_distance`] set two graphs side by side, and [`Export`] writes DOT,
//! GraphML and JSON.
//!
//! # Example
//! Does a graph predict which quantities change along when one is changed?
//! ```
//! use digraph_metrics::{
//!     ChangeRates, Expected, Export, Unexpected, changes_from_baseline, reduce_in_order,
//!     steering_effects, successors,
//! };
//! use ndarray::array;
//! use petgraph::graph::DiGraph;
//!
//! // rain → wet → slippery, a superfluous edge rain → slippery, and wind by itself
//! let mut graph = DiGraph::new();
//! let [rain, wet, slippery, _wind] =
//!     ["rain", "wet", "slippery", "wind"].map(|name| graph.add_node(name));
//! graph.extend_with_edges([(rain, slippery, ()), (rain, wet, ()), (wet, slippery, ())]);
//!
//! let reduced = reduce_in_order(&graph);
//! assert_eq!(reduced.edge_count(), 2);
//! assert_eq!(successors(&reduced, rain), [wet, slippery]);
//!
//! // four interventions against a baseline, columns in the order of the nodes
//! let baseline = array![0.0, 0.0, 0.0, 3.0];
//! let values = array![
//!     [9.0, 1.0, 1.0, 3.0],
//!     [4.0, 1.0, 0.0, 5.0],
//!     [0.0, 1.0, 1.0, 3.0],
//!     [0.0, 0.0, 0.0, 8.0],
//! ];
//! let changes = changes_from_baseline(values.view(), baseline.view())?;
//! let rates = ChangeRates::from_changes(changes.view());
//! assert_eq!(rates.rate(slippery.index(), rain.index()), Some(0.5));
//!
//! let effects =
//!     steering_effects(&reduced, &rates, Expected::Successors, Unexpected::NonSuccessors)?;
//! assert_eq!(effects.nodes[rain.index()].expected, Some(0.75));
//! assert_eq!(effects.nodes[rain.index()].unexpected, Some(0.5));
//! assert!(effects.gap() > Some(0.0));
//!
//! println!("{}", Export::new(&reduced).to_dot());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which functions for which question
//! | Question | Function |
//! |---|---|
//! | What does this node reach, directly or not? | [`successors`], [`reachability`] |
//! | Which edges say nothing new? Without cycles: | [`transitive_reduction`] |
//! | With cycles, by the order of the edges: | [`reduce_in_order`] |
//! | How often does v' change when v does? | [`ChangeRates::rate`] |
//! | Do the graph's successors change more than the rest? | [`steering_effects`] |
//! | ... more than under mixed-up names? | [`relabelling_test`] |
//! | ... more than graphs of the same degrees, over many baselines? | [`gap_test`] |
//! | Does a score of pairs, whatever it is, predict what changes along? | [`predictive_accuracy`] |
//! | Does an intervention do in test what it did in training? | [`dyads`] |
//! | How many edges are wrong? | [`compare`] |
//! | How many causal effects would be wrong? | [`structural_intervention_distance`] |
//! | What do other tools read? | [`Export`] |
//!
//! # A map of the files
//! | File | Holds |
//! |---|---|
//! | `reachability.rs`, `reduction.rs` | what reaches what, and which edges that takes |
//! | `change_rates.rs` | how often nodes change together |
//! | `steering.rs`, `expectations.rs` | a graph's expectations held against these rates |
//! | `gap_test.rs`, `rewiring.rs` | the same for graphs drawn by chance |
//! | `predict.rs` | any score of pairs held against these rates |
//! | `dyads.rs` | whether an intervention does in test what it did in training |
//! | `compare.rs`, `sid.rs` | two graphs side by side |
//! | `export.rs` | DOT, GraphML, JSON |
//! | `adjacency.rs`, `numbers.rs` | inside: the search for paths; mean, share, ranks, correlation |
//!
//! # Undirected edges
//! `DiGraph` has none. Where a graph comes from causal discovery, an undirected edge stands as both
//! directions, `a → b` and `b → a`. [`compare`] reads it so; for reachability it is a cycle of two
//! nodes, which is why [`reduce_in_order`] accepts cycles.
//!
//! # Sources
//! Reduction in order, change rates, steering effects and dyads are those of *Are the Values of
//! LLMs Structurally Aligned with Humans? A Causal Perspective* (Kang et al., 2025), "the paper" in
//! this documentation; where its released code differs from its text, each item says what is
//! computed. The literature for the rest is named at each function.
//!
//! # Who should use something else
//! * For paths, flows, matchings and isomorphism: petgraph itself.
//! * To find a causal graph in data: a causal-discovery library; this crate takes the graph it
//!   finds.
//! * For graphs beyond some tens of thousands of nodes: the closure is a full bit matrix here.

mod adjacency;
mod change_rates;
mod compare;
mod dyads;
mod expectations;
mod export;
mod gap_test;
mod numbers;
mod predict;
mod reachability;
mod reduction;
mod rewiring;
mod sid;
mod steering;

pub use change_rates::{ChangeRates, ChangesError, changes_from_baseline};
pub use compare::{CompareError, Comparison, Overlap, compare};
pub use dyads::{DirectionCounts, DyadError, Dyads, NoiseRule, dyads};
pub use expectations::{Expectations, MeanEffects};
pub use export::{Export, ExportError};
pub use gap_test::{GapTest, Null, gap_test, relabelling_test};
pub use predict::{PredictiveAccuracy, predictive_accuracy};
pub use reachability::{
    Reachability, connected, predecessors, reachability, successors, unrelated,
};
pub use reduction::{ReductionError, reduce_in_order, transitive_reduction};
pub use sid::structural_intervention_distance;
pub use steering::{
    Expected, NodeEffects, SteeringEffects, SteeringError, Summary, Unexpected, steering_effects,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
