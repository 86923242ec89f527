//! The graph that PC finds on some rows of the training table, made comparable or not.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Serialize;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::ci::{DynCiTest, FisherZ, boxed};
use value_causal::discovery::graph::MixedGraph;
use value_causal::discovery::{Alpha, PcError, PcOptions, PcProgress, pc, pc_with_progress};
use value_causal::petgraph::graph::DiGraph;

use measurement::Clustered;
use program::Failure;
use reproduce::Loaded;
use reproduce::experiment::{Experiment, GraphRows, Test};
use reproduce::graphs::digraph;
use reproduce::measurements::steered_features;
use reproduce::varied::{independence, test_options};

/// Which numbers of the training table the graph is searched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// Every row of the features chosen, and the unsteered ones.
    All,
    /// The unsteered rows only: what varies is the role.
    Unsteered,
    /// Every row, less the mean of its role: what varies is the feature.
    RoleCentred,
}

impl Rows {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Unsteered, Self::RoleCentred];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all rows",
            Self::Unsteered => "unsteered only",
            Self::RoleCentred => "role-centred",
        }
    }
}

/// Which features' rows count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Features {
    /// Those behind the published graphs.
    PublishedSubset,
    /// Every one.
    AllFeatures,
}

/// What one of the two graphs that a study reports rests on.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Which of the two.
    pub features: Features,
    /// The features whose test rows count.
    pub set: BTreeSet<u64>,
    /// The training rows that the graph is searched in.
    pub rows: Rows,
}

impl Basis {
    /// The published features, and the rows that the experiment names for the figures' graph.
    #[must_use]
    pub fn published(loaded: &Loaded) -> Self {
        Self {
            features: Features::PublishedSubset,
            set: published_features(loaded),
            rows: match loaded.experiment.features.rows {
                GraphRows::Published => Rows::All,
                GraphRows::Unsteered => Rows::Unsteered,
            },
        }
    }

    /// Every feature, and all rows.
    #[must_use]
    pub fn all(loaded: &Loaded) -> Self {
        Self {
            features: Features::AllFeatures,
            set: all_features(loaded),
            rows: Rows::All,
        }
    }

    /// Both, the published one first.
    #[must_use]
    pub fn both(loaded: &Loaded) -> [Self; 2] {
        [Self::published(loaded), Self::all(loaded)]
    }

    /// The rows that the graph is searched in.
    #[must_use]
    pub fn searched(&self, loaded: &Loaded) -> OrientationTable {
        searched(&loaded.study.train, &self.set, self.rows)
    }

    /// The graph, at the experiment's level.
    ///
    /// # Errors
    /// If a test of independence cannot be made on these rows.
    pub fn discover(&self, loaded: &Loaded) -> Result<MixedGraph, Failure> {
        let alpha = loaded.experiment.alpha;
        discover(loaded, &self.set, self.rows, alpha)
    }
}

/// The features behind the published graphs.
#[must_use]
pub fn published_features(loaded: &Loaded) -> BTreeSet<u64> {
    loaded
        .experiment
        .features
        .published
        .iter()
        .copied()
        .collect()
}

/// Every feature of the training table.
#[must_use]
pub fn all_features(loaded: &Loaded) -> BTreeSet<u64> {
    steered_features(&loaded.study.train).into_iter().collect()
}

/// The rows of a table that are unsteered or of one of `features`.
#[must_use]
pub fn with_features(table: &OrientationTable, features: &BTreeSet<u64>) -> OrientationTable {
    table.select(|setting| setting.feature().is_none_or(|f| features.contains(&f)))
}

fn searched(train: &OrientationTable, features: &BTreeSet<u64>, rows: Rows) -> OrientationTable {
    match rows {
        Rows::Unsteered => train.select(Setting::is_unsteered),
        Rows::All | Rows::RoleCentred => with_features(train, features),
    }
}

/// The graph that PC finds, in the way of the study's own analysis.
///
/// By Fisher's z role-centred rows count as fewer samples by the number of roles, which is what centring takes.
///
/// # Errors
/// If a test of independence cannot be made on these rows.
pub fn discover(
    loaded: &Loaded,
    features: &BTreeSet<u64>,
    rows: Rows,
    alpha: f64,
) -> Result<MixedGraph, Failure> {
    let (test, options) = prepared(loaded, features, rows, alpha)?;
    Ok(pc(&test, &options)?.graph)
}

/// How long the same search takes; `None` if it is longer than `limit`, after which it is left.
///
/// # Errors
/// If a test of independence cannot be made on these rows.
pub(super) fn time(
    loaded: &Loaded,
    features: &BTreeSet<u64>,
    rows: Rows,
    alpha: f64,
    limit: Duration,
) -> Result<Option<Duration>, Failure> {
    let started = Instant::now();
    let (test, options) = prepared(loaded, features, rows, alpha)?;
    let look = |_: &PcProgress| match started.elapsed() > limit {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    match pc_with_progress(&test, &options, &look) {
        Ok(_) => Ok(Some(started.elapsed())),
        Err(PcError::Cancelled) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn prepared(
    loaded: &Loaded,
    features: &BTreeSet<u64>,
    rows: Rows,
    alpha: f64,
) -> Result<(Box<DynCiTest>, PcOptions), Failure> {
    let chosen = searched(&loaded.study.train, features, rows);
    let test = match rows {
        Rows::RoleCentred => role_centred(&loaded.experiment, &chosen)?,
        Rows::All | Rows::Unsteered => independence(&loaded.experiment, &chosen)?,
    };
    let options = PcOptions::like_causal_learn(Alpha::new(alpha)?).threads(1);
    Ok((test, options))
}

fn role_centred(
    experiment: &Experiment,
    rows: &OrientationTable,
) -> Result<Box<DynCiTest>, Failure> {
    let centred = rows.role_centred();
    Ok(match experiment.test {
        Test::Clustered => boxed(Clustered::with_cells(rows, centred)?.test()?),
        Test::FisherZ => {
            let options = || test_options(experiment, rows.values());
            let test = FisherZ::with_options(centred.view(), options())?;
            let n_samples = rows.n_settings().saturating_sub(rows.roles().len());
            let correlation = test.correlation();
            boxed(FisherZ::from_correlation(
                correlation,
                n_samples,
                options(),
            )?)
        }
    })
}

/// The reference graphs of the experiment by key, over the study's values.
#[must_use]
pub fn references(loaded: &Loaded) -> Vec<(String, DiGraph<String, ()>)> {
    let values = loaded.study.values();
    let references = loaded.experiment.references.iter();
    references
        .map(|reference| (reference.key.clone(), digraph(values, &reference.edges)))
        .collect()
}
