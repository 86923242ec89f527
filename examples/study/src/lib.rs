//! A study run from its file: questionnaire, roles and model in, orientation tables and all that follows out.
//!
//! [`mod@file`] is the study file, [`Materials`] what it names, read and checked. A [`Plan`] is every question of the study with
//! its prompt; a [`Respondent`] answers them (a steered model in `lens`, with the feature of that name), [`ask`] keeps each
//! answer in a journal, and [`finish`] makes tables, figures and the report of a journal that is complete. Only the
//! respondent knows the model, so any other that answers prompts can take its place.

pub mod file;
pub mod finish;
pub mod judging;
#[cfg(feature = "lens")]
pub mod lens;
pub mod pace;
pub mod planted;
#[cfg(feature = "lens")]
pub mod served;
pub mod server;

mod analysed;
mod answers;
mod arguments;
mod asking;
mod choices;
mod fingerprint;
mod found;
mod instructed;
mod materials;
mod meter;
mod obedience;
mod plan;
mod respondent;
mod summary;

pub use analysed::{Analysed, EXPERIMENT, Unvarying};
pub use answers::Answers;
pub use arguments::{StudyArguments, journal_of, read_study};
pub use asking::{Asking, ask, judge_thoughts_by_rules};
pub use fingerprint::{is_of_study, manifest, same_study};
pub use instructed::InstructedTables;
pub use materials::Materials;
pub use meter::{Meter, duration};
pub use plan::Plan;
pub use respondent::{Answered, Asked, Respondent};
pub use summary::describe;
