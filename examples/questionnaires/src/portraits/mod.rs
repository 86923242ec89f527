//! Who answers one of Schwartz's instruments how: a model in roles, and models or roles compared.

mod ask;
mod compare;
mod design;
mod show;

pub use ask::ask;
pub use compare::{Comparison, Estimate};
pub use design::{Answerer, Design};
pub use show::{figure, table};
