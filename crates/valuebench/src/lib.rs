//! Psychometric questionnaires for language models, in ValueBench's format: items, roles, prompts,
//! judging, scoring and value orientations.

mod definitions;
mod error;
mod judge;
mod output;
mod prompt;
mod questionnaire;
mod random;
mod roles;
mod sampling;
mod scoring;
mod setting;
mod sheet;
mod stats;
mod table;

pub use definitions::{Definition, Definitions};
pub use error::{ReadError, WriteError};
pub use judge::{Answer, Judge, Judgement, RuleJudge, Stance, Then, ThenError};
pub use prompt::{
    Direction, Instruction, InstructionWording, Prompt, PromptError, PromptTemplate, RoleWording,
};
pub use questionnaire::{Agreement, Item, Questionnaire, Split};
pub use roles::{Role, RoleSet, RoleSetError};
pub use sampling::{FractionError, ItemSampling};
pub use scoring::{MeasurementError, Measurements, Score, change_std, orientation, score_std};
pub use setting::{Intervention, Setting};
pub use table::{OrientationTable, TableError};

pub use ndarray;
