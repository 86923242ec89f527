use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is drawn again for a resample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    #[default]
    Rows,
    /// The rows of each cluster.
    Clusters(Vec<Vec<usize>>),
}

/// How much is drawn for a resample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Draw {
    /// As many rows, or clusters, as there are, each any number of times: the bootstrap (Efron
    /// 1979). Repeated rows make a test surer than it should be, so that there are more edges than
    /// in the data themselves.
    #[default]
    WithReplacement,
    /// This share of the rows, or clusters, each at most once: a subsample, as in stability
    /// selection (Meinshausen and Bühlmann 2010), who take one half. There are fewer edges than in
    /// the data themselves.
    Subsample(f64),
}

/// What happens when a resample cannot be searched, say because a variable is constant in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Failures {
    /// The whole ends with the error of the first such resample.
    #[default]
    Stop,
    /// It is left out and counted.
    Skip,
}

/// How [`bootstrap`](super::bootstrap) resamples.
///
/// ```
/// use causal_pc::{BootstrapOptions, Draw};
///
/// // Rows 0 and 1 come from one person, rows 2 and 3 from another: persons are drawn.
/// let options = BootstrapOptions::new(1_000)
///     .seed(7)
///     .draw(Draw::Subsample(0.5))
///     .clusters(["ann", "ann", "bob", "bob"]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct BootstrapOptions {
    pub(super) n_resamples: usize,
    pub(super) seed: u64,
    pub(super) draw: Draw,
    pub(super) failures: Failures,
    pub(super) threads: Option<usize>,
    pub(super) keep_graphs: bool,
    unit: Unit,
}

impl BootstrapOptions {
    /// So many resamples of rows, drawn with replacement with seed 0; a failure ends it; threads of
    /// the current rayon pool.
    pub fn new(n_resamples: usize) -> Self {
        Self {
            n_resamples,
            seed: 0,
            draw: Draw::default(),
            failures: Failures::default(),
            threads: None,
            keep_graphs: false,
            unit: Unit::default(),
        }
    }

    /// The seed. Default 0. The same seed gives the same resamples with any number of threads, and
    /// more resamples begin with those of fewer.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How much is drawn. Default: [`Draw::WithReplacement`].
    pub fn draw(mut self, draw: Draw) -> Self {
        self.draw = draw;
        self
    }

    /// Draws clusters of rows, such as all rows of a person, instead of rows; rows with equal labels
    /// are one cluster. One label for each row. Default: rows.
    ///
    /// Where rows of a cluster depend on each other, drawing rows would make edges look surer than
    /// they are.
    pub fn clusters<K: Ord>(mut self, labels: impl IntoIterator<Item = K>) -> Self {
        let mut clusters: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.into_iter().enumerate() {
            clusters.entry(label).or_default().push(row);
        }
        self.unit = Unit::Clusters(clusters.into_values().collect());
        self
    }

    /// What happens when a resample cannot be searched. Default: [`Failures::Stop`].
    pub fn failures(mut self, failures: Failures) -> Self {
        self.failures = failures;
        self
    }

    /// Keeps the graph of each resample: see [`Bootstrap::graphs`](super::Bootstrap::graphs).
    /// Default: they are counted and dropped.
    pub fn keep_graphs(mut self) -> Self {
        self.keep_graphs = true;
        self
    }

    /// The number of threads; results are the same with any. Default: those of the rayon pool that
    /// the caller is in.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Rows that clusters were given for, if they were.
    pub(super) fn n_labels(&self) -> Option<usize> {
        match &self.unit {
            Unit::Rows => None,
            Unit::Clusters(clusters) => Some(clusters.iter().map(Vec::len).sum()),
        }
    }

    /// Number of things to draw from.
    pub(super) fn n_units(&self, n_rows: usize) -> usize {
        match &self.unit {
            Unit::Rows => n_rows,
            Unit::Clusters(clusters) => clusters.len(),
        }
    }

    /// The rows of the things drawn.
    pub(super) fn rows_of(&self, drawn: Vec<usize>) -> Vec<usize> {
        match &self.unit {
            Unit::Rows => drawn,
            Unit::Clusters(clusters) => drawn
                .into_iter()
                .flat_map(|at| clusters[at].iter().copied())
                .collect(),
        }
    }
}
