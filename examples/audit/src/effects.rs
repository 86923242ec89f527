//! Effects over the class of DAGs that a graph stands for, and how well they predict what moves
//! along when steering moves a value.
//!
//! Which value a feature acts upon is not known, so each value that moved in a case is taken for it
//! in turn, as the rates of change of the study take it. Where a value in truth moved along with
//! others, association predicts these better than any effect: a rival that wins is no proof
//! against the graph, but what the graph predicts beyond `base_rate` is proof for it.

mod score;

use std::collections::BTreeMap;

use serde::Serialize;
use value_causal::bench::OrientationTable;
use value_causal::discovery::ci::{FisherZ, FisherZOptions};
use value_causal::discovery::effects::{Ida, LinearModel, Moments};
use value_causal::discovery::{Alpha, MixedGraph, PcOptions, pc};
use value_causal::metrics::ChangeRates;

use super::rivals::successors;
use super::search::{Basis, with_features};
use super::settings::Settings;
use program::Failure;
use reproduce::Loaded;

pub use score::{Estimate, HeldOut, Predicted, Score, score};

/// The effects that one graph allows, or why there are none.
#[derive(Clone, Debug, Serialize)]
pub struct OfGraph {
    /// The graph's edges, such as `Empathy -> Social` and `Social -- Political`.
    pub edges: Vec<String>,
    /// The effects; `None` where no DAG extends the graph.
    pub effects: Option<Effects>,
    /// Why there are none.
    pub reason: Option<String>,
}

/// What the audit says of effects.
#[derive(Clone, Debug, Serialize)]
pub struct Effects {
    /// Number of DAGs that extend the graph, in decimal digits: it can be too large for a number.
    pub n_dags: String,
    /// Every pair of values.
    pub pairs: Vec<PairEffects>,
    /// How well held-out steering was predicted, by who predicted it: `linear_model`, `do`,
    /// `class_mean`, `successors`, and the rivals that know no causes: `regression`, `correlation`,
    /// `train_co_change`, `base_rate`.
    pub held_out: BTreeMap<String, Score>,
}

/// The total effects that one value may have on another, in units of orientation.
#[derive(Clone, Debug, Serialize)]
pub struct PairEffects {
    /// The value that is set one unit higher.
    pub cause: String,
    /// The value that moves along.
    pub effect: String,
    /// The least over the class of DAGs.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// The mean over the DAGs.
    pub mean: f64,
    /// The least absolute value: a lower bound of the effect's size.
    pub least_size: f64,
    /// The multiset: each number with the DAGs that give it.
    pub multiset: Vec<Counted>,
}

/// A number of the multiset.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    /// The total effect.
    pub value: f64,
    /// Number of DAGs, in decimal digits.
    pub n_dags: String,
}

/// The effects by two graphs in the training rows behind the published one: `published`, searched as
/// the study searches it, and `default`, searched so that some DAG always extends it.
///
/// A graph that cannot be discovered, because a value is constant, say, has its reason instead of
/// effects.
pub fn compute(loaded: &Loaded, settings: &Settings) -> BTreeMap<String, OfGraph> {
    let basis = Basis::published(loaded);
    let [train, test] =
        [&loaded.study.train, &loaded.study.test].map(|table| with_features(table, &basis.set));
    let searched = basis.searched(loaded);
    let tables = [&searched, &train, &test];
    let graphs = [
        ("published", basis.discover(loaded)),
        ("default", extendable(&searched, loaded.experiment.alpha)),
    ];
    let of_graph = |(name, graph): (&str, Result<MixedGraph, Failure>)| {
        let found = OfGraph::new(graph, tables, settings.resamples, settings.seed);
        (name.to_owned(), found)
    };
    graphs.into_iter().map(of_graph).collect()
}

impl OfGraph {
    fn new(
        graph: Result<MixedGraph, Failure>,
        tables: [&OrientationTable; 3],
        n_resamples: usize,
        seed: u64,
    ) -> Self {
        let shown = |graph: &MixedGraph| {
            let edge = |edge| graph.display_edge(&edge).to_string();
            graph.edges().map(edge).collect()
        };
        let edges = graph.as_ref().map(shown).unwrap_or_default();
        let found = graph.and_then(|graph| effects(&graph, tables, n_resamples, seed));
        let reason = found.as_ref().err().map(ToString::to_string);
        Self {
            edges,
            effects: found.ok(),
            reason,
        }
    }
}

/// The graph that the search of this project's default options finds, which some DAG extends.
///
/// # Errors
/// If a test of independence cannot be made on these rows.
pub(super) fn extendable(train: &OrientationTable, alpha: f64) -> Result<MixedGraph, Failure> {
    let names = FisherZOptions::new().names(train.values());
    let test = FisherZ::with_options(train.matrix(), names)?;
    Ok(pc(&test, &PcOptions::new(Alpha::new(alpha)?))?.graph)
}

/// The effects that a graph allows, estimated from the rows it was `searched` in, and how well they
/// predict the steered rows of `test`, beside rivals that have seen those of `train`.
///
/// # Errors
/// If no DAG extends the graph (it has a cycle or a bidirected edge), or if values of the training
/// rows are constant or determine each other, so that effects cannot be estimated.
pub fn effects(
    graph: &MixedGraph,
    [searched, train, test]: [&OrientationTable; 3],
    n_resamples: usize,
    seed: u64,
) -> Result<Effects, Failure> {
    let moments = Moments::from_samples(searched.matrix())?;
    let ida = Ida::global(graph, &moments.covariance)?;
    let model = LinearModel::fit_moments(&graph.consistent_extension()?, &moments)?;
    let held_out = HeldOut::of(test);
    let rates = ChangeRates::from_changes(HeldOut::of(train).moved().view());
    let covariance = &moments.covariance;
    let of_itself = |cause, effect| {
        if cause == effect {
            1.0
        } else {
            ida.mean(cause, effect)
        }
    };
    let regressed = |cause: usize, effect| covariance[[cause, effect]] / covariance[[cause, cause]];
    let correlation = |cause: usize, effect| {
        let variances = covariance[[cause, cause]] * covariance[[effect, effect]];
        (covariance[[cause, effect]] / variances.sqrt()).abs()
    };
    let reached = successors(graph);
    let follows = |cause, effect| reached[[effect, cause]];
    let co_change = |cause, effect| rates.rate(effect, cause).unwrap_or(0.0);
    let base_rate = |_, effect| rates.base_rate(effect).unwrap_or(0.0);
    let predicted = [
        ("linear_model", held_out.by_model(&model)?),
        ("do", held_out.by_intervention(&model)?),
        ("class_mean", held_out.by_slopes(of_itself)),
        ("successors", held_out.by_rates(follows)),
        ("regression", held_out.by_slopes(regressed)),
        ("correlation", held_out.by_rates(correlation)),
        ("train_co_change", held_out.by_rates(co_change)),
        ("base_rate", held_out.by_rates(base_rate)),
    ];
    let scored = predicted.map(|(by, predicted)| {
        let score = score(&held_out, &predicted, n_resamples, seed)?;
        Ok((by.to_owned(), score))
    });
    Ok(Effects {
        n_dags: graph.class_size()?.to_string(),
        pairs: pairs(&ida, graph.names()),
        held_out: scored.into_iter().collect::<Result<_, Failure>>()?,
    })
}

fn pairs(ida: &Ida, names: &[String]) -> Vec<PairEffects> {
    let p = ida.n_variables();
    let ordered = (0..p).flat_map(|cause| (0..p).map(move |effect| (cause, effect)));
    let of_pair = |(cause, effect): (usize, usize)| {
        let (low, high) = ida.bounds(cause, effect);
        let counted = ida.effects(cause, effect).iter().map(|possible| Counted {
            value: possible.value,
            n_dags: possible.multiplicity.to_string(),
        });
        PairEffects {
            cause: names[cause].clone(),
            effect: names[effect].clone(),
            low,
            high,
            mean: ida.mean(cause, effect),
            least_size: ida.least_size(cause, effect),
            multiset: counted.collect(),
        }
    };
    ordered
        .filter(|(cause, effect)| cause != effect)
        .map(of_pair)
        .collect()
}

#[cfg(test)]
mod tests;
