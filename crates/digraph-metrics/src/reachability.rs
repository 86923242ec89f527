//! Which nodes reach which, and the sets of nodes read off from that.

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;

/// The transitive closure of a graph, as one row of bits per node.
///
/// Made by [`reachability`]. Two closures are equal when the same nodes reach the same nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachability {
    rows: Vec<FixedBitSet>,
}

impl Reachability {
    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.rows.len()
    }

    /// Whether a path of at least one edge leads from `from` to `to`.
    ///
    /// `false` for a node that is not in the graph.
    #[must_use]
    pub fn reaches(&self, from: NodeIndex, to: NodeIndex) -> bool {
        self.rows
            .get(from.index())
            .is_some_and(|row| row.contains(to.index()))
    }

    /// The nodes reached from `from`, in index order; `from` itself is among them when it lies on
    /// a cycle.
    ///
    /// Empty for a node that is not in the graph.
    pub fn reached_from(&self, from: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        self.rows
            .get(from.index())
            .into_iter()
            .flat_map(FixedBitSet::ones)
            .map(NodeIndex::new)
    }

    /// The nodes that reach `to`, in index order; `to` itself is among them when it lies on a
    /// cycle.
    ///
    /// Empty for a node that is not in the graph.
    pub fn reaching(&self, to: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        nodes(self.rows.len()).filter(move |&from| self.reaches(from, to))
    }

    /// Number of ordered pairs (from, to) with a path between them.
    #[must_use]
    pub fn pair_count(&self) -> usize {
        self.rows.iter().map(|row| row.count_ones(..)).sum()
    }
}

/// The transitive closure: which nodes reach which by a path of at least one edge.
///
/// A node reaches itself only through a cycle (a self-loop is one). Edge weights and parallel
/// edges play no part.
///
/// # Complexity
/// `O(|V| + |E| |V| / 64)` time and `|V|²` bits. The strongly connected components are met in
/// reverse topological order, so that each row is the union of finished rows.
///
/// # Example
/// ```
/// use digraph_metrics::reachability;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1 ⇄ 2
/// let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 1)]);
/// let closure = reachability(&graph);
/// assert!(closure.reaches(0.into(), 2.into()));
/// assert!(closure.reaches(1.into(), 1.into()));
/// assert!(!closure.reaches(0.into(), 0.into()));
/// ```
#[must_use]
pub fn reachability<N, E>(graph: &DiGraph<N, E>) -> Reachability {
    let n_nodes = graph.node_count();
    let mut rows = vec![FixedBitSet::with_capacity(n_nodes); n_nodes];
    for component in kosaraju_scc(graph) {
        let mut row = FixedBitSet::with_capacity(n_nodes);
        for next in component.iter().flat_map(|&node| graph.neighbors(node)) {
            row.insert(next.index());
            row.union_with(&rows[next.index()]);
        }
        for node in component {
            rows[node.index()].clone_from(&row);
        }
    }
    Reachability { rows }
}

/// All nodes that can be reached from `node`, itself excluded, in index order.
///
/// This is the set of successors that the paper's section 2.3 speaks of: every descendant, not
/// only the children. A node that is not in the graph has none, as in petgraph's `neighbors`.
///
/// # Complexity
/// `O(|V| + |E|)`.
///
/// # Example
/// ```
/// use digraph_metrics::successors;
/// use petgraph::graph::DiGraph;
///
/// let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 0), (2, 3)]);
/// assert_eq!(successors(&graph, 1.into()), [0.into(), 2.into(), 3.into()]);
/// ```
#[must_use]
pub fn successors<N, E>(graph: &DiGraph<N, E>, node: NodeIndex) -> Vec<NodeIndex> {
    others_found(graph, node, petgraph::Outgoing)
}

/// All nodes from which `node` can be reached, itself excluded, in index order.
///
/// A node that is not in the graph has none.
///
/// # Complexity
/// `O(|V| + |E|)`.
#[must_use]
pub fn predecessors<N, E>(graph: &DiGraph<N, E>, node: NodeIndex) -> Vec<NodeIndex> {
    others_found(graph, node, petgraph::Incoming)
}

/// All nodes of the weakly connected component of `node`, itself excluded, in index order.
///
/// They are the nodes joined to it by edges read in either direction. A node that is not in the
/// graph is connected to none.
///
/// # Complexity
/// `O(|V| + |E|)`, up to the inverse Ackermann function.
#[must_use]
pub fn connected<N, E>(graph: &DiGraph<N, E>, node: NodeIndex) -> Vec<NodeIndex> {
    let labels = component_labels(graph);
    let Some(label) = labels.get(node.index()) else {
        return Vec::new();
    };
    nodes(labels.len())
        .filter(|&other| other != node && labels[other.index()] == *label)
        .collect()
}

/// All nodes that neither reach `node` nor are reached from it, itself excluded, in index order.
///
/// Every node of the graph is unrelated to a node that is not in it.
///
/// # Complexity
/// `O(|V| + |E|)`.
#[must_use]
pub fn unrelated<N, E>(graph: &DiGraph<N, E>, node: NodeIndex) -> Vec<NodeIndex> {
    let mut related = FixedBitSet::with_capacity(graph.node_count());
    related.extend(successors(graph, node).into_iter().map(NodeIndex::index));
    related.extend(predecessors(graph, node).into_iter().map(NodeIndex::index));
    graph
        .node_indices()
        .filter(|&other| other != node && !related.contains(other.index()))
        .collect()
}

/// For each node the label of its weakly connected component.
pub(crate) fn component_labels<N, E>(graph: &DiGraph<N, E>) -> Vec<usize> {
    let mut components = UnionFind::new(graph.node_count());
    for edge in graph.edge_references() {
        components.union(edge.source().index(), edge.target().index());
    }
    components.into_labeling()
}

/// The indices of a graph with `n_nodes` nodes.
pub(crate) fn nodes(n_nodes: usize) -> impl Iterator<Item = NodeIndex> {
    (0..n_nodes).map(NodeIndex::new)
}

fn others_found<N, E>(
    graph: &DiGraph<N, E>,
    start: NodeIndex,
    direction: petgraph::Direction,
) -> Vec<NodeIndex> {
    let mut found = FixedBitSet::with_capacity(graph.node_count());
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        stack.extend(
            graph
                .neighbors_directed(node, direction)
                .filter(|next| !found.put(next.index())),
        );
    }
    found
        .ones()
        .map(NodeIndex::new)
        .filter(|&node| node != start)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```text
    /// 0 → 1 → 2 → 1,  3 → 1,  4 → 4,  5
    /// ```
    fn example() -> DiGraph<(), ()> {
        let mut graph = DiGraph::from_edges([(0, 1), (1, 2), (2, 1), (3, 1), (4, 4)]);
        graph.add_node(());
        graph
    }

    fn indices(nodes: Vec<NodeIndex>) -> Vec<usize> {
        nodes.into_iter().map(NodeIndex::index).collect()
    }

    #[test]
    fn the_closure_holds_exactly_the_pairs_joined_by_a_path() {
        let closure = reachability(&example());
        let pairs: Vec<_> = nodes(6)
            .flat_map(|from| {
                closure
                    .reached_from(from)
                    .map(move |to| (from.index(), to.index()))
            })
            .collect();
        let expected = [
            (0, 1),
            (0, 2),
            (1, 1),
            (1, 2),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 2),
            (4, 4),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(closure.pair_count(), expected.len());
        assert_eq!(indices(closure.reaching(1.into()).collect()), [0, 1, 2, 3]);
    }

    #[test]
    fn node_sets_leave_the_node_itself_out() {
        let graph = example();
        assert_eq!(indices(successors(&graph, 1.into())), [2]);
        assert_eq!(indices(predecessors(&graph, 1.into())), [0, 2, 3]);
        assert_eq!(indices(connected(&graph, 1.into())), [0, 2, 3]);
        assert_eq!(indices(unrelated(&graph, 0.into())), [3, 4, 5]);
        assert!(successors(&graph, 4.into()).is_empty());
        assert!(connected(&graph, 5.into()).is_empty());
    }

    #[test]
    fn a_node_outside_the_graph_has_no_relations() {
        let graph = example();
        let outside = NodeIndex::new(6);
        assert!(!reachability(&graph).reaches(outside, 0.into()));
        assert!(!reachability(&graph).reaches(0.into(), outside));
        assert_eq!(reachability(&graph).reached_from(outside).count(), 0);
        assert!(successors(&graph, outside).is_empty());
        assert!(predecessors(&graph, outside).is_empty());
        assert!(connected(&graph, outside).is_empty());
        assert_eq!(unrelated(&graph, outside).len(), 6);
    }

    #[test]
    fn a_long_path_does_not_exhaust_the_stack() {
        let graph = DiGraph::<(), ()>::from_edges((0..20_000).map(|i| (i, i + 1)));
        assert_eq!(reachability(&graph).reached_from(0.into()).count(), 20_000);
    }
}
