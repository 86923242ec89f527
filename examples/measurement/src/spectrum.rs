//! Eigenvalues against those without structure, and how many independent rows the rows are worth.

use serde::Serialize;
use value_causal::ndarray::Array2;
use value_causal::psychometrics::factors::{ParallelAnalysis, ParallelOptions};
use value_causal::psychometrics::{Correlations, Scores};

use crate::rows::{Clustering, Rows};
use crate::{Failure, Settings};

/// Quantile of the eigenvalues without structure that counts.
const QUANTILE: f64 = 0.95;
/// What a pair's two normal quantiles add up to, for a test at .05 that sees four of five: 1.96 + 0.84.
const SEEN: f64 = 2.8;

/// The eigenvalues of the correlations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// Largest first.
    pub eigenvalues: Vec<f64>,
    /// 95 % quantiles of those of tables with single rows mixed up: what parallel analysis holds them against by default.
    pub expected_of_rows: Vec<f64>,
    /// The same with clusters mixed up, as rows depend on one another.
    pub expected_of_clusters: Vec<f64>,
    /// Eigenvalues, from the first on, above the former.
    pub n_above_rows: usize,
    /// Above the latter.
    pub n_above_clusters: usize,
    /// Share of the variance that the first has.
    pub first_share: f64,
    /// How many independent rows these are worth to a correlation: 1 over its variance with clusters mixed up.
    pub effective_rows: f64,
    /// The smallest correlation that a test at .05 sees in four cases of five.
    pub visible_correlation: f64,
}

impl Spectrum {
    /// Of the rows as a test with this clustering has them.
    pub(crate) fn compute(
        rows: &Rows,
        clustering: Clustering,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let cells = rows.cells_for(clustering);
        let scores = Scores::named(cells.view(), &rows.values)?;
        let options = ParallelOptions::default()
            .n_draws(settings.draws)
            .quantile(QUANTILE)
            .seed(settings.seed);
        let by_rows = ParallelAnalysis::of(&scores, options)?;
        let null = rows.null(clustering, settings.draws, settings.seed)?;
        let mut squares = Squares::default();
        let tables = null
            .tables(cells.view())?
            .inspect(|table| squares.add(table));
        let by_clusters = ParallelAnalysis::against(&scores, tables, QUANTILE)?;
        let effective_rows = 1.0 / squares.mean();
        let p = by_rows.observed.len() as f64;
        Ok(Self {
            first_share: by_rows.observed.first().copied().unwrap_or(f64::NAN) / p,
            n_above_rows: by_rows.n_factors(),
            n_above_clusters: by_clusters.n_factors(),
            eigenvalues: by_rows.observed,
            expected_of_rows: by_rows.expected,
            expected_of_clusters: by_clusters.expected,
            effective_rows,
            visible_correlation: (SEEN / effective_rows.sqrt()).tanh(),
        })
    }
}

/// The squared correlations of tables without structure, whose mean is their variance.
#[derive(Default)]
struct Squares {
    sum: f64,
    n: usize,
}

impl Squares {
    fn add(&mut self, table: &Array2<f64>) {
        // A column that does not vary has no correlation.
        let Ok(scores) = Scores::new(table.view()) else {
            return;
        };
        let Ok(found) = Correlations::of(&scores) else {
            return;
        };
        for ((a, b), r) in found.matrix().indexed_iter() {
            if a < b {
                self.sum += r * r;
                self.n += 1;
            }
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }
}
