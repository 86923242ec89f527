//! Data without structure: every column mixed up by itself.

use std::error::Error;
use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::watch::{ResampleProgress, Watch};
use super::{MOST, in_pool, limited};
use crate::ci::CiTest;
use crate::clusters::{Clusters, ClustersError, Labels};
use crate::error::PcError;
use crate::options::PcOptions;
use crate::pc::skeleton_edges;
use crate::words::counted;

mod mixing;

use mixing::Mixing;

/// How [`edge_null`] mixes rows up.
///
/// ```
/// use causal_pc::{Clusters, NullOptions};
///
/// // Ann and Bob answered two questions each: persons are exchanged, question by question.
/// let persons = Clusters::new(["ann", "ann", "bob", "bob"]);
/// let options = NullOptions::new(1_000).seed(7).clusters(persons).matched_by([1, 2, 1, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct NullOptions {
    n_draws: usize,
    seed: u64,
    clusters: Option<Clusters>,
    matched: Option<Labels>,
    threads: Option<usize>,
}

impl NullOptions {
    /// So many draws of rows mixed up one by one with seed 0; threads of the current rayon pool.
    pub fn new(n_draws: usize) -> Self {
        Self {
            n_draws,
            seed: 0,
            clusters: None,
            matched: None,
            threads: None,
        }
    }

    /// The seed. Default 0. The same seed gives the same draws with any number of threads, and more
    /// draws begin with those of fewer.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Mixes up clusters as wholes, of both ways if there are two: the rows of a cluster stay
    /// together, so that what they have in common stays. Default: single rows.
    ///
    /// Clusters are exchanged with those alike: of the same number of rows or, of two ways, with rows
    /// at the same clusters of the other way. One that is like no other stays where it is.
    pub fn clusters(mut self, clusters: Clusters) -> Self {
        self.clusters = Some(clusters);
        self
    }

    /// Labels of rows that say which of them correspond when two clusters are exchanged: those with
    /// equal labels. Only clusters with the same labels are then exchanged. Default: rows correspond
    /// by their order within the cluster. Not with clusters of two ways.
    pub fn matched_by<K: Ord>(mut self, labels: impl IntoIterator<Item = K>) -> Self {
        self.matched = Some(Labels::new(labels));
        self
    }

    /// The number of threads; results are the same with any. Default: those of the rayon pool that
    /// the caller is in.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }
}

/// Why there is no null distribution.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NullError {
    /// No draw is asked for.
    #[error("the number of draws is 0")]
    NoDraws,
    /// More draws are asked for than tell anything.
    #[error(
        "{found} draws are asked for, at most {MOST} are searched: a share of so many is known to \
         within 0.001, and more would cost time and memory for nothing"
    )]
    TooManyDraws {
        /// How many were asked for.
        found: usize,
    },
    /// The time limit came before any draw had been searched.
    #[error("the time limit came before the first draw had been searched")]
    OutOfTime,
    /// Labels are not as many as rows.
    #[error(transparent)]
    Clusters(#[from] ClustersError),
    /// Labels to match rows by beside clusters of two ways.
    #[error("rows of two-way clusters are matched by the other way, not by further labels")]
    MatchedTwice,
    /// No two clusters are alike.
    #[error(
        "no two of the clusters have the same number of rows (or the same labels within), so none \
         can be exchanged"
    )]
    NothingToMix,
    /// The test of a draw, or of the data themselves, could not be made.
    #[error("{}", of_draw(*draw))]
    Test {
        /// Its number, from 0; none for the data themselves.
        draw: Option<usize>,
        /// What the caller's function said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A draw, or the data themselves, could not be searched.
    #[error("{}", of_draw(*draw))]
    Search {
        /// Its number, from 0; none for the data themselves.
        draw: Option<usize>,
        /// What the search said.
        #[source]
        source: PcError,
    },
    /// The caller's progress function ended it.
    #[error("drawing was cancelled")]
    Cancelled,
    /// The operating system refused threads.
    #[error("cannot start {threads}: {reason}", threads = counted(threads, "thread"))]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

fn of_draw(draw: Option<usize>) -> String {
    draw.map_or_else(
        || "the data themselves".to_owned(),
        |draw| format!("draw {draw}"),
    )
}

/// How many edges are found where there is no structure: what [`edge_null`] returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeNull {
    /// Edges found in the data.
    pub n_edges: usize,
    /// Edges found in each draw, in the order of the draws.
    pub null: Vec<usize>,
    /// Every pair of variables, ascending, `(0, 1), (0, 2), ..., (1, 2), ...`.
    pub pairs: Vec<PairNull>,
    /// Clusters, of both ways, that are like no other and stayed where they are: what their rows have in common was not
    /// mixed up.
    #[serde(default)]
    pub n_in_place: usize,
}

/// How unusual a pair's dependence is among draws without any.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairNull {
    /// The variable with the smaller number.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// The share of draws, the data counted among them, in which the pair's test given nothing has
    /// as small a p-value as in the data.
    pub p_value: f64,
    /// The same after Benjamini and Hochberg (1995): the smallest false discovery rate at which the
    /// pair counts as dependent.
    pub q_value: f64,
}

impl EdgeNull {
    /// The mean number of edges without structure.
    pub fn mean(&self) -> f64 {
        self.null.iter().sum::<usize>() as f64 / self.null.len() as f64
    }

    /// The standard deviation of that number over the draws.
    pub fn standard_deviation(&self) -> f64 {
        let mean = self.mean();
        let squares = self.null.iter().map(|&n| (n as f64 - mean).powi(2));
        (squares.sum::<f64>() / self.null.len() as f64).sqrt()
    }

    /// The share of draws, the data counted among them, with as many edges as the data.
    pub fn p_value(&self) -> f64 {
        let as_many = self.null.iter().filter(|&&n| n >= self.n_edges).count();
        (1 + as_many) as f64 / (1 + self.null.len()) as f64
    }
}

/// How many edges a search finds in the data, and in data without structure: each column's rows, or
/// clusters of rows, mixed up by themselves, so that what the rows of a cluster have in common stays
/// and every relation between columns goes.
///
/// Where rows depend on one another, a test that takes them for independent finds edges among columns
/// that have nothing to do with each other. If the data hold no more than these draws, no structure
/// can be seen in them. Each pair has a p-value of its own too, exact if clusters of a column are
/// exchangeable: its smallest is `1 / (n_draws + 1)`, so that many pairs need many draws to be told
/// apart after Benjamini and Hochberg.
///
/// `samples` is `[n_samples, n_variables]`; `test` makes the test of such an array. Draws are seeded
/// (ChaCha8, one stream each) and shared among threads; each is searched on one thread, up to the
/// skeleton. Time: those of the test and search, `n_draws` times over the number of threads.
/// [`PcOptions::time_limit`] holds for all draws together: those that were searched in time count.
///
/// ```
/// use causal_pc::synthetic::LinearSem;
/// use causal_pc::{Alpha, Edge, FisherZ, MixedGraph, NullOptions, PcOptions, edge_null};
///
/// // 0 -> 2 <- 1
/// let dag = MixedGraph::from_edges(3, [Edge::directed(0, 2), Edge::directed(1, 2)])?;
/// let samples = LinearSem::new(&dag, |_, _| 0.5, |_| 1.0)?.sample(500, 1);
/// let found = edge_null(
///     &samples,
///     |draw| FisherZ::from_samples(draw),
///     &PcOptions::new(Alpha::new(0.05)?),
///     &NullOptions::new(99).seed(7),
/// )?;
/// assert_eq!(found.n_edges, 2);
/// assert!(found.mean() < 1.0);
/// assert_eq!(found.pairs[1].p_value, 0.01); // the pair of 0 and 2: no draw is as extreme
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A. M. Winkler et al., "Multi-level block permutation", NeuroImage 123 (2015); Y. Benjamini and
/// Y. Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).
///
/// # Errors
///
/// [`NullError`] if labels are not as many as rows, nothing can be exchanged, threads cannot be
/// started, or the data or a draw cannot be searched.
pub fn edge_null<'a, T, E>(
    samples: impl Into<ArrayView2<'a, f64>>,
    test: impl Fn(ArrayView2<'_, f64>) -> Result<T, E> + Sync,
    pc_options: &PcOptions,
    options: &NullOptions,
) -> Result<EdgeNull, NullError>
where
    T: CiTest,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let go_on = |_: &ResampleProgress| ControlFlow::Continue(());
    edge_null_with_progress(samples, test, pc_options, options, &go_on)
}

/// As [`edge_null`], and tells `listener` how far it is, as
/// [`bootstrap_with_progress`](crate::bootstrap_with_progress) does.
///
/// # Errors
///
/// As [`edge_null`], and [`NullError::Cancelled`] when the listener breaks.
pub fn edge_null_with_progress<'a, T, E>(
    samples: impl Into<ArrayView2<'a, f64>>,
    test: impl Fn(ArrayView2<'_, f64>) -> Result<T, E> + Sync,
    pc_options: &PcOptions,
    options: &NullOptions,
    listener: &(dyn Fn(&ResampleProgress) -> ControlFlow<()> + Sync),
) -> Result<EdgeNull, NullError>
where
    T: CiTest,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let samples = samples.into();
    let mixing = options.mixing(samples.nrows())?;
    let watch = Watch::new(listener, options.n_draws, pc_options.time_limit);
    let pc_options = pc_options.clone().threads(1);
    let search = |draw: Option<usize>, samples: ArrayView2<'_, f64>| {
        let failed = |source: E| NullError::Test {
            draw,
            source: source.into(),
        };
        let test = test(samples).map_err(failed)?;
        let failed = |source| NullError::Search { draw, source };
        Found::new(&test, &limited(&pc_options, &watch), &watch).map_err(failed)
    };
    let gave_up = |error: &NullError| {
        watch.is_over()
            && matches!(
                error,
                NullError::Search {
                    source: PcError::Cancelled,
                    ..
                }
            )
    };
    let data = match search(None, samples) {
        Err(error) if gave_up(&error) => {
            return Err(match watch.is_cancelled() {
                true => NullError::Cancelled,
                false => NullError::OutOfTime,
            });
        }
        searched => searched?,
    };
    let one = |mut tally: Tally, draw: usize| {
        if tally.failure.is_some() || watch.is_over() {
            return tally;
        }
        let drawn = mixing.draw(&samples, &mut stream(options.seed, draw));
        match search(Some(draw), drawn.view()) {
            Ok(found) => tally.add(&found, &data),
            Err(error) if gave_up(&error) => return tally,
            Err(error) => tally.failure = Some(error),
        }
        watch.step();
        tally
    };
    let all = || {
        let draws = (0..options.n_draws).into_par_iter();
        draws
            .fold(Tally::default, one)
            .reduce(Tally::default, Tally::join)
    };
    let tally = match options.threads {
        None => all(),
        Some(threads) => {
            in_pool(threads, all).map_err(|reason| NullError::Threads { threads, reason })?
        }
    };
    if watch.is_cancelled() {
        return Err(NullError::Cancelled);
    }
    match tally {
        Tally {
            failure: Some(failure),
            ..
        } => Err(failure),
        Tally { n_edges, .. } if n_edges.is_empty() => Err(NullError::OutOfTime),
        tally => Ok(data.against(tally, mixing.n_in_place())),
    }
}

/// What some of the draws came to.
#[derive(Default)]
struct Tally {
    /// Edges of each draw, in the order of the draws.
    n_edges: Vec<usize>,
    /// For each pair how many draws have it as dependent as the data; empty before the first.
    as_strong: Vec<usize>,
    /// The failure with the smallest number.
    failure: Option<NullError>,
}

impl Tally {
    fn add(&mut self, found: &Found, data: &Found) {
        self.n_edges.push(found.n_edges);
        self.as_strong.resize(data.log_p.len(), 0);
        let both = found.log_p.iter().zip(&data.log_p);
        for (count, ((_, here), (_, there))) in self.as_strong.iter_mut().zip(both) {
            *count += usize::from(here <= there);
        }
    }

    /// With the draws that come after.
    fn join(mut self, after: Self) -> Self {
        self.n_edges.extend(after.n_edges);
        self.as_strong
            .resize(self.as_strong.len().max(after.as_strong.len()), 0);
        for (count, more) in self.as_strong.iter_mut().zip(after.as_strong) {
            *count += more;
        }
        self.failure = self.failure.or(after.failure);
        self
    }
}

impl NullOptions {
    /// The tables that [`edge_null`] searches, `[n_samples, n_variables]` each, one after another: for
    /// any other number that data without structure are to be asked for.
    ///
    /// ```
    /// use causal_pc::{Clusters, NullOptions};
    /// use ndarray::array;
    ///
    /// let samples = array![[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]];
    /// let pairs = NullOptions::new(3).clusters(Clusters::new([0, 0, 1, 1]));
    /// for table in pairs.tables(samples.view())? {
    ///     // Rows of a cluster stay together.
    ///     assert_eq!(table[[1, 0]], table[[0, 0]] + 1.0);
    /// }
    /// # Ok::<(), causal_pc::NullError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NullError`] if labels are not as many as rows, or nothing can be exchanged.
    pub fn tables<'a>(
        &self,
        samples: ArrayView2<'a, f64>,
    ) -> Result<impl Iterator<Item = Array2<f64>> + use<'a>, NullError> {
        let (mixing, seed) = (self.mixing(samples.nrows())?, self.seed);
        Ok((0..self.n_draws).map(move |draw| mixing.draw(&samples, &mut stream(seed, draw))))
    }

    fn mixing(&self, n_rows: usize) -> Result<Mixing, NullError> {
        if self.n_draws == 0 {
            return Err(NullError::NoDraws);
        }
        if self.n_draws > MOST {
            let found = self.n_draws;
            return Err(NullError::TooManyDraws { found });
        }
        if let Some(clusters) = &self.clusters {
            clusters.check(n_rows)?;
        }
        if let Some(found) = self.matched.as_ref().map(|labels| labels.of_row.len())
            && found != n_rows
        {
            let expected = n_rows;
            return Err(ClustersError { expected, found }.into());
        }
        let two_ways = self.clusters.as_ref().is_some_and(|c| c.n_ways() == 2);
        if two_ways && self.matched.is_some() {
            return Err(NullError::MatchedTwice);
        }
        let mixing = Mixing::new(n_rows, self.clusters.as_ref(), self.matched.as_ref());
        mixing.ok_or(NullError::NothingToMix)
    }
}

/// The random numbers of one draw.
fn stream(seed: u64, draw: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    rng
}

/// What a search found, for comparison.
struct Found {
    n_edges: usize,
    /// The logarithm of each pair's p-value given nothing.
    log_p: Vec<((usize, usize), f64)>,
}

impl Found {
    fn new<T: CiTest>(test: &T, options: &PcOptions, watch: &Watch<'_>) -> Result<Self, PcError> {
        let n_edges = skeleton_edges(test, options, &|_| watch.look())?;
        let n = test.n_variables();
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        let log_p = |(a, b)| {
            let failed = |source| PcError::of_test(test.names(), a, b, source);
            Ok(((a, b), test.log_p_value(a, b, &[]).map_err(failed)?))
        };
        Ok(Self {
            n_edges,
            log_p: pairs.map(log_p).collect::<Result<_, PcError>>()?,
        })
    }

    fn against(self, drawn: Tally, n_in_place: usize) -> EdgeNull {
        let n_draws = drawn.n_edges.len();
        let share = |&count: &usize| (1 + count) as f64 / (1 + n_draws) as f64;
        let p_values: Vec<f64> = drawn.as_strong.iter().map(share).collect();
        let q_values = benjamini_hochberg(&p_values);
        let pair = |(((a, b), _), (p_value, q_value)): ((_, _), (f64, f64))| PairNull {
            a,
            b,
            p_value,
            q_value,
        };
        let values = p_values.into_iter().zip(q_values);
        EdgeNull {
            n_in_place,
            n_edges: self.n_edges,
            null: drawn.n_edges,
            pairs: self.log_p.into_iter().zip(values).map(pair).collect(),
        }
    }
}

/// For each p-value the smallest false discovery rate at which it is rejected: the least of
/// `m p_k / k` over the k-th smallest p-values from its own on.
fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let m = p_values.len();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let (mut q_values, mut least) = (vec![1.0; m], 1.0f64);
    for (k, &at) in order.iter().enumerate().rev() {
        least = least.min(m as f64 * p_values[at] / (k + 1) as f64);
        q_values[at] = least;
    }
    q_values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_those_of_benjamini_and_hochberg() {
        // R: p.adjust(c(0.01, 0.02, 0.03, 0.5, 0.04), "BH")
        let found = benjamini_hochberg(&[0.01, 0.02, 0.03, 0.5, 0.04]);
        let expected = [0.05, 0.05, 0.05, 0.5, 0.05];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
        assert_eq!(benjamini_hochberg(&[]), [0.0; 0]);
    }
}
