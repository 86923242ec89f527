//! Which items of a study tell most of who answers them, and what a questionnaire of these alone loses.

mod adaptive;
mod choice;
mod loss;

pub use choice::{Information, Roles, as_csv, information};
pub use loss::{Fit, Loss};
