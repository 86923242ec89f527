//! True CPDAGs, from the DAG itself and from searches that are told the truth.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use causal_pc::ci::CiTest;
use causal_pc::graph::cpdag_of_dag;
use causal_pc::{Alpha, DSeparation, Edge, MixedGraph, PcError, PcOptions, pc};
use serde::Deserialize;

use super::{folders, read_list};

/// Questions that a search may ask of one graph. Sets of neighbours are tested by the subset, so a
/// dense graph on many variables asks for years. Optimised, it gets further in the same time.
const MOST_QUESTIONS: u64 = if cfg!(debug_assertions) {
    20_000
} else {
    500_000
};

#[derive(Deserialize)]
struct Case {
    p: usize,
    edges: Vec<(usize, usize)>,
    cpdag_directed: Vec<(usize, usize)>,
    cpdag_undirected: Vec<(usize, usize)>,
}

impl Case {
    fn dag(&self) -> MixedGraph {
        MixedGraph::from_edges(self.p, directed(&self.edges)).unwrap()
    }

    fn cpdag(&self) -> MixedGraph {
        let undirected = self
            .cpdag_undirected
            .iter()
            .map(|&(a, b)| Edge::undirected(a, b));
        let edges = directed(&self.cpdag_directed).chain(undirected);
        MixedGraph::from_edges(self.p, edges).unwrap()
    }
}

fn directed(pairs: &[(usize, usize)]) -> impl Iterator<Item = Edge> {
    pairs.iter().map(|&(a, b)| Edge::directed(a, b))
}

fn cases(folder: &Path) -> Vec<Case> {
    read_list(&folder.join("dags.json"))
}

#[test]
fn every_cpdag_follows_from_its_dag() {
    for folder in folders() {
        let cases = cases(&folder);
        for (i, case) in cases.iter().enumerate() {
            let (found, expected) = (cpdag_of_dag(&case.dag()).unwrap(), case.cpdag());
            assert_eq!(found, expected, "graph {i}");
            assert!(expected.is_cpdag(), "graph {i}");
            assert!(expected.class_dags().unwrap().next().is_some(), "graph {i}");
        }
        println!("{}: {} CPDAGs from DAGs", folder.display(), cases.len());
    }
}

#[test]
fn searches_told_the_truth_find_every_cpdag_within_reach() {
    let options = PcOptions::new(Alpha::new(0.05).unwrap()).threads(1);
    for folder in folders() {
        let cases = cases(&folder);
        let mut out_of_reach = Vec::new();
        for (i, case) in cases.iter().enumerate() {
            let truth = DSeparation::new(&case.dag()).unwrap();
            let oracle = Limited::new(&truth);
            match pc(&oracle, &options) {
                Ok(found) => assert_eq!(found.graph, case.cpdag(), "graph {i}"),
                Err(PcError::Test { .. }) if oracle.is_spent() => out_of_reach.push(i),
                Err(error) => panic!("graph {i}: {error}"),
            }
        }
        let n_found = cases.len() - out_of_reach.len();
        println!(
            "{}: {n_found} of {} CPDAGs by search; more than {MOST_QUESTIONS} questions for graphs {out_of_reach:?}",
            folder.display(),
            cases.len()
        );
        assert!(n_found * 4 >= cases.len() * 3, "{out_of_reach:?}");
    }
}

/// Answers so many questions and no more.
struct Limited<'a> {
    truth: &'a DSeparation,
    asked: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("no more questions")]
struct Spent;

impl<'a> Limited<'a> {
    fn new(truth: &'a DSeparation) -> Self {
        let asked = AtomicU64::new(0);
        Self { truth, asked }
    }

    fn is_spent(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > MOST_QUESTIONS
    }
}

impl CiTest for Limited<'_> {
    type Error = Spent;

    fn n_variables(&self) -> usize {
        self.truth.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Spent> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= MOST_QUESTIONS {
            return Err(Spent);
        }
        Ok(self.truth.p_value(x, y, given).expect("a proper question"))
    }
}
