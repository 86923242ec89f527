//! Whether the gap between expected and unexpected rates is more than chance.
//!
//! Each graph is held against graphs with its nodes relabelled and against graphs with its degrees,
//! on rates and on lifts, against the published baseline and over all of them.

use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::Serialize;
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::metrics::{Expectations, Expected, GapTest, Null, Unexpected, gap_test};
use value_causal::ndarray::Array2;
use value_causal::petgraph::graph::DiGraph;

use super::comparisons::{Compared, Comparison, Steering, is_published, of_features, of_roles};
use super::search::{Basis, Features, references, with_features};
use super::settings::Settings;
use program::Failure;
use reproduce::Loaded;

/// Bars of a histogram.
const BARS: usize = 40;

/// Draws that tell how long many take.
const FEW: usize = 2;
const SOME: usize = 52;

/// One test of one gap.
#[derive(Clone, Debug, Serialize)]
pub struct NullTest {
    /// The features whose rows count.
    pub features: Features,
    /// Key of the graph.
    pub graph: String,
    /// What steers.
    pub steering: Steering,
    /// What the rows are compared with.
    pub baselines: OverBaselines,
    /// What the gap is between.
    pub measure: Measure,
    /// What the graph is held against.
    pub null: &'static str,
    /// Mean over the values expected to change.
    pub expected: Option<f64>,
    /// Mean over the others.
    pub unexpected: Option<f64>,
    /// Their difference; over several baselines its mean over those that have one.
    pub gap: f64,
    /// One-sided: `(1 + draws with a gap at least as large) / (1 + draws)`.
    pub p_value: f64,
    /// What another seed would alter it by (one standard error).
    pub monte_carlo_error: f64,
    /// Graphs drawn that have a gap.
    pub n_draws: usize,
    /// Graphs drawn that have none; they count nowhere.
    pub n_without_gap: usize,
    /// Of the gaps drawn.
    pub null_mean: f64,
    /// Population standard deviation of the gaps drawn.
    pub null_std: f64,
    /// The gaps drawn.
    pub histogram: Histogram,
}

/// Which baselines a gap is the mean over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OverBaselines {
    /// The published one alone.
    Published,
    /// Every one.
    Every,
}

/// What the gap is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// `c(v', v)`: how often v' changed when v did.
    Rate,
    /// `c(v', v)` over how often v' changed at all: 1 where the two have nothing to do with each
    /// other.
    Lift,
}

/// How many of some numbers lie in each of equally wide bins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// Where the first bin starts.
    pub from: f64,
    /// Where the last bin ends.
    pub to: f64,
    /// Numbers in each bin.
    pub counts: Vec<usize>,
}

/// A graph with what it and its null draws let one expect.
struct Drawn {
    features: Features,
    key: String,
    expectations: Expectations,
    null: &'static str,
    draws: Vec<Expectations>,
}

/// Tests every graph. One without a gap (it lets nothing be expected of values that changed) has no
/// test.
///
/// # Errors
/// If a graph cannot be discovered or rows cannot be compared.
pub fn compute(loaded: &Loaded, settings: &Settings) -> Result<Vec<NullTest>, Failure> {
    let study = &loaded.study;
    let mut tests = Vec::new();
    for basis in Basis::both(loaded) {
        let features = basis.features;
        let found = basis
            .discover(loaded)?
            .to_digraph(UndirectedEdges::BothWays);
        let mut graphs = vec![("discovered".to_owned(), found)];
        graphs.extend(references(loaded));
        let named = of_roles(&study.test, Compared::Named)?;
        let roles = of_roles(&study.test, Compared::All)?;
        let steered = of_features(&with_features(&study.test, &basis.set))?;
        let published = |comparisons: &[Comparison]| {
            let chosen = comparisons.iter().filter(|c| is_published(loaded, c));
            chosen.cloned().collect::<Vec<_>>()
        };
        let compared = [
            (Steering::Role, OverBaselines::Published, published(&named)),
            (Steering::Role, OverBaselines::Every, roles),
            (Steering::Sae, OverBaselines::Published, published(&steered)),
            (Steering::Sae, OverBaselines::Every, steered),
        ];
        let with_nulls: Vec<_> = graphs
            .iter()
            .flat_map(|graph| {
                let nulls = [
                    ("relabelling", Null::Relabelling),
                    ("rewiring", Null::Rewiring),
                ];
                nulls.map(|null| (graph, null))
            })
            .collect();
        let drawn: Vec<Drawn> = with_nulls
            .into_par_iter()
            .map(|((key, graph), null)| Drawn::new(features, key, graph, null, settings))
            .collect();
        for (steering, baselines, comparisons) in &compared {
            for measure in [Measure::Rate, Measure::Lift] {
                let effects: Vec<Array2<f64>> = comparisons
                    .iter()
                    .map(|comparison| match measure {
                        Measure::Rate => comparison.rates.rate_matrix(),
                        Measure::Lift => comparison.rates.lift_matrix(),
                    })
                    .collect();
                let test = |drawn: &Drawn| drawn.test(*steering, *baselines, measure, &effects);
                tests.extend(drawn.par_iter().filter_map(test).collect::<Vec<_>>());
            }
        }
    }
    Ok(tests)
}

/// How long [`compute`] takes, from how long it takes with few draws.
///
/// # Errors
/// As for [`compute`].
pub(super) fn foreseen(loaded: &Loaded, settings: &Settings) -> Result<Duration, Failure> {
    let time = |draws| {
        let few = Settings {
            draws,
            ..settings.clone()
        };
        let started = Instant::now();
        compute(loaded, &few)?;
        Ok::<_, Failure>(started.elapsed())
    };
    let (few, some) = (FEW.min(settings.draws), SOME.min(settings.draws));
    let least = time(few)?;
    if some == few {
        return Ok(least);
    }
    let further = time(some)?.saturating_sub(least);
    Ok(least + further.mul_f64((settings.draws - few) as f64 / (some - few) as f64))
}

impl Drawn {
    fn new(
        features: Features,
        key: &str,
        graph: &DiGraph<String, ()>,
        (name, null): (&'static str, Null),
        settings: &Settings,
    ) -> Self {
        let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
        Self {
            features,
            key: key.to_owned(),
            expectations: Expectations::of(graph, expected, unexpected),
            null: name,
            draws: null.draw(graph, expected, unexpected, settings.draws, settings.seed),
        }
    }

    fn test(
        &self,
        steering: Steering,
        baselines: OverBaselines,
        measure: Measure,
        effects: &[Array2<f64>],
    ) -> Option<NullTest> {
        let test = gap_test(&self.expectations, &self.draws, effects).ok()?;
        let means: Vec<_> = effects
            .iter()
            .map(|matrix| self.expectations.means(matrix.view()))
            .collect();
        let expected = mean(means.iter().filter_map(|means| means.expected));
        let unexpected = mean(means.iter().filter_map(|means| means.unexpected));
        Some(NullTest {
            features: self.features,
            graph: self.key.clone(),
            steering,
            baselines,
            measure,
            null: self.null,
            expected,
            unexpected,
            gap: test.gap,
            p_value: test.p_value(),
            monte_carlo_error: test.monte_carlo_error(),
            n_draws: test.draws.len(),
            n_without_gap: test.n_without_gap,
            null_mean: mean(test.draws.iter().copied()).unwrap_or_default(),
            null_std: spread(&test),
            histogram: Histogram::of(&test.draws, test.gap),
        })
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = numbers.fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
    (n > 0).then(|| sum / n as f64)
}

fn spread(test: &GapTest) -> f64 {
    let centre = mean(test.draws.iter().copied()).unwrap_or_default();
    let squares = test.draws.iter().map(|gap| (gap - centre).powi(2));
    mean(squares).unwrap_or_default().sqrt()
}

impl Histogram {
    /// Of `numbers`, over a range that holds `also` too.
    #[must_use]
    pub fn of(numbers: &[f64], also: f64) -> Self {
        let from = numbers.iter().copied().fold(also, f64::min);
        let to = numbers.iter().copied().fold(also, f64::max);
        let mut counts = vec![0; BARS];
        for number in numbers {
            let place = (number - from) / (to - from) * BARS as f64;
            counts[(place as usize).min(BARS - 1)] += 1;
        }
        Self { from, to, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_holds_every_number() {
        let histogram = Histogram::of(&[0.0, 0.1, 0.5, 1.0], 2.0);
        assert_eq!((histogram.from, histogram.to), (0.0, 2.0));
        assert_eq!(histogram.counts.iter().sum::<usize>(), 4);
        assert_eq!([0, 2, 10, 20].map(|bin| histogram.counts[bin]), [1; 4]);
        let same = Histogram::of(&[0.5, 0.5], 0.5);
        assert_eq!(same.counts[0], 2);
    }
}
