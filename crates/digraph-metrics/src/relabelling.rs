//! Whether a graph foretells more than the same graph with its nodes mixed up.

use petgraph::graph::DiGraph;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::change_rates::ChangeRates;
use crate::steering::{
    Expected, NodeSets, Relations, SteeringError, Unexpected, mean, steering_effects,
};

/// What [`relabelling_test`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct RelabellingTest {
    /// The gap of the graph as it is, see [`SteeringEffects::gap`](crate::SteeringEffects::gap).
    pub gap: f64,
    /// The gap of each relabelled graph, in the order drawn. Draws that leave no gap (nodes that
    /// never changed stand where the graph has its edges) are left out.
    pub relabelled: Vec<f64>,
}

impl RelabellingTest {
    /// Number of relabelled graphs with a gap at least as large.
    ///
    /// A gap that falls short by rounding only (1e-12) counts as as large.
    #[must_use]
    pub fn n_as_large(&self) -> usize {
        self.relabelled
            .iter()
            .filter(|&&gap| gap >= self.gap - 1e-12)
            .count()
    }

    /// The one-sided permutation p-value, `(1 + n_as_large) / (1 + draws)`, in (0, 1].
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (1 + self.n_as_large()) as f64 / (1 + self.relabelled.len()) as f64
    }
}

/// Draws random relabellings of the nodes and measures the gap of each relabelled graph.
///
/// Rates of changing together are alike for many pairs of nodes, and a node that changes often
/// looks foretold by any graph. So a gap between expected and unexpected effects says little by
/// itself. Relabelling keeps the shape of the graph and breaks its tie to the nodes: where many
/// relabelled graphs have a gap as large, the graph's edges foretell nothing beyond its shape.
///
/// # Arguments
/// As for [`steering_effects`], with the number of draws and the seed. The same seed gives the same
/// draws.
///
/// # Errors
/// [`SteeringError::NodeCounts`] where graph and rates differ in their number of nodes,
/// [`SteeringError::NoGap`] where the graph has no gap.
///
/// # Complexity
/// `O(n_draws |V|²)` after one run of [`steering_effects`].
///
/// # Assumptions
/// Under the null hypothesis any relabelling is as likely as any other.
///
/// # Example
/// ```
/// use digraph_metrics::{ChangeRates, Expected, Unexpected, relabelling_test};
/// use ndarray::array;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1    2 → 3: the pairs change together, and only they
/// let graph = DiGraph::<(), ()>::from_edges([(0, 1), (2, 3)]);
/// let changes = array![[true, true, false, false], [false, false, true, true]];
/// let rates = ChangeRates::from_changes(changes.view());
/// let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
/// let test = relabelling_test(&graph, &rates, expected, unexpected, 2000, 1)?;
/// // one in three ways to pair four nodes up is the right one
/// assert!((0.30..0.37).contains(&test.p_value()));
/// # Ok::<(), digraph_metrics::SteeringError>(())
/// ```
pub fn relabelling_test<N, E>(
    graph: &DiGraph<N, E>,
    rates: &ChangeRates,
    expected: Expected,
    unexpected: Unexpected,
    n_draws: usize,
    seed: u64,
) -> Result<RelabellingTest, SteeringError> {
    let effects = steering_effects(graph, rates, expected, unexpected)?;
    let Some(gap) = effects.gap() else {
        return Err(SteeringError::NoGap {
            nodes: graph.node_count(),
            with_expected: effects.expected.map_or(0, |summary| summary.n),
            with_unexpected: effects.unexpected.map_or(0, |summary| summary.n),
        });
    };
    let sets: Vec<NodeSets> = Relations::of(graph)
        .node_sets(expected, unexpected)
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..graph.node_count()).collect();
    let draw = |_| {
        order.shuffle(&mut rng);
        gap_of(&sets, &rates.relabelled(&order))
    };
    Ok(RelabellingTest {
        gap,
        relabelled: (0..n_draws).filter_map(draw).collect(),
    })
}

fn gap_of(sets: &[NodeSets], rates: &ChangeRates) -> Option<f64> {
    let expected = mean(sets.iter().filter_map(|sets| sets.expected_effect(rates)))?;
    let unexpected = mean(sets.iter().filter_map(|sets| sets.unexpected_effect(rates)))?;
    Some(expected - unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn test(graph: &DiGraph<(), ()>, n_draws: usize, seed: u64) -> RelabellingTest {
        let changes = array![
            [true, true, false, false],
            [false, true, true, false],
            [true, true, false, true],
            [true, false, true, true],
        ];
        let rates = ChangeRates::from_changes(changes.view());
        let (expected, unexpected) = (Expected::default(), Unexpected::default());
        relabelling_test(graph, &rates, expected, unexpected, n_draws, seed).unwrap()
    }

    #[test]
    fn the_mean_over_all_relabellings_of_one_edge_is_the_mean_rate() {
        let mut graph = DiGraph::from_edges([(0, 1)]);
        graph.add_node(());
        graph.add_node(());
        let found = test(&graph, 20_000, 3);
        // Each of the 12 ordered pairs is as likely as the edge, each of the 4 nodes as its tail:
        // the mean expected effect is the mean of all rates; that of the unexpected ones too.
        let mean = found.relabelled.iter().sum::<f64>() / found.relabelled.len() as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        assert_eq!(found.relabelled.len(), 20_000);
    }

    #[test]
    fn the_seed_fixes_the_draws() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0), (2, 3), (3, 2)]);
        let found = test(&graph, 50, 1);
        assert_eq!(found, test(&graph, 50, 1));
        assert_ne!(found.relabelled, test(&graph, 50, 2).relabelled);
        // A third of the relabellings give the graph itself, however the sums round.
        assert!(found.n_as_large() >= 10 && found.p_value() <= 1.0);
    }

    #[test]
    fn without_a_gap_there_is_nothing_to_test() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0)]);
        let rates = ChangeRates::from_changes(array![[true, true]].view());
        let (expected, unexpected) = (Expected::default(), Unexpected::default());
        let error = relabelling_test(&graph, &rates, expected, unexpected, 10, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no gap to test: 2 of 2 nodes have an expected effect, 0 an unexpected one"
        );
    }
}
