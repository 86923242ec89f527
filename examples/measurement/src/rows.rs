//! The rows that are searched, and how they come in clusters.

use std::collections::BTreeMap;

use serde::Serialize;
use value_causal::bench::{Intervention, OrientationTable, Setting};
use value_causal::discovery::{Clusters, ClustersError, NullOptions};
use value_causal::ndarray::{Array1, Array2, Axis};

/// Fewer features than this, no feature counted as one, are no sample of features: a test by clusters of features sees
/// nothing.
pub const LEAST_FEATURES: usize = 20;

/// Which rows of the tables a graph is searched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Searched {
    /// All.
    All,
    /// The unsteered ones alone: one for each role.
    Unsteered,
}

/// What a test is told of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clustering {
    /// That they are independent of one another (Fisher's z).
    Independent,
    /// That the rows of a role are one cluster.
    Roles,
    /// That the rows of a role are one cluster, and the rows of a feature another that crosses it.
    RolesAndFeatures,
    /// That the rows of a role are one cluster, each less the mean of its feature's rows: where features are too few for a
    /// sample of features, what is said holds for these.
    RolesWithinFeatures,
}

/// Rows by values, each with its role and its feature.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Names of the columns.
    pub(crate) values: Vec<String>,
    /// `[rows, values]`.
    pub(crate) cells: Array2<f64>,
    pub(crate) roles: Vec<Option<String>>,
    pub(crate) features: Vec<Option<Intervention>>,
}

impl Rows {
    /// Those of a table without the named values.
    #[must_use]
    pub fn of(table: &OrientationTable, searched: Searched, without: &[String]) -> Self {
        let table = &searched_rows(table, searched);
        let kept: Vec<usize> = (0..table.n_values())
            .filter(|&at| !without.contains(&table.values()[at]))
            .collect();
        let settings = table.settings().iter();
        Self {
            values: kept.iter().map(|&at| table.values()[at].clone()).collect(),
            cells: table.matrix().select(Axis(1), &kept),
            roles: settings.clone().map(|s| s.role.clone()).collect(),
            features: settings.map(|s| s.intervention.clone()).collect(),
        }
    }

    pub(crate) fn n(&self) -> usize {
        self.cells.nrows()
    }

    pub(crate) fn n_roles(&self) -> usize {
        distinct(&self.roles)
    }

    /// The model as it is counts as one.
    pub(crate) fn n_features(&self) -> usize {
        distinct(&self.features)
    }

    /// What a test must know of these rows, so that its level is what it says.
    #[must_use]
    pub fn honest(&self) -> Clustering {
        match self.n_features() {
            ..2 => Clustering::Roles,
            LEAST_FEATURES.. => Clustering::RolesAndFeatures,
            _ => Clustering::RolesWithinFeatures,
        }
    }

    /// Number of clusters; of two ways the smaller number.
    pub(crate) fn n_clusters(&self, clustering: Clustering) -> usize {
        match clustering {
            Clustering::Independent => self.n(),
            Clustering::Roles | Clustering::RolesWithinFeatures => self.n_roles(),
            Clustering::RolesAndFeatures => self.n_roles().min(self.n_features()),
        }
    }

    /// Why mixing up would leave clusters in place: they have rows where no other cluster has just these. None if at most a
    /// tenth of the roles do, and of the features where these are clusters too.
    pub(crate) fn unlike(&self, clustering: Clustering) -> Option<String> {
        let told = |kind: &str, n: usize, of: usize| {
            (10 * n > of).then(|| {
                format!(
                    "{n} of {of} {kind} have rows where no other has just these, so that what they have in common cannot be \
                     mixed up"
                )
            })
        };
        let roles = told("roles", alone(&self.roles, &self.features), self.n_roles());
        match clustering {
            Clustering::RolesAndFeatures => roles.or_else(|| {
                let n = alone(&self.features, &self.roles);
                told("features", n, self.n_features())
            }),
            _ => roles,
        }
    }

    /// The numbers that such a test is made on, `[rows, values]`.
    pub(crate) fn cells_for(&self, clustering: Clustering) -> Array2<f64> {
        match clustering {
            Clustering::RolesWithinFeatures => self.feature_centred(),
            _ => self.cells.clone(),
        }
    }

    pub(crate) fn clusters(&self, clustering: Clustering) -> Result<Clusters, ClustersError> {
        let roles = Clusters::new(&self.roles);
        match clustering {
            Clustering::RolesAndFeatures => roles.and(&self.features),
            _ => Ok(roles),
        }
    }

    /// How rows are mixed up where nothing is to hang together that such a test takes for independent: roles, and features
    /// too if they are a second way. A test that takes rows for independent is held against mixed roles.
    pub(crate) fn null(
        &self,
        clustering: Clustering,
        draws: usize,
        seed: u64,
    ) -> Result<NullOptions, ClustersError> {
        let options = NullOptions::new(draws)
            .seed(seed)
            .clusters(self.clusters(clustering)?);
        Ok(match clustering {
            Clustering::RolesAndFeatures => options,
            _ => options.matched_by(&self.features),
        })
    }

    fn feature_centred(&self) -> Array2<f64> {
        let mut sums: BTreeMap<&Option<Intervention>, (Array1<f64>, f64)> = BTreeMap::new();
        for (feature, row) in self.features.iter().zip(self.cells.rows()) {
            let none = || (Array1::zeros(row.len()), 0.0);
            let (sum, n) = sums.entry(feature).or_insert_with(none);
            *sum += &row;
            *n += 1.0;
        }
        let mut centred = self.cells.clone();
        for (feature, mut row) in self.features.iter().zip(centred.rows_mut()) {
            if let Some((sum, n)) = sums.get(feature) {
                row.zip_mut_with(sum, |cell, sum| *cell -= sum / n);
            }
        }
        centred
    }
}

pub(crate) fn searched_rows(table: &OrientationTable, searched: Searched) -> OrientationTable {
    match searched {
        Searched::All => table.clone(),
        Searched::Unsteered => table.select(Setting::is_unsteered),
    }
}

/// How many of the first labels come with a set of the second ones that no other comes with.
fn alone<A: Ord, B: Ord>(labels: &[A], with: &[B]) -> usize {
    let mut of_label: BTreeMap<&A, Vec<&B>> = BTreeMap::new();
    for (label, with) in labels.iter().zip(with) {
        of_label.entry(label).or_default().push(with);
    }
    let mut times: BTreeMap<Vec<&B>, usize> = BTreeMap::new();
    for mut with in of_label.into_values() {
        with.sort_unstable();
        *times.entry(with).or_default() += 1;
    }
    times.values().filter(|&&times| times == 1).count()
}

fn distinct<T: Ord>(labels: &[T]) -> usize {
    labels
        .iter()
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}
