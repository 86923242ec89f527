//! How far the conclusions of a study hold when its choices are made otherwise.
//!
//! The study's own analysis rests on one set of features, one baseline, one level and one graph.
//! [`Audit::compute`] makes all these choices in other ways too, holds the gap between expected and
//! unexpected effects against chance, and says how sure the edges are. Each part is a module with
//! one record that serialises; all together are `audit.json`. `docs/audit.md` of the repository
//! says how to read them.
//!
//! What is read, and what is asked of it:
//!
//! | file | holds |
//! |---|---|
//! | `own` | the measurements of a study of one's own, from its folder or its journal |
//! | `settings` | seed, sizes, and the levels that are tried |
//! | `cost` | how long it will take, before it starts |
//! | `waiting` | what it is at |
//! | `search` | the graph that PC finds in some of the rows |
//! | `comparisons` | what changed against a baseline, by role prompts and by features |
//! | `resampled` | the same, of test rows that are drawn again |
//!
//! The parts of `audit.json`, each of which knows those above and, where it says so, another part:
//!
//! | file | answers |
//! |---|---|
//! | `baselines` | does it depend on the baseline? |
//! | `moved` | what does the graph let one expect, and what moved? |
//! | `multiverse` | does it depend on the choices? |
//! | `null_tests` | is the gap more than chance? |
//! | `edge_confidence` | how sure are edges and rates? |
//! | `rivals` | do simpler scores predict as well? (takes the graphs of `edge_confidence`) |
//! | `effects` | do the effects of the graph predict held-out steering? |
//! | `planner` | what to steer each value with? |
//! | `whole` | all of them in one record |
//!
//! What becomes of them: `folder` where they may lie, `write` the files, `report` the page, `curve_figure` the specification curves of both; `words`
//! is what several files need.

pub mod baselines;
pub mod comparisons;
pub mod cost;
mod curve_figure;
pub mod edge_confidence;
pub mod effects;
pub mod folder;
pub mod manifest;
pub mod moved;
pub mod multiverse;
pub mod null_tests;
pub mod own;
pub mod planner;
pub mod report;
pub mod resampled;
pub mod rivals;
pub mod search;
mod settings;
mod waiting;
mod whole;
mod words;
mod write;

pub use settings::{SetKind, Settings};
pub use waiting::Waiting;
pub use whole::Audit;
pub use write::write;
