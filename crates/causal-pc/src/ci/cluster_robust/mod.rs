//! The test of partial correlation for rows that come in clusters.

mod options;
mod residuals;

use ndarray::{Array2, ArrayView2, Axis};
use thiserror::Error;

use super::fisher_z::{self, FisherZ, FisherZError};
use super::{CiTest, Singular, TooFew, f_distribution};
use crate::clusters::{Clusters, ClustersError, Labels};
use crate::data::Variable;
use crate::words::counted;
use residuals::residuals;

pub use options::ClusterRobustOptions;

/// The test of zero partial correlation for rows that come in clusters, in one way or in two.
///
/// Rows of one cluster may depend on one another in any manner; clusters are independent. What the
/// set S leaves of x and y, the residuals of two regressions, is multiplied row by row and summed
/// within clusters, to q₁, ..., q_G; then
///
/// ```text
/// t = sqrt((G - 1) / G) * sum(q) / sqrt(V),    V = sum(q²)
/// ```
///
/// is held against Student's distribution with G - 1 degrees of freedom. For two ways that cross,
/// such as persons and questions, V is that of the first way plus that of the second less that of
/// their intersections (Cameron, Gelbach and Miller 2011), but never below the larger of the two,
/// and G is the smaller number of clusters. The factor is the usual correction of V by G / (G - 1);
/// with G - 1 degrees of freedom instead of the normal distribution it keeps the level with few
/// clusters (Cameron and Miller 2015). It does not make up for clusters of very unequal size.
///
/// Nothing is assumed of the distribution, nor of equal variance: with a cluster for each row this is
/// the test by heteroskedasticity-robust standard errors, and near [`FisherZ`] where that holds.
/// Unlike Wald's test in a regression, V is taken under the hypothesis that is tested, from residuals on
/// S alone, so that x and y may be exchanged: the score test of statsmodels' `GEE.compare_score_test`,
/// with the factor above and Student's distribution.
///
/// Fewer than |S| + 2 clusters are refused unless [`ClusterRobustOptions::too_few`] says otherwise;
/// below some twenty it sees little and is only roughly right.
///
/// Memory: one copy of the data. Time: O(p² n) once, O(n (|S| + 1)) for a test.
///
/// ```
/// use causal_pc::Clusters;
/// use causal_pc::ci::{CiTest, ClusterRobust, FisherZ};
/// use ndarray::Array2;
///
/// // Two answers of 30 persons who answer ten times over, hardly changing: 30 samples, not 300.
/// let person = |row: usize| row / 10;
/// let samples = Array2::from_shape_fn((300, 2), |(row, v)| {
///     ((person(row) * (v + 2)) as f64 * 1.3).sin() + (row as f64 * 0.7 + v as f64).cos() * 0.1
/// });
/// let test = ClusterRobust::from_samples(&samples, Clusters::new((0..300).map(person)))?;
/// let naive = FisherZ::from_samples(&samples)?;
/// assert!(naive.p_value(0, 1, &[])? < test.p_value(0, 1, &[])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A. C. Cameron, J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering",
/// Journal of Business & Economic Statistics 29 (2011); A. C. Cameron and D. L. Miller, "A
/// practitioner's guide to cluster-robust inference", Journal of Human Resources 50 (2015).
#[derive(Clone, Debug)]
pub struct ClusterRobust {
    /// Finds out what is constant, equal or singular.
    fisher_z: FisherZ,
    /// `[p, n]`, each with mean 0 and sum of squares 1, NaN where missing, 0 if constant.
    columns: Array2<f64>,
    clusters: Clusters,
    /// The rows' intersections of both ways, if there are two.
    cells: Option<Labels>,
    options: ClusterRobustOptions,
}

/// Why a test for clustered rows could not be made, or could not answer.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ClusterRobustError {
    /// The data cannot be tested, or a set is singular.
    #[error(transparent)]
    Correlation(#[from] FisherZError),
    /// Labels are not as many as rows.
    #[error(transparent)]
    Clusters(#[from] ClustersError),
    /// There are fewer clusters than the test needs.
    #[error(
        "{clusters} cannot test {x} and {y} given {variables}; at least {} are \
         needed: limit the depth of the search, or choose what too few clusters count as",
        n_given + 2, clusters = counted(n_clusters, "cluster"), variables = counted(n_given, "variable"))]
    TooFewClusters {
        /// Clusters with a row that is complete in the variables of the test; of two ways the
        /// smaller number.
        n_clusters: usize,
        /// One variable of the pair.
        x: Variable,
        /// The other.
        y: Variable,
        /// Size of the conditioning set.
        n_given: usize,
    },
}

/// What a question comes to.
enum Answer {
    /// The statistic, and its degrees of freedom.
    T { t: f64, dof: f64 },
    /// A p-value by policy.
    P(f64),
}

impl ClusterRobust {
    /// A test on samples `[n_samples, n_variables]`, with [`ClusterRobustOptions::new`].
    ///
    /// # Errors
    ///
    /// As [`ClusterRobust::with_options`].
    pub fn from_samples<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        clusters: Clusters,
    ) -> Result<Self, ClusterRobustError> {
        Self::with_options(samples, clusters, ClusterRobustOptions::new())
    }

    /// A test on samples `[n_samples, n_variables]`.
    ///
    /// # Errors
    ///
    /// [`ClusterRobustError`] if labels are not as many as rows, or as [`FisherZ::with_options`].
    pub fn with_options<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        clusters: Clusters,
        options: ClusterRobustOptions,
    ) -> Result<Self, ClusterRobustError> {
        let samples = samples.into();
        clusters.check(samples.nrows())?;
        let (fisher_z, columns) = FisherZ::with_columns(&samples, options.for_fisher_z())?;
        let crossed = clusters.second().map(|second| {
            let ways = clusters.first().of_row.iter().zip(&second.of_row);
            Labels::new(ways)
        });
        Ok(Self {
            fisher_z,
            columns,
            clusters,
            cells: crossed,
            options,
        })
    }

    /// The clusters.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    fn answer(&self, x: usize, y: usize, given: &[usize]) -> Result<Answer, ClusterRobustError> {
        let (x, y) = (x.min(y), x.max(y));
        match self.fisher_z.standing(x, y, given) {
            Ok(None) => {}
            Ok(Some(p)) => return Ok(Answer::P(p)),
            Err(error @ FisherZError::Collinear { .. }) => match self.options.singular {
                Singular::Refuse => return Err(error.into()),
                Singular::KeepEdge => return Ok(Answer::P(0.0)),
                Singular::DropEdge => return Ok(Answer::P(1.0)),
                Singular::PseudoInverse => {}
            },
            Err(error) => return Err(error.into()),
        }
        let order: Vec<usize> = [x, y].iter().chain(given).copied().collect();
        let rows = self.complete_rows(&order);
        let n_clusters = self.n_clusters(rows.as_deref());
        if n_clusters < given.len() + 2 {
            return self.too_few(n_clusters, x, y, given.len());
        }
        let products = self.products(&order, rows.as_deref());
        let (total, variance) = self.sums(&products, rows.as_deref());
        let share = (n_clusters - 1) as f64 / n_clusters as f64;
        // Products that vanish everywhere say nothing: 0 / 0.
        let t2 = if total == 0.0 {
            0.0
        } else {
            share * total * total / variance
        };
        Ok(Answer::T {
            t: t2.sqrt(),
            dof: (n_clusters - 1) as f64,
        })
    }

    fn log_p(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, ClusterRobustError> {
        Ok(match self.answer(x, y, given)? {
            Answer::P(p) => p.ln(),
            // t² has the F distribution with 1 and dof degrees of freedom.
            Answer::T { t, dof } => f_distribution::log_upper_tail(dof / (dof + t * t), 1.0, dof),
        })
    }

    fn too_few(
        &self,
        n_clusters: usize,
        x: usize,
        y: usize,
        n_given: usize,
    ) -> Result<Answer, ClusterRobustError> {
        let variable = |v| Variable::new(v, self.names());
        match self.options.too_few {
            TooFew::KeepEdge => Ok(Answer::P(0.0)),
            TooFew::DropEdge => Ok(Answer::P(1.0)),
            TooFew::Refuse => Err(ClusterRobustError::TooFewClusters {
                n_clusters,
                x: variable(x),
                y: variable(y),
                n_given,
            }),
        }
    }

    /// The rows in which none of the variables is missing; none if those are all.
    fn complete_rows(&self, order: &[usize]) -> Option<Vec<usize>> {
        self.fisher_z.lacks_a_value(order).then(|| {
            let complete = |row: &usize| order.iter().all(|&v| !self.columns[(v, *row)].is_nan());
            (0..self.columns.ncols()).filter(complete).collect()
        })
    }

    /// The products of the residuals of the first two variables on the others, row by row.
    fn products(&self, order: &[usize], rows: Option<&[usize]>) -> Vec<f64> {
        let mut columns = self.columns.select(Axis(0), order);
        let (x, y) = match rows {
            None => {
                let all = self.fisher_z.correlation();
                residuals(&columns.view(), |i, j| all[(order[i], order[j])])
            }
            Some(rows) => {
                // Not by a selection, whose rows would not be contiguous.
                columns = Array2::from_shape_fn((order.len(), rows.len()), |(i, j)| {
                    self.columns[(order[i], rows[j])]
                });
                let own = fisher_z::standardised_correlations(&mut columns);
                residuals(&columns.view(), |i, j| own[(i, j)])
            }
        };
        x.into_iter().zip(y).map(|(x, y)| x * y).collect()
    }

    /// The sum of the products, and its variance.
    fn sums(&self, products: &[f64], rows: Option<&[usize]>) -> (f64, f64) {
        let of = |labels: &Labels| square_sum(products, labels, rows);
        let first = of(self.clusters.first());
        let variance = match (self.clusters.second(), &self.cells) {
            (Some(second), Some(cells)) => {
                let second = of(second);
                (first + second - of(cells)).max(first).max(second)
            }
            _ => first,
        };
        (products.iter().sum(), variance)
    }

    /// Clusters among these rows; of two ways the smaller number.
    fn n_clusters(&self, rows: Option<&[usize]>) -> usize {
        let Some(rows) = rows else {
            return self.clusters.n_clusters();
        };
        let met = |labels: &Labels| {
            let mut met = vec![false; labels.n];
            rows.iter().for_each(|&row| met[labels.of_row[row]] = true);
            met.into_iter().filter(|&met| met).count()
        };
        let second = self.clusters.second().map_or(usize::MAX, met);
        met(self.clusters.first()).min(second)
    }
}

/// The sum over clusters of the squared sums of products.
fn square_sum(products: &[f64], labels: &Labels, rows: Option<&[usize]>) -> f64 {
    let mut sums = vec![0.0; labels.n];
    match rows {
        None => {
            for (&product, &label) in products.iter().zip(&labels.of_row) {
                sums[label] += product;
            }
        }
        Some(rows) => {
            for (&product, &row) in products.iter().zip(rows) {
                sums[labels.of_row[row]] += product;
            }
        }
    }
    sums.iter().map(|sum| sum * sum).sum()
}

impl CiTest for ClusterRobust {
    type Error = ClusterRobustError;

    fn n_variables(&self) -> usize {
        self.columns.nrows()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, ClusterRobustError> {
        Ok(self.log_p(x, y, given)?.exp())
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, ClusterRobustError> {
        self.log_p(x, y, given)
    }

    fn association(
        &self,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<Option<f64>, ClusterRobustError> {
        Ok(self.fisher_z.association(x, y, given)?)
    }

    fn names(&self) -> Option<&[String]> {
        self.fisher_z.names()
    }
}
