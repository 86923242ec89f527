//! What was found, as text, JSON, DOT and SVG.

use std::io::{self, BufWriter, Write};

use causal_pc::{Discovery, Edge, Explanation, MixedGraph};
use figures::{GraphFigure, GraphPanel, graphs};
use program::{Failure, Unsaid, save_text};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::arguments::OutputArguments;
use crate::resampled::Resampled;

/// What a search found and how long it took.
pub struct Answer {
    pub discovery: Discovery,
    pub time_s: f64,
    pub resampled: Option<Resampled>,
}

impl Answer {
    /// Prints the answer and writes the files that were asked for.
    pub fn write(&self, arguments: &OutputArguments) -> Result<(), Failure> {
        let graph = &self.discovery.graph;
        if let Some(file) = &arguments.dot {
            save_text(file, &graph.to_dot())?;
        }
        if let Some(file) = &arguments.svg {
            save_text(file, graphs(&figure(graph))?.svg())?;
        }
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = if arguments.json {
            let json = Json::new(self, arguments);
            let written = serde_json::to_writer(&mut out, &json).map_err(io::Error::from);
            written.and_then(|()| writeln!(out))
        } else {
            self.text(&mut out, arguments)
        };
        Ok(printed.and_then(|()| out.flush()).map_err(Unsaid::from)?)
    }

    fn text(&self, out: &mut impl Write, arguments: &OutputArguments) -> io::Result<()> {
        write!(out, "{}", self.discovery.graph)?;
        if arguments.explain {
            write!(out, "\n{}\n", self.discovery.explain())?;
        }
        if let Some(resampled) = &self.resampled {
            write!(out, "\n{resampled}\n")?;
        }
        writeln!(out, "n_tests {}", self.discovery.n_tests)?;
        writeln!(
            out,
            "n_tests_for_colliders {}",
            self.discovery.n_tests_for_colliders
        )?;
        writeln!(out, "time_s {}", self.time_s)
    }
}

/// The answer as JSON has it, edges as pairs of names.
#[derive(Serialize)]
struct Json<'a> {
    directed: Vec<[&'a str; 2]>,
    undirected: Vec<[&'a str; 2]>,
    bidirected: Vec<[&'a str; 2]>,
    #[serde(serialize_with = "separating_sets")]
    separating_sets: &'a Discovery,
    n_tests: u64,
    n_tests_for_colliders: u64,
    time_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<&'a Resampled>,
}

impl<'a> Json<'a> {
    fn new(answer: &'a Answer, arguments: &OutputArguments) -> Self {
        let graph = &answer.discovery.graph;
        let pairs = |wanted: fn(&Edge) -> bool| {
            let edges = graph.edges().filter(wanted);
            edges.map(|edge| ends(graph, &edge)).collect()
        };
        Self {
            directed: pairs(|edge| edge.direction().is_some()),
            undirected: pairs(Edge::is_undirected),
            bidirected: pairs(Edge::is_bidirected),
            separating_sets: &answer.discovery,
            n_tests: answer.discovery.n_tests,
            n_tests_for_colliders: answer.discovery.n_tests_for_colliders,
            time_s: answer.time_s,
            explanation: arguments.explain.then(|| answer.discovery.explain()),
            bootstrap: answer.resampled.as_ref(),
        }
    }
}

/// The names of an edge's ends, the cause first if it has one.
fn ends<'a>(graph: &'a MixedGraph, edge: &Edge) -> [&'a str; 2] {
    let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
    [&graph.names()[a], &graph.names()[b]]
}

/// `[first, second, sets]` for each pair without an edge; each set a list of names. Written one by
/// one: with ten thousand variables there are fifty million of them.
fn separating_sets<S: Serializer>(discovery: &Discovery, serializer: S) -> Result<S::Ok, S::Error> {
    let names = discovery.graph.names();
    let mut list = serializer.serialize_seq(None)?;
    for ((a, b), separation) in discovery.separating_sets.iter() {
        let named = |set: &Vec<usize>| set.iter().map(|&v| &names[v]).collect::<Vec<_>>();
        let sets: Vec<_> = separation.sets.iter().map(named).collect();
        list.serialize_element(&(&names[a], &names[b], sets))?;
    }
    list.end()
}

fn figure(graph: &MixedGraph) -> GraphFigure {
    let edges = graph.edges().map(|edge| {
        let [a, b] = ends(graph, &edge);
        if edge.is_undirected() {
            figures::Edge::undirected(a, b)
        } else if edge.is_bidirected() {
            figures::Edge::bidirected(a, b)
        } else {
            figures::Edge::directed(a, b)
        }
    });
    GraphFigure::new("Causal graph").panel(GraphPanel::new("", edges).nodes(graph.names()))
}
