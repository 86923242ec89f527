use super::{Edge, MixedGraph, NotExtendable};

/// The DAGs that extend a graph, each once: see [`MixedGraph::class_dags`].
#[derive(Clone, Debug)]
pub struct ClassDags {
    /// Graphs closed under Meek's rules whose extensions are still to come, the next one last,
    /// each with a variable below which no edge is undirected.
    pending: Vec<(MixedGraph, usize)>,
}

impl MixedGraph {
    /// All DAGs that extend the graph: for a CPDAG its Markov equivalence class, for a graph with
    /// background knowledge the part of the class that obeys it.
    ///
    /// The iterator directs the first undirected edge one way and then the other, and after each
    /// what follows by Meek's rules. Of a graph closed under these rules each direction of an
    /// undirected edge is possible, so no search is in vain: O(edges x degree^2) for each DAG,
    /// amortised, and memory for as many graphs as there are undirected edges. The order is fixed;
    /// edges `a -> b` with `a < b` come first. How many there are, [`MixedGraph::class_size`] tells
    /// without listing them.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let chain = MixedGraph::from_edges(3, [Edge::undirected(0, 1), Edge::undirected(1, 2)])?;
    /// let dags: Vec<String> = chain.class_dags()?.map(|dag| dag.to_string()).collect();
    /// assert_eq!(dags, ["X0 -> X1\nX1 -> X2\n", "X1 -> X0\nX1 -> X2\n", "X1 -> X0\nX2 -> X1\n"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotExtendable`] if no DAG extends the graph.
    pub fn class_dags(&self) -> Result<ClassDags, NotExtendable> {
        Ok(ClassDags {
            pending: vec![(self.maximally_directed()?, 0)],
        })
    }

    /// The graph closed under Meek's rules, if some DAG extends it.
    pub(crate) fn maximally_directed(&self) -> Result<Self, NotExtendable> {
        self.consistent_extension()?;
        let mut graph = self.clone();
        graph.apply_meek_rules();
        Ok(graph)
    }

    fn first_undirected_from(&self, start: usize) -> Option<Edge> {
        (start..self.n_variables()).find_map(|a| {
            let b = self.undirected_neighbors(a).find(|&b| b > a)?;
            Some(Edge::undirected(a, b))
        })
    }
}

impl Iterator for ClassDags {
    type Item = MixedGraph;

    fn next(&mut self) -> Option<MixedGraph> {
        let (mut graph, mut start) = self.pending.pop()?;
        while let Some(Edge { a, b, .. }) = graph.first_undirected_from(start) {
            start = a;
            let mut other = graph.clone();
            other.direct_and_close(b, a);
            self.pending.push((other, start));
            graph.direct_and_close(a, b);
        }
        Some(graph)
    }
}

impl std::iter::FusedIterator for ClassDags {}
