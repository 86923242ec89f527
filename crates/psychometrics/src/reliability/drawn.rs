use ndarray::Array1;

use super::ReliabilityError;
use crate::moments::{mean, variance};
use crate::scores::PartialScores;

/// What the items that a case was asked stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// Endlessly many items of the kind: would the case rank the same with any others?
    Domain,
    /// These many items, of which each case was asked some: would it rank the same had it been
    /// asked all of them?
    Items(usize),
}

/// Means over items that were drawn at random for each case by itself.
///
/// Some of the differences between such means are differences between the items drawn:
/// `1 - mean(s² / m (1 - m / N)) / var(means)` is the share that is not, with `s²` the variance of
/// a case's answers, `m` their number and `N` the size of the pool.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{PartialScores, reliability::{AskedItems, Pool}};
///
/// let nan = f64::NAN;
/// let answers = array![[1.0, 2.0, nan, nan], [nan, 4.0, 5.0, nan], [3.0, nan, nan, 2.0]];
/// let asked = AskedItems::of(&PartialScores::new(answers.view())?)?;
/// let [domain, pool] = [Pool::Domain, Pool::Items(4)].map(|pool| asked.reliability(pool));
/// assert!((domain? - 0.8929).abs() < 1e-4 && (pool? - 0.9464).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AskedItems {
    cases: Vec<CaseMoments>,
}

/// Mean, variance and number of the answers of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseMoments {
    /// Mean of the answers.
    pub mean: f64,
    /// Their variance, divided by `n - 1`.
    pub variance: f64,
    /// Their number, at least 2.
    pub n: usize,
}

impl AskedItems {
    /// From the answers themselves.
    ///
    /// # Errors
    /// [`ReliabilityError::FewAnswers`] with the case that has fewer than two.
    pub fn of(scores: &PartialScores<'_>) -> Result<Self, ReliabilityError> {
        Self::from_moments(scores.cells().rows().into_iter().map(|row| {
            let answers: Array1<f64> = row.iter().copied().filter(|cell| !cell.is_nan()).collect();
            CaseMoments {
                mean: mean(answers.view()),
                variance: variance(answers.view()),
                n: answers.len(),
            }
        }))
    }

    /// From the moments of each case's answers, where the answers themselves are not at hand.
    ///
    /// # Errors
    /// [`ReliabilityError::FewCases`] below two cases, [`ReliabilityError::FewAnswers`] for a case
    /// with fewer than two answers, [`ReliabilityError::NotMoments`] for a mean that is not finite
    /// or a variance below zero.
    pub fn from_moments(
        cases: impl IntoIterator<Item = CaseMoments>,
    ) -> Result<Self, ReliabilityError> {
        let cases: Vec<CaseMoments> = cases.into_iter().collect();
        for (case, &CaseMoments { mean, variance, n }) in cases.iter().enumerate() {
            if n < 2 {
                return Err(ReliabilityError::FewAnswers { case, found: n });
            }
            if !mean.is_finite() || !variance.is_finite() || variance < 0.0 {
                return Err(ReliabilityError::NotMoments {
                    case,
                    mean,
                    variance,
                });
            }
        }
        match cases.len() {
            found @ ..2 => Err(ReliabilityError::FewCases { found }),
            _ => Ok(Self { cases }),
        }
    }

    /// The moments of each case.
    #[must_use]
    pub fn cases(&self) -> &[CaseMoments] {
        &self.cases
    }

    /// Variance of the cases' means, divided by `n - 1`.
    #[must_use]
    pub fn variance_of_means(&self) -> f64 {
        let means: Array1<f64> = self.cases.iter().map(|case| case.mean).collect();
        variance(means.view())
    }

    /// Mean over the cases of the variance that the draw of items gives to a case's mean.
    ///
    /// # Errors
    /// [`ReliabilityError::PoolTooSmall`] with a case that has more answers than the pool items.
    pub fn error_variance(&self, pool: Pool) -> Result<f64, ReliabilityError> {
        let mut sum = 0.0;
        for (
            case,
            &CaseMoments {
                variance, n: asked, ..
            },
        ) in self.cases.iter().enumerate()
        {
            let left = match pool {
                Pool::Domain => 1.0,
                Pool::Items(pool) if asked > pool => {
                    return Err(ReliabilityError::PoolTooSmall { case, asked, pool });
                }
                Pool::Items(pool) => 1.0 - asked as f64 / pool as f64,
            };
            sum += variance / asked as f64 * left;
        }
        Ok(sum / self.cases.len() as f64)
    }

    /// The reliability of the means. Negative where they differ less than the draw alone lets one
    /// expect.
    ///
    /// # Errors
    /// As [`error_variance`](Self::error_variance), and [`ReliabilityError::EqualScores`] where the
    /// means are equal.
    pub fn reliability(&self, pool: Pool) -> Result<f64, ReliabilityError> {
        let between = self.variance_of_means();
        if between == 0.0 {
            return Err(ReliabilityError::EqualScores);
        }
        Ok(1.0 - self.error_variance(pool)? / between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn who_was_asked_all_items_has_no_error_of_drawing() {
        let cells = array![[1.0, 2.0], [4.0, 3.0], [2.0, 5.0]];
        let asked = AskedItems::of(&PartialScores::new(cells.view()).unwrap()).unwrap();
        assert_eq!(asked.reliability(Pool::Items(2)), Ok(1.0));
        assert_eq!(
            asked.reliability(Pool::Items(1)).unwrap_err().to_string(),
            "case 0 has 2 answers to the 1 items of the pool"
        );
    }

    #[test]
    fn a_case_with_one_answer_is_named() {
        let cells = array![[1.0, 2.0], [f64::NAN, 3.0]];
        let error = AskedItems::of(&PartialScores::new(cells.view()).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "case 1 has 1 answers: at least 2 are needed"
        );
        let case = |mean, variance| CaseMoments {
            mean,
            variance,
            n: 2,
        };
        let error = AskedItems::from_moments([case(0.0, 0.0), case(1.0, -1.0)]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "case 1 has mean 1 and variance -1"
        );
    }
}
