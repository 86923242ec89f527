//! Regression of graded answers on predictors: at the maximum of the likelihood, or with groups of
//! answers that share an effect, by their posterior distribution.

mod diagnostics;
mod error;
mod hierarchy;
mod likelihood;
mod posterior;
mod sampler;

pub use diagnostics::PosteriorSummary;
pub use error::OrdinalError;
pub use likelihood::CumulativeLogit;
pub use posterior::{OrdinalPosterior, PosteriorOptions};
