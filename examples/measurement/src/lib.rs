//! Whether a graph can be seen in the measurements of a study, and how good these are.
//!
//! Orientation tables go in, a [`Measurement`] comes out: numbers about reliability, dependence and
//! factors, and a [`Verdict`] with one plain sentence. It knows no file, no experiment and no picture.
//!
//! A graph that a search draws may be an artefact. Rows that depend on one another (those of one role,
//! those of one feature) are fewer samples than they seem; error of measurement leaves edges that are
//! none; a common factor joins everything. [`verdict`] says by which rule these are told from a graph.
//!
//! | file | holds |
//! |---|---|
//! | `left_out` | values that vary too little to be in a graph |
//! | `rows` | the rows that are searched, and how they come in clusters |
//! | `search` | the graph that PC finds there, by a test that knows the clusters |
//! | `against_chance` | edges found against those found when clusters are mixed up |
//! | `reliability` | how much of an orientation is more than the accident of its items |
//! | `variance` | how much of it comes with the role, how much with the feature |
//! | `spectrum` | eigenvalues against those without structure, and the effective number of rows |
//! | `factors` | the graph given common factors, and in data that have nothing else |
//! | `arrows` | how well arrows describe correlations, for their number |
//! | `against_factors` | whether common factors describe them as well |
//! | `transfer` | the graph of the training rows against that of the test rows |
//! | `verdict` | what follows |
//! | `whole` | all of it in one record |
//! | `cost` | how long that takes, told before |

mod against_chance;
mod against_factors;
mod arrows;
mod cost;
mod factors;
mod left_out;
mod reliability;
mod rows;
mod search;
mod settings;
mod spectrum;
mod transfer;
mod variance;
pub mod verdict;
mod whole;

pub use against_chance::{AgainstChance, Pairs};
pub use against_factors::{AgainstFactors, MOST_FACTORS, Rival};
pub use cost::foresee;
pub use factors::GivenFactors;
pub use left_out::{LeftOut, hardly_varied};
pub use reliability::{BetweenRoles, Drawn, Items, OfAnswers, Reliabilities, ValueReliability};
pub use rows::{Clustering, LEAST_FEATURES, Rows, Searched};
pub use search::Clustered;
pub use settings::Settings;
pub use spectrum::Spectrum;
pub use transfer::Transfer;
pub use variance::Parts;
pub use verdict::{Because, Verdict, claims_a_graph};
pub use whole::{Input, Measurement, Structure};

/// What can go wrong: measurements that a test, a search or a model refuses.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
