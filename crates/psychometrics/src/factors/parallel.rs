use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::correlation::{CorrelationError, Correlations};
use crate::linalg::eigenvalues;
use crate::moments::{correlations, covariances, quantile};
use crate::scores::Scores;

/// Settings of [`ParallelAnalysis::of`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct ParallelOptions {
    n_draws: usize,
    quantile: f64,
    seed: u64,
}

impl Default for ParallelOptions {
    fn default() -> Self {
        Self {
            n_draws: 200,
            quantile: 0.95,
            seed: 0,
        }
    }
}

impl ParallelOptions {
    /// Number of tables drawn. Default: 200.
    pub fn n_draws(mut self, n_draws: usize) -> Self {
        self.n_draws = n_draws;
        self
    }

    /// The quantile of their eigenvalues that counts, in [0, 1]. Default: 0.95.
    pub fn quantile(mut self, quantile: f64) -> Self {
        self.quantile = quantile;
        self
    }

    /// The seed; the same gives the same. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// Horn's parallel analysis: which eigenvalues of the correlations are larger than those of tables
/// in which nothing hangs together.
///
/// # Example
/// ```
/// use psychometrics::{Scores, factors::{ParallelAnalysis, ParallelOptions}};
/// use ndarray::Array2;
///
/// // Two variables that go together, two by themselves.
/// let cells = Array2::from_shape_fn((50, 4), |(row, column)| match column {
///     0 | 1 => ((row * 7) % 50) as f64 + (row * (column + 1) % 9) as f64,
///     _ => ((row * (column * 12 - 1)) % 50) as f64,
/// });
/// let found = ParallelAnalysis::of(&Scores::new(cells.view())?, ParallelOptions::default())?;
/// assert_eq!(found.n_factors(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// J. L. Horn, "A rationale and test for the number of factors in factor analysis", Psychometrika
/// 30 (1965); by permutation: A. Buja and N. Eyuboglu, Multivariate Behavioral Research 27 (1992).
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelAnalysis {
    /// Eigenvalues of the correlations, largest first.
    pub observed: Vec<f64>,
    /// The quantile of the first, second, ... eigenvalues of the tables drawn.
    pub expected: Vec<f64>,
}

impl ParallelAnalysis {
    /// Mixes up the cases of each variable by itself: each keeps its distribution, and nothing
    /// hangs together. For rows that are independent of one another.
    ///
    /// # Errors
    /// [`CorrelationError::Constant`] for a variable that does not vary.
    ///
    /// # Complexity
    /// `O(n_draws (n p² + p³))`.
    pub fn of(scores: &Scores<'_>, options: ParallelOptions) -> Result<Self, CorrelationError> {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let mut order: Vec<usize> = (0..scores.n_cases()).collect();
        let draws = (0..options.n_draws).map(|_| {
            let mut drawn = Array2::zeros(scores.cells().dim());
            for (from, mut to) in scores
                .cells()
                .columns()
                .into_iter()
                .zip(drawn.columns_mut())
            {
                order.shuffle(&mut rng);
                for (place, &case) in to.iter_mut().zip(&order) {
                    *place = from[case];
                }
            }
            drawn
        });
        Self::against(scores, draws, options.quantile)
    }

    /// Holds the eigenvalues against those of tables drawn elsewhere, `[cases, variables]` each:
    /// where rows come in clusters, tables that keep the clusters whole. `share` says which
    /// quantile counts, in [0, 1].
    ///
    /// # Errors
    /// As [`of`](Self::of); a variable that does not vary in a table drawn counts as uncorrelated
    /// there.
    pub fn against(
        scores: &Scores<'_>,
        draws: impl IntoIterator<Item = Array2<f64>>,
        share: f64,
    ) -> Result<Self, CorrelationError> {
        let observed = Correlations::of(scores)?.eigenvalues().to_vec();
        let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); observed.len()];
        for table in draws {
            let r = correlations(covariances(table.view()).view());
            for (place, value) in drawn.iter_mut().zip(eigenvalues(r.view())) {
                place.push(value);
            }
        }
        Ok(Self {
            observed,
            expected: drawn.iter_mut().map(|of| quantile(of, share)).collect(),
        })
    }

    /// How many eigenvalues, from the largest on, are above what is expected.
    #[must_use]
    pub fn n_factors(&self) -> usize {
        let pairs = self.observed.iter().zip(&self.expected);
        pairs
            .take_while(|(observed, expected)| observed > expected)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_draws_nothing_is_above_what_is_expected() {
        let cells = Array2::from_shape_fn((9, 3), |(row, column)| (row * (column + 2) % 5) as f64);
        let options = ParallelOptions::default().n_draws(0);
        let found = ParallelAnalysis::of(&Scores::new(cells.view()).unwrap(), options).unwrap();
        assert_eq!(found.n_factors(), 0);
    }
}
