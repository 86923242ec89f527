//! Causal graphs among the values of language models: questionnaires, causal discovery and steering
//! effects behind one facade.
//!
//! The facade has nothing of its own but a guide and a pair of small tables. It re-exports one crate
//! per feature, `bench` (valuebench), `discovery` (causal-pc), `metrics` (digraph-metrics) and
//! `psychometrics`, all on by default, together with `ndarray` and `petgraph` in the versions that these crates speak. The
//! features `chat` and `journal` add to `bench` what asks models behind OpenAI-compatible servers and
//! what keeps the raw answers of a study. The feature `lens` (tch-lens: models, hook points, steering)
//! is off by default, since it needs libtorch: a package with programs or tests over it has the few
//! lines of `build.rs` that the first page of tch-lens shows, with `DEP_VALUE_CAUSAL_LINK_ARGS`. The feature
//! `hub` adds that models and autoencoders opened by name are fetched. An
//! `OrientationTable` hands its matrix to `FisherZ`, `pc` turns that into a `MixedGraph`, its
//! `to_digraph` goes to `reduce_in_order` and `steering_effects`.
#![cfg_attr(
    all(feature = "bench", feature = "discovery", feature = "metrics"),
    doc = include_str!("guide.md")
)]

#[cfg(feature = "discovery")]
pub use causal_pc as discovery;
#[cfg(feature = "metrics")]
pub use digraph_metrics as metrics;
#[cfg(feature = "psychometrics")]
pub use psychometrics;
#[cfg(feature = "lens")]
pub use tch_lens as lens;
#[cfg(feature = "bench")]
pub use valuebench as bench;
pub use {ndarray, petgraph};

pub mod sample;

#[cfg(all(doctest, feature = "bench", feature = "discovery", feature = "metrics"))]
#[doc = include_str!("../README.md")]
struct Readme;
