//! Value Portrait: how much a model likes responses whose raters' values are known.
//!
//! An item is a response to a query; people rated how much it is like themselves, and the
//! correlation of their ratings with their own values says which values the response stands for. A
//! model rates all items under six prompts, and its orientation towards a value is the mean rating
//! of the items that stand for it, less the mean of all items that stand for any.
//!
//! | File | Holds |
//! |---|---|
//! | `data.rs` | queries, responses, correlations, and their JSON format |
//! | `prompt.rs` | the six variants of the prompt, from the published template files |
//! | `score.rs` | ratings of one model, or other numbers, to scores of values |
//! | `sensitivity.rs` | how much ratings depend on wording and on the order of the options |
//!
//! Han et al., *Value Portrait: Assessing Language Models' Values through Psychometrically and
//! Ecologically Valid Items* (2025). Data and templates are the user's (MIT,
//! `github.com/holi-lab/ValuePortrait`); nothing of them is in this crate.

mod data;
mod prompt;
mod score;
mod sensitivity;

pub use data::{PortraitItem, Portraits, Query, Source, ValueSystem};
pub use prompt::{PortraitPrompts, Variant};
pub use score::{LEAST_CORRELATION, PortraitRatings, ValueScore, value_scores, weighted_scores};
pub use sensitivity::{Sensitivity, sensitivity};
