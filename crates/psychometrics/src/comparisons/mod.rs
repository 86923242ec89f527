//! Which of several options wins over which: win rates, Bradley and Terry's strengths, cycles, and
//! whether who chooses stays with what it chose before.

mod choices;
mod error;
mod wins;

pub use choices::{Choice, Kept, kept_choices};
pub use error::ComparisonError;
pub use wins::{BradleyTerry, Wins};
