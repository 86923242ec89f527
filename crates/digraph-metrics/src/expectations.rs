//! Which nodes a graph lets one expect to change along, worked out once for many tables of rates.

use ndarray::ArrayView2;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::numbers::mean;
use crate::steering::{Expected, Relations, Unexpected};

/// For each node of a graph, the nodes expected to change along with it and those expected to stay.
///
/// [`steering_effects`](crate::steering_effects) works these sets out for one table of rates; this
/// keeps them, for the same graph over many tables: several baselines, resamples, null draws.
///
/// ```
/// use digraph_metrics::{ChangeRates, Expectations, Expected, Unexpected};
/// use ndarray::array;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1    2
/// let mut graph = DiGraph::<(), ()>::from_edges([(0, 1)]);
/// graph.add_node(());
/// let expectations = Expectations::of(&graph, Expected::Successors, Unexpected::NonSuccessors);
/// let changes = array![[true, true, false], [true, true, true], [true, false, false]];
/// let rates = ChangeRates::from_changes(changes.view()).rate_matrix();
/// // 0 lets 1 change, in two of three; 2 should stay, and changed in one of three along with 0,
/// // as 0 and 2 did along with 1 (all and half), 0 and 1 along with 2 (all).
/// let means = expectations.means(rates.view());
/// assert_eq!(means.expected, Some(2.0 / 3.0));
/// assert_eq!(means.unexpected, Some((1.0 / 3.0 + 0.75 + 1.0) / 3.0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    nodes: Vec<Sets>,
}

/// The node numbers of both sets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sets {
    given: usize,
    expected: Vec<usize>,
    unexpected: Vec<usize>,
}

/// Means over the nodes that have a number, as in [`SteeringEffects`](crate::SteeringEffects).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanEffects {
    /// Of the effects on nodes expected to change.
    pub expected: Option<f64>,
    /// Of the effects on nodes expected to stay.
    pub unexpected: Option<f64>,
}

impl MeanEffects {
    /// The first less the second, where there are both.
    #[must_use]
    pub fn gap(self) -> Option<f64> {
        Some(self.expected? - self.unexpected?)
    }
}

impl Expectations {
    /// The sets of every node of `graph`.
    ///
    /// # Complexity
    /// `O(|V|² + |E| |V| / 64)` time, `O(|V|²)` memory.
    #[must_use]
    pub fn of<N, E>(graph: &DiGraph<N, E>, expected: Expected, unexpected: Unexpected) -> Self {
        let numbers = |nodes: Vec<NodeIndex>| nodes.into_iter().map(NodeIndex::index).collect();
        let nodes = Relations::of(graph)
            .node_sets(expected, unexpected)
            .map(|sets| Sets {
                given: sets.node.index(),
                expected: numbers(sets.expected),
                unexpected: numbers(sets.unexpected),
            })
            .collect();
        Self { nodes }
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Mean effects over a matrix `[affected, given]` of rates, lifts or any other measure of
    /// changing along; NaN, and what lies outside the matrix, counts as missing.
    ///
    /// # Complexity
    /// `O(|V|²)`.
    #[must_use]
    pub fn means(&self, effects: ArrayView2<'_, f64>) -> MeanEffects {
        let effect = |affected: &usize, given: usize| {
            let found = effects.get([*affected, given]).copied();
            found.filter(|number| !number.is_nan())
        };
        let mean_of = |set: fn(&Sets) -> &[usize]| {
            mean(self.nodes.iter().filter_map(|sets| {
                mean(set(sets).iter().filter_map(|node| effect(node, sets.given)))
            }))
        };
        MeanEffects {
            expected: mean_of(|sets| &sets.expected),
            unexpected: mean_of(|sets| &sets.unexpected),
        }
    }

    /// The sets of the same graph with node `order[i]` in the place of node `i`.
    pub(crate) fn relabelled(&self, order: &[usize]) -> Self {
        let moved = |set: &[usize]| set.iter().map(|&node| order[node]).collect();
        let nodes = self.nodes.iter().map(|sets| Sets {
            given: order[sets.given],
            expected: moved(&sets.expected),
            unexpected: moved(&sets.unexpected),
        });
        Self {
            nodes: nodes.collect(),
        }
    }

    pub(crate) fn n_with(&self, effects: ArrayView2<'_, f64>) -> (usize, usize) {
        let count = |set: fn(&Sets) -> &[usize]| {
            let has = |sets: &&Sets| {
                set(sets).iter().any(|&node| {
                    let found = effects.get([node, sets.given]);
                    found.is_some_and(|number| !number.is_nan())
                })
            };
            self.nodes.iter().filter(has).count()
        };
        (count(|sets| &sets.expected), count(|sets| &sets.unexpected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChangeRates, steering_effects};
    use ndarray::{Array2, array};

    #[test]
    fn the_means_are_those_of_steering_effects() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 1), (3, 2), (4, 3)]);
        let changes = Array2::from_shape_fn((9, 5), |(row, node)| (row * 7 + node * 5) % 4 < 2);
        let rates = ChangeRates::from_changes(changes.view());
        for expected in [Expected::Successors, Expected::Connected] {
            for unexpected in [Unexpected::NonSuccessors, Unexpected::Unrelated] {
                let whole = steering_effects(&graph, &rates, expected, unexpected).unwrap();
                let means = Expectations::of(&graph, expected, unexpected)
                    .means(rates.rate_matrix().view());
                assert_eq!(means.expected, whole.expected.map(|summary| summary.mean));
                assert_eq!(means.unexpected, whole.unexpected.map(|s| s.mean));
                assert_eq!(means.gap(), whole.gap());
            }
        }
    }

    #[test]
    fn relabelled_sets_are_those_of_the_relabelled_graph() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2)]);
        let moved = DiGraph::<(), ()>::from_edges([(2, 0), (0, 1)]);
        let of = |graph| Expectations::of(graph, Expected::Successors, Unexpected::NonSuccessors);
        let effects = array![[1.0, 0.25, 0.5], [0.5, 1.0, 0.125], [0.75, f64::NAN, 1.0]];
        let relabelled = of(&graph).relabelled(&[2, 0, 1]);
        assert_eq!(
            relabelled.means(effects.view()),
            of(&moved).means(effects.view())
        );
    }
}
