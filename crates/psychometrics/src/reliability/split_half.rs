use ndarray::{Array2, s};

use super::ReliabilityError;
use super::alpha::{at_least_two, spearman_brown};
use crate::correlation::Correlations;
use crate::moments::{covariances, totals};
use crate::scores::Scores;

/// The most ways to halve that are gone through: a second's work.
const MOST_SPLITS: u128 = 3_000_000;

/// Reliability from halves of the variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitHalf {
    /// Correlation of the sums over the first, third, fifth ... and over the other variables.
    pub odd_even: f64,
    /// That correlation stepped up to the length of the whole.
    pub spearman_brown: f64,
    /// Mean over all ways to halve of Flanagan and Rulon's `4 cov(a, b) / var(a + b)`. For an even
    /// number of variables it is alpha.
    pub mean: f64,
    /// The least of all halves.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// Number of ways to halve.
    pub n_splits: usize,
}

/// Goes through all ways to split the variables into halves; of an odd number one half has one more.
///
/// # Errors
/// [`ReliabilityError::FewVariables`] below two variables, [`ReliabilityError::ManySplits`] beyond
/// 24, [`ReliabilityError::EqualScores`] where the sum does not vary,
/// [`ReliabilityError::Correlation`] where the sum over a half does not.
///
/// # Complexity
/// `O(2^k k)` for `k` variables.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{Scores, reliability::{alpha, split_half}};
///
/// let cells = array![[1.0, 2.0, 1.0, 2.0], [3.0, 3.0, 2.0, 1.0], [4.0, 5.0, 5.0, 3.0]];
/// let scores = Scores::new(cells.view())?;
/// let halves = split_half(&scores)?;
/// assert_eq!(halves.n_splits, 3);
/// assert!((halves.mean - alpha(&scores)?.value).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_half(scores: &Scores<'_>) -> Result<SplitHalf, ReliabilityError> {
    let k = scores.n_variables();
    at_least_two(k)?;
    let splits = number_of_splits(k);
    if splits > MOST_SPLITS {
        return Err(ReliabilityError::ManySplits {
            variables: k,
            splits,
            most: MOST_SPLITS,
        });
    }
    let covariances = covariances(scores.cells());
    let total = covariances.sum();
    if total <= 1e-13 * covariances.diag().sum() {
        return Err(ReliabilityError::EqualScores);
    }
    let odd_even = odd_even(scores)?;
    let mut found = SplitHalf {
        odd_even,
        spearman_brown: spearman_brown(odd_even, 2.0),
        mean: 0.0,
        least: f64::INFINITY,
        greatest: f64::NEG_INFINITY,
        n_splits: 0,
    };
    let mut halves = Halves::of(&covariances);
    halves.go_through(&mut |between| {
        let reliability = 4.0 * between / total;
        found.mean += reliability;
        found.least = found.least.min(reliability);
        found.greatest = found.greatest.max(reliability);
        found.n_splits += 1;
    });
    found.mean /= found.n_splits as f64;
    Ok(found)
}

fn odd_even(scores: &Scores<'_>) -> Result<f64, ReliabilityError> {
    let cells = scores.cells();
    let mut halves = Array2::zeros((scores.n_cases(), 2));
    halves
        .column_mut(0)
        .assign(&totals(cells.slice(s![.., ..;2])));
    halves
        .column_mut(1)
        .assign(&totals(cells.slice(s![.., 1..;2])));
    let names = ["the sum of the odd ones", "the sum of the even ones"];
    let halves = Scores::named(halves.view(), names).map_err(|_| ReliabilityError::EqualScores)?;
    Ok(Correlations::of(&halves)?.matrix()[[0, 1]])
}

/// An even number of variables is halved in `C(k, k/2) / 2` ways, an odd one in `C(k, (k-1)/2)`.
fn number_of_splits(k: usize) -> u128 {
    let (of, choose) = match k % 2 {
        0 => (k - 1, k / 2 - 1),
        _ => (k, k / 2),
    };
    (0..choose as u128).fold(1_u128, |ways, i| {
        ways.saturating_mul(of as u128 - i) / (i + 1)
    })
}

/// A walk through all halves that keeps the covariance between the half chosen so far and the rest.
struct Halves<'a> {
    covariances: &'a Array2<f64>,
    chosen: Vec<bool>,
    size: usize,
}

impl<'a> Halves<'a> {
    fn of(covariances: &'a Array2<f64>) -> Self {
        let k = covariances.nrows();
        Self {
            covariances,
            chosen: vec![false; k],
            size: k / 2,
        }
    }

    fn go_through(&mut self, each: &mut dyn FnMut(f64)) {
        if self.chosen.len().is_multiple_of(2) {
            // The first variable is always chosen, else each pair of halves would come twice.
            let between = self.choose(0, 0.0);
            self.extend(1, self.size - 1, between, each);
        } else {
            self.extend(0, self.size, 0.0, each);
        }
    }

    fn extend(&mut self, from: usize, missing: usize, between: f64, each: &mut dyn FnMut(f64)) {
        if missing == 0 {
            return each(between);
        }
        for variable in from..=self.chosen.len() - missing {
            let with = self.choose(variable, between);
            self.extend(variable + 1, missing - 1, with, each);
            self.chosen[variable] = false;
        }
    }

    /// The covariance between the halves once `variable` is chosen, too.
    fn choose(&mut self, variable: usize, between: f64) -> f64 {
        let row = self.covariances.row(variable);
        let moved = row.iter().zip(&self.chosen).enumerate();
        let change: f64 = moved
            .filter(|(other, _)| *other != variable)
            .map(|(_, (covariance, chosen))| if *chosen { -covariance } else { *covariance })
            .sum();
        self.chosen[variable] = true;
        between + change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_counted_before_they_are_made() {
        assert_eq!([2, 3, 4, 5, 8].map(number_of_splits), [1, 3, 3, 10, 35]);
        let cells = Array2::from_shape_fn((40, 40), |(row, column)| (row * column % 7) as f64);
        let error = split_half(&Scores::new(cells.view()).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "40 variables can be halved in 68923264410 ways: at most 3000000 are gone through"
        );
    }

    #[test]
    fn each_split_is_met_once_and_its_covariance_is_that_of_the_sums() {
        for k in [2, 3, 5, 6] {
            let cells = Array2::from_shape_fn((9, k), |(row, column)| {
                ((row * 5 + column * row) % 7) as f64
            });
            let covariances = covariances(cells.view());
            let mut found = Vec::new();
            Halves::of(&covariances).go_through(&mut |between| found.push(between));
            assert_eq!(found.len() as u128, number_of_splits(k));
            let half = |mask: usize| (0..k).filter(move |i| mask >> i & 1 == 1);
            let is_split =
                |mask: &usize| half(*mask).count() == k / 2 && (k % 2 == 1 || mask & 1 == 1);
            let mut naive: Vec<f64> = (0..1 << k)
                .filter(is_split)
                .map(|mask| {
                    let rest: Vec<usize> = half(!mask & ((1 << k) - 1)).collect();
                    half(mask)
                        .flat_map(|a| rest.iter().map(move |&b| (a, b)))
                        .map(|at| covariances[at])
                        .sum()
                })
                .collect();
            naive.sort_by(f64::total_cmp);
            found.sort_by(f64::total_cmp);
            for (a, b) in found.iter().zip(&naive) {
                assert!((a - b).abs() < 1e-9, "{k}: {a} {b}");
            }
        }
    }
}
