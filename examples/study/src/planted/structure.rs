//! The planted structural causal model, on whole numbers.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::discovery::graph::{Edge, GraphError, MixedGraph, NotADag, cpdag_of_dag};
use value_causal::discovery::synthetic::{DagModel, SyntheticError, random_dag};

/// A linear structural model whose coefficients are whole numbers: each value's trait is the weighted sum of the traits
/// that cause it plus a noise of the role's own. With whole noises every trait is whole, also under interventions, so it
/// keeps half a unit from every threshold between whole numbers.
#[derive(Clone, Debug)]
pub struct Structure {
    dag: MixedGraph,
    cpdag: MixedGraph,
    /// Cause, effect, coefficient; causes before their effects.
    edges: Vec<(usize, usize, i32)>,
    /// `[cause][effect]`: by how much the effect moves when the cause is set one higher; 1 on the diagonal.
    total: Vec<Vec<i32>>,
}

/// A value that is set from outside, whatever its causes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Intervention {
    /// The value's place.
    pub value: usize,
    /// Where it is set.
    pub level: i32,
}

/// Edges that make no structural model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StructureError {
    /// An edge between values that there are not, twice, or from a value to itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The edges go round in a circle.
    #[error(transparent)]
    Cycle(#[from] NotADag),
    /// A degree that no graph has.
    #[error(transparent)]
    Degree(#[from] SyntheticError),
}

impl Structure {
    /// The model over the named values with these edges: cause, effect, coefficient.
    ///
    /// # Errors
    /// Edges out of range, repeated, or in a circle; names that occur twice.
    pub fn new(names: &[String], edges: &[(usize, usize, i32)]) -> Result<Self, StructureError> {
        let directed = edges
            .iter()
            .map(|&(cause, effect, _)| Edge::directed(cause, effect));
        let mut dag = MixedGraph::from_edges(names.len(), directed)?;
        dag.set_names(names.to_vec())?;
        let cpdag = cpdag_of_dag(&dag)?;
        let order = dag.topological_order().unwrap_or_default();
        let mut edges = edges.to_vec();
        let place = |value: usize| order.iter().position(|&v| v == value);
        edges.sort_by_key(|&(cause, effect, _)| (place(effect), place(cause)));
        let mut structure = Self {
            dag,
            cpdag,
            edges,
            total: Vec::new(),
        };
        let alone = |cause| {
            let mut noises = vec![0; names.len()];
            noises[cause] = 1;
            noises
        };
        structure.total = (0..names.len())
            .map(|cause| structure.traits(&alone(cause)))
            .collect();
        Ok(structure)
    }

    /// A random model: `degree` neighbours for each value on average, coefficients 1 and -1.
    ///
    /// # Errors
    /// A degree that is no finite number of at least 0; names that occur twice.
    pub fn random(names: &[String], degree: f64, seed: u64) -> Result<Self, StructureError> {
        let model = DagModel::ErdosRenyi {
            expected_degree: degree,
        };
        let dag = random_dag(names.len(), model, seed)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let directions = dag.edges().filter_map(|edge| edge.direction());
        let edges: Vec<_> = directions
            .map(|(cause, effect)| (cause, effect, if rng.random() { 1 } else { -1 }))
            .collect();
        Self::new(names, &edges)
    }

    /// Cause, effect, coefficient; causes before their effects.
    pub fn edges(&self) -> &[(usize, usize, i32)] {
        &self.edges
    }

    /// The graph.
    pub fn dag(&self) -> &MixedGraph {
        &self.dag
    }

    /// What can be found of the graph by observation alone.
    pub fn cpdag(&self) -> &MixedGraph {
        &self.cpdag
    }

    /// By how much `effect` moves when `cause` is set one higher; 0 unless it is a descendant.
    pub fn total_effect(&self, cause: usize, effect: usize) -> i32 {
        self.total[cause][effect]
    }

    /// The traits of a role with these noises, one per value.
    pub fn traits(&self, noises: &[i32]) -> Vec<i32> {
        let mut traits = noises.to_vec();
        for &(cause, effect, weight) in &self.edges {
            traits[effect] += weight * traits[cause];
        }
        traits
    }

    /// What traits become when a value is set and the role's noises stay as they are: the counterfactual.
    pub fn under(&self, traits: &[i32], intervention: Intervention) -> Vec<i32> {
        let Intervention { value, level } = intervention;
        let push = level - traits[value];
        let moved = traits.iter().zip(&self.total[value]);
        moved.map(|(own, total)| own + total * push).collect()
    }

    /// Whether some value moves no descendant at all because two paths cancel out, which observation cannot tell from
    /// no path.
    pub fn has_cancelling_paths(&self) -> bool {
        (0..self.total.len()).any(|cause| {
            let descendants = self.dag.descendants(&[cause]);
            descendants
                .iter()
                .any(|&effect| self.total[cause][effect] == 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("V{i}")).collect()
    }

    /// 2 -> 0 -> 1, 2 -> 1, 1 -> 3
    fn model() -> Structure {
        let edges = [(1, 3, 2), (0, 1, -1), (2, 1, 1), (2, 0, 1)];
        Structure::new(&names(4), &edges).unwrap()
    }

    #[test]
    fn traits_solve_the_equations() {
        let traits = model().traits(&[1, 0, 2, -1]);
        assert_eq!(traits, [3, -1, 2, -3]);
    }

    #[test]
    fn a_value_that_is_set_moves_its_descendants_alone() {
        let (model, noises) = (model(), [1, 0, 2, -1]);
        let set = Intervention { value: 0, level: 5 };
        let after = model.under(&model.traits(&noises), set);
        // By hand: 0 := 5, 1 = -5 + 2 + 0, 3 = 2 * -3 - 1.
        assert_eq!(after, [5, -3, 2, -7]);
    }

    #[test]
    fn cancelling_paths_are_seen() {
        // 2 -> 1 by 1, and by 2 -> 0 -> 1 of 1 * -1.
        assert!(model().has_cancelling_paths());
        let open = Structure::new(&names(3), &[(0, 1, 1), (1, 2, -1)]).unwrap();
        assert!(!open.has_cancelling_paths());
    }

    #[test]
    fn circles_and_unknown_values_are_refused() {
        assert!(Structure::new(&names(2), &[(0, 1, 1), (1, 0, 1)]).is_err());
        assert!(Structure::new(&names(3), &[(0, 1, 1), (1, 2, 1), (2, 0, 1)]).is_err());
        assert!(Structure::new(&names(2), &[(0, 2, 1)]).is_err());
    }
}
