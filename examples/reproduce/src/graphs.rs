//! The graphs of an experiment, over its values: found, given by names, planted; and how an edge joins two values.

use std::collections::BTreeMap;

use serde::Serialize;
use value_causal::discovery::graph::{MixedGraph, NotADag, cpdag_of_dag};
use value_causal::petgraph::graph::{DiGraph, NodeIndex};

use crate::experiment::Truth;

/// A graph over all `values` with the named edges; names that are no value are left out (the
/// study has refused them).
#[must_use]
pub fn digraph(values: &[String], edges: &[(String, String)]) -> DiGraph<String, ()> {
    let mut graph = DiGraph::new();
    let nodes: BTreeMap<&str, NodeIndex> = values
        .iter()
        .map(|value| (value.as_str(), graph.add_node(value.clone())))
        .collect();
    for (cause, effect) in edges {
        if let (Some(&a), Some(&b)) = (nodes.get(cause.as_str()), nodes.get(effect.as_str())) {
            graph.update_edge(a, b, ());
        }
    }
    graph
}

/// The planted graph over all `values`; names that are no value are left out (the study has
/// refused them).
#[must_use]
pub fn planted(values: &[String], truth: &Truth) -> MixedGraph {
    let mut graph = MixedGraph::with_names(values.to_vec());
    for edge in &truth.edges {
        if let (Some(a), Some(b)) = (graph.index_of(&edge.cause), graph.index_of(&edge.effect)) {
            graph.add_directed(a, b);
        }
    }
    graph
}

/// What PC can find of the planted graph at best: its CPDAG.
///
/// # Errors
/// If the planted graph has a cycle.
pub fn planted_cpdag(values: &[String], truth: &Truth) -> Result<MixedGraph, NotADag> {
    cpdag_of_dag(&planted(values, truth))
}

/// How an edge joins a first value with a second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum EdgeMark {
    /// The first causes the second.
    #[serde(rename = "->")]
    Forward,
    /// The second causes the first.
    #[serde(rename = "<-")]
    Backward,
    /// PC leaves the direction open.
    #[serde(rename = "--")]
    Undirected,
    /// Arrowheads at both ends, where PC contradicts itself.
    #[serde(rename = "<->")]
    Bidirected,
}

impl EdgeMark {
    /// How `graph` joins two of its values, if it does.
    #[must_use]
    pub fn between(graph: &MixedGraph, first: usize, second: usize) -> Option<Self> {
        let edge = graph.edge(first, second)?;
        Some(match edge.direction() {
            Some((cause, _)) if cause == first => Self::Forward,
            Some(_) => Self::Backward,
            None if edge.is_undirected() => Self::Undirected,
            None => Self::Bidirected,
        })
    }
}

pub(crate) fn mixed_edges(graph: &MixedGraph) -> Vec<(String, String, EdgeMark)> {
    let name = |node: usize| graph.names()[node].clone();
    let edges = graph.edges().filter_map(|edge| {
        let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
        Some((name(a), name(b), EdgeMark::between(graph, a, b)?))
    });
    edges.collect()
}

/// The edges by the names of their ends.
#[must_use]
pub fn named_edges(graph: &DiGraph<String, ()>) -> Vec<(String, String)> {
    let ends = graph
        .edge_indices()
        .filter_map(|edge| graph.edge_endpoints(edge));
    ends.map(|(a, b)| (graph[a].clone(), graph[b].clone()))
        .collect()
}
