//! Which values a steer may move: those that follow in a graph, and what is planted where that is known.

use std::path::Path;

use study::Materials;
use study::file::StudyFile;
use study::planted::Truth;
use value_causal::metrics::reachability;

use crate::file::ComparisonFile;
use crate::run::organism;
use program::Failure;
use reproduce::experiment::{Reference, Truth as Edges};
use reproduce::graphs::digraph;
use reproduce::source::Source;

/// What answers are held against.
pub struct Expected {
    /// By value, whether others follow it.
    pub follows: Vec<Vec<bool>>,
    /// What is planted, where that says every answer.
    pub truth: Option<Truth>,
}

/// The graph that a comparison names, over the values of its study.
///
/// # Errors
/// The study has no such graph; its file cannot be read.
pub fn expected(
    file: &ComparisonFile,
    study: &StudyFile,
    data: &Path,
    materials: &Materials,
) -> Result<Expected, Failure> {
    let values = materials.items.values();
    let edges = match &file.graph {
        Some(name) => edges(name, study, data)?,
        None => Vec::new(),
    };
    let graph = digraph(values, &edges);
    let reached = reachability(&graph);
    let nodes = || graph.node_indices();
    let follows = nodes().map(|a| nodes().map(|b| a != b && reached.reaches(a, b)).collect());
    Ok(Expected {
        follows: follows.collect(),
        truth: organism(study, data)?,
    })
}

fn edges(name: &str, study: &StudyFile, data: &Path) -> Result<Vec<(String, String)>, Failure> {
    let analysis = study.analysis.as_ref();
    let analysis =
        analysis.ok_or("graph: expected none, as the study has no analysis that names graphs")?;
    let source = Source::Folder(data.to_owned());
    if name == "truth" {
        let truth = analysis.truth.as_ref();
        let truth = truth.ok_or("graph: the study's analysis names no truth")?;
        let truth = Edges::read(&source, &truth.to_string_lossy())?;
        let edges = truth.edges.into_iter();
        return Ok(edges.map(|edge| (edge.cause, edge.effect)).collect());
    }
    let all = Reference::read_all(&source, &analysis.references.to_string_lossy())?;
    let known: Vec<&str> = all.iter().map(|reference| reference.key.as_str()).collect();
    let unknown = format!("graph: expected truth or one of {known:?}, found {name:?}");
    let found = all.iter().find(|reference| reference.key == name);
    Ok(found.ok_or(unknown)?.edges.clone())
}
