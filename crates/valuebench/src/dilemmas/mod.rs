//! Dilemmas that sharpen step by step, and what was chosen in them.
//!
//! A dilemma has five steps, each with a situation, a question and two choices that stand for a value
//! each. Whoever answers is asked step after step; which values win, and how that shifts as the stakes
//! rise, is statistics of pairs (`psychometrics::comparisons`, over the numbers of [`Choices::values`]).
//!
//! | File | Holds |
//! |---|---|
//! | `read.rs` | the dilemmas, in the format of the published set |
//! | `dialogue.rs` | what is asked, in three contexts, and the choice in an answer |
//! | `choices.rs` | what was chosen |
//!
//! The format is that of *The Staircase of Ethics: Probing LLM Value Priorities through Multi-Step
//! Induction to Complex Moral Dilemmas* (2025). The published dilemmas are the user's to fetch: their
//! licence is not stated.

mod choices;
mod dialogue;
mod read;

pub use choices::{Choices, Chosen};
pub use dialogue::{Context, LETTERS, Turn, choice_in};
pub use read::{Alternative, Dilemma, Dilemmas, Step};

/// Number of steps of a dilemma.
pub const STEPS: usize = 5;
