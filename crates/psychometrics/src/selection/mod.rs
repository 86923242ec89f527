//! Which items to ask: the most telling of each group, the most reliable set, and what to try next.

mod balanced;
mod bandit;
mod error;
mod reliable;

pub use balanced::{balanced_top, descending};
pub use bandit::Ucb1;
pub use error::SelectionError;
pub use reliable::{ItemSearch, ReliableItems, most_reliable};
