//! Every figure and table of the paper, and its report, from measured value orientations.
//!
//! The way of the data, a file each:
//!
//! - [`source`]: where files come from, a folder or the program itself
//! - `checksum`: their SHA-256
//! - [`experiment`]: the experiment file, every choice that the analysis leaves open
//! - [`measurements`]: the orientation tables, checked against the choices
//! - [`varied`]: the values that vary too little to be in a graph, and the test that others are searched by
//! - [`judged`]: whether a graph can be seen in the measurements at all
//! - [`observed`]: verdict and graph of rows alone, of a study without steering or instructions
//! - `arguments`: the experiment and its tables, from a command line
//! - [`graphs`]: the graphs over its values, found, given and planted; [`distance`]: how far they lie apart
//! - [`effects`], [`dyads`], [`results`]: every number; [`correlation`]: of pairs of them
//! - [`outputs`]: which number goes into which figure and table; [`report`]: the Markdown that sets each beside the paper's
//! - [`text`]: numbers and names as tables of text have them
//! - [`worlds`]: studies drawn from a structure and a design that are known
//! - [`reproduction`]: all of it from end to end; `single`: one output alone

pub mod correlation;
pub mod distance;
pub mod dyads;
pub mod effects;
pub mod experiment;
pub mod graphs;
pub mod judged;
pub mod measurements;
pub mod observed;
pub mod outputs;
pub mod report;
pub mod reproduction;
pub mod results;
pub mod source;
pub mod text;
pub mod varied;
pub mod worlds;

mod arguments;
mod checksum;
mod single;

pub use arguments::{Arguments, Loaded};
pub use checksum::{bytes_checksum, checksum};
pub use single::{draw_full_table, draw_only};
