//! Graphs as text that other tools read: DOT, GraphML and JSON.

use std::collections::HashSet;
use std::fmt::Display;
use std::io;

use petgraph::dot::{Config, Dot};
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;
use quick_xml::events::BytesDecl;
use quick_xml::{Writer, events::Event};
use serde::Serialize;
use thiserror::Error;

/// Why a graph could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A label holds a character that XML 1.0 cannot express, not even escaped.
    #[error("the label {label:?} holds {character:?}, which XML cannot express")]
    NotXml {
        /// The label.
        label: String,
        /// Its first such character.
        character: char,
    },
    /// The XML writer failed.
    #[error("writing GraphML")]
    Xml(#[from] io::Error),
    /// The JSON writer failed.
    #[error("writing JSON")]
    Json(#[from] serde_json::Error),
}

/// A graph with the labels to be written out.
///
/// All three formats keep the order of nodes and edges, number nodes by their index from 0 and
/// carry names as labels, so that two nodes of the same name stay two. Whatever a label holds is
/// escaped as its format asks. `networkx` reads each of them; how is said at each method.
///
/// # Example
/// ```
/// use digraph_metrics::Export;
/// use petgraph::graph::DiGraph;
///
/// let mut graph = DiGraph::new();
/// let (a, b) = (graph.add_node("Empathy"), graph.add_node("Social"));
/// graph.add_edge(a, b, 0.25);
///
/// let dot = Export::new(&graph).with_edge_labels(f64::to_string).to_dot();
/// assert_eq!(
///     dot,
///     r#"digraph {
///     0 [ label = "Empathy" ]
///     1 [ label = "Social" ]
///     0 -> 1 [ label = "0.25" ]
/// }
/// "#
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Export<'a, N, E> {
    graph: &'a DiGraph<N, E>,
    node_labels: Vec<String>,
    edge_labels: Option<Vec<String>>,
}

impl<'a, N, E> Export<'a, N, E> {
    /// Labels the nodes with their weights as displayed, and the edges not at all.
    #[must_use]
    pub fn new(graph: &'a DiGraph<N, E>) -> Self
    where
        N: Display,
    {
        Self::with_node_labels(graph, N::to_string)
    }

    /// Labels the nodes as the function says, and the edges not at all.
    #[must_use]
    pub fn with_node_labels(graph: &'a DiGraph<N, E>, label: impl FnMut(&N) -> String) -> Self {
        Self {
            graph,
            node_labels: graph.node_weights().map(label).collect(),
            edge_labels: None,
        }
    }

    /// Labels the edges as the function says. Default: edges have no label.
    #[must_use]
    pub fn with_edge_labels(mut self, label: impl FnMut(&E) -> String) -> Self {
        self.edge_labels = Some(self.graph.edge_weights().map(label).collect());
        self
    }

    /// Graphviz's DOT, written by petgraph.
    ///
    /// A line break in a label becomes Graphviz's `\l`. Read by
    /// `networkx.nx_pydot.read_dot(path)` or `pydot`.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let labelled = self.graph.map(
            |node, _| self.node_labels[node.index()].as_str(),
            |edge, _| {
                self.edge_labels
                    .as_ref()
                    .map_or("", |labels| &labels[edge.index()])
            },
        );
        let config: &[Config] = if self.edge_labels.is_some() {
            &[]
        } else {
            &[Config::EdgeNoLabel]
        };
        Dot::with_config(&labelled, config).to_string()
    }

    /// GraphML; the labels are data named `label`.
    ///
    /// Read by `networkx.read_graphml(path)`, which names the nodes `n0`, `n1`, ..., and by
    /// yEd, Gephi, igraph and Cytoscape.
    ///
    /// # Errors
    /// [`ExportError::NotXml`] for a label with a control character that XML has no form for.
    pub fn to_graphml(&self) -> Result<String, ExportError> {
        self.labels().try_for_each(expressible_in_xml)?;
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.create_element("graphml")
            .with_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"))
            .write_inner_content(|xml| {
                self.write_key(xml, "node")?;
                if self.edge_labels.is_some() {
                    self.write_key(xml, "edge")?;
                }
                let graph = xml.create_element("graph");
                graph
                    .with_attribute(("edgedefault", "directed"))
                    .write_inner_content(|xml| {
                        self.write_nodes(xml)?;
                        self.write_edges(xml)
                    })?;
                Ok(())
            })?;
        Ok(String::from_utf8_lossy(&xml.into_inner()).into_owned() + "\n")
    }

    /// The node-link form of JSON, indented.
    ///
    /// Read by `networkx.node_link_graph(json.load(file), edges="edges")`, by d3 and by Cytoscape.
    ///
    /// # Errors
    /// [`ExportError::Json`], should the JSON writer fail; it has no reason to.
    pub fn to_json(&self) -> Result<String, ExportError> {
        let mut seen = HashSet::new();
        let multigraph = self.ends().any(|ends| !seen.insert(ends));
        let nodes = self.node_labels.iter().enumerate();
        let edges = self.ends().enumerate();
        let document = NodeLink {
            directed: true,
            multigraph,
            graph: Attributes {},
            nodes: nodes.map(|(id, label)| Node { id, label }).collect(),
            edges: edges
                .map(|(at, (source, target))| Link {
                    source,
                    target,
                    label: self.edge_label(at),
                })
                .collect(),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }

    fn ends(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.graph
            .edge_references()
            .map(|edge| (edge.source().index(), edge.target().index()))
    }

    fn edge_label(&self, edge: usize) -> Option<&str> {
        self.edge_labels
            .as_ref()
            .map(|labels| labels[edge].as_str())
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        self.node_labels
            .iter()
            .chain(self.edge_labels.iter().flatten())
            .map(String::as_str)
    }

    fn write_key(&self, xml: &mut Writer<Vec<u8>>, of: &str) -> io::Result<()> {
        let key = xml.create_element("key").with_attributes([
            ("id", format!("{of}_label").as_str()),
            ("for", of),
            ("attr.name", "label"),
            ("attr.type", "string"),
        ]);
        key.write_empty().map(drop)
    }

    fn write_nodes(&self, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
        for (id, label) in self.node_labels.iter().enumerate() {
            let node = xml
                .create_element("node")
                .with_attribute(("id", format!("n{id}").as_str()));
            node.write_inner_content(|xml| write_label(xml, "node_label", label))?;
        }
        Ok(())
    }

    fn write_edges(&self, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
        for (at, (source, target)) in self.ends().enumerate() {
            let edge = xml.create_element("edge").with_attributes([
                ("source", format!("n{source}").as_str()),
                ("target", format!("n{target}").as_str()),
            ]);
            match self.edge_label(at) {
                None => edge.write_empty()?,
                Some(label) => {
                    edge.write_inner_content(|xml| write_label(xml, "edge_label", label))?
                }
            };
        }
        Ok(())
    }
}

fn write_label(xml: &mut Writer<Vec<u8>>, key: &str, label: &str) -> io::Result<()> {
    let data = xml.create_element("data").with_attribute(("key", key));
    data.write_text_content(quick_xml::events::BytesText::new(label))
        .map(drop)
}

fn expressible_in_xml(label: &str) -> Result<(), ExportError> {
    let is_expressible = |c: &char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
            || matches!(c, '\u{10000}'..)
    };
    match label.chars().find(|c| !is_expressible(c)) {
        None => Ok(()),
        Some(character) => Err(ExportError::NotXml {
            label: label.to_owned(),
            character,
        }),
    }
}

#[derive(Serialize)]
struct NodeLink<'a> {
    directed: bool,
    multigraph: bool,
    graph: Attributes,
    nodes: Vec<Node<'a>>,
    edges: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Attributes {}

#[derive(Serialize)]
struct Node<'a> {
    id: usize,
    label: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    source: usize,
    target: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
}
