//! Every number of the paper that the orientation tables give.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::ci::FisherZ;
use value_causal::discovery::graph::{MixedGraph, NotADag, UndirectedEdges, cpdag_of_dag};
use value_causal::discovery::{Alpha, Discovery, PcOptions, pc};
use value_causal::metrics::{
    ChangeRates, Comparison, Expected, SteeringEffects, Unexpected, changes_from_baseline, compare,
    reduce_in_order, relabelling_test, steering_effects,
};
use value_causal::petgraph::graph::{DiGraph, NodeIndex};

use crate::dyads::{self, SaeVsInstruction, SteeringTable};
use crate::experiment::{Experiment, Truth};
use crate::measurements::Study;
use crate::varied::{LeftOut, figure_rows, test_options};
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
    pub steering_effects: BTreeMap<String, EffectsByGraph>,
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

/// What one way of steering changed, and what each graph let one expect.
#[derive(Clone, Debug, Serialize)]
pub struct EffectsByGraph {
    /// Mean over values of the number of settings in which the value changed.
    pub mean_settings_changing_a_value: Option<f64>,
    /// Mean over settings of the number of values that changed.
    pub mean_values_changed_per_setting: Option<f64>,
    /// Number of settings, the baseline not counted.
    pub settings: usize,
    /// Correlation, over pairs of values, of the rate at which v' changed along with v and the rate
    /// at which v' changed at all.
    #[serde(skip)]
    pub base_rate_correlation: Option<f64>,
    /// By graph: `discovered`, the keys of the references, and `planted` where there is a truth.
    #[serde(flatten)]
    pub graphs: BTreeMap<String, GraphEffects>,
}

/// How often values changed that a graph lets one expect to change, and those it does not.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GraphEffects {
    /// Mean over the values that have successors of the rate at which these changed along.
    pub expected: Option<f64>,
    /// The same for those that are not successors.
    pub unexpected: Option<f64>,
    /// Population standard deviation over values.
    pub expected_std: Option<f64>,
    /// Population standard deviation over values.
    pub unexpected_std: Option<f64>,
    /// Number of values behind `expected`.
    #[serde(skip)]
    pub n_expected: usize,
    /// Number of values behind `unexpected`.
    #[serde(skip)]
    pub n_unexpected: usize,
    /// Share of relabelled graphs (see [`RELABELLINGS`]) whose gap between expected and unexpected
    /// is at least as large: the p-value of the gap.
    #[serde(skip)]
    pub gap_p_value: Option<f64>,
}

/// Draws behind the p-value of a gap.
pub const RELABELLINGS: usize = 500;

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
        let graphs = graphs_to_compare(experiment, train.values(), digraph);
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
            steering_effects: effects(experiment, study, test, &graphs)?,
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

/// The search of the paper: causal-learn's PC by Fisher's z at the experiment's level, over the rows of a table.
///
/// # Errors
/// If the rows cannot be searched (too few of them).
pub fn search(experiment: &Experiment, rows: &OrientationTable) -> Result<Search, Failure> {
    let started = Instant::now();
    let fisher_z = test_options(experiment, rows.values());
    let independence = FisherZ::with_options(rows.matrix(), fisher_z)?;
    let found = pc(
        &independence,
        &PcOptions::like_causal_learn(Alpha::new(experiment.alpha)?),
    )?;
    Ok(Search {
        found,
        time: started.elapsed(),
    })
}

/// The discovered graph, the references and the planted graph, over the same nodes.
fn graphs_to_compare(
    experiment: &Experiment,
    values: &[String],
    discovered: DiGraph<String, ()>,
) -> Vec<(String, DiGraph<String, ()>)> {
    let mut graphs = vec![("discovered".to_owned(), discovered)];
    for reference in &experiment.references {
        graphs.push((reference.key.clone(), digraph(values, &reference.edges)));
    }
    if let Some(truth) = &experiment.truth {
        let planted = planted(values, truth).to_digraph(UndirectedEdges::Drop);
        graphs.push(("planted".to_owned(), planted));
    }
    graphs
}

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

fn mixed_edges(graph: &MixedGraph) -> Vec<(String, String, EdgeMark)> {
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

/// The four comparisons: role prompts and SAE steering, each with the paper's baseline as the
/// released code takes it and with the empty role.
fn effects(
    experiment: &Experiment,
    study: &Study,
    test: &OrientationTable,
    graphs: &[(String, DiGraph<String, ()>)],
) -> Result<BTreeMap<String, EffectsByGraph>, Failure> {
    let sae_role = Some(experiment.baselines.sae.as_str());
    let named = |s: &Setting| s.is_unsteered() && s.role.is_some();
    let of_role = |role: Option<&str>| test.select(|s| s.role.as_deref() == role);
    let comparisons = [
        (
            role_key(),
            test.select(named),
            Some(study.role_baseline.as_str()),
        ),
        (sae_key(experiment), of_role(sae_role), sae_role),
        (
            "role_base_empty_role".to_owned(),
            test.select(Setting::is_unsteered),
            None,
        ),
        ("sae_empty_role".to_owned(), of_role(None), None),
    ];
    // A study without the empty role has two comparisons.
    comparisons
        .into_iter()
        .filter(|(_, rows, baseline)| rows.position(&Setting::of_role(*baseline)).is_some())
        .map(|(key, rows, baseline)| {
            Ok((
                key,
                effects_against(&rows, &Setting::of_role(baseline), graphs)?,
            ))
        })
        .collect()
}

/// Key of the comparison that figure 4 shows for role prompts.
#[must_use]
pub fn role_key() -> String {
    "role_base_first_role".to_owned()
}

/// Key of the comparison that figure 4 shows for SAE steering, such as `sae_role_mary_holt`.
#[must_use]
pub fn sae_key(experiment: &Experiment) -> String {
    let role = experiment.baselines.sae.to_lowercase();
    let words: Vec<&str> = role
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("sae_role_{}", words.join("_"))
}

/// How often values changed together in `rows`, each compared with the row of `baseline`, which is
/// one of them and no setting itself.
///
/// # Errors
/// If there is no row of the baseline.
pub fn change_rates(rows: &OrientationTable, baseline: &Setting) -> Result<ChangeRates, Failure> {
    let base = rows
        .position(baseline)
        .ok_or_else(|| format!("no test row for the baseline ({baseline})"))?;
    let others = rows.select(|setting| setting != baseline);
    let changes = changes_from_baseline(others.matrix(), rows.matrix().row(base))?;
    Ok(ChangeRates::from_changes(changes.view()))
}

fn effects_against(
    rows: &OrientationTable,
    baseline: &Setting,
    graphs: &[(String, DiGraph<String, ()>)],
) -> Result<EffectsByGraph, Failure> {
    let rates = change_rates(rows, baseline)?;
    let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
    let by_graph = |(name, graph): &(String, DiGraph<String, ()>)| {
        let effects = steering_effects(graph, &rates, expected, unexpected)?;
        // A graph without expected effects has no gap to test.
        let chance = relabelling_test(graph, &rates, expected, unexpected, RELABELLINGS, 1).ok();
        let gap_p_value = chance.map(|chance| chance.p_value());
        Ok((
            name.clone(),
            GraphEffects {
                gap_p_value,
                ..GraphEffects::from(&effects)
            },
        ))
    };
    Ok(EffectsByGraph {
        mean_settings_changing_a_value: rates.mean_interventions_changing_a_node(),
        mean_values_changed_per_setting: rates.mean_nodes_changed_per_intervention(),
        settings: rates.n_interventions(),
        base_rate_correlation: base_rate_correlation(&rates),
        graphs: graphs
            .iter()
            .map(by_graph)
            .collect::<Result<_, Failure>>()?,
    })
}

/// Pearson correlation of `c(v', v)` and the base rate of `v'` over all pairs that have a rate.
fn base_rate_correlation(rates: &ChangeRates) -> Option<f64> {
    let nodes = 0..rates.n_nodes();
    let pairs = nodes
        .clone()
        .flat_map(|v| nodes.clone().map(move |w| (w, v)));
    let both: Vec<(f64, f64)> = pairs
        .filter(|(w, v)| w != v)
        .filter_map(|(w, v)| Some((rates.rate(w, v)?, rates.base_rate(w)?)))
        .collect();
    let n = both.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let moment =
        |of: &dyn Fn(f64, f64) -> f64| both.iter().map(|p| of(p.0 - x, p.1 - y)).sum::<f64>();
    let correlation =
        moment(&|dx, dy| dx * dy) / (moment(&|dx, _| dx * dx) * moment(&|_, dy| dy * dy)).sqrt();
    correlation.is_finite().then_some(correlation)
}

impl From<&SteeringEffects> for GraphEffects {
    fn from(effects: &SteeringEffects) -> Self {
        Self {
            expected: effects.expected.map(|summary| summary.mean),
            unexpected: effects.unexpected.map(|summary| summary.mean),
            expected_std: effects.expected.map(|summary| summary.std),
            unexpected_std: effects.unexpected.map(|summary| summary.std),
            n_expected: effects.expected.map_or(0, |summary| summary.n),
            n_unexpected: effects.unexpected.map_or(0, |summary| summary.n),
            gap_p_value: None,
        }
    }
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
