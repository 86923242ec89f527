//! Whether the graph's successors predict what changes along better than simpler scores do.

use rayon::prelude::*;
use serde::Serialize;
use value_causal::bench::Setting;
use value_causal::discovery::ci::{FisherZ, FisherZOptions};
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::metrics::{ChangeRates, PredictiveAccuracy, predictive_accuracy, reachability};
use value_causal::ndarray::Array2;
use value_causal::petgraph::graph::NodeIndex;

use super::comparisons::{Compared, Steering, of_features, of_roles};
use super::edge_confidence::{EdgeConfidence, Interval};
use super::null_tests::OverBaselines;
use super::resampled::Sample;
use super::search::{Basis, Features, with_features};
use super::settings::Settings;
use program::Failure;
use reproduce::Loaded;

/// The scores against each other on one set of test rows.
#[derive(Clone, Debug, Serialize)]
pub struct Contest {
    /// The features whose rows count.
    pub features: Features,
    /// What steers.
    pub steering: Steering,
    /// What the test rows are compared with.
    pub baselines: OverBaselines,
    /// What is drawn again for the intervals: roles or features.
    pub unit: &'static str,
    /// Number of these.
    pub n_units: usize,
    /// Ordered pairs of values with a rate.
    pub n_pairs: usize,
    /// Changes of one value seen at another.
    pub n_events: usize,
    /// The graph first.
    pub rivals: Vec<Rival>,
}

/// How well one score predicts the test rows.
#[derive(Clone, Debug, Serialize)]
pub struct Rival {
    /// Which score.
    pub score: Score,
    /// Area under the ROC curve over changes of one value seen at another: 0.5 knows nothing.
    pub auc: Option<Interval>,
    /// Spearman's correlation of score and rate over pairs of values.
    pub rank_correlation: Option<Interval>,
    /// The graph's area less this one, on the same resamples.
    pub graph_less_this_auc: Option<Interval>,
    /// The graph's rank correlation less this one, on the same resamples.
    pub graph_less_this_rank_correlation: Option<Interval>,
}

/// What says how much v' is expected to change when v does. All from the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// 1 if v' is a successor of v in the discovered graph, else 0.
    Graph,
    /// Share of the resampled graphs in which it is.
    ResampledGraphs,
    /// The absolute correlation of v and v'.
    Correlation,
    /// `c(v', v)`, over all baselines.
    CoChange,
    /// How often v' changes at all, over all baselines.
    BaseRate,
}

/// For the published features and for all, by steering and baselines.
///
/// # Errors
/// If the graph cannot be discovered or rows cannot be compared.
pub fn compute(
    loaded: &Loaded,
    settings: &Settings,
    confidence: &[EdgeConfidence],
) -> Result<Vec<Contest>, Failure> {
    let mut contests = Vec::new();
    for basis in Basis::both(loaded) {
        let features = basis.features;
        let resampled = confidence.iter().find(|found| found.features == features);
        let graphs = resampled.map_or(&[][..], |found| &found.graphs);
        let by_steering = Steering::ALL.map(|steering| {
            Ok::<_, Failure>((steering, scores(loaded, &basis, steering, graphs)?))
        });
        let by_steering: Vec<_> = by_steering.into_iter().collect::<Result<_, _>>()?;
        for sample in Sample::all(loaded, &basis.set)? {
            for (_, scores) in by_steering.iter().filter(|(s, _)| *s == sample.steering) {
                contests.push(Contest::hold(features, &sample, scores, settings));
            }
        }
    }
    Ok(contests)
}

/// Every score as a matrix `[affected, given]`.
fn scores(
    loaded: &Loaded,
    basis: &Basis,
    steering: Steering,
    graphs: &[MixedGraph],
) -> Result<Vec<(Score, Array2<f64>)>, Failure> {
    let train = with_features(&loaded.study.train, &basis.set);
    let searched = basis.searched(loaded);
    let graph = basis.discover(loaded)?;
    let names = FisherZOptions::like_causal_learn().names(train.values());
    let correlation = FisherZ::with_options(searched.matrix(), names)?
        .correlation()
        .to_owned();
    let comparisons = match steering {
        Steering::Role => of_roles(&train.select(Setting::is_unsteered), Compared::All)?,
        Steering::Sae => of_features(&train)?,
    };
    let nothing = Array2::from_elem((0, train.n_values()), false);
    let mut changes = ChangeRates::from_changes(nothing.view());
    for comparison in &comparisons {
        changes.add(&comparison.rates, 1);
    }
    let base = |value: usize| changes.base_rate(value).unwrap_or(0.0);
    let n = train.n_values();
    let mut scores = vec![
        (Score::Graph, successors(&graph)),
        (
            Score::Correlation,
            // A constant value is correlated with nothing.
            correlation.mapv(|r| if r.is_nan() { 0.0 } else { r.abs() }),
        ),
        (
            Score::CoChange,
            // Where v never changed in training, all that is known of v' is its base rate.
            Array2::from_shape_fn((n, n), |(affected, given)| {
                changes.rate(affected, given).unwrap_or(base(affected))
            }),
        ),
        (
            Score::BaseRate,
            Array2::from_shape_fn((n, n), |(affected, _)| base(affected)),
        ),
    ];
    if !graphs.is_empty() {
        let sum = graphs.iter().map(successors).reduce(|a, b| a + b);
        let share = sum.unwrap_or_default() / graphs.len() as f64;
        scores.insert(1, (Score::ResampledGraphs, share));
    }
    Ok(scores)
}

/// 1 where a path leads from the second value to the first, undirected edges both ways: `[affected, given]`.
pub(super) fn successors(graph: &MixedGraph) -> Array2<f64> {
    let n = graph.n_variables();
    let reached = reachability(&graph.to_digraph(UndirectedEdges::BothWays));
    Array2::from_shape_fn((n, n), |(affected, given)| {
        let node = NodeIndex::new;
        f64::from(u8::from(reached.reaches(node(given), node(affected))))
    })
}

impl Contest {
    fn hold(
        features: Features,
        sample: &Sample,
        scores: &[(Score, Array2<f64>)],
        settings: &Settings,
    ) -> Self {
        let measure = |times: &[usize]| -> Vec<PredictiveAccuracy> {
            let rates = sample.pooled(times);
            let accuracy =
                |(_, score): &(Score, Array2<f64>)| predictive_accuracy(score.view(), &rates);
            scores.iter().map(accuracy).collect()
        };
        let whole = measure(&sample.as_it_is());
        let resampled: Vec<Vec<PredictiveAccuracy>> = (0..settings.resamples)
            .into_par_iter()
            .map(|at| measure(&sample.draw(settings.seed, at)))
            .collect();
        let interval = |number: &dyn Fn(&[PredictiveAccuracy]) -> Option<f64>| {
            let estimate = number(&whole)?;
            Interval::of(
                estimate,
                resampled.iter().filter_map(|all| number(all)).collect(),
            )
        };
        let rivals = scores.iter().enumerate().map(|(at, (score, _))| Rival {
            score: *score,
            auc: interval(&|all| all[at].auc),
            rank_correlation: interval(&|all| all[at].rank_correlation),
            graph_less_this_auc: interval(&|all| Some(all[0].auc? - all[at].auc?)),
            graph_less_this_rank_correlation: interval(&|all| {
                Some(all[0].rank_correlation? - all[at].rank_correlation?)
            }),
        });
        Self {
            features,
            steering: sample.steering,
            baselines: sample.baselines,
            unit: sample.unit(),
            n_units: sample.n_units(),
            n_pairs: whole.first().map_or(0, |found| found.n_pairs),
            n_events: whole.first().map_or(0, |found| found.n_events),
            rivals: rivals.collect(),
        }
    }
}
