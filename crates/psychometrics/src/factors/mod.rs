//! How few common factors explain the correlations of many variables.

mod congruence;
mod fit;
mod likelihood;
mod model;
mod parallel;

pub use congruence::congruence;
pub use fit::FactorFit;
pub use model::{FactorError, FactorModel};
pub use parallel::{ParallelAnalysis, ParallelOptions};
