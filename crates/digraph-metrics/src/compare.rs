//! How far two causal graphs over the same nodes differ.

use std::collections::BTreeMap;
use std::fmt::Debug;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::numbers::share;

/// Why two graphs could not be compared.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareError {
    /// The graphs have different numbers of nodes.
    #[error("expected an estimate of all nodes of the true graph ({truth}), found {estimate}")]
    NodeCounts {
        /// Number of nodes of the true graph.
        truth: usize,
        /// Number of nodes of the estimated graph.
        estimate: usize,
    },
    /// The same index stands for differently named nodes.
    #[error("node {node} is {truth} in the true graph and {estimate} in the estimated one")]
    NodeNames {
        /// Index of the first such node.
        node: usize,
        /// Its weight in the true graph, in `Debug` form.
        truth: String,
        /// Its weight in the estimated graph, in `Debug` form.
        estimate: String,
    },
    /// A node has an edge to itself, which no causal graph has.
    #[error("node {node} of the {graph} graph has an edge to itself")]
    SelfLoop {
        /// "true" or "estimated".
        graph: &'static str,
        /// Index of the node.
        node: usize,
    },
    /// A distance that is defined for acyclic graphs was asked for one with a cycle.
    #[error(
        "the {graph} graph has a cycle through node {node} (an undirected edge counts as one), \
         but this distance is defined for acyclic graphs"
    )]
    Cycle {
        /// "true" or "estimated".
        graph: &'static str,
        /// Index of a node on the cycle.
        node: usize,
    },
}

/// How many of the things that one graph has the other has too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Overlap {
    /// Number in both graphs.
    pub both: usize,
    /// Number in the true graph.
    pub truth: usize,
    /// Number in the estimated graph.
    pub estimate: usize,
}

impl Overlap {
    /// Share of what the estimate has that is true; `None` where the estimate has nothing.
    #[must_use]
    pub fn precision(self) -> Option<f64> {
        share(self.both, self.estimate)
    }

    /// Share of what is true that the estimate has; `None` where the truth has nothing.
    #[must_use]
    pub fn recall(self) -> Option<f64> {
        share(self.both, self.truth)
    }

    /// Harmonic mean of precision and recall; `None` where neither graph has anything.
    #[must_use]
    pub fn f1(self) -> Option<f64> {
        share(2 * self.both, self.truth + self.estimate)
    }
}

/// What [`compare`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Comparison {
    /// Structural Hamming distance: number of pairs of nodes whose edge differs in presence,
    /// direction or mark. Each pair counts once, so that a reversed edge costs 1.
    pub shd: usize,
    /// Adjacent pairs, directions left aside.
    pub skeleton: Overlap,
    /// Arrowheads: directed edges at the node that they point to. Undirected edges have none.
    pub arrowheads: Overlap,
}

/// Compares an estimated graph with the true one, node by index.
///
/// **Undirected edges** are represented as both directions, `a → b` and `b → a`, as is usual where
/// a graph type knows directed edges only. So CPDAGs are compared as they are: an edge directed in one
/// graph and undirected in the other counts 1 in the SHD, is right in the skeleton, and its
/// arrowhead is in one graph only. Parallel edges count once, weights play no part.
///
/// Swapping the two graphs keeps the SHD and each F1, and swaps precision and recall. The SHD is 0
/// exactly where both have the same edges.
///
/// # Errors
/// [`CompareError`] where the graphs differ in the number or the names (weights) of their nodes, or
/// where one has a self-loop.
///
/// # Complexity
/// `O(|V| + |E| log |E|)`.
///
/// # Literature
/// I. Tsamardinos, L. E. Brown, C. F. Aliferis: The max-min hill-climbing Bayesian network
/// structure learning algorithm. Machine Learning 65, 2006 (SHD on CPDAGs).
///
/// # Example
/// ```
/// use digraph_metrics::compare;
/// use petgraph::graph::DiGraph;
///
/// //  truth: 0 → 1 → 2    estimate: 0 → 1 — 2
/// let truth = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2)]);
/// let estimate = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 1)]);
/// let comparison = compare(&truth, &estimate)?;
/// assert_eq!(comparison.shd, 1);
/// assert_eq!(comparison.skeleton.f1(), Some(1.0));
/// assert_eq!(comparison.arrowheads.precision(), Some(1.0));
/// assert_eq!(comparison.arrowheads.recall(), Some(0.5));
/// # Ok::<(), digraph_metrics::CompareError>(())
/// ```
pub fn compare<N, M, E, F>(
    truth: &DiGraph<N, E>,
    estimate: &DiGraph<M, F>,
) -> Result<Comparison, CompareError>
where
    N: PartialEq<M> + Debug,
    M: Debug,
{
    same_nodes(truth, estimate)?;
    let (truth, estimate) = (links("true", truth)?, links("estimated", estimate)?);
    let shared = |holds: fn(&Link, &Link) -> bool| {
        let both = truth
            .iter()
            .filter_map(|(pair, a)| Some((a, estimate.get(pair)?)));
        both.filter(|(a, b)| holds(a, b)).count()
    };
    let (adjacent, identical) = (shared(|_, _| true), shared(|a, b| a == b));
    let directed = |links: &Links| links.values().filter(|link| link.is_directed()).count();
    Ok(Comparison {
        shd: truth.len() + estimate.len() - adjacent - identical,
        skeleton: Overlap {
            both: adjacent,
            truth: truth.len(),
            estimate: estimate.len(),
        },
        arrowheads: Overlap {
            both: shared(|a, b| a == b && a.is_directed()),
            truth: directed(&truth),
            estimate: directed(&estimate),
        },
    })
}

/// Refuses graphs whose nodes are not the same.
pub(crate) fn same_nodes<N, M, E, F>(
    truth: &DiGraph<N, E>,
    estimate: &DiGraph<M, F>,
) -> Result<(), CompareError>
where
    N: PartialEq<M> + Debug,
    M: Debug,
{
    if truth.node_count() != estimate.node_count() {
        let (truth, estimate) = (truth.node_count(), estimate.node_count());
        return Err(CompareError::NodeCounts { truth, estimate });
    }
    let names = truth
        .node_weights()
        .zip(estimate.node_weights())
        .enumerate();
    match names.into_iter().find(|(_, (a, b))| a != b) {
        None => Ok(()),
        Some((node, (truth, estimate))) => Err(CompareError::NodeNames {
            node,
            truth: format!("{truth:?}"),
            estimate: format!("{estimate:?}"),
        }),
    }
}

/// The edge between two nodes, the smaller index first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Link {
    forward: bool,
    backward: bool,
}

impl Link {
    fn is_directed(&self) -> bool {
        self.forward != self.backward
    }
}

type Links = BTreeMap<(NodeIndex, NodeIndex), Link>;

fn links<N, E>(name: &'static str, graph: &DiGraph<N, E>) -> Result<Links, CompareError> {
    let mut links = Links::new();
    for edge in graph.edge_references() {
        let (source, target) = (edge.source(), edge.target());
        if source == target {
            return Err(CompareError::SelfLoop {
                graph: name,
                node: source.index(),
            });
        }
        let link = links
            .entry((source.min(target), source.max(target)))
            .or_default();
        if source < target {
            link.forward = true;
        } else {
            link.backward = true;
        }
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(n_nodes: usize, edges: &[(u32, u32)]) -> DiGraph<(), ()> {
        let mut graph = DiGraph::from_edges(edges);
        while graph.node_count() < n_nodes {
            graph.add_node(());
        }
        graph
    }

    #[test]
    fn each_kind_of_difference_counts_one() {
        let truth = graph(4, &[(0, 1), (1, 2)]);
        let shd = |edges: &[(u32, u32)]| compare(&truth, &graph(4, edges)).unwrap().shd;
        assert_eq!(shd(&[(1, 2), (0, 1)]), 0);
        assert_eq!(shd(&[(0, 1)]), 1);
        assert_eq!(shd(&[(0, 1), (1, 2), (2, 3)]), 1);
        assert_eq!(shd(&[(0, 1), (2, 1)]), 1);
        assert_eq!(shd(&[(0, 1), (2, 1), (1, 2)]), 1);
        assert_eq!(shd(&[(1, 0), (3, 2)]), 3);
    }

    #[test]
    fn counts_behind_precision_and_recall() {
        let truth = graph(5, &[(0, 1), (1, 2), (2, 1), (3, 4)]);
        let estimate = graph(5, &[(0, 1), (1, 2), (4, 3), (0, 4), (0, 4)]);
        let found = compare(&truth, &estimate).unwrap();
        assert_eq!(
            found.skeleton,
            Overlap {
                both: 3,
                truth: 3,
                estimate: 4
            }
        );
        assert_eq!(
            found.arrowheads,
            Overlap {
                both: 1,
                truth: 2,
                estimate: 4
            }
        );
        assert_eq!(found.shd, 3);
        assert_eq!(found.arrowheads.precision(), Some(0.25));
        assert_eq!(found.arrowheads.recall(), Some(0.5));
        assert_eq!(found.arrowheads.f1(), Some(1.0 / 3.0));
    }

    #[test]
    fn empty_graphs_have_no_precision() {
        let found = compare(&graph(2, &[]), &graph(2, &[])).unwrap();
        assert_eq!(found.shd, 0);
        assert_eq!(
            (found.skeleton.precision(), found.skeleton.f1()),
            (None, None)
        );
    }

    #[test]
    fn graphs_that_cannot_be_compared_are_refused() {
        let message = |estimate| compare(&graph(2, &[]), &estimate).unwrap_err().to_string();
        assert_eq!(
            message(graph(3, &[])),
            "expected an estimate of all nodes of the true graph (2), found 3"
        );
        assert_eq!(
            message(graph(2, &[(1, 1)])),
            "node 1 of the estimated graph has an edge to itself"
        );
        let mut truth = DiGraph::<&str, ()>::new();
        truth.add_node("Empathy");
        let estimate = truth.map(|_, _| "Social".to_owned(), |_, ()| ());
        assert_eq!(
            compare(&truth, &estimate).unwrap_err().to_string(),
            "node 0 is \"Empathy\" in the true graph and \"Social\" in the estimated one"
        );
    }
}
