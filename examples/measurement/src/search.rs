//! The graph that PC finds, by a test that knows how rows come in clusters.

use value_causal::bench::OrientationTable;
use value_causal::discovery::ci::{
    ClusterRobust, ClusterRobustError, ClusterRobustOptions, FisherZ, FisherZError, FisherZOptions,
    Singular, TooFew,
};
use value_causal::discovery::{Alpha, Clusters, ClustersError, PcOptions};
use value_causal::ndarray::{Array2, ArrayView2, Axis};

use crate::Failure;
use crate::rows::{Clustering, Rows, Searched};

/// The numbers of a table with their clusters, from which the test for clustered rows is made: by the clustering that the
/// verdict takes.
#[derive(Clone, Debug)]
pub struct Clustered {
    values: Vec<String>,
    cells: Array2<f64>,
    clusters: Clusters,
}

impl Clustered {
    /// Of all rows of a table.
    ///
    /// # Errors
    /// Never for a table, whose rows all have a setting.
    pub fn of(table: &OrientationTable) -> Result<Self, ClustersError> {
        Self::with_cells(table, table.matrix().to_owned())
    }

    /// Of all rows of a table, with other numbers in its cells: centred ones, say.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    ///
    /// # Panics
    /// Unless the numbers are as many as the cells.
    pub fn with_cells(table: &OrientationTable, cells: Array2<f64>) -> Result<Self, ClustersError> {
        assert_eq!(cells.dim(), table.matrix().dim(), "a number for each cell");
        let rows = Rows {
            cells,
            ..Rows::of(table, Searched::All, &[])
        };
        let clustering = rows.honest();
        Ok(Self {
            cells: rows.cells_for(clustering),
            clusters: rows.clusters(clustering)?,
            values: rows.values,
        })
    }

    /// The test on all rows. A value that is constant in them has no edges, and a question of more values than there are
    /// clusters is answered by independence.
    ///
    /// # Errors
    /// If the data cannot be tested at all.
    pub fn test(&self) -> Result<ClusterRobust, ClusterRobustError> {
        clustered_test(self.cells.view(), self.clusters.clone(), &self.values)
    }

    /// The test on some of the rows, which may repeat; clusters as [`Clusters::of_rows`] has them.
    ///
    /// # Errors
    /// As [`test`](Self::test).
    pub fn test_of(&self, rows: &[usize]) -> Result<ClusterRobust, ClusterRobustError> {
        let cells = self.cells.select(Axis(0), rows);
        clustered_test(cells.view(), self.clusters.of_rows(rows), &self.values)
    }
}

fn clustered_test(
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
