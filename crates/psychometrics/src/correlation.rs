//! Correlation matrices: checked, tested for sphericity, corrected for unreliability.

use nalgebra::Cholesky;
use ndarray::{Array2, ArrayView1, ArrayView2};
use statrs::distribution::{ChiSquared, ContinuousCDF};
use thiserror::Error;

use crate::linalg::{eigenvalues, to_dense};
use crate::moments::{correlations, covariances};
use crate::scores::Scores;
use crate::variable::{Names, Variable};

/// How far below zero rounding alone may push the smallest eigenvalue, for each variable.
const ROUNDING: f64 = 1e-10;

/// Why a correlation matrix was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CorrelationError {
    /// The matrix is not square, or empty.
    #[error("a correlation matrix is square and not empty, this one is {rows} x {columns}")]
    Shape {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
    },
    /// An entry cannot stand in a correlation matrix.
    #[error("the correlation of {first} and {second} is {found}: expected {expected}")]
    Entry {
        /// Row.
        first: Variable,
        /// Column.
        second: Variable,
        /// What stands there.
        found: f64,
        /// What may stand there.
        expected: &'static str,
    },
    /// No data could have these correlations, as happens when each pair has rows of its own.
    #[error("the correlation matrix is not positive semidefinite: smallest eigenvalue {smallest}")]
    NotPositiveSemidefinite {
        /// The smallest eigenvalue.
        smallest: f64,
    },
    /// A variable is the same in all cases and so has no correlation.
    #[error("{variable} is {value} in every case")]
    Constant {
        /// The first such variable.
        variable: Variable,
        /// Its only value.
        value: f64,
    },
    /// A variable follows exactly from others, so that the matrix has no inverse.
    #[error("the variables are linearly dependent: smallest eigenvalue {smallest}")]
    Singular {
        /// The smallest eigenvalue.
        smallest: f64,
    },
    /// There are too few cases for what was asked.
    #[error("the number of cases: expected more than {needed}, found {cases}")]
    FewCases {
        /// Number of cases.
        cases: usize,
        /// The largest number that is too small.
        needed: usize,
    },
    /// A reliability is not in (0, 1].
    #[error("the reliability of {variable} is {found}: expected a number above 0, at most 1")]
    Reliability {
        /// The variable.
        variable: Variable,
        /// Its reliability.
        found: f64,
    },
    /// There are more or fewer reliabilities than variables.
    #[error("expected as many reliabilities as variables ({variables}), found {reliabilities}")]
    Reliabilities {
        /// Number of reliabilities.
        reliabilities: usize,
        /// Number of variables.
        variables: usize,
    },
}

/// A correlation matrix with the number of cases behind it.
#[derive(Clone, Debug)]
pub struct Correlations {
    matrix: Array2<f64>,
    n_cases: usize,
    eigenvalues: Vec<f64>,
    names: Names,
}

/// Bartlett's test that all correlations are zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sphericity {
    /// `-(n - 1 - (2p + 5) / 6) ln |R|`.
    pub chi2: f64,
    /// `p (p - 1) / 2`.
    pub df: usize,
    /// Probability of a statistic at least as large where all correlations are zero.
    pub p_value: f64,
}

/// Correlations of what the variables would measure without error.
#[derive(Clone, Debug, PartialEq)]
pub struct Disattenuated {
    /// `r / √(reliability × reliability)`, `[variables, variables]`, diagonal 1. Entries may go
    /// beyond 1.
    pub matrix: Array2<f64>,
    /// Smallest eigenvalue. Where it is negative no variables have these correlations, and
    /// partial correlations from them mean nothing.
    pub smallest_eigenvalue: f64,
}

impl Correlations {
    /// Pearson's correlations of all variables.
    ///
    /// # Errors
    /// [`CorrelationError::Constant`] with the first variable that does not vary.
    ///
    /// # Complexity
    /// `O(n p²)` for `n` cases of `p` variables.
    pub fn of(scores: &Scores<'_>) -> Result<Self, CorrelationError> {
        let cells = scores.cells();
        if let Some(index) = cells.columns().into_iter().position(is_constant) {
            return Err(CorrelationError::Constant {
                variable: scores.variable(index),
                value: cells[[0, index]],
            });
        }
        let matrix = correlations(covariances(cells).view());
        Self::checked(matrix, scores.n_cases(), scores.names().clone())
    }

    /// Takes a matrix that was computed elsewhere, from `n_cases` cases.
    ///
    /// # Errors
    /// [`CorrelationError`] where it is not square, symmetric to 1e-9, 1 on the diagonal, between
    /// -1 and 1, and positive semidefinite.
    pub fn from_matrix(
        matrix: ArrayView2<'_, f64>,
        n_cases: usize,
    ) -> Result<Self, CorrelationError> {
        let (rows, columns) = matrix.dim();
        if rows != columns || rows == 0 {
            return Err(CorrelationError::Shape { rows, columns });
        }
        let names = Names::default();
        for ((a, b), &found) in matrix.indexed_iter() {
            let expected = match a == b {
                true if (found - 1.0).abs() > 1e-9 || found.is_nan() => "1",
                false if !(-1.0..=1.0).contains(&found) => "a number from -1 to 1",
                false if (found - matrix[[b, a]]).abs() > 1e-9 => "the same in both triangles",
                _ => continue,
            };
            return Err(CorrelationError::Entry {
                first: names.variable(a),
                second: names.variable(b),
                found,
                expected,
            });
        }
        Self::checked(matrix.to_owned(), n_cases, names)
    }

    fn checked(
        matrix: Array2<f64>,
        n_cases: usize,
        names: Names,
    ) -> Result<Self, CorrelationError> {
        let eigenvalues = eigenvalues(matrix.view());
        let found = Self {
            matrix,
            n_cases,
            eigenvalues,
            names,
        };
        let smallest = found.smallest_eigenvalue();
        if smallest < -ROUNDING * found.n_variables() as f64 {
            return Err(CorrelationError::NotPositiveSemidefinite { smallest });
        }
        Ok(found)
    }

    /// The correlations, `[variables, variables]`.
    #[must_use]
    pub fn matrix(&self) -> ArrayView2<'_, f64> {
        self.matrix.view()
    }

    /// Number of cases behind each correlation.
    #[must_use]
    pub fn n_cases(&self) -> usize {
        self.n_cases
    }

    /// Number of variables, at least 1.
    #[must_use]
    pub fn n_variables(&self) -> usize {
        self.matrix.nrows()
    }

    /// The eigenvalues, largest first; they add up to the number of variables.
    #[must_use]
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// The smallest eigenvalue, 0 where a variable follows from others.
    #[must_use]
    pub fn smallest_eigenvalue(&self) -> f64 {
        self.eigenvalues.last().copied().unwrap_or_default()
    }

    /// In how many directions the variables vary: less than their number where some follow exactly
    /// from others, as all variables do that are centred on a mean over themselves.
    #[must_use]
    pub fn rank(&self) -> usize {
        let least = ROUNDING * self.n_variables() as f64;
        self.eigenvalues
            .iter()
            .filter(|&&value| value > least)
            .count()
    }

    /// Bartlett's test of sphericity.
    ///
    /// # Errors
    /// [`CorrelationError::Singular`] where the determinant is zero,
    /// [`CorrelationError::FewCases`] where the correction for small samples leaves nothing.
    ///
    /// M. S. Bartlett, "Tests of significance in factor analysis", British Journal of Statistical
    /// Psychology 3 (1950).
    pub fn sphericity(&self) -> Result<Sphericity, CorrelationError> {
        let p = self.n_variables();
        let factor = self.n_cases as f64 - 1.0 - (2.0 * p as f64 + 5.0) / 6.0;
        if factor <= 0.0 {
            return Err(CorrelationError::FewCases {
                cases: self.n_cases,
                needed: 1 + (2 * p).div_ceil(6),
            });
        }
        let chi2 = -factor * self.log_determinant()?;
        let df = p * (p - 1) / 2;
        Ok(Sphericity {
            chi2,
            df,
            p_value: chi2_upper_tail(chi2, df),
        })
    }

    /// Correlations corrected for the unreliability of both variables.
    ///
    /// # Errors
    /// [`CorrelationError::Reliabilities`] or [`CorrelationError::Reliability`] for numbers that
    /// are no reliabilities. A matrix that is not positive semidefinite is no error: its smallest
    /// eigenvalue says so.
    ///
    /// # Example
    /// ```
    /// use ndarray::array;
    /// use psychometrics::Correlations;
    ///
    /// let measured = Correlations::from_matrix(array![[1.0, 0.3], [0.3, 1.0]].view(), 100)?;
    /// let corrected = measured.disattenuated(array![0.5, 0.72].view())?;
    /// assert!((corrected.matrix[[0, 1]] - 0.5).abs() < 1e-12);
    /// assert!((corrected.smallest_eigenvalue - 0.5).abs() < 1e-12);
    /// # Ok::<(), psychometrics::CorrelationError>(())
    /// ```
    ///
    /// C. Spearman, "The proof and measurement of association between two things", American
    /// Journal of Psychology 15 (1904).
    pub fn disattenuated(
        &self,
        reliabilities: ArrayView1<'_, f64>,
    ) -> Result<Disattenuated, CorrelationError> {
        if reliabilities.len() != self.n_variables() {
            return Err(CorrelationError::Reliabilities {
                reliabilities: reliabilities.len(),
                variables: self.n_variables(),
            });
        }
        let is_wrong = |found: &f64| !(*found > 0.0 && *found <= 1.0);
        if let Some(index) = reliabilities.iter().position(is_wrong) {
            return Err(CorrelationError::Reliability {
                variable: self.variable(index),
                found: reliabilities[index],
            });
        }
        let matrix = Array2::from_shape_fn(self.matrix.dim(), |(a, b)| match a == b {
            true => 1.0,
            false => self.matrix[[a, b]] / (reliabilities[a] * reliabilities[b]).sqrt(),
        });
        let smallest_eigenvalue = eigenvalues(matrix.view()).last().copied().unwrap_or(1.0);
        Ok(Disattenuated {
            matrix,
            smallest_eigenvalue,
        })
    }

    pub(crate) fn variable(&self, index: usize) -> Variable {
        self.names.variable(index)
    }

    pub(crate) fn log_determinant(&self) -> Result<f64, CorrelationError> {
        Ok(self.cholesky()?.ln_determinant())
    }

    pub(crate) fn cholesky(&self) -> Result<Cholesky<f64, nalgebra::Dyn>, CorrelationError> {
        let smallest = self.smallest_eigenvalue();
        let singular = CorrelationError::Singular { smallest };
        if smallest < ROUNDING {
            return Err(singular);
        }
        Cholesky::new(to_dense(self.matrix.view())).ok_or(singular)
    }
}

/// 1 without degrees of freedom.
pub(crate) fn chi2_upper_tail(chi2: f64, df: usize) -> f64 {
    ChiSquared::new(df as f64).map_or(1.0, |law| law.sf(chi2.max(0.0)))
}

fn is_constant(column: ArrayView1<'_, f64>) -> bool {
    column.iter().all(|number| *number == column[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_variable_that_does_not_vary_is_named() {
        let cells = array![[1.0, 3.0], [2.0, 3.0]];
        let scores = Scores::named(cells.view(), ["warm", "kind"]).unwrap();
        assert_eq!(
            Correlations::of(&scores).unwrap_err().to_string(),
            "variable 1 (kind) is 3 in every case"
        );
    }

    #[test]
    fn matrices_that_are_no_correlations_are_refused() {
        let message = |m: Array2<f64>| {
            Correlations::from_matrix(m.view(), 50)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(array![[1.0, 0.5]]),
            "a correlation matrix is square and not empty, this one is 1 x 2"
        );
        assert_eq!(
            message(array![[1.0, 1.2], [1.2, 1.0]]),
            "the correlation of variable 0 and variable 1 is 1.2: expected a number from -1 to 1"
        );
        assert!(message(array![[1.0, 0.2], [0.3, 1.0]]).ends_with("the same in both triangles"));
        assert!(message(array![[f64::NAN, 0.2], [0.2, 1.0]]).ends_with("expected 1"));
        let impossible = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        assert!(message(impossible).contains("smallest eigenvalue -0.8"));
    }

    #[test]
    fn dependent_variables_have_no_sphericity() {
        let cells = array![[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [0.0, 0.0], [5.0, 10.0]];
        let scores = Scores::new(cells.view()).unwrap();
        let found = Correlations::of(&scores).unwrap();
        let error = found.sphericity().unwrap_err();
        assert!(
            matches!(error, CorrelationError::Singular { .. }),
            "{error}"
        );
        let few = Correlations::from_matrix(array![[1.0, 0.1], [0.1, 1.0]].view(), 2).unwrap();
        assert_eq!(
            few.sphericity().unwrap_err().to_string(),
            "the number of cases: expected more than 2, found 2"
        );
    }

    #[test]
    fn an_impossible_correction_shows_in_the_smallest_eigenvalue() {
        let measured = array![[1.0, 0.8], [0.8, 1.0]];
        let measured = Correlations::from_matrix(measured.view(), 9).unwrap();
        let corrected = measured.disattenuated(array![0.5, 0.5].view()).unwrap();
        assert!((corrected.smallest_eigenvalue + 0.6).abs() < 1e-12);
        let error = measured.disattenuated(array![0.5, 0.0].view()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the reliability of variable 1 is 0: expected a number above 0, at most 1"
        );
        assert!(measured.disattenuated(array![0.5].view()).is_err());
    }
}
