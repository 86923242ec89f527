//! Psychometric questionnaires for language models in ValueBench's format: items, roles, prompts, judging, scoring and value orientations.

mod error;
mod output;
mod setting;
mod sheet;
mod stats;
mod table;

pub use error::{ReadError, WriteError};
pub use setting::{Intervention, Setting};
pub use table::{OrientationTable, TableError};

pub use ndarray;
