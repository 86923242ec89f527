//! What interventions do: effects by a graph, with bounds, held against steering; and what to steer
//! with.

pub mod effects;
pub mod planner;
