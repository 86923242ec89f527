//! The search on many resamples of the data, and how often each edge is found; the search on data
//! without structure, and how many edges that finds.

mod frequencies;
mod left_out;
mod null;
mod options;
mod watch;

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use thiserror::Error;

use crate::ci::CiTest;
use crate::error::PcError;
use crate::graph::MixedGraph;
use crate::options::PcOptions;
use crate::pc::pc_with_progress;
use crate::words::counted;

pub use frequencies::{Bootstrap, EdgeFrequency};
pub use left_out::{LeaveOneOut, PairRuns};
pub use null::{EdgeNull, NullError, NullOptions, PairNull, edge_null, edge_null_with_progress};
pub use options::{BootstrapOptions, Draw, Failures};
pub use watch::ResampleProgress;
use watch::Watch;

/// The most resamples or draws: a share of so many is known to within 0.001.
const MOST: usize = 1_000_000;

/// Why resampling came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// There is nothing to draw from.
    #[error("there are no rows to draw from")]
    NoRows,
    /// No resample is asked for.
    #[error("the number of resamples is 0")]
    NoResamples,
    /// More resamples are asked for than tell anything.
    #[error(
        "{found} resamples are asked for, at most {MOST} are searched: a share of so many is known \
         to within 0.001, and more would cost time and memory for nothing"
    )]
    TooManyResamples {
        /// How many were asked for.
        found: usize,
    },
    /// The time limit came before any resample had been searched.
    #[error("the time limit came before the first resample had been searched")]
    OutOfTime,
    /// Cluster labels are not as many as rows.
    #[error("expected a cluster label for each row ({expected}), found {found}")]
    ClusterLabels {
        /// Rows.
        expected: usize,
        /// Labels given.
        found: usize,
    },
    /// The share of [`Draw::Subsample`] is out of range.
    #[error("a subsample must be a share above 0 and at most 1, found {found}")]
    Share {
        /// The share given.
        found: f64,
    },
    /// The test of a resample could not be made.
    #[error("resample {resample}")]
    Test {
        /// Its number, from 0.
        resample: usize,
        /// What the caller's function said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A resample could not be searched.
    #[error("resample {resample}")]
    Search {
        /// Its number, from 0.
        resample: usize,
        /// What the search said.
        #[source]
        source: PcError,
    },
    /// A resample has other variables than the first.
    #[error("resample {resample} has {found} variables, another {expected}")]
    Variables {
        /// Its number, from 0.
        resample: usize,
        /// Variables of another resample.
        expected: usize,
        /// Variables of this one.
        found: usize,
    },
    /// No resample could be searched.
    #[error("no resample could be searched ({n_resamples} were drawn)")]
    AllFailed {
        /// Resamples drawn.
        n_resamples: usize,
        /// What kept the first from being searched.
        #[source]
        first: Box<BootstrapError>,
    },
    /// The caller's progress function ended it.
    #[error("resampling was cancelled")]
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

/// Searches many resamples of the data, and counts how often each edge is found and how it points.
///
/// `test` makes the test of a resample from its rows, numbers from 0 to `n_rows - 1` of which some
/// may repeat. (A test for clustered rows takes [`Clusters::of_rows`](crate::Clusters::of_rows).)
/// Each resample is drawn by a generator of its own (ChaCha8, one stream each), so that
/// results depend on the seed alone, not on the number of threads. Each search runs on one thread;
/// resamples are shared among threads.
///
/// Time and memory: those of the test and search, `n_resamples` times over the number of threads,
/// and O(p^2) for each thread to count. [`PcOptions::time_limit`] holds for all resamples together:
/// those that were searched in time are counted.
///
/// ```
/// use causal_pc::ndarray::Axis;
/// use causal_pc::synthetic::LinearSem;
/// use causal_pc::{Alpha, BootstrapOptions, Edge, FisherZ, MixedGraph, PcOptions, bootstrap};
///
/// // 0 -> 2 <- 1
/// let dag = MixedGraph::from_edges(3, [Edge::directed(0, 2), Edge::directed(1, 2)])?;
/// let samples = LinearSem::new(&dag, |_, _| 0.5, |_| 1.0)?.sample(500, 1);
///
/// let found = bootstrap(
///     samples.nrows(),
///     |rows| FisherZ::from_samples(samples.select(Axis(0), rows).view()),
///     &PcOptions::new(Alpha::new(0.01)?),
///     &BootstrapOptions::new(100).seed(7),
/// )?;
/// assert_eq!(found.edge(0, 2).map(|edge| edge.any), Some(1.0));
/// assert!(found.edge(0, 1).is_some_and(|edge| edge.any < 0.5));
/// assert_eq!(found.consensus(0.5), dag);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979);
/// N. Friedman, M. Goldszmidt and A. Wyner, "Data analysis with Bayesian networks: a bootstrap
/// approach", UAI 1999.
///
/// # Errors
///
/// [`BootstrapError`] if the options do not fit the data, threads cannot be started, or a resample
/// cannot be searched (see [`Failures`]; of several the one with the smallest number is named).
pub fn bootstrap<T, E>(
    n_rows: usize,
    test: impl Fn(&[usize]) -> Result<T, E> + Sync,
    pc_options: &PcOptions,
    options: &BootstrapOptions,
) -> Result<Bootstrap, BootstrapError>
where
    T: CiTest,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let go_on = |_: &ResampleProgress| ControlFlow::Continue(());
    bootstrap_with_progress(n_rows, test, pc_options, options, &go_on)
}

/// As [`bootstrap`], and tells `listener` how far it is.
///
/// The listener is called from whichever thread is at work, after the first resample, at most ten
/// times a second from then on, also in the midst of a search, and after the last resample. When it
/// breaks, all ends soon with [`BootstrapError::Cancelled`].
///
/// # Errors
///
/// As [`bootstrap`], and [`BootstrapError::Cancelled`].
pub fn bootstrap_with_progress<T, E>(
    n_rows: usize,
    test: impl Fn(&[usize]) -> Result<T, E> + Sync,
    pc_options: &PcOptions,
    options: &BootstrapOptions,
    listener: &(dyn Fn(&ResampleProgress) -> ControlFlow<()> + Sync),
) -> Result<Bootstrap, BootstrapError>
where
    T: CiTest,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    check(n_rows, options)?;
    let watch = Watch::new(listener, options.n_resamples, pc_options.time_limit);
    let pc_options = pc_options.clone().threads(1);
    let n_variables = OnceLock::new();
    let search = |resample: usize| {
        let rows = draw(n_rows, options, resample);
        let failed = |source: E| BootstrapError::Test {
            resample,
            source: source.into(),
        };
        let test = test(&rows).map_err(failed)?;
        let (found, expected) = (
            test.n_variables(),
            *n_variables.get_or_init(|| test.n_variables()),
        );
        if found != expected {
            return Err(BootstrapError::Variables {
                resample,
                expected,
                found,
            });
        }
        let options = limited(&pc_options, &watch);
        let failed = |source| BootstrapError::Search { resample, source };
        let discovery = pc_with_progress(&test, &options, &|_| watch.look()).map_err(failed)?;
        match discovery.unfinished {
            None => Ok(discovery.graph),
            Some(_) => Err(failed(PcError::Cancelled)),
        }
    };
    let all = || count(options, &watch, &search);
    match options.threads {
        None => all(),
        Some(threads) => {
            let refused = |reason| BootstrapError::Threads { threads, reason };
            in_pool(threads, all).map_err(refused)?
        }
    }
}

/// The options of one search of many: the time limit is that of all together.
fn limited(options: &PcOptions, watch: &Watch<'_>) -> PcOptions {
    PcOptions {
        time_limit: watch.time_left(),
        ..options.clone()
    }
}

/// Runs on so many threads, or says why there are none.
fn in_pool<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> Result<R, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    Ok(pool.map_err(|error| error.to_string())?.install(run))
}

fn check(n_rows: usize, options: &BootstrapOptions) -> Result<(), BootstrapError> {
    if let Some(found) = options.n_labels().filter(|&found| found != n_rows) {
        return Err(BootstrapError::ClusterLabels {
            expected: n_rows,
            found,
        });
    }
    if n_rows == 0 {
        return Err(BootstrapError::NoRows);
    }
    if options.n_resamples == 0 {
        return Err(BootstrapError::NoResamples);
    }
    if options.n_resamples > MOST {
        let found = options.n_resamples;
        return Err(BootstrapError::TooManyResamples { found });
    }
    match options.draw {
        Draw::Subsample(found) if !(found > 0.0 && found <= 1.0) => {
            Err(BootstrapError::Share { found })
        }
        _ => Ok(()),
    }
}

/// The rows of a resample.
fn draw(n_rows: usize, options: &BootstrapOptions, resample: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(resample as u64);
    let n = options.n_units(n_rows);
    options.rows_of(match options.draw {
        Draw::WithReplacement => (0..n).map(|_| rng.random_range(0..n)).collect(),
        Draw::Subsample(share) => {
            let size = ((share * n as f64).round() as usize).clamp(1, n);
            let mut drawn = index::sample(&mut rng, n, size).into_vec();
            drawn.sort_unstable();
            drawn
        }
    })
}

/// Searches all resamples and adds up what they found.
fn count(
    options: &BootstrapOptions,
    watch: &Watch<'_>,
    search: &(impl Fn(usize) -> Result<MixedGraph, BootstrapError> + Sync),
) -> Result<Bootstrap, BootstrapError> {
    let one = |mut tally: Tally, resample: usize| {
        if !tally.is_over(resample) && !watch.is_over() {
            match search(resample) {
                Err(BootstrapError::Search {
                    source: PcError::Cancelled,
                    ..
                }) if watch.is_over() => {}
                found => {
                    tally.add(resample, found, options);
                    watch.step();
                }
            }
        }
        tally
    };
    let all = (0..options.n_resamples).into_par_iter();
    let tally = all
        .fold(Tally::default, one)
        .reduce(Tally::default, Tally::join);
    if watch.is_cancelled() {
        return Err(BootstrapError::Cancelled);
    }
    tally.finish(options)
}

/// What some of the resamples found.
#[derive(Default)]
struct Tally {
    counts: Option<Bootstrap>,
    n_failed: usize,
    /// The failure with the smallest number.
    first_failure: Option<(usize, BootstrapError)>,
    stops: bool,
}

impl Tally {
    /// Whether a failure before this resample has ended it all.
    fn is_over(&self, resample: usize) -> bool {
        self.stops
            && self
                .first_failure
                .as_ref()
                .is_some_and(|(failed, _)| *failed < resample)
    }

    fn add(
        &mut self,
        resample: usize,
        found: Result<MixedGraph, BootstrapError>,
        options: &BootstrapOptions,
    ) {
        match found {
            Ok(graph) => {
                let new = || Bootstrap::new(graph.names().to_vec());
                let counts = self.counts.get_or_insert_with(new);
                match options.keep_graphs {
                    true => counts.keep(graph),
                    false => counts.add(&graph),
                }
            }
            Err(error) => {
                self.n_failed += 1;
                self.stops |= options.failures == Failures::Stop;
                // Resamples come in ascending order, so a failure met before has a smaller number.
                self.first_failure.get_or_insert((resample, error));
            }
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.n_failed += other.n_failed;
        self.stops |= other.stops;
        self.counts = match (self.counts, other.counts) {
            (Some(a), Some(b)) => Some(a.join(&b)),
            (a, b) => a.or(b),
        };
        self.first_failure = match (self.first_failure, other.first_failure) {
            (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
        self
    }

    fn finish(self, options: &BootstrapOptions) -> Result<Bootstrap, BootstrapError> {
        match (self.counts, self.first_failure) {
            (_, Some((_, error))) if self.stops => Err(error),
            (Some(counts), _) => Ok(counts.with_failures(self.n_failed)),
            (None, Some((_, error))) => Err(BootstrapError::AllFailed {
                n_resamples: options.n_resamples,
                first: Box::new(error),
            }),
            (None, None) => Err(BootstrapError::OutOfTime),
        }
    }
}
