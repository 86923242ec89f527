//! Steering methods held against one another on one questionnaire: what moves a value, what else moves, what it costs.
//!
//! The way of a comparison, a file each:
//!
//! - [`mod@file`]: the comparison file; [`method`]: what each method does, where, and how far
//! - [`contrast`]: pairs of texts that differ in a value; `direction_file`: directions that others have found
//! - [`learned`]: what methods learn of pairs, a file for each kind
//! - [`steers`]: all steers with their names, ready to be placed in prompts; [`plan`]: every question
//! - [`cost`]: what a steer costs on neutral text; [`costs`]: of all, kept as they are measured
//! - [`answers`]: of the journal; [`measures`]: what a steer did to them; [`graph`]: what it may move
//! - [`outcome`]: all of it in numbers; [`curve`]: doses and responses, and methods at equal cost; [`published`]: others' numbers
//! - [`pictures`], [`report`], [`mod@write`]: as files
//! - [`run`]: from end to end
//!
//! Asking, judging, journal and shards are those of `study`.

pub mod answers;
pub mod contrast;
pub mod cost;
pub mod costs;
pub mod curve;
pub mod file;
pub mod graph;
pub mod learned;
pub mod measures;
pub mod method;
pub mod outcome;
pub mod pictures;
pub mod plan;
pub mod published;
pub mod report;
pub mod run;
pub mod steers;
pub mod write;

mod direction_file;
