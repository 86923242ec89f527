//! From effects to decisions: what to set, which measured interventions to make, which action to
//! prefer.
//!
//! An [`Objective`] says where each variable should be and how much that matters. Under a fitted
//! [`LinearModel`](crate::effects::LinearModel), [`smallest_setting`] finds the fewest variables that
//! have to be set, and to what, so that one case comes close enough; what was measured of real
//! interventions, with a price each, is chosen from by [`choose_interventions`]. [`promethee`] ranks
//! actions on several criteria without adding up what cannot be added.
//!
//! ```
//! use causal_pc::decide::{Objective, smallest_setting};
//! use causal_pc::effects::LinearModel;
//! use causal_pc::graph::{Edge, MixedGraph};
//! use causal_pc::synthetic::LinearSem;
//! use ndarray::array;
//!
//! // 0 -> 1 -> 2: to have both effects up it is enough to set the first.
//! let edges = [Edge::directed(0, 1), Edge::directed(1, 2)];
//! let dag = MixedGraph::from_edges(3, edges)?;
//! let model = LinearModel::from(&LinearSem::new(&dag, |_, _| 0.8, |_| 1.0)?);
//! let case = array![0.0, 0.0, 0.0];
//! let wanted = Objective::new(array![0.9, 0.7, 0.6], array![1.0, 1.0, 1.0])?;
//! let found = smallest_setting(&model, case.view(), &wanted, 0.01, 2, [-1.0, 1.0])?.unwrap();
//! assert_eq!(found.set.len(), 1);
//! assert_eq!(found.set[0].0, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | File | Holds |
//! |---|---|
//! | `objective.rs` | what is wanted, and how far something is from it |
//! | `setting.rs` | variables to set under a linear model |
//! | `interventions.rs` | measured interventions with their prices |
//! | `subsets.rs` | all sets of some things, and the cheapest of them |
//! | `promethee.rs`, `preference.rs` | outranking |
//! | `product.rs` | outranking as ValuePilot does it |

mod error;
mod interventions;
mod objective;
mod preference;
mod product;
mod promethee;
mod setting;
mod subsets;

pub use error::DecisionError;
pub use interventions::{ChosenInterventions, choose_interventions};
pub use objective::Objective;
pub use preference::Preference;
pub use product::{product_flows, product_rating};
pub use promethee::{Criterion, Flows, Outranking, promethee};
pub use setting::{BestSetting, best_setting, smallest_setting};
pub use subsets::cheapest_set;
