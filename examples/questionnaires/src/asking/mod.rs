//! A model is asked, and its answers are kept as they come.

mod lines;
#[cfg(feature = "lens")]
mod local;
mod speaker;

pub use lines::Lines;
pub use speaker::{Speaker, Whom};
