use super::MixedGraph;

impl MixedGraph {
    /// Directs every undirected edge that Meek's rules R1 to R4 decide, until none does.
    ///
    /// ```text
    /// R1  a -> b -- c, a and c not adjacent                          gives b -> c
    /// R2  a -> c -> b, a -- b                                        gives a -> b
    /// R3  c -> b <- d, a -- c, a -- d, a -- b, c and d not adjacent  gives a -> b
    /// R4  d -> c -> b, a -- d, a -- b, a and c adjacent, b and d not gives a -> b
    /// ```
    ///
    /// For a graph that some DAG extends, an edge stays undirected exactly if the DAGs that extend
    /// the graph differ on it (Meek 1995, "Causal inference and causal explanation with background
    /// knowledge"; R4 matters only with background knowledge). The result does not depend on the
    /// order in which rules are applied. A graph that no DAG extends may be given a cycle.
    ///
    /// Each arrow is followed up once: O(edges x degree^2), times log degree.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let edges = [Edge::directed(0, 1), Edge::undirected(1, 2), Edge::undirected(2, 3)];
    /// let mut graph = MixedGraph::from_edges(4, edges)?;
    /// graph.apply_meek_rules();
    /// assert_eq!(graph.to_string(), "X0 -> X1\nX1 -> X2\nX2 -> X3\n");
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn apply_meek_rules(&mut self) {
        let arrows = self.edges().filter_map(|edge| edge.direction()).collect();
        self.follow_arrows(arrows);
    }

    /// Directs the undirected edge `a -- b` as `a -> b`, and all that follows by Meek's rules.
    pub(crate) fn direct_and_close(&mut self, a: usize, b: usize) {
        self.add_directed(a, b);
        self.follow_arrows(vec![(a, b)]);
    }

    fn follow_arrows(&mut self, mut arrows: Vec<(usize, usize)>) {
        let mut found = Vec::new();
        while let Some((from, to)) = arrows.pop() {
            self.chain_rules(from, to, &mut found);
            self.kite_rules(from, to, &mut found);
            for (a, b) in found.drain(..) {
                if self.is_undirected(a, b) {
                    self.add_directed(a, b);
                    arrows.push((a, b));
                }
            }
        }
    }

    /// What R1 and R2 direct because of `from -> to`.
    fn chain_rules(&self, from: usize, to: usize, found: &mut Vec<(usize, usize)>) {
        let rule_1 = self
            .undirected_neighbors(to)
            .filter(|&c| !self.is_adjacent(from, c));
        found.extend(rule_1.map(|c| (to, c)));
        let as_first = self.children(to).filter(|&b| self.is_undirected(from, b));
        found.extend(as_first.map(|b| (from, b)));
        let as_second = self.parents(from).filter(|&a| self.is_undirected(a, to));
        found.extend(as_second.map(|a| (a, to)));
    }

    /// What R3 and R4 direct because of `from -> to`.
    fn kite_rules(&self, from: usize, to: usize, found: &mut Vec<(usize, usize)>) {
        let apart = |u: usize, v: usize| u != v && !self.is_adjacent(u, v);
        let both_undirected = |u: usize, v: usize| {
            self.undirected_neighbors(u)
                .filter(move |&a| self.is_undirected(a, v))
        };
        for d in self.parents(to).filter(|&d| apart(from, d)) {
            let rule_3 = both_undirected(from, d).filter(|&a| self.is_undirected(a, to));
            found.extend(rule_3.map(|a| (a, to)));
        }
        for b in self.children(to).filter(|&b| apart(from, b)) {
            let as_first = both_undirected(from, b).filter(|&a| self.is_adjacent(a, to));
            found.extend(as_first.map(|a| (a, b)));
        }
        for d in self.parents(from).filter(|&d| apart(d, to)) {
            let as_second = both_undirected(d, to).filter(|&a| self.is_adjacent(a, from));
            found.extend(as_second.map(|a| (a, to)));
        }
    }
}
