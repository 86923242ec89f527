//! How far a study's conclusions hold.

pub mod effects;
pub mod planner;
