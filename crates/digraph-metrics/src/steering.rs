//! How well a graph predicts which other nodes change along with one.

use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::change_rates::ChangeRates;
use crate::numbers::mean;
use crate::reachability::{Reachability, component_labels, nodes, reachability};

/// Which nodes a graph lets one expect to change along with a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expected {
    /// Every node that can be reached from it, itself excluded: the paper's measure.
    #[default]
    Successors,
    /// Every other node of its weakly connected component, whatever the directions.
    Connected,
}

/// Which nodes a graph lets one expect to stay when a node changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unexpected {
    /// Every node that cannot be reached from it, itself excluded: the paper's measure.
    #[default]
    NonSuccessors,
    /// Every node that neither can be reached from it nor reaches it, itself excluded.
    Unrelated,
}

/// Why [`steering_effects`] or [`gap_test`](crate::gap_test) refused its input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SteeringError {
    /// The graph and the rates speak of different numbers of nodes.
    #[error("expected change rates of all nodes of the graph ({graph}), found those of {rates}")]
    NodeCounts {
        /// Number of nodes of the graph.
        graph: usize,
        /// Number of nodes of the rates.
        rates: usize,
    },
    /// No node has an expected effect, or none an unexpected one, so that there is no gap to test.
    #[error(
        "there is no gap to test: of all nodes ({nodes}) {with_expected} with an expected effect, \
         {with_unexpected} with an unexpected one"
    )]
    NoGap {
        /// Number of nodes.
        nodes: usize,
        /// Number of nodes with an expected effect.
        with_expected: usize,
        /// Number of nodes with an unexpected effect.
        with_unexpected: usize,
    },
}

/// Mean and spread over the nodes that have a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Population standard deviation (divided by `n`), the error bars of the paper's figure 4.
    pub std: f64,
    /// Number of nodes that have a number, at least 1.
    pub n: usize,
}

/// The effects seen when one node changed.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeEffects {
    /// The node.
    pub node: NodeIndex,
    /// Number of interventions under which it changed.
    pub n_changes: usize,
    /// Mean of `c(v', node)` over [`expected_nodes`](Self::expected_nodes); `None` where there is
    /// no such node, or where the node never changed.
    pub expected: Option<f64>,
    /// Mean of `c(v', node)` over [`unexpected_nodes`](Self::unexpected_nodes); `None` as above.
    pub unexpected: Option<f64>,
    /// The nodes that the graph lets one expect to change along, in index order.
    pub expected_nodes: Vec<NodeIndex>,
    /// The nodes that the graph lets one expect to stay, in index order.
    pub unexpected_nodes: Vec<NodeIndex>,
}

/// What [`steering_effects`] measured.
#[derive(Clone, Debug, PartialEq)]
pub struct SteeringEffects {
    /// One entry per node of the graph, in index order.
    pub nodes: Vec<NodeEffects>,
    /// Summary of the expected effects; `None` where no node has any.
    pub expected: Option<Summary>,
    /// Summary of the unexpected effects; `None` where no node has any.
    pub unexpected: Option<Summary>,
}

impl SteeringEffects {
    /// How far the mean of the expected effects lies above that of the unexpected ones.
    ///
    /// A graph that predicts nothing has a gap about 0. `None` where either mean is missing.
    #[must_use]
    pub fn gap(&self) -> Option<f64> {
        Some(self.expected?.mean - self.unexpected?.mean)
    }
}

/// Measures how well a graph predicts the effects of interventions (the paper's section 2.3).
///
/// When a node `v` changes, the graph lets one expect that its successors change too and that the
/// others stay. For each node this gives two numbers: the mean of `c(v', v)` over the nodes
/// expected to change, and over those expected to stay. The first should be high, the second low.
///
/// # Arguments
/// * `graph`: its node `i` is the node (column) `i` of the rates; nodes without edges count.
/// * `rates`: how often nodes changed together, see [`ChangeRates`].
/// * `expected`, `unexpected`: which nodes stand behind the two numbers. The two sets are not each
///   other's complement unless chosen so: under `Connected` with `NonSuccessors` they overlap.
///
/// # Returns
/// Both numbers per node with the nodes behind them, and their mean and population standard
/// deviation over the nodes that have one.
///
/// # Errors
/// [`SteeringError::NodeCounts`] where graph and rates differ in their number of nodes.
///
/// # Complexity
/// `O(|V|² + |E| |V| / 64)`.
///
/// # Assumptions
/// `c(v', v)` is a rate of changing together, not an effect of `v`: it follows how often `v'`
/// changes at all, and an intervention may act on several nodes at once. Hold the numbers against
/// those of other graphs over the same rates, and against the same graph with its nodes relabelled
/// at random: [`relabelling_test`](crate::relabelling_test).
///
/// # Example
/// ```
/// use digraph_metrics::{ChangeRates, Expected, Unexpected, steering_effects};
/// use ndarray::array;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1    2
/// let mut graph = DiGraph::<(), ()>::from_edges([(0, 1)]);
/// graph.add_node(());
/// let changes = array![[true, true, false], [true, true, true], [true, false, false]];
/// let rates = ChangeRates::from_changes(changes.view());
///
/// let effects =
///     steering_effects(&graph, &rates, Expected::Successors, Unexpected::NonSuccessors)?;
/// assert_eq!(effects.nodes[0].expected, Some(2.0 / 3.0));
/// assert_eq!(effects.nodes[0].unexpected, Some(1.0 / 3.0));
/// assert_eq!(effects.nodes[1].expected, None); // no successor
/// assert_eq!(effects.expected.map(|summary| summary.n), Some(1));
/// # Ok::<(), digraph_metrics::SteeringError>(())
/// ```
pub fn steering_effects<N, E>(
    graph: &DiGraph<N, E>,
    rates: &ChangeRates,
    expected: Expected,
    unexpected: Unexpected,
) -> Result<SteeringEffects, SteeringError> {
    if graph.node_count() != rates.n_nodes() {
        let (graph, rates) = (graph.node_count(), rates.n_nodes());
        return Err(SteeringError::NodeCounts { graph, rates });
    }
    let nodes: Vec<NodeEffects> = Relations::of(graph)
        .node_sets(expected, unexpected)
        .map(|sets| NodeEffects {
            node: sets.node,
            n_changes: rates.n_changes(sets.node.index()),
            expected: mean_rate(rates, &sets.expected, sets.node),
            unexpected: mean_rate(rates, &sets.unexpected, sets.node),
            expected_nodes: sets.expected,
            unexpected_nodes: sets.unexpected,
        })
        .collect();
    Ok(SteeringEffects {
        expected: summary(nodes.iter().filter_map(|effects| effects.expected)),
        unexpected: summary(nodes.iter().filter_map(|effects| effects.unexpected)),
        nodes,
    })
}

/// A node and the two sets of nodes that its change is held against.
pub(crate) struct NodeSets {
    pub(crate) node: NodeIndex,
    pub(crate) expected: Vec<NodeIndex>,
    pub(crate) unexpected: Vec<NodeIndex>,
}

/// What the node sets are read from, worked out once for all nodes.
pub(crate) struct Relations {
    closure: Reachability,
    components: Vec<usize>,
}

impl Relations {
    pub(crate) fn of<N, E>(graph: &DiGraph<N, E>) -> Self {
        Self {
            closure: reachability(graph),
            components: component_labels(graph),
        }
    }

    /// The sets of every node, in index order.
    pub(crate) fn node_sets(
        &self,
        expected: Expected,
        unexpected: Unexpected,
    ) -> impl Iterator<Item = NodeSets> + '_ {
        nodes(self.components.len()).map(move |node| NodeSets {
            node,
            expected: self.expected(expected, node),
            unexpected: self.unexpected(unexpected, node),
        })
    }

    fn expected(&self, choice: Expected, node: NodeIndex) -> Vec<NodeIndex> {
        match choice {
            Expected::Successors => self.others(node, |other| self.closure.reaches(node, other)),
            Expected::Connected => {
                let label = self.components[node.index()];
                self.others(node, |other| self.components[other.index()] == label)
            }
        }
    }

    fn unexpected(&self, choice: Unexpected, node: NodeIndex) -> Vec<NodeIndex> {
        match choice {
            Unexpected::NonSuccessors => {
                self.others(node, |other| !self.closure.reaches(node, other))
            }
            Unexpected::Unrelated => self.others(node, |other| {
                !self.closure.reaches(node, other) && !self.closure.reaches(other, node)
            }),
        }
    }

    fn others(&self, node: NodeIndex, holds: impl Fn(NodeIndex) -> bool) -> Vec<NodeIndex> {
        nodes(self.components.len())
            .filter(|&other| other != node && holds(other))
            .collect()
    }
}

fn mean_rate(rates: &ChangeRates, affected: &[NodeIndex], given: NodeIndex) -> Option<f64> {
    mean(
        affected
            .iter()
            .filter_map(|node| rates.rate(node.index(), given.index())),
    )
}

fn summary(numbers: impl Iterator<Item = f64> + Clone) -> Option<Summary> {
    let mean = mean(numbers.clone())?;
    let squares = numbers.clone().map(|x| (x - mean).powi(2)).sum::<f64>();
    let n = numbers.count();
    Some(Summary {
        mean,
        std: (squares / n as f64).sqrt(),
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// ```text
    /// 0 → 1 → 2 ← 3    4
    /// ```
    fn example() -> (DiGraph<(), ()>, ChangeRates) {
        let mut graph = DiGraph::from_edges([(0, 1), (1, 2), (3, 2)]);
        graph.add_node(());
        let changes = array![
            [true, true, false, true, false],
            [true, false, true, true, false],
            [false, true, true, false, false],
        ];
        (graph, ChangeRates::from_changes(changes.view()))
    }

    fn sets(expected: Expected, unexpected: Unexpected, node: usize) -> [Vec<usize>; 2] {
        let (graph, rates) = example();
        let effects = steering_effects(&graph, &rates, expected, unexpected).unwrap();
        let effects = &effects.nodes[node];
        [&effects.expected_nodes, &effects.unexpected_nodes]
            .map(|set| set.iter().map(|node| node.index()).collect())
    }

    #[test]
    fn each_choice_has_its_nodes() {
        use Expected::{Connected, Successors};
        use Unexpected::{NonSuccessors, Unrelated};
        assert_eq!(sets(Successors, NonSuccessors, 1), [vec![2], vec![0, 3, 4]]);
        assert_eq!(sets(Successors, Unrelated, 1), [vec![2], vec![3, 4]]);
        assert_eq!(sets(Connected, Unrelated, 1), [vec![0, 2, 3], vec![3, 4]]);
        assert_eq!(
            sets(Connected, NonSuccessors, 4),
            [vec![], vec![0, 1, 2, 3]]
        );
    }

    #[test]
    fn numbers_are_means_over_the_sets_and_summaries_over_the_nodes() {
        let (graph, rates) = example();
        let effects =
            steering_effects(&graph, &rates, Expected::default(), Unexpected::default()).unwrap();
        let expected: Vec<_> = effects.nodes.iter().map(|node| node.expected).collect();
        assert_eq!(expected, [Some(0.5), Some(0.5), None, Some(0.5), None]);
        let unexpected: Vec<_> = effects.nodes.iter().map(|node| node.unexpected).collect();
        assert_eq!(
            unexpected,
            [Some(0.5), Some(1.0 / 3.0), Some(0.375), Some(0.5), None]
        );
        assert_eq!(
            effects.expected,
            Some(Summary {
                mean: 0.5,
                std: 0.0,
                n: 3
            })
        );
        let summary = effects.unexpected.unwrap();
        assert_eq!(summary.n, 4);
        assert!((summary.mean - 41.0 / 96.0).abs() < 1e-15);
        assert!((effects.gap().unwrap() - (0.5 - 41.0 / 96.0)).abs() < 1e-15);
    }

    #[test]
    fn without_numbers_there_is_no_summary() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1)]);
        let rates = ChangeRates::from_changes(array![[false, false]].view());
        let effects =
            steering_effects(&graph, &rates, Expected::default(), Unexpected::default()).unwrap();
        assert_eq!(
            (effects.expected, effects.unexpected, effects.gap()),
            (None, None, None)
        );
    }

    #[test]
    fn sizes_that_differ_are_named() {
        let rates = ChangeRates::from_changes(array![[true]].view());
        let error = steering_effects(
            &example().0,
            &rates,
            Expected::Successors,
            Unexpected::NonSuccessors,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "expected change rates of all nodes of the graph (5), found those of 1"
        );
    }
}
