use std::collections::BinaryHeap;

use thiserror::Error;

use super::{Edge, MixedGraph, NotADag, cpdag_of_dag};

/// Why no DAG extends a graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotExtendable {
    /// An edge has two arrowheads.
    #[error("no DAG extends the graph: edge {shown} has two arrowheads")]
    Bidirected {
        /// The edge.
        edge: Edge,
        /// The edge printed with names.
        shown: String,
    },
    /// The directed edges form a cycle.
    #[error("no DAG extends the graph: its directed edges form the cycle {}", names.join(" -> "))]
    Cycle {
        /// The variables of the cycle in order, each once.
        variables: Vec<usize>,
        /// Their names in order, the first repeated at the end.
        names: Vec<String>,
    },
    /// However the undirected edges are directed, a cycle or a new collider arises.
    #[error(
        "no DAG extends the graph: among {} every choice of directions makes a cycle or a collider \
         that the graph does not have",
        names.join(", ")
    )]
    NoOrientation {
        /// The variables among which no orientation was found, ascending.
        variables: Vec<usize>,
        /// Their names.
        names: Vec<String>,
    },
}

impl MixedGraph {
    /// A DAG that extends the graph: the same adjacencies, the directed edges as they are, and no
    /// unshielded collider that the graph does not have.
    ///
    /// Sinks are taken off one by one (Dor and Tarsi 1992, "A simple algorithm to construct a
    /// consistent extension of a partially oriented graph"), of several the one of the largest
    /// index, so the same graph always gives the same DAG. A sink is looked at again only when a
    /// neighbour has gone: O(edges x degree^2).
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let chain = [Edge::undirected(0, 1), Edge::undirected(1, 2)];
    /// let dag = MixedGraph::from_edges(3, chain)?.consistent_extension()?;
    /// assert_eq!(dag.to_string(), "X0 -> X1\nX1 -> X2\n");
    ///
    /// // Any DAG over a square has a collider that the square has not.
    /// let square = [(0, 1), (1, 2), (2, 3), (0, 3)].map(|(a, b)| Edge::undirected(a, b));
    /// assert!(MixedGraph::from_edges(4, square)?.consistent_extension().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotExtendable`] if there is no such DAG, with what stands in the way.
    pub fn consistent_extension(&self) -> Result<Self, NotExtendable> {
        if let Some(edge) = self.edges().find(Edge::is_bidirected) {
            let shown = self.display_edge(&edge).to_string();
            return Err(NotExtendable::Bidirected { edge, shown });
        }
        let mut rest = Remaining::new(self);
        let mut dag = self.clone();
        let mut to_check: BinaryHeap<usize> = (0..self.n_variables()).collect();
        while let Some(v) = to_check.pop() {
            if rest.present[v] && rest.is_removable(v) {
                for near in self
                    .undirected_neighbors(v)
                    .filter(|&near| rest.present[near])
                {
                    dag.add_directed(near, v);
                }
                rest.remove(v);
                to_check.extend(&rest.neighbors[v]);
            }
        }
        let variables: Vec<usize> = (0..self.n_variables())
            .filter(|&v| rest.present[v])
            .collect();
        if variables.is_empty() {
            Ok(dag)
        } else {
            Err(self.why_stuck(variables))
        }
    }

    /// Whether [`MixedGraph::consistent_extension`] finds a DAG.
    pub fn is_extendable(&self) -> bool {
        self.consistent_extension().is_ok()
    }

    /// Whether the graph is the CPDAG of some DAG: the complete description of a Markov equivalence
    /// class.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let mut graph = MixedGraph::from_edges(3, [Edge::directed(0, 1), Edge::directed(2, 1)])?;
    /// assert!(graph.is_cpdag());
    /// graph.add_undirected(0, 2); // the collider is shielded now: nothing compels its arrows
    /// assert!(!graph.is_cpdag());
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn is_cpdag(&self) -> bool {
        let extension = self.consistent_extension();
        extension.is_ok_and(|dag| cpdag_of_dag(&dag).is_ok_and(|cpdag| cpdag == *self))
    }

    fn why_stuck(&self, variables: Vec<usize>) -> NotExtendable {
        if let Err(NotADag::Cycle { variables, names }) = self.check_acyclic() {
            return NotExtendable::Cycle { variables, names };
        }
        let names = variables.iter().map(|&v| self.names()[v].clone()).collect();
        NotExtendable::NoOrientation { variables, names }
    }
}

/// The part of a graph whose sinks have not been taken off yet.
struct Remaining<'a> {
    graph: &'a MixedGraph,
    present: Vec<bool>,
    /// Of each variable the present neighbours, ascending.
    neighbors: Vec<Vec<usize>>,
    n_children: Vec<usize>,
}

impl<'a> Remaining<'a> {
    fn new(graph: &'a MixedGraph) -> Self {
        let all = 0..graph.n_variables();
        Self {
            graph,
            present: vec![true; graph.n_variables()],
            neighbors: all.clone().map(|v| graph.neighbors(v).collect()).collect(),
            n_children: all.map(|v| graph.children(v).count()).collect(),
        }
    }

    /// Whether `v` can be the last variable: it has no child, and directing its undirected edges
    /// towards it makes no new collider.
    fn is_removable(&self, v: usize) -> bool {
        let around = &self.neighbors[v];
        let mut undirected = around
            .iter()
            .filter(|&&near| self.graph.is_undirected(v, near));
        self.n_children[v] == 0 && undirected.all(|&near| self.is_adjacent_to_all(near, around))
    }

    /// Whether `v`, itself one of `others`, is adjacent to all the rest of them.
    fn is_adjacent_to_all(&self, v: usize, others: &[usize]) -> bool {
        let mut near = self.neighbors[v].iter();
        others
            .iter()
            .all(|&other| other == v || near.by_ref().any(|&found| found == other))
    }

    fn remove(&mut self, v: usize) {
        self.present[v] = false;
        for at in 0..self.neighbors[v].len() {
            let near = self.neighbors[v][at];
            self.neighbors[near].retain(|&other| other != v);
            self.n_children[near] -= usize::from(self.graph.is_directed(near, v));
        }
    }
}
