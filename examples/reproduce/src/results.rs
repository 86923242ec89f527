//! Every number of the paper that the orientation tables give.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use value_causal::bench::OrientationTable;
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::discovery::{Alpha, Discovery, PcOptions, pc};
use value_causal::metrics::{Comparison, compare, reduce_in_order};
use value_causal::petgraph::graph::DiGraph;

use crate::dyads::{self, SaeVsInstruction, SteeringTable};
use crate::effects::{PerGraph, SteeringComparisons};
use crate::experiment::{Experiment, LittleVaried, Test, Truth};
use crate::graphs::{EdgeMark, mixed_edges, named_edges, planted_cpdag};
use crate::measurements::Study;
use crate::varied::{LeftOut, figure_rows, independence_by};
use program::Failure;

/// All of it. Serialises to `results.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// From the unsteered rows and those of the published features, or from the unsteered ones alone: what the figures
    /// show.
    pub published_subset: GraphResults,
    /// From all rows: what the text describes.
    pub all_features: GraphResults,
    /// The values that are no part of the graphs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Tables 1, 4 and 5.
    pub steering_table: SteeringTable,
    /// Table 3.
    pub sae_vs_instruction: ByDirection<SaeVsInstruction>,
    /// The features behind table 3, by value.
    pub sae_vs_instruction_choices: ByDirection<BTreeMap<String, u64>>,
}

/// One record for steering up, one for steering down.
#[derive(Clone, Debug, Serialize)]
pub struct ByDirection<T> {
    /// Steering that should lower.
    pub negative: T,
    /// Steering that should raise.
    pub positive: T,
}

/// The graph discovered on one set of rows, and how well it predicts steering effects.
#[derive(Clone, Debug, Serialize)]
pub struct GraphResults {
    /// Rows that PC ran on.
    pub train_rows: usize,
    /// Rows that the effects were measured on, before choosing roles.
    pub test_rows: usize,
    /// Edges of PC by column pairs, each from its cause on where it has one.
    pub pc_edges: Vec<(String, String, EdgeMark)>,
    /// Directed edges left by the greedy reduction, in its order.
    pub reduced_edges: Vec<(String, String)>,
    /// Figures 4, 6 and 7: effects by what was steered and by graph.
    pub steering_effects: SteeringComparisons,
    /// The graph that PC found.
    #[serde(skip)]
    pub discovered: MixedGraph,
    /// The same after reduction, undirected edges standing for both directions.
    #[serde(skip)]
    pub reduced: DiGraph<String, ()>,
    /// Wall time of the search, correlations included.
    #[serde(skip)]
    pub search_time: Duration,
    /// Number of distinct tests of independence.
    #[serde(skip)]
    pub n_tests: u64,
    /// Against the planted graph, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<TruthResults>,
}

/// The discovered graph against the CPDAG of the planted one.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TruthResults {
    /// Share of discovered adjacencies that are planted.
    pub skeleton_precision: Option<f64>,
    /// Share of planted adjacencies that were discovered.
    pub skeleton_recall: Option<f64>,
    /// Harmonic mean of the two.
    pub skeleton_f1: Option<f64>,
    /// Share of discovered arrowheads that are planted.
    pub arrowhead_precision: Option<f64>,
    /// Share of planted arrowheads that were discovered.
    pub arrowhead_recall: Option<f64>,
    /// Harmonic mean of the two.
    pub arrowhead_f1: Option<f64>,
    /// Structural Hamming distance: pairs that differ in presence, direction or mark.
    pub shd: usize,
}

impl Results {
    /// Computes everything.
    ///
    /// # Errors
    /// If a table of measurements cannot be analysed (a constant value, too few rows).
    pub fn compute(experiment: &Experiment, study: &Study) -> Result<Self, Failure> {
        let published = &experiment.features.published;
        let of_graph = study.of_graph()?;
        let (train, test) = (&of_graph.train, &of_graph.test);
        let subset = [
            figure_rows(experiment, train),
            test.select(|s| s.feature().is_none_or(|f| published.contains(&f))),
        ];
        let choices = &experiment.choices;
        Ok(Self {
            published_subset: GraphResults::compute(experiment, study, &subset[0], &subset[1])?,
            all_features: GraphResults::compute(experiment, study, train, test)?,
            left_out: study.left_out.clone(),
            steering_table: dyads::steering_table(&study.train, &study.test)?,
            sae_vs_instruction: ByDirection {
                negative: dyads::sae_vs_instruction(&study.test, &study.lower, &choices.lower)?,
                positive: dyads::sae_vs_instruction(&study.test, &study.raise, &choices.raise)?,
            },
            sae_vs_instruction_choices: ByDirection {
                negative: choices.lower.clone(),
                positive: choices.raise.clone(),
            },
        })
    }
}

impl GraphResults {
    fn compute(
        experiment: &Experiment,
        study: &Study,
        train: &OrientationTable,
        test: &OrientationTable,
    ) -> Result<Self, Failure> {
        let Search {
            found,
            time: search_time,
        } = search(experiment, train)?;
        let digraph = found.graph.to_digraph(UndirectedEdges::BothWays);
        let reduced = reduce_in_order(&digraph);
        let graphs = PerGraph::to_compare(experiment, train.values(), digraph);
        let truth = experiment
            .truth
            .as_ref()
            .map(|truth| against(&found.graph, truth))
            .transpose()?;
        Ok(Self {
            train_rows: train.n_settings(),
            test_rows: test.n_settings(),
            pc_edges: mixed_edges(&found.graph),
            reduced_edges: named_edges(&reduced),
            steering_effects: SteeringComparisons::compute(experiment, study, test, &graphs)?,
            reduced,
            discovered: found.graph,
            search_time,
            n_tests: found.n_tests,
            truth,
        })
    }
}

/// What PC found in some rows.
#[derive(Clone, Debug)]
pub struct Search {
    /// The graph and how it came about.
    pub found: Discovery,
    /// Wall time, correlations included.
    pub time: Duration,
}

/// The search of a study: causal-learn's PC by the experiment's test and level, over the rows of a table.
///
/// # Errors
/// If the rows cannot be searched (too few of them).
pub fn search(experiment: &Experiment, rows: &OrientationTable) -> Result<Search, Failure> {
    let Experiment {
        alpha,
        test,
        little_varied,
        ..
    } = experiment;
    search_by(*alpha, *test, *little_varied, rows)
}

/// [`search`] without an experiment.
///
/// # Errors
/// If the rows cannot be searched (too few of them).
pub fn search_by(
    alpha: f64,
    test: Test,
    little_varied: LittleVaried,
    rows: &OrientationTable,
) -> Result<Search, Failure> {
    let started = Instant::now();
    let independence = independence_by(test, little_varied, rows)?;
    let found = pc(
        &independence,
        &PcOptions::like_causal_learn(Alpha::new(alpha)?),
    )?;
    Ok(Search {
        found,
        time: started.elapsed(),
    })
}

/// How near a discovered graph comes to what can be found of the planted one.
///
/// # Errors
/// If the planted graph has a cycle.
pub fn against(found: &MixedGraph, truth: &Truth) -> Result<TruthResults, Failure> {
    let both_ways = |graph: &MixedGraph| graph.to_digraph(UndirectedEdges::BothWays);
    let cpdag = planted_cpdag(found.names(), truth)?;
    let Comparison {
        shd,
        skeleton,
        arrowheads,
        ..
    } = compare(&both_ways(&cpdag), &both_ways(found))?;
    Ok(TruthResults {
        skeleton_precision: skeleton.precision(),
        skeleton_recall: skeleton.recall(),
        skeleton_f1: skeleton.f1(),
        arrowhead_precision: arrowheads.precision(),
        arrowhead_recall: arrowheads.recall(),
        arrowhead_f1: arrowheads.f1(),
        shd,
    })
}
