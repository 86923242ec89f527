//! Item response theory: one trait behind graded answers, by marginal maximum likelihood.

mod adaptive;
mod error;
mod estimation;
mod grid;
mod item;
mod model;
mod responses;

pub use adaptive::AdaptiveTest;
pub use error::ResponseError;
pub use estimation::ResponseFit;
pub use grid::TraitGrid;
pub use item::ResponseItem;
pub use model::{ResponseModel, TraitEstimates};
pub use responses::Responses;
