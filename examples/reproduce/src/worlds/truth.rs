//! What is written beside the tables of a world.

use serde::Serialize;

use super::{Drawn, Structure, World, value_name};

/// `truth.json`: which world it is; its edges as every planted graph has them.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// `a`, `b`, `c` or `d`, for a structure and a design that have a letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'static str>,
    structure: &'static str,
    same_items_for_all_roles: bool,
    roles: usize,
    settings_of_a_role: usize,
    items_asked: Vec<usize>,
    feature_effects: bool,
    seed: u64,
    edges: Vec<Arrow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loadings: Option<Vec<f64>>,
}

#[derive(Clone, Debug, Serialize)]
struct Arrow {
    cause: String,
    effect: String,
    weight: f64,
}

impl Truth {
    pub(super) fn new(world: &World, drawn: &Drawn) -> Self {
        let arrow = |(cause, effect, weight)| Arrow {
            cause: value_name(cause),
            effect: value_name(effect),
            weight,
        };
        let same_items_for_all_roles = world.design.sampling.is_shared();
        Self {
            world: match (world.structure, same_items_for_all_roles) {
                (Structure::Graph, true) => Some("a"),
                (Structure::Nothing, false) => Some("b"),
                (Structure::Factors(1), true) => Some("c"),
                (Structure::Graph, false) => Some("d"),
                _ => None,
            },
            structure: match world.structure {
                Structure::Nothing => "nothing",
                Structure::Arrow(_) => "one arrow",
                Structure::Graph => "graph",
                Structure::Factors(1) => "one general factor",
                Structure::Factors(_) => "common factors",
            },
            same_items_for_all_roles,
            roles: world.design.roles,
            settings_of_a_role: world.design.features,
            items_asked: drawn.asked.clone(),
            feature_effects: world.strengths.feature > 0.0,
            seed: world.seed,
            edges: drawn.model.arrows().into_iter().map(arrow).collect(),
            loadings: drawn.model.loadings(),
        }
    }
}
