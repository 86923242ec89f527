//! Glue shared by the example binaries: where data comes from, what is computed, how it is drawn.
//!
//! This package is the only place where the crates of the workspace meet. The way of the data:
//! [`source`] (a folder, or the embedded planted study) → [`experiment`] (the choices) → [`study`]
//! (the orientation tables) → [`results`] and [`dyads`] (every number) → [`outputs`] through
//! [`draw`] and [`report`] (figures, tables, Markdown); [`reproduction`] goes it from end to end.
//! [`run`] makes the tables: it takes a study from its file through a model to the same end.
//! [`audit`] asks how far the results hold.

pub mod audit;
pub mod csv_table;
pub mod draw;
pub mod dyads;
pub mod experiment;
pub mod organism;
pub mod outputs;
pub mod report;
pub mod reproduction;
pub mod results;
pub mod run;
pub mod source;
pub mod study;

mod arguments;
mod console;
mod save;
mod single;

pub use arguments::{Arguments, Loaded};
pub use console::{Failure, Unsaid, exit_code, remark, say, steps};
pub use save::{make_folder, save_text};
pub use single::{draw_full_table, draw_only};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct RepositoryReadme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/from-causal-learn-and-pcalg.md")]
struct FromCausalLearnAndPcalg;
