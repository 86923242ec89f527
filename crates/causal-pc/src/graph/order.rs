use std::cmp::Reverse;
use std::collections::BinaryHeap;

use thiserror::Error;

use super::{Edge, MixedGraph};

/// Why a graph is not a directed acyclic graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotADag {
    /// An edge has no direction, or two arrowheads.
    #[error("edge {shown} is not directed; a DAG is needed")]
    NotDirected {
        /// The edge.
        edge: Edge,
        /// The edge printed with names.
        shown: String,
    },
    /// The directed edges close a cycle.
    #[error("the directed edges form the cycle {}; a DAG is needed", names.join(" -> "))]
    Cycle {
        /// The variables of the cycle in order, each once.
        variables: Vec<usize>,
        /// Their names in order, the first repeated at the end.
        names: Vec<String>,
    },
}

impl MixedGraph {
    /// Whether the directed edges form no cycle; undirected and bidirected edges are not looked at.
    ///
    /// O(p + edges), times log p.
    pub fn is_acyclic(&self) -> bool {
        self.topological_order().is_some()
    }

    /// Whether every edge is directed and no cycle is formed.
    pub fn is_dag(&self) -> bool {
        self.check_dag().is_ok()
    }

    /// The variables in an order that agrees with every directed edge, or `None` if the directed
    /// edges form a cycle. Among the variables that could come next the smallest index does.
    ///
    /// O(p + edges), times log p.
    pub fn topological_order(&self) -> Option<Vec<usize>> {
        let n = self.n_variables();
        let mut waiting: Vec<usize> = (0..n).map(|v| self.parents(v).count()).collect();
        let mut ready: BinaryHeap<_> = (0..n).filter(|&v| waiting[v] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(n);
        while let Some(Reverse(v)) = ready.pop() {
            order.push(v);
            for child in self.children(v) {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.push(Reverse(child));
                }
            }
        }
        (order.len() == n).then_some(order)
    }

    /// The variables of one directed cycle, in order, or `None` if there is none.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let edges = [Edge::directed(0, 1), Edge::directed(1, 2), Edge::directed(2, 1)];
    /// assert!(MixedGraph::from_edges(3, edges).is_err()); // one edge per pair
    ///
    /// let edges = [Edge::directed(0, 1), Edge::directed(1, 2), Edge::directed(2, 0)];
    /// assert_eq!(MixedGraph::from_edges(3, edges)?.directed_cycle(), Some(vec![0, 1, 2]));
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn directed_cycle(&self) -> Option<Vec<usize>> {
        let mut state = vec![Visit::New; self.n_variables()];
        (0..self.n_variables()).find_map(|root| self.cycle_below(root, &mut state))
    }

    /// The variables that reach one of `targets` along directed edges, the targets included,
    /// ascending.
    pub fn ancestors(&self, targets: &[usize]) -> Vec<usize> {
        self.reach(targets, |v, stack| stack.extend(self.parents(v)))
    }

    /// The variables that one of `sources` reaches along directed edges, the sources included,
    /// ascending.
    pub fn descendants(&self, sources: &[usize]) -> Vec<usize> {
        self.reach(sources, |v, stack| stack.extend(self.children(v)))
    }

    /// A topological order, if the graph is a DAG.
    pub(crate) fn check_dag(&self) -> Result<Vec<usize>, NotADag> {
        if let Some(edge) = self.edges().find(|edge| edge.direction().is_none()) {
            let shown = self.display_edge(&edge).to_string();
            return Err(NotADag::NotDirected { edge, shown });
        }
        self.check_acyclic()
    }

    /// A topological order, if the directed edges form no cycle.
    pub(super) fn check_acyclic(&self) -> Result<Vec<usize>, NotADag> {
        self.topological_order().ok_or_else(|| {
            let variables = self.directed_cycle().unwrap_or_default();
            let round = variables.iter().chain(variables.first());
            let names = round.map(|&v| self.names()[v].clone()).collect();
            NotADag::Cycle { variables, names }
        })
    }

    fn reach(&self, from: &[usize], step: impl Fn(usize, &mut Vec<usize>)) -> Vec<usize> {
        let n = self.n_variables();
        let mut seen = vec![false; n];
        let mut stack: Vec<usize> = from.iter().copied().filter(|&v| v < n).collect();
        while let Some(v) = stack.pop() {
            if !std::mem::replace(&mut seen[v], true) {
                step(v, &mut stack);
            }
        }
        (0..n).filter(|&v| seen[v]).collect()
    }

    /// Depth-first search with its own stack, so that long chains do not exhaust the thread's.
    fn cycle_below(&self, root: usize, state: &mut [Visit]) -> Option<Vec<usize>> {
        if state[root] != Visit::New {
            return None;
        }
        state[root] = Visit::Open;
        let mut path = vec![(root, self.children(root))];
        while let Some((v, children)) = path.last_mut() {
            match children.next() {
                None => {
                    state[*v] = Visit::Done;
                    path.pop();
                }
                Some(child) if state[child] == Visit::Open => {
                    let start = path.iter().position(|(v, _)| *v == child)?;
                    return Some(path[start..].iter().map(|(v, _)| *v).collect());
                }
                Some(child) if state[child] == Visit::New => {
                    state[child] = Visit::Open;
                    path.push((child, self.children(child)));
                }
                Some(_) => {}
            }
        }
        None
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(n: usize, edges: &[(usize, usize)]) -> MixedGraph {
        let edges = edges.iter().map(|&(a, b)| Edge::directed(a, b));
        MixedGraph::from_edges(n, edges).unwrap()
    }

    #[test]
    fn order_agrees_with_edges_and_prefers_small_indices() {
        let dag = graph(5, &[(4, 0), (0, 2), (3, 2)]);
        assert_eq!(dag.topological_order(), Some(vec![1, 3, 4, 0, 2]));
        assert_eq!(dag.ancestors(&[2]), [0, 2, 3, 4]);
        assert_eq!(dag.descendants(&[4, 1]), [0, 1, 2, 4]);
        assert_eq!(dag.directed_cycle(), None);
    }

    #[test]
    fn a_cycle_is_named() {
        let round = graph(5, &[(0, 3), (3, 1), (1, 4), (4, 3), (2, 4)]);
        assert!(!round.is_acyclic());
        let error = round.check_dag().unwrap_err();
        assert!(
            error.to_string().contains("cycle X3 -> X1 -> X4 -> X3"),
            "{error}"
        );
    }

    #[test]
    fn an_undirected_edge_is_no_dag_but_acyclic() {
        let mut graph = graph(3, &[(0, 1)]);
        graph.add_undirected(1, 2);
        assert!(graph.is_acyclic() && !graph.is_dag());
        assert!(
            graph
                .check_dag()
                .unwrap_err()
                .to_string()
                .contains("X1 -- X2")
        );
    }

    #[test]
    fn a_chain_of_a_million_is_searched() {
        let n = 1_000_000;
        let chain = (1..n).map(|v| Edge::directed(v - 1, v));
        let mut graph = MixedGraph::from_edges(n, chain).unwrap();
        assert_eq!(graph.directed_cycle(), None);
        graph.add_directed(n - 1, 0);
        assert_eq!(graph.directed_cycle().unwrap().len(), n);
    }
}
