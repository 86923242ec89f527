//! A study run from its file: questionnaire, roles and model in, orientation tables and all that follows out.
//!
//! The way of an answer, a file each:
//!
//! - [`mod@file`]: the study file; `server`: how it says that servers are asked; `arguments`: both from a command line
//! - `place`: where a model and an autoencoder lie, by path or by name
//! - `materials`: what the file names, read and checked; `fingerprint`: what makes a study another one
//! - `wording`: the words of a question; `chat`: prompts in the form of the model's own chat template (with the feature `lens`)
//! - `rated`: what goes with items that are rated
//! - `plan`: every question with its prompt; `summary`: the plan in words; [`pace`]: how long it takes;
//!   `foresight`: what its answers will be able to tell
//! - `respondent`: whoever answers, and whose questions; `opened`: the one that a study names; `lens` is a steered model, `served` one behind a server (with the feature `lens`)
//! - `training`: what an autoencoder of the model is trained on
//! - `asking`: each answer into the journal; [`whole_run`]: all that is pending; `meter`: how far it is; [`judging`]: by rules,
//!   as answers come; `judging_open`: what these leave open (with the feature `lens`)
//! - [`mod@finish`]: tables of a complete journal; `analysed`: tables and choices as `reproduce` has them, with the features that
//!   `choices` takes for best; `asked`: which items roles were asked; `instructed`: all values under each instruction;
//!   `item_counts`: how each item was answered; `answers`: what the journal tells beyond tables
//! - `found`: `study.json` and its section of the report; `obedience`: answers held against those that are [`planted`];
//!   `orientations`: how well they are measured, `centred`: and without what is said to all items alike; `read_off`: what
//!   likelihoods tell of themselves; `compared`: answers that were written beside those
//!
//! Only the respondent knows the model, so any other that answers prompts can take its place.

#[cfg(feature = "lens")]
pub mod chat;
pub mod file;
pub mod finish;
pub mod judging;
#[cfg(feature = "lens")]
pub mod judging_open;
#[cfg(feature = "lens")]
pub mod lens;
#[cfg(feature = "lens")]
pub mod opened;
pub mod pace;
pub mod place;
pub mod planted;
#[cfg(feature = "lens")]
pub mod served;
pub mod server;
#[cfg(feature = "lens")]
pub mod training;
pub mod whole_run;

mod analysed;
mod answers;
mod arguments;
mod asked;
mod asking;
mod centred;
mod choices;
mod compared;
mod fingerprint;
mod foresight;
mod found;
mod instructed;
mod item_counts;
mod materials;
mod meter;
mod obedience;
mod orientations;
mod plan;
mod rated;
mod read_off;
mod respondent;
mod summary;
mod wording;

pub use analysed::{Analysed, EXPERIMENT};
pub use answers::Answers;
pub use arguments::{StudyArguments, journal_of, journals_of_shards, read_study};
pub use asking::{Asking, Missing, Watch, ask, judge_thoughts_by_rules};
pub use centred::CentredTables;
pub use compared::Speed;
pub use fingerprint::{ModelFiles, is_of_study, manifest, same_study};
pub use foresight::Foresight;
pub use instructed::InstructedTables;
pub use materials::Materials;
pub use meter::{Meter, duration};
pub use plan::{Part, Plan, Told};
pub use respondent::{Answered, Asked, Contrast, Outcome, Push, Questions, Respondent, Unanswered};
pub use summary::describe;
pub use wording::Wording;
