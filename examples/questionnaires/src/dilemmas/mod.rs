//! Dilemmas that sharpen step by step: put to a model, and what won.

mod ask;
mod ladder;

pub use ask::ask;
pub use ladder::{StepWins, kept, ladder_of};
