//! What steering changes, and whether it can be relied upon.

mod changes;
mod inference;

pub use changes::SteeringChanges;
pub use inference::{SignedRank, holm, signed_rank};
