//! What steering changes, and whether it can be relied upon.

mod changes;
mod inference;
mod items;

pub use changes::SteeringChanges;
pub use inference::{SignedRank, holm, signed_rank};
pub use items::ItemChanges;
