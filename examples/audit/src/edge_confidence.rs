//! How sure the edges of the discovered graph are, and the rates that follow from it.

use std::error::Error;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::Serialize;
use value_causal::bench::OrientationTable;
use value_causal::discovery::ci::{DynCiTest, FisherZ, boxed};
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::discovery::{
    Alpha, Bootstrap, BootstrapOptions, EdgeFrequency, Failures, PcOptions, ResampleProgress,
    bootstrap_with_progress,
};
use value_causal::metrics::{Expectations, Expected, Unexpected};
use value_causal::ndarray::Axis;

use super::comparisons::Steering;
use super::null_tests::OverBaselines;
use super::resampled::{Means, Sample};
use super::search::{Basis, Features};
use super::settings::Settings;
use super::waiting::Waiting;
use measurement::Clustered;
use program::Failure;
use reproduce::Loaded;
use reproduce::experiment::{Experiment, Test};
use reproduce::graphs::EdgeMark;
use reproduce::varied::test_options;

/// The edges found on one set of features, and how sure they are.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeConfidence {
    /// The features whose rows count.
    pub features: Features,
    /// Training rows.
    pub n_rows: usize,
    /// Their roles.
    pub n_roles: usize,
    /// Resamples of whole roles: rows of a role depend on each other, so these are the honest ones.
    pub by_role: Resampled,
    /// Resamples of single rows, to show the difference.
    pub by_row: Resampled,
    /// Intervals of the rates of figure 4.
    pub intervals: Vec<RateInterval>,
    /// The graph of each resample of roles.
    #[serde(skip)]
    pub graphs: Vec<MixedGraph>,
}

/// What the resamples found.
#[derive(Clone, Debug, Serialize)]
pub struct Resampled {
    /// Resamples that could be searched.
    pub n_resamples: usize,
    /// Resamples that could not; they count in no frequency.
    pub n_failed: usize,
    /// Mean over resamples of the number of edges.
    pub mean_edges: f64,
    /// Every pair found joined at least once, the most frequent first.
    pub edges: Vec<EdgeRow>,
    /// The graph of the pairs joined in at least the settings' share of the resamples, an edge a
    /// line.
    pub consensus: Vec<String>,
}

/// How often two values were joined, and how.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeRow {
    /// One value.
    pub a: String,
    /// The other.
    pub b: String,
    /// How the graph that all these rows give joins them: `->`, `<-`, `--`, `<->` or not.
    pub found: Option<EdgeMark>,
    /// Share of the resamples that join them.
    pub any: f64,
    /// Wilson's 95 % interval of that share: what more resamples would narrow, no more.
    pub any_interval: [f64; 2],
    /// Share with `a -> b`.
    pub forward: f64,
    /// Share with `b -> a`.
    pub backward: f64,
    /// Share with `a -- b`.
    pub undirected: f64,
    /// Share with `a <-> b`.
    pub bidirected: f64,
}

/// Percentile intervals of the rates of figure 4.
#[derive(Clone, Debug, Serialize)]
pub struct RateInterval {
    /// What steers.
    pub steering: Steering,
    /// What the rows are compared with.
    pub baselines: OverBaselines,
    /// What was drawn again.
    pub drawn: DrawnAgain,
    /// Of the test rows, what was drawn again where they were: roles or features.
    pub unit: &'static str,
    /// Number of these.
    pub n_units: usize,
    /// Mean rate of values expected to change.
    pub expected: Option<Interval>,
    /// Mean rate of the others.
    pub unexpected: Option<Interval>,
    /// Their difference.
    pub gap: Option<Interval>,
    /// Share of the resamples with a gap above 0.
    pub share_above_zero: f64,
}

/// What an interval takes for random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawnAgain {
    /// The training roles: which graph is found.
    Training,
    /// The test rows: what changed.
    Test,
    /// Both.
    Both,
}

/// A number and its 95 % percentile interval over resamples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// From the data as they are.
    pub estimate: f64,
    /// 2.5 % of the resamples lie below.
    pub low: f64,
    /// 2.5 % lie above.
    pub high: f64,
    /// Resamples in which there is a number.
    pub n: usize,
}

/// For the published features and for all.
///
/// # Errors
/// If no resample could be searched, or rows cannot be compared.
pub fn compute(
    loaded: &Loaded,
    settings: &Settings,
    waiting: &Waiting,
) -> Result<Vec<EdgeConfidence>, Failure> {
    let bases = Basis::both(loaded);
    let one = |basis| EdgeConfidence::compute(loaded, settings, basis, waiting);
    bases.iter().map(one).collect()
}

impl EdgeConfidence {
    fn compute(
        loaded: &Loaded,
        settings: &Settings,
        basis: &Basis,
        waiting: &Waiting,
    ) -> Result<Self, Failure> {
        let experiment = &loaded.experiment;
        let train = basis.searched(loaded);
        let graph = basis.discover(loaded)?;
        let options = || {
            BootstrapOptions::new(settings.resamples)
                .seed(settings.seed)
                .failures(Failures::Skip)
        };
        let roles = train.settings().iter().map(|setting| setting.role.clone());
        let [few, every] = experiment.row_titles();
        let of = match basis.features {
            Features::PublishedSubset => few,
            Features::AllFeatures => every,
        };
        let searched = |unit: &str, options: &BootstrapOptions| {
            waiting.stage(
                settings.resamples,
                format_args!("searching resamples of {unit}, {of}"),
            );
            resample(experiment, &train, options, &|done| waiting.reach(done))
        };
        let by_role = searched("roles", &options().clusters(roles).keep_graphs())?;
        let by_row = searched("rows", &options())?;
        waiting.stage(1, format_args!("intervals of the rates, {of}"));
        let resampled = |found: &Bootstrap| Resampled::of(found, &graph, settings.threshold);
        Ok(Self {
            features: basis.features,
            n_rows: train.n_settings(),
            n_roles: train.roles().len(),
            by_role: resampled(&by_role),
            by_row: resampled(&by_row),
            intervals: intervals(
                &Sample::all(loaded, &basis.set)?,
                &graph,
                by_role.graphs(),
                settings,
            ),
            graphs: by_role.graphs().to_vec(),
        })
    }
}

/// Stable PC on resamples of a table, as the study searches the table itself. `done` hears how many are searched.
///
/// # Errors
/// If no resample could be searched.
pub fn resample(
    experiment: &Experiment,
    train: &OrientationTable,
    options: &BootstrapOptions,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Bootstrap, Failure> {
    let clustered = Clustered::of(train)?;
    let test = |rows: &[usize]| -> Result<Box<DynCiTest>, Box<dyn Error + Send + Sync>> {
        Ok(match experiment.test {
            Test::Clustered => boxed(clustered.test_of(rows)?),
            Test::FisherZ => {
                let options = test_options(experiment, train.values());
                let cells = train.matrix().select(Axis(0), rows);
                boxed(FisherZ::with_options(cells.view(), options)?)
            }
        })
    };
    let pc = PcOptions::like_causal_learn(Alpha::new(experiment.alpha)?);
    let listener = |progress: &ResampleProgress| {
        done(progress.done);
        ControlFlow::Continue(())
    };
    let n_rows = train.n_settings();
    Ok(bootstrap_with_progress(
        n_rows, test, &pc, options, &listener,
    )?)
}

impl Resampled {
    fn of(found: &Bootstrap, graph: &MixedGraph, threshold: f64) -> Self {
        let edges = found.edges();
        Self {
            n_resamples: found.n_resamples(),
            n_failed: found.n_failed(),
            mean_edges: edges.iter().map(|edge| edge.any).sum(),
            consensus: found
                .consensus(threshold)
                .to_string()
                .lines()
                .map(str::to_owned)
                .collect(),
            edges: edges
                .iter()
                .map(|edge| EdgeRow::of(edge, graph, found.n_resamples()))
                .collect(),
        }
    }
}

impl EdgeRow {
    fn of(edge: &EdgeFrequency, graph: &MixedGraph, n: usize) -> Self {
        let (a, b) = (edge.a, edge.b);
        Self {
            a: graph.names()[a].clone(),
            b: graph.names()[b].clone(),
            found: EdgeMark::between(graph, a, b),
            any: edge.any,
            any_interval: wilson(edge.any, n),
            forward: edge.forward,
            backward: edge.backward,
            undirected: edge.undirected,
            bidirected: edge.bidirected,
        }
    }
}

/// Wilson's 95 % interval of a share seen in `n` draws (E. B. Wilson, JASA 22, 1927).
#[must_use]
pub fn wilson(share: f64, n: usize) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let n = n as f64;
    if n == 0.0 {
        return [0.0, 1.0];
    }
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    [(centre - half) / whole, (centre + half) / whole].map(|end| end.clamp(0.0, 1.0))
}

fn intervals(
    samples: &[Sample],
    graph: &MixedGraph,
    graphs: &[MixedGraph],
    settings: &Settings,
) -> Vec<RateInterval> {
    let expectations = |graph: &MixedGraph| {
        let digraph = graph.to_digraph(UndirectedEdges::BothWays);
        Expectations::of(&digraph, Expected::Successors, Unexpected::NonSuccessors)
    };
    let whole = expectations(graph);
    let resampled: Vec<Expectations> = graphs.iter().map(expectations).collect();
    let kinds = [DrawnAgain::Training, DrawnAgain::Test, DrawnAgain::Both];
    let of = |sample: &Sample, drawn: DrawnAgain| {
        let as_it_is = sample.as_it_is();
        let n = match drawn {
            DrawnAgain::Test => settings.resamples,
            DrawnAgain::Training | DrawnAgain::Both => resampled.len(),
        };
        let means: Vec<Means> = (0..n)
            .into_par_iter()
            .map(|at| match drawn {
                DrawnAgain::Training => sample.means(&as_it_is, &resampled[at]),
                DrawnAgain::Test => sample.means(&sample.draw(settings.seed, at), &whole),
                DrawnAgain::Both => sample.means(&sample.draw(settings.seed, at), &resampled[at]),
            })
            .collect();
        let estimate = sample.means(&as_it_is, &whole);
        let interval = |number: fn(&Means) -> Option<f64>| {
            Interval::of(
                number(&estimate)?,
                means.iter().filter_map(number).collect(),
            )
        };
        let above = means.iter().filter(|m| m.gap.is_some_and(|gap| gap > 0.0));
        RateInterval {
            steering: sample.steering,
            baselines: sample.baselines,
            drawn,
            unit: sample.unit(),
            n_units: sample.n_units(),
            expected: interval(|means| means.expected),
            unexpected: interval(|means| means.unexpected),
            gap: interval(|means| means.gap),
            share_above_zero: above.count() as f64 / means.len().max(1) as f64,
        }
    };
    samples
        .iter()
        .flat_map(|sample| kinds.map(|drawn| of(sample, drawn)))
        .collect()
}

impl Interval {
    /// The percentile interval; `None` without resamples.
    #[must_use]
    pub fn of(estimate: f64, mut resampled: Vec<f64>) -> Option<Self> {
        resampled.sort_by(f64::total_cmp);
        let n = resampled.len();
        let cut = (0.025 * n as f64).floor() as usize;
        Some(Self {
            estimate,
            low: *resampled.get(cut)?,
            high: *resampled.get(n.checked_sub(1 + cut)?)?,
            n,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_s_interval_is_the_published_one() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (successes, n, expected) in [
            (81.0, 263, [0.2553, 0.3662]),
            (15.0, 148, [0.0624, 0.1605]),
            (0.0, 20, [0.0000, 0.1611]),
            (1.0, 29, [0.0061, 0.1718]),
        ] {
            let found = wilson(successes / n as f64, n);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 5e-5, "{found} {expected}");
            }
        }
        assert_eq!(wilson(0.0, 0), [0.0, 1.0]);
    }

    #[test]
    fn percentiles_leave_a_fortieth_on_either_side() {
        let numbers: Vec<f64> = (0..1000).rev().map(f64::from).collect();
        let found = Interval::of(3.0, numbers).unwrap();
        assert_eq!((found.low, found.high, found.n), (25.0, 974.0, 1000));
        assert_eq!(Interval::of(3.0, vec![]), None);
        let one = Interval::of(3.0, vec![2.0]).unwrap();
        assert_eq!((one.low, one.high), (2.0, 2.0));
    }
}
