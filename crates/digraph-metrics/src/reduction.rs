//! Fewer edges with the same reachability.

use std::collections::{HashMap, VecDeque};

use fixedbitset::FixedBitSet;
use petgraph::algo::{kosaraju_scc, toposort, tred};
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use thiserror::Error;

use crate::adjacency::Adjacency;

/// Why [`transitive_reduction`] refused a graph.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReductionError {
    /// The graph has a cycle, so no unique reduction by removal exists.
    #[error(
        "the transitive reduction is defined for acyclic graphs, but this one has the cycle {}; \
         `reduce_in_order` accepts cycles",
        arrows(.nodes)
    )]
    Cycle {
        /// The nodes of one cycle, in the order of its edges; the last one leads back to the first.
        nodes: Vec<NodeIndex>,
    },
}

/// The transitive reduction of an acyclic graph: the fewest edges with the same reachability.
///
/// It is unique, a subset of the edges, and does not depend on their order. The nodes stay as they
/// are; the edges that stay keep their weights and their order, and of parallel edges the first
/// one stays.
///
/// # Errors
/// [`ReductionError::Cycle`] with the nodes of one cycle (a self-loop is one).
///
/// # Complexity
/// That of petgraph's [`dag_transitive_reduction_closure`](tred::dag_transitive_reduction_closure)
/// (Habib, Morvan and Rampon, 1993), `O(|V|³)` at worst.
///
/// # Example
/// ```
/// use digraph_metrics::transitive_reduction;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1 → 2,  0 → 2
/// let graph = DiGraph::<(), ()>::from_edges([(0, 2), (0, 1), (1, 2)]);
/// let reduced = transitive_reduction(&graph)?;
/// assert_eq!(reduced.edge_count(), 2);
/// assert!(!reduced.contains_edge(0.into(), 2.into()));
/// # Ok::<(), digraph_metrics::ReductionError>(())
/// ```
pub fn transitive_reduction<N: Clone, E: Clone>(
    graph: &DiGraph<N, E>,
) -> Result<DiGraph<N, E>, ReductionError> {
    let order = toposort(graph, None).map_err(|_| ReductionError::Cycle {
        nodes: a_cycle(graph),
    })?;
    let (sorted, rank) = tred::dag_to_toposorted_adjacency_list::<_, u32>(graph, &order);
    let (reduced, _) = tred::dag_transitive_reduction_closure(&sorted);
    let mut seen = vec![FixedBitSet::with_capacity(order.len()); order.len()];
    let kept: Vec<EdgeIndex> = graph
        .edge_references()
        .filter(|edge| {
            let (source, target) = (edge.source().index(), edge.target().index());
            reduced.contains_edge(rank[source], rank[target]) && !seen[source].put(target)
        })
        .map(|edge| edge.id())
        .collect();
    Ok(with_edges(graph, &kept))
}

/// Removes edges one after another, in edge order, as long as reachability stays the same.
///
/// This is the greedy reduction of the paper's released code, for graphs with cycles. In words: go
/// through the edges in the order of the list; take each off the list; where the closure (a node
/// reaches itself only through a cycle) then differs, put it back **at the end** of the list;
/// repeat until a whole pass removes nothing. The edge order of the graph returned is the final
/// order of that list. On an acyclic graph the edges are those of [`transitive_reduction`]; on a
/// cycle which edges go depends on the order of the edges, which in a `DiGraph` is the order of
/// insertion.
///
/// No edge of the result can go without changing reachability. That is not always the fewest
/// edges possible: finding those in a graph with cycles is NP-hard.
///
/// Why one pass suffices: removing `u → v` changes the closure exactly when `u` no longer reaches
/// `v`. An edge that was needed once stays needed, because later removals only take paths away; so
/// the second pass removes nothing, and every pass puts the needed edges back in the order it met
/// them, which is their order in the graph given.
///
/// # Returns
/// A graph with the same nodes, the needed edges with their weights, parallel edges merged into the
/// last one.
///
/// # Complexity
/// `O(|E| |V|² / 64)` time at worst, where each edge needs a full search; in practice most searches,
/// which run from both ends of the edge, stop after a few nodes. `2 |V|²` bits.
///
/// # Example
/// ```
/// use digraph_metrics::reduce_in_order;
/// use petgraph::graph::DiGraph;
///
/// //  0 ⇄ 1 → 2,  0 → 2: either edge into 2 can go, and the first in order does
/// let graph = DiGraph::<(), ()>::from_edges([(0, 2), (0, 1), (1, 0), (1, 2)]);
/// let reduced = reduce_in_order(&graph);
/// assert!(!reduced.contains_edge(0.into(), 2.into()));
/// assert_eq!(reduced.edge_count(), 3);
/// ```
#[must_use]
pub fn reduce_in_order<N: Clone, E: Clone>(graph: &DiGraph<N, E>) -> DiGraph<N, E> {
    let mut current = ParallelEdges::of(graph);
    let needed: Vec<EdgeIndex> = graph
        .edge_references()
        .filter(|edge| {
            let (source, target) = (edge.source().index(), edge.target().index());
            current.remove(source, target);
            let needed = !current.edges.reaches(source, target);
            if needed {
                current.insert(source, target);
            }
            needed
        })
        .map(|edge| edge.id())
        .collect();
    with_edges(graph, &needed)
}

/// A graph with the same nodes and the edges named, in the order named.
fn with_edges<N: Clone, E: Clone>(graph: &DiGraph<N, E>, edges: &[EdgeIndex]) -> DiGraph<N, E> {
    let mut reduced = DiGraph::with_capacity(graph.node_count(), edges.len());
    for node in graph.node_weights() {
        reduced.add_node(node.clone());
    }
    for &edge in edges {
        if let Some((source, target)) = graph.edge_endpoints(edge) {
            reduced.add_edge(source, target, graph[edge].clone());
        }
    }
    reduced
}

/// The nodes of one cycle in order; empty for an acyclic graph.
fn a_cycle<N, E>(graph: &DiGraph<N, E>) -> Vec<NodeIndex> {
    let on_cycle = |component: &Vec<NodeIndex>| {
        component.len() > 1
            || component
                .first()
                .is_some_and(|&n| graph.contains_edge(n, n))
    };
    let Some(start) = kosaraju_scc(graph).into_iter().find(on_cycle).map(|c| c[0]) else {
        return Vec::new();
    };
    shortest_way_back(graph, start)
}

/// Breadth-first search from `start` until an edge leads back to it.
fn shortest_way_back<N, E>(graph: &DiGraph<N, E>, start: NodeIndex) -> Vec<NodeIndex> {
    let mut came_from = vec![None; graph.node_count()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node) {
            if next == start {
                let way = std::iter::successors(Some(node), |n| came_from[n.index()]);
                let mut cycle: Vec<NodeIndex> = way.collect();
                cycle.reverse();
                return cycle;
            }
            if came_from[next.index()].is_none() {
                came_from[next.index()] = Some(node);
                queue.push_back(next);
            }
        }
    }
    Vec::new()
}

fn arrows(nodes: &[NodeIndex]) -> String {
    let names: Vec<String> = nodes
        .iter()
        .chain(nodes.first())
        .map(|node| node.index().to_string())
        .collect();
    names.join(" -> ")
}

/// Edges with the number of further parallel edges, so that the last of them can be taken out.
struct ParallelEdges {
    edges: Adjacency,
    parallel: HashMap<(usize, usize), usize>,
}

impl ParallelEdges {
    fn of<N, E>(graph: &DiGraph<N, E>) -> Self {
        let mut all = Self {
            edges: Adjacency::new(graph.node_count()),
            parallel: HashMap::new(),
        };
        for edge in graph.edge_references() {
            all.insert(edge.source().index(), edge.target().index());
        }
        all
    }

    fn insert(&mut self, source: usize, target: usize) {
        if self.edges.insert(source, target) {
            *self.parallel.entry((source, target)).or_insert(0) += 1;
        }
    }

    fn remove(&mut self, source: usize, target: usize) {
        match self.parallel.get_mut(&(source, target)) {
            Some(more) if *more > 0 => *more -= 1,
            _ => self.edges.remove(source, target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges<N, E>(graph: &DiGraph<N, E>) -> Vec<(usize, usize)> {
        graph
            .edge_references()
            .map(|e| (e.source().index(), e.target().index()))
            .collect()
    }

    #[test]
    fn the_reduction_of_a_dag_keeps_order_and_weights() {
        let graph = DiGraph::<(), char>::from_edges([
            (0, 3, 'a'),
            (2, 3, 'b'),
            (0, 1, 'c'),
            (1, 2, 'd'),
            (1, 2, 'e'),
        ]);
        let reduced = transitive_reduction(&graph).unwrap();
        assert_eq!(edges(&reduced), [(2, 3), (0, 1), (1, 2)]);
        assert_eq!(reduced.edge_weights().collect::<String>(), "bcd");
    }

    #[test]
    fn a_cycle_is_an_error_that_names_its_nodes() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)]);
        let ReductionError::Cycle { nodes } = transitive_reduction(&graph).unwrap_err();
        let mut sorted: Vec<usize> = nodes.iter().map(|node| node.index()).collect();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3]);
        for (at, &node) in nodes.iter().enumerate() {
            assert!(graph.contains_edge(node, nodes[(at + 1) % nodes.len()]));
        }
    }

    #[test]
    fn the_message_of_a_self_loop_shows_it_twice() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 1)]);
        assert_eq!(
            transitive_reduction(&graph).unwrap_err().to_string(),
            "the transitive reduction is defined for acyclic graphs, but this one has the cycle \
             1 -> 1; `reduce_in_order` accepts cycles"
        );
    }

    #[test]
    fn on_cycles_the_order_of_edges_decides() {
        let one = DiGraph::<(), ()>::from_edges([(0, 2), (1, 2), (0, 1), (1, 0)]);
        let other = DiGraph::<(), ()>::from_edges([(1, 2), (0, 2), (0, 1), (1, 0)]);
        assert_eq!(edges(&reduce_in_order(&one)), [(1, 2), (0, 1), (1, 0)]);
        assert_eq!(edges(&reduce_in_order(&other)), [(0, 2), (0, 1), (1, 0)]);
    }

    #[test]
    fn a_self_loop_goes_where_another_cycle_passes() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 0), (0, 1), (1, 0), (2, 2)]);
        assert_eq!(edges(&reduce_in_order(&graph)), [(0, 1), (1, 0), (2, 2)]);
    }

    #[test]
    fn of_parallel_edges_the_last_stays() {
        let graph =
            DiGraph::<(), char>::from_edges([(0, 1, 'a'), (1, 2, 'b'), (0, 1, 'c'), (0, 1, 'd')]);
        let reduced = reduce_in_order(&graph);
        assert_eq!(reduced.edge_weights().collect::<String>(), "bd");
    }
}
