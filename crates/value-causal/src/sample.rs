//! Two small tables to try the analysis on, in the CSV format of the released measurements.
//!
//! They are made up, for the guide. Four values follow a linear model with Gaussian noise:
//! Empathy and Religious raise Social (coefficient 0.8 each), Social raises Resilience (0.7), and so
//! does Empathy by itself (0.7). Steering feature 7 raises Empathy, steering feature 12 lowers
//! Social, and either shifts one more value at random. The orientations are rounded to eighths, so
//! that many stay exactly as they were, as they do where an orientation is the mean over a few items.

/// Ten roles, each unsteered and under two features: 30 rows.
///
#[doc = "```csv"]
#[doc = include_str!("sample/train.csv")]
#[doc = "```"]
pub const TRAIN: &str = include_str!("sample/train.csv");

/// Five other roles, each unsteered and under the same two features: 15 rows.
///
#[doc = "```csv"]
#[doc = include_str!("sample/test.csv")]
#[doc = "```"]
pub const TEST: &str = include_str!("sample/test.csv");
