use ndarray::{Array2, ArrayView2};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::ReliabilityError;
use crate::correlation::Correlations;
use crate::moments::{covariances, mean_below_diagonal};
use crate::scores::{PartialScores, Scores};

/// Cronbach's alpha, with what its interval needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alpha {
    /// The coefficient, at most 1; negative where variables go against each other.
    pub value: f64,
    /// Number of cases.
    pub n_cases: usize,
    /// Number of variables.
    pub n_variables: usize,
}

/// Cronbach's alpha: the share of the variance of the sum that the variables have in common,
/// `k / (k - 1) (1 - Σ var(x) / var(Σ x))`.
///
/// It is the mean over all halves of the split-half reliability of Flanagan and Rulon, and the
/// reliability of the sum where all variables measure one thing equally well; where they do not,
/// it is a lower bound (with uncorrelated errors).
///
/// # Errors
/// [`ReliabilityError::FewVariables`] below two, [`ReliabilityError::EqualScores`] where the sum
/// does not vary.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{Scores, reliability::alpha};
///
/// let answers = array![[1.0, 2.0, 1.0], [3.0, 3.0, 2.0], [4.0, 5.0, 5.0], [2.0, 2.0, 3.0]];
/// let found = alpha(&Scores::new(answers.view())?)?;
/// assert!((found.value - 0.9384).abs() < 1e-4);
/// let [low, high] = found.interval(0.95)?;
/// assert!(low < found.value && found.value < high);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// L. J. Cronbach, "Coefficient alpha and the internal structure of tests", Psychometrika 16
/// (1951).
pub fn alpha(scores: &Scores<'_>) -> Result<Alpha, ReliabilityError> {
    Ok(Alpha {
        value: of_covariances(covariances(scores.cells()).view())?,
        n_cases: scores.n_cases(),
        n_variables: scores.n_variables(),
    })
}

impl Alpha {
    /// Feldt's interval at a level of confidence such as 0.95: `[low, high]`.
    ///
    /// `(1 - alpha) / (1 - α)` follows F with `n - 1` and `(n - 1)(k - 1)` degrees of freedom,
    /// exactly where cases are normal and variables are parallel.
    ///
    /// # Errors
    /// [`ReliabilityError::Level`] for a level that is not between 0 and 1.
    ///
    /// L. S. Feldt, "The approximate sampling distribution of Kuder-Richardson reliability
    /// coefficient twenty", Psychometrika 30 (1965).
    pub fn interval(&self, level: f64) -> Result<[f64; 2], ReliabilityError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ReliabilityError::Level { found: level });
        }
        let cases = self.n_cases as f64 - 1.0;
        let both = cases * (self.n_variables as f64 - 1.0);
        let quantile = |first, second| {
            let law = FisherSnedecor::new(first, second);
            law.map_or(f64::NAN, |law| law.inverse_cdf((1.0 + level) / 2.0))
        };
        let error = 1.0 - self.value;
        Ok([
            1.0 - error * quantile(cases, both),
            1.0 - error / quantile(both, cases),
        ])
    }
}

/// Alpha of the variables scaled to variance 1: `k r / (1 + (k - 1) r)` with the mean correlation.
///
/// # Errors
/// [`ReliabilityError::FewVariables`] below two variables, [`ReliabilityError::Correlation`] for a
/// variable that does not vary.
pub fn standardised_alpha(scores: &Scores<'_>) -> Result<f64, ReliabilityError> {
    at_least_two(scores.n_variables())?;
    let correlations = Correlations::of(scores)?;
    let mean = mean_below_diagonal(correlations.matrix());
    Ok(spearman_brown(mean, scores.n_variables() as f64))
}

/// Alpha where each case answered some of the variables only: from the covariances of the cases
/// that each pair has in common.
///
/// The matrix of these covariances need not be one that any data have, so that alpha may leave
/// its range; with items drawn at random for each case it is consistent.
///
/// # Errors
/// [`ReliabilityError::FewCommonCases`] with the pair, and as [`alpha`].
///
/// # Complexity
/// `O(n k²)`.
pub fn pairwise_alpha(scores: &PartialScores<'_>) -> Result<f64, ReliabilityError> {
    let k = scores.n_variables();
    let mut covariances = Array2::zeros((k, k));
    for a in 0..k {
        for b in 0..=a {
            let found = common_covariance(scores, a, b)?;
            covariances[[a, b]] = found;
            covariances[[b, a]] = found;
        }
    }
    of_covariances(covariances.view())
}

/// The reliability of a test `times` as long, by Spearman and Brown: `m r / (1 + (m - 1) r)`.
#[must_use]
pub fn spearman_brown(reliability: f64, times: f64) -> f64 {
    times * reliability / (1.0 + (times - 1.0) * reliability)
}

pub(super) fn at_least_two(n_variables: usize) -> Result<(), ReliabilityError> {
    match n_variables {
        2.. => Ok(()),
        found => Err(ReliabilityError::FewVariables { found, needed: 2 }),
    }
}

pub(crate) fn of_covariances(covariances: ArrayView2<'_, f64>) -> Result<f64, ReliabilityError> {
    at_least_two(covariances.nrows())?;
    let k = covariances.nrows() as f64;
    let (own, total) = (covariances.diag().sum(), covariances.sum());
    // Rounding leaves some 1e-16 of the parts where they cancel.
    if total.abs() <= 1e-13 * own.abs() {
        return Err(ReliabilityError::EqualScores);
    }
    Ok(k / (k - 1.0) * (1.0 - own / total))
}

fn common_covariance(
    scores: &PartialScores<'_>,
    a: usize,
    b: usize,
) -> Result<f64, ReliabilityError> {
    let cells = scores.cells();
    let pairs = cells.rows().into_iter().map(|row| (row[a], row[b]));
    let common: Vec<(f64, f64)> = pairs.filter(|(x, y)| !x.is_nan() && !y.is_nan()).collect();
    if common.len() < 2 {
        return Err(ReliabilityError::FewCommonCases {
            first: scores.variable(a),
            second: scores.variable(b),
            found: common.len(),
        });
    }
    let n = common.len() as f64;
    let (sum_x, sum_y) = common
        .iter()
        .fold((0.0, 0.0), |(sum_x, sum_y), (x, y)| (sum_x + x, sum_y + y));
    let products = common
        .iter()
        .map(|(x, y)| (x - sum_x / n) * (y - sum_y / n));
    Ok(products.sum::<f64>() / (n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn sums_that_do_not_vary_have_no_reliability() {
        let cells = array![[0.1, 0.9], [0.7, 0.3], [0.4, 0.6]];
        let scores = Scores::new(cells.view()).unwrap();
        assert_eq!(alpha(&scores), Err(ReliabilityError::EqualScores));
        let one = array![[0.1], [0.7]];
        let error = alpha(&Scores::new(one.view()).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "expected at least 2 variables, found 1");
    }

    #[test]
    fn complete_tables_have_the_same_alpha_pair_by_pair() {
        let cells = array![
            [1.0, 2.0, 2.0],
            [2.0, 1.0, 3.0],
            [4.0, 4.0, 3.0],
            [5.0, 3.0, 4.0]
        ];
        let scores = Scores::new(cells.view()).unwrap();
        let found = pairwise_alpha(&scores.clone().into()).unwrap();
        assert!((found - alpha(&scores).unwrap().value).abs() < 1e-12);
    }

    #[test]
    fn a_pair_without_common_cases_is_named() {
        let nan = f64::NAN;
        let cells = array![
            [1.0, nan, 2.0],
            [2.0, 4.0, 1.0],
            [nan, 1.0, 3.0],
            [4.0, nan, 1.0]
        ];
        let scores = PartialScores::named(cells.view(), ["a", "b", "c"]).unwrap();
        assert_eq!(
            pairwise_alpha(&scores).unwrap_err().to_string(),
            "variable 1 (b) and variable 0 (a): expected at least 2 cases in common, found 1"
        );
    }

    #[test]
    fn levels_are_shares() {
        let found = Alpha {
            value: 0.8,
            n_cases: 40,
            n_variables: 5,
        };
        assert!(found.interval(1.0).is_err() && found.interval(f64::NAN).is_err());
        let [narrow, wide] = [0.5, 0.99].map(|level| found.interval(level).unwrap());
        assert!(wide[0] < narrow[0] && narrow[1] < wide[1]);
    }
}
