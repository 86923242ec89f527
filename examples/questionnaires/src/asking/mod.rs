//! A model is asked, and its answers are kept as they come.

mod lines;
#[cfg(feature = "lens")]
mod local;
mod served;
mod speaker;

pub use lines::Lines;
pub use speaker::{Likely, Speaker, Whom, Written};
