use std::fmt::{Display, Write};

use ndarray::Array2;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

use super::{Edge, GraphError, Mark, MixedGraph};

/// What becomes of an edge without a single direction where only directions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UndirectedEdges {
    /// `a -- b` and `a <-> b` become `a -> b` and `b -> a`.
    BothWays,
    /// They are left out.
    Drop,
}

impl MixedGraph {
    /// The graph as a petgraph graph: nodes by index, weighted with their names.
    ///
    /// Edges come pair by pair, `(i, j)` with `i < j` ascending, each in its own direction; an edge
    /// that goes both ways gives `i -> j` and then `j -> i`.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph, UndirectedEdges};
    /// use petgraph::visit::EdgeRef;
    ///
    /// let edges = [Edge::directed(2, 0), Edge::undirected(0, 1)];
    /// let graph = MixedGraph::from_edges(3, edges)?.to_digraph(UndirectedEdges::BothWays);
    /// let edges: Vec<_> =
    ///     graph.edge_references().map(|e| (e.source().index(), e.target().index())).collect();
    /// assert_eq!(edges, [(0, 1), (1, 0), (2, 0)]);
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn to_digraph(&self, undirected: UndirectedEdges) -> DiGraph<String, ()> {
        let mut digraph = DiGraph::with_capacity(self.n_variables(), self.n_edges());
        let nodes: Vec<_> = self
            .names()
            .iter()
            .map(|name| digraph.add_node(name.clone()))
            .collect();
        for (from, to) in self.arrows(undirected) {
            digraph.add_edge(nodes[from], nodes[to], ());
        }
        digraph
    }

    /// The graph of a petgraph graph: node weights become names, and a pair of opposite edges
    /// becomes `a -- b`.
    ///
    /// # Errors
    ///
    /// [`GraphError`] if an edge is a loop or stands twice.
    pub fn from_digraph<N: Display, E>(digraph: &DiGraph<N, E>) -> Result<Self, GraphError> {
        let names = digraph.node_weights().map(ToString::to_string).collect();
        let mut graph = Self::with_names(names);
        for edge in digraph.edge_references() {
            let (from, to) = (edge.source().index(), edge.target().index());
            if graph.is_directed(to, from) {
                graph.add_undirected(from, to);
            } else {
                graph.try_add(Edge::directed(from, to))?;
            }
        }
        Ok(graph)
    }

    /// The directions as a matrix, `[n_variables, n_variables]`: true at `[i, j]` for `i -> j`.
    pub fn adjacency_matrix(&self, undirected: UndirectedEdges) -> Array2<bool> {
        let n = self.n_variables();
        let mut matrix = Array2::from_elem((n, n), false);
        for (from, to) in self.arrows(undirected) {
            matrix[[from, to]] = true;
        }
        matrix
    }

    /// The marks as a matrix, `[n_variables, n_variables]`: at `[i, j]` the mark at `i` of the edge
    /// between `i` and `j`.
    ///
    /// causal-learn's `graph` array holds -1 where this holds `Tail` and 1 where it holds `Arrow`;
    /// pcalg's `amat.pag` is its transpose, with 3 for `Tail` and 2 for `Arrow`.
    pub fn mark_matrix(&self) -> Array2<Option<Mark>> {
        let n = self.n_variables();
        let mut matrix = Array2::from_elem((n, n), None);
        for Edge {
            a,
            b,
            mark_a,
            mark_b,
        } in self.edges()
        {
            matrix[[a, b]] = Some(mark_a);
            matrix[[b, a]] = Some(mark_b);
        }
        matrix
    }

    /// The graph in Graphviz's DOT language, as a `digraph`: undirected edges are drawn without
    /// heads, bidirected ones with two.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let edges = [Edge::directed(0, 1), Edge::undirected(1, 2)];
    /// let dot = MixedGraph::from_edges(3, edges)?.to_dot();
    /// assert!(dot.contains("0 -> 1;") && dot.contains("1 -> 2 [dir=none];"));
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph {\n");
        for (v, name) in self.names().iter().enumerate() {
            let _ = writeln!(dot, "    {v} [label=\"{}\"];", escaped(name));
        }
        for edge in self.edges() {
            let (from, to) = edge.direction().unwrap_or((edge.a, edge.b));
            let style = match (edge.is_undirected(), edge.is_bidirected()) {
                (true, _) => " [dir=none]",
                (_, true) => " [dir=both]",
                _ => "",
            };
            let _ = writeln!(dot, "    {from} -> {to}{style};");
        }
        dot.push_str("}\n");
        dot
    }

    /// The graph in GML, the graph modelling language, directed: an edge `a -- b` or `a <-> b` has the
    /// attribute `kind` "undirected" or "bidirected", a directed one "directed".
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let gml = MixedGraph::from_edges(2, [Edge::directed(1, 0)])?.to_gml();
    /// assert!(gml.contains("source 1 target 0 kind \"directed\""));
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn to_gml(&self) -> String {
        let mut gml = String::from("graph [\n  directed 1\n");
        for (v, name) in self.names().iter().enumerate() {
            let _ = writeln!(gml, "  node [ id {v} label \"{}\" ]", in_gml(name));
        }
        for edge in self.edges() {
            let (from, to) = edge.direction().unwrap_or((edge.a, edge.b));
            let kind = match (edge.is_undirected(), edge.is_bidirected()) {
                (true, _) => "undirected",
                (_, true) => "bidirected",
                _ => "directed",
            };
            let _ = writeln!(gml, "  edge [ source {from} target {to} kind \"{kind}\" ]");
        }
        gml.push_str("]\n");
        gml
    }

    fn arrows(&self, undirected: UndirectedEdges) -> impl Iterator<Item = (usize, usize)> + '_ {
        let both_ways = undirected == UndirectedEdges::BothWays;
        self.edges().flat_map(move |edge| {
            let there = (edge.a, edge.b);
            let back = (edge.b, edge.a);
            match edge.direction() {
                Some(direction) => [Some(direction), None],
                None if both_ways => [Some(there), Some(back)],
                None => [None, None],
            }
            .into_iter()
            .flatten()
        })
    }
}

/// A name in GML, whose strings are ASCII with the entities of HTML.
fn in_gml(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        match character {
            ' '..='~' if !matches!(character, '"' | '&') => text.push(character),
            other => {
                let _ = write!(text, "&#{};", u32::from(other));
            }
        }
    }
    text
}

/// A name within double quotes.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> MixedGraph {
        let edges = [
            Edge::directed(3, 0),
            Edge::undirected(1, 0),
            Edge::bidirected(2, 1),
            Edge::directed(1, 3),
        ];
        MixedGraph::from_edges(4, edges).unwrap()
    }

    fn edges(graph: &DiGraph<String, ()>) -> Vec<(usize, usize)> {
        graph
            .edge_references()
            .map(|e| (e.source().index(), e.target().index()))
            .collect()
    }

    #[test]
    fn digraph_edges_come_pair_by_pair() {
        let both = every_kind().to_digraph(UndirectedEdges::BothWays);
        assert_eq!(
            edges(&both),
            [(0, 1), (1, 0), (3, 0), (1, 2), (2, 1), (1, 3)]
        );
        assert_eq!(
            both.node_weights().collect::<Vec<_>>(),
            ["X0", "X1", "X2", "X3"]
        );
        let directed = every_kind().to_digraph(UndirectedEdges::Drop);
        assert_eq!(edges(&directed), [(3, 0), (1, 3)]);
    }

    #[test]
    fn digraphs_come_back() {
        let mut graph = every_kind();
        graph.add_undirected(1, 2);
        let digraph = graph.to_digraph(UndirectedEdges::BothWays);
        assert_eq!(MixedGraph::from_digraph(&digraph).unwrap(), graph);
        let mut twice = DiGraph::<u8, ()>::new();
        let (a, b) = (twice.add_node(1), twice.add_node(2));
        twice.extend_with_edges([(a, b), (a, b)]);
        assert!(matches!(
            MixedGraph::from_digraph(&twice),
            Err(GraphError::RepeatedPair { .. })
        ));
        let mut round = DiGraph::<u8, ()>::new();
        let a = round.add_node(1);
        round.add_edge(a, a, ());
        assert!(matches!(
            MixedGraph::from_digraph(&round),
            Err(GraphError::SelfLoop { .. })
        ));
    }

    #[test]
    fn matrices_hold_directions_and_marks() {
        let (graph, n) = (every_kind(), 4);
        let directions = graph.adjacency_matrix(UndirectedEdges::Drop);
        let marks = graph.mark_matrix();
        for i in 0..n {
            for j in 0..n {
                assert_eq!(directions[[i, j]], graph.is_directed(i, j));
                assert_eq!(marks[[i, j]], graph.mark_at(i, j));
            }
        }
        let both = graph.adjacency_matrix(UndirectedEdges::BothWays);
        assert_eq!(both.iter().filter(|&&there| there).count(), 6);
    }

    #[test]
    fn dot_shows_every_kind_and_escapes_names() {
        let mut graph = every_kind();
        graph
            .set_names(
                ["a", "say \"b\"", "c\\d", "e\nf"]
                    .map(String::from)
                    .to_vec(),
            )
            .unwrap();
        let expected = r#"digraph {
    0 [label="a"];
    1 [label="say \"b\""];
    2 [label="c\\d"];
    3 [label="e\nf"];
    0 -> 1 [dir=none];
    3 -> 0;
    1 -> 2 [dir=both];
    1 -> 3;
}
"#;
        assert_eq!(graph.to_dot(), expected);
    }
}
