//! What the programs over other questionnaires are made of.
//!
//! | file | what it does |
//! |---|---|
//! | `asking/` | a model is asked: `speaker`, whoever it is; `served` (behind a server), `local` (here, with the feature `lens`); `lines` (answers that are kept line by line) |
//! | `instrument.rs` | which of Schwartz's instruments |
//! | `people.rs` | how the values of people hang together, as numbers, circle and reference graph |
//! | `portraits/` | Schwartz's instruments: `ask` a model in roles, `compare` who answered by ordinal regression |
//! | `dilemmas/` | `ask` dilemmas step by step, `ladder`: which values win in each |
//! | `items/` | which items of a study tell most: `choice`, and what a shorter questionnaire loses: `loss` |
//!
//! The programs: `schwartz`, `people`, `portraits`, `dilemmas`, `choose_items`, `value_portrait`.

pub mod asking;
pub mod dilemmas;
mod instrument;
pub mod items;
pub mod people;
pub mod portraits;

pub use instrument::Kind;
