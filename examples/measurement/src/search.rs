//! The graph that PC finds, by a test that knows how rows come in clusters.

use value_causal::bench::OrientationTable;
use value_causal::discovery::ci::{
    ClusterRobust, ClusterRobustError, ClusterRobustOptions, FisherZ, FisherZError, FisherZOptions,
    Singular, TooFew,
};
use value_causal::discovery::{Alpha, Clusters, ClustersError, PcOptions};
use value_causal::ndarray::ArrayView2;

use crate::rows::{Clustering, LEAST_FEATURES};
use crate::{Failure, Rows};

/// By what the rows of a table are clustered where its graph is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Roles alone.
    Roles,
    /// Roles and features.
    RolesAndFeatures,
}

/// The clusters of the rows of a table: roles, and features too where these are enough for a sample of features.
///
/// # Errors
/// Never for a table, whose rows all have a setting.
pub fn clusters(table: &OrientationTable) -> Result<(Clusters, Cluster), ClustersError> {
    let settings = table.settings().iter();
    let roles = Clusters::new(settings.clone().map(|s| s.role.as_deref()));
    let features: std::collections::BTreeSet<_> =
        settings.clone().map(|s| &s.intervention).collect();
    if features.len() < LEAST_FEATURES {
        return Ok((roles, Cluster::Roles));
    }
    let both = roles.and(settings.map(|s| &s.intervention))?;
    Ok((both, Cluster::RolesAndFeatures))
}

/// The test for clustered rows as a study makes it: a value that is constant in them has no edges, and questions of more
/// values than there are clusters are answered by independence.
///
/// # Errors
/// If labels are not as many as rows, or the data cannot be tested at all.
pub fn clustered_test(
    cells: ArrayView2<'_, f64>,
    clusters: Clusters,
    values: &[String],
) -> Result<ClusterRobust, ClusterRobustError> {
    let options = ClusterRobustOptions::new()
        .names(values)
        .singular(Singular::KeepEdge)
        .constant(Singular::DropEdge)
        .too_few(TooFew::DropEdge);
    ClusterRobust::with_options(cells, clusters, options)
}

pub(crate) fn fisher_z(
    cells: ArrayView2<'_, f64>,
    values: &[String],
) -> Result<FisherZ, FisherZError> {
    FisherZ::with_options(cells, fisher_options(values))
}

pub(crate) fn fisher_options(values: &[String]) -> FisherZOptions {
    FisherZOptions::like_causal_learn()
        .names(values)
        .constant(Singular::DropEdge)
}

/// As the studies search.
pub(crate) fn pc_options(alpha: f64) -> Result<PcOptions, Failure> {
    Ok(PcOptions::like_causal_learn(Alpha::new(alpha)?).threads(1))
}

impl Rows {
    pub(crate) fn clustered_test(
        &self,
        cells: ArrayView2<'_, f64>,
        clustering: Clustering,
    ) -> Result<ClusterRobust, ClusterRobustError> {
        clustered_test(cells, self.clusters(clustering)?, &self.values)
    }
}
