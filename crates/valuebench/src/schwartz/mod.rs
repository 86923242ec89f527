//! Schwartz's instruments: which item measures which value, and scores from answers.
//!
//! Keys are numbers only. The texts of the Portrait Values Questionnaires are free for academic
//! research and need a licence for commercial use; they are not here, and users bring their own. The
//! Schwartz Value Survey has no statements at all but nouns, and a scale from -1 (opposed to my
//! values) to 7.
//!
//! | File | Holds |
//! |---|---|
//! | `keys.rs` | the instruments |
//! | `items.rs` | the user's texts of the items, and how they are asked |
//! | `answers.rs` | tables of answers and their CSV format |
//! | `scores.rs` | raw, centred and higher values |

mod answers;
mod items;
mod keys;
mod scores;

pub use answers::Answers;
pub use items::Items;
pub use keys::{Instrument, PVQ_21, PVQ_40, PVQ_RR, SVS};
pub use scores::{AnswersError, HigherScore, SchwartzScores, ValueMeans};
