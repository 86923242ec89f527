//! What was found, as text, JSON, DOT and SVG.

use std::io::{self, BufWriter, IsTerminal, Write};

use causal_pc::{Discovery, Edge, EdgeStrength, Explanation, MixedGraph, PcStage};
use figures::{GraphFigure, GraphPanel, graphs};
use program::{Failure, Unsaid, cell, counted, save_text, shown};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::arguments::OutputArguments;
use crate::null::Null;
use crate::resampled::Resampled;

/// What a search found and how long it took.
pub struct Answer {
    pub discovery: Discovery,
    /// What came nearest to removing each edge; empty unless it is to be told.
    pub strengths: Vec<EdgeStrength>,
    pub time_s: f64,
    pub resampled: Option<Resampled>,
    pub null: Option<Null>,
}

impl Answer {
    /// Prints the answer and writes the files that were asked for.
    pub fn write(&self, arguments: &OutputArguments) -> Result<(), Failure> {
        let graph = &self.graph(arguments)?;
        if let Some(file) = &arguments.csv {
            save_text(file, &self.csv(graph)?)?;
        }
        if let Some(file) = &arguments.gml {
            save_text(file, &graph.to_gml())?;
        }
        if let Some(file) = &arguments.dot {
            save_text(file, &graph.to_dot())?;
        }
        if let Some(file) = &arguments.svg {
            save_text(file, graphs(&figure(graph))?.svg())?;
        }
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = if arguments.json {
            let json = Json::new(self, graph, arguments);
            let written = serde_json::to_writer(&mut out, &json).map_err(io::Error::from);
            written.and_then(|()| writeln!(out))
        } else {
            let mut text = Vec::new();
            let made = self.text(&mut text, graph, arguments);
            // Who reads it with a program gets names as they are.
            made.and_then(|()| match String::from_utf8_lossy(&text) {
                text if io::stdout().is_terminal() => out.write_all(shown(&text).as_bytes()),
                text => out.write_all(text.as_bytes()),
            })
        };
        Ok(printed.and_then(|()| out.flush()).map_err(Unsaid::from)?)
    }

    /// The class that was found, or a DAG of it.
    fn graph(&self, arguments: &OutputArguments) -> Result<MixedGraph, Failure> {
        let class = &self.discovery.graph;
        Ok(match arguments.dag {
            true => dag_of(class)?,
            false => class.clone(),
        })
    }

    /// A line for each edge, with what came nearest to removing it; names that a spreadsheet would run are made text.
    fn csv(&self, graph: &MixedGraph) -> Result<String, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["from", "to", "kind", "p_value", "association", "given"])?;
        for edge in graph.edges() {
            let [from, to] = ends(graph, &edge);
            let kind = match (edge.is_undirected(), edge.is_bidirected()) {
                (true, _) => "--",
                (_, true) => "<->",
                _ => "->",
            };
            let strength = self
                .strengths
                .iter()
                .find(|s| (s.a, s.b) == (edge.a, edge.b));
            let told = |tell: fn(&EdgeStrength) -> Option<f64>| {
                strength
                    .and_then(tell)
                    .map_or_else(String::new, |value| value.to_string())
            };
            let p_value = told(|strength| Some(strength.p_value));
            let association = told(|strength| strength.association);
            let given = strength.map_or_else(String::new, |s| named(graph, &s.given).join("; "));
            writer.write_record([
                &cell(from),
                &cell(to),
                kind,
                &p_value,
                &association,
                &cell(&given),
            ])?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    fn text(
        &self,
        out: &mut impl Write,
        graph: &MixedGraph,
        arguments: &OutputArguments,
    ) -> io::Result<()> {
        write!(out, "{graph}")?;
        let isolated = isolated(graph);
        if !isolated.is_empty() {
            writeln!(out, "without an edge: {}", isolated.join(", "))?;
        }
        if let Some(stage) = self.discovery.unfinished {
            writeln!(out, "unfinished: {}", ended(stage))?;
        }
        if arguments.explain {
            writeln!(out)?;
            self.strengths
                .iter()
                .try_for_each(|strength| writeln!(out, "{}", sentence(graph, strength)))?;
            writeln!(out, "{}", self.discovery.explain())?;
        }
        if let Some(resampled) = &self.resampled {
            write!(out, "\n{resampled}\n")?;
        }
        if let Some(null) = &self.null {
            write!(out, "\n{null}\n")?;
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

/// A DAG of the class, the same in whatever order the columns stand: where it does not matter who comes last, the later name
/// does.
fn dag_of(class: &MixedGraph) -> Result<MixedGraph, Failure> {
    let mut order: Vec<usize> = (0..class.n_variables()).collect();
    order.sort_by_key(|&v| &class.names()[v]);
    let mut sorted = MixedGraph::with_names(
        named(class, &order)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    );
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &v)| place[v] = at);
    for edge in class.edges() {
        let (a, b) = (place[edge.a], place[edge.b]);
        sorted.add_edge(Edge { a, b, ..edge }.ordered());
    }
    let mut dag = class.without_edges();
    for edge in sorted.consistent_extension()?.edges() {
        let (a, b) = (order[edge.a], order[edge.b]);
        dag.add_edge(Edge { a, b, ..edge }.ordered());
    }
    Ok(dag)
}

/// The answer as JSON has it, edges as pairs of names.
#[derive(Serialize)]
struct Json<'a> {
    directed: Vec<[&'a str; 2]>,
    undirected: Vec<[&'a str; 2]>,
    bidirected: Vec<[&'a str; 2]>,
    isolated: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<String>,
    #[serde(serialize_with = "separating_sets")]
    separating_sets: &'a Discovery,
    n_tests: u64,
    n_tests_for_colliders: u64,
    time_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strengths: Vec<Strength<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    null: Option<&'a Null>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<&'a Resampled>,
}

impl<'a> Json<'a> {
    fn new(answer: &'a Answer, graph: &'a MixedGraph, arguments: &OutputArguments) -> Self {
        let pairs = |wanted: fn(&Edge) -> bool| {
            let edges = graph.edges().filter(wanted);
            edges.map(|edge| ends(graph, &edge)).collect()
        };
        Self {
            directed: pairs(|edge| edge.direction().is_some()),
            undirected: pairs(Edge::is_undirected),
            bidirected: pairs(Edge::is_bidirected),
            isolated: isolated(graph),
            unfinished: answer.discovery.unfinished.map(ended),
            separating_sets: &answer.discovery,
            n_tests: answer.discovery.n_tests,
            n_tests_for_colliders: answer.discovery.n_tests_for_colliders,
            time_s: answer.time_s,
            explanation: arguments.explain.then(|| answer.discovery.explain()),
            strengths: strengths(answer, graph, arguments),
            null: answer.null.as_ref(),
            bootstrap: answer.resampled.as_ref(),
        }
    }
}

/// What came nearest to removing an edge.
#[derive(Serialize)]
struct Strength<'a> {
    pair: [&'a str; 2],
    p_value: f64,
    association: Option<f64>,
    given: Vec<&'a str>,
}

fn strengths<'a>(
    answer: &'a Answer,
    graph: &'a MixedGraph,
    arguments: &OutputArguments,
) -> Vec<Strength<'a>> {
    let all = answer.strengths.iter().filter(|_| arguments.explain);
    all.map(|strength| Strength {
        pair: [&graph.names()[strength.a], &graph.names()[strength.b]],
        p_value: strength.p_value,
        association: strength.association,
        given: named(graph, &strength.given),
    })
    .collect()
}

fn sentence(graph: &MixedGraph, strength: &EdgeStrength) -> String {
    let [a, b] = [strength.a, strength.b].map(|v| &graph.names()[v]);
    let given = named(graph, &strength.given).join(", ");
    let association = strength
        .association
        .map_or_else(String::new, |r| format!(", association {r:.3}"));
    format!(
        "{a} and {b}: an edge, dependent at most by p = {:.3e} given {{{given}}}{association}",
        strength.p_value
    )
}

fn named<'a>(graph: &'a MixedGraph, variables: &[usize]) -> Vec<&'a str> {
    variables
        .iter()
        .map(|&v| graph.names()[v].as_str())
        .collect()
}

fn isolated(graph: &MixedGraph) -> Vec<&str> {
    let alone = |&v: &usize| graph.neighbors(v).next().is_none();
    let alone: Vec<usize> = (0..graph.n_variables()).filter(alone).collect();
    named(graph, &alone)
}

/// Where the time limit ended a search.
fn ended(stage: PcStage) -> String {
    match stage {
        PcStage::Skeleton { depth } => format!(
            "the time limit came while pairs were being tested given {variables}; some of these edges \
             would have been removed", variables = counted(depth, "variable")),
        _ => "the time limit came while colliders were being identified; arrows rest only on the sets that \
              separated pairs"
            .to_owned(),
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
