//! Tables of numbers, checked once at the door.

use ndarray::ArrayView2;
use thiserror::Error;

use crate::variable::{Names, Variable};

/// Why a table of numbers was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ScoresError {
    /// There are too few cases or variables for any statistic.
    #[error("expected at least 2 cases and 1 variable, found {cases} x {variables}")]
    Shape {
        /// Number of rows.
        cases: usize,
        /// Number of columns.
        variables: usize,
    },
    /// A number is infinite, or missing where none may be.
    #[error("case {case}, {variable}: {found} is no number")]
    NotANumber {
        /// Row, from 0.
        case: usize,
        /// Column.
        variable: Variable,
        /// What stands there, as printed.
        found: String,
    },
    /// There are more or fewer names than variables.
    #[error("{names} names for {variables} variables")]
    Names {
        /// Number of names.
        names: usize,
        /// Number of columns.
        variables: usize,
    },
}

/// A complete table, `[cases, variables]`: finite numbers, at least two cases.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::Scores;
///
/// let table = array![[1.0, 2.0], [2.0, f64::NAN]];
/// let error = Scores::named(table.view(), ["warm", "kind"]).unwrap_err();
/// assert_eq!(error.to_string(), "case 1, variable 1 (kind): NaN is no number");
/// ```
#[derive(Clone, Debug)]
pub struct Scores<'a> {
    cells: ArrayView2<'a, f64>,
    names: Names,
}

impl<'a> Scores<'a> {
    /// Variables are spoken of by number.
    ///
    /// # Errors
    /// [`ScoresError`] for fewer than two cases, no variable, or a cell that is not finite.
    pub fn new(cells: ArrayView2<'a, f64>) -> Result<Self, ScoresError> {
        Self::checked(cells, Names::default())
    }

    /// Errors name the variables.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where there are more or fewer names than variables.
    pub fn named(
        cells: ArrayView2<'a, f64>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, ScoresError> {
        Self::checked(cells, names_of(cells, names)?)
    }

    fn checked(cells: ArrayView2<'a, f64>, names: Names) -> Result<Self, ScoresError> {
        check(cells, &names, f64::is_finite)?;
        Ok(Self { cells, names })
    }

    /// The numbers, `[cases, variables]`.
    #[must_use]
    pub fn cells(&self) -> ArrayView2<'a, f64> {
        self.cells
    }

    /// Number of rows, at least 2.
    #[must_use]
    pub fn n_cases(&self) -> usize {
        self.cells.nrows()
    }

    /// Number of columns, at least 1.
    #[must_use]
    pub fn n_variables(&self) -> usize {
        self.cells.ncols()
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn variable(&self, index: usize) -> Variable {
        self.names.variable(index)
    }
}

/// A table with gaps, `[cases, variables]`: NaN where a case was not asked or did not answer.
#[derive(Clone, Debug)]
pub struct PartialScores<'a> {
    cells: ArrayView2<'a, f64>,
    names: Names,
}

impl<'a> PartialScores<'a> {
    /// Variables are spoken of by number.
    ///
    /// # Errors
    /// [`ScoresError`] for fewer than two cases, no variable, or an infinite cell.
    pub fn new(cells: ArrayView2<'a, f64>) -> Result<Self, ScoresError> {
        Self::checked(cells, Names::default())
    }

    /// Errors name the variables.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where there are more or fewer names than variables.
    pub fn named(
        cells: ArrayView2<'a, f64>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, ScoresError> {
        Self::checked(cells, names_of(cells, names)?)
    }

    fn checked(cells: ArrayView2<'a, f64>, names: Names) -> Result<Self, ScoresError> {
        check(cells, &names, |number| !number.is_infinite())?;
        Ok(Self { cells, names })
    }

    /// The numbers, `[cases, variables]`, NaN for none.
    #[must_use]
    pub fn cells(&self) -> ArrayView2<'a, f64> {
        self.cells
    }

    /// Number of rows, at least 2.
    #[must_use]
    pub fn n_cases(&self) -> usize {
        self.cells.nrows()
    }

    /// Number of columns, at least 1.
    #[must_use]
    pub fn n_variables(&self) -> usize {
        self.cells.ncols()
    }

    pub(crate) fn variable(&self, index: usize) -> Variable {
        self.names.variable(index)
    }
}

impl<'a> From<Scores<'a>> for PartialScores<'a> {
    fn from(scores: Scores<'a>) -> Self {
        Self {
            cells: scores.cells,
            names: scores.names,
        }
    }
}

fn names_of(
    cells: ArrayView2<'_, f64>,
    names: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Names, ScoresError> {
    let names = Names::new(names);
    if names.len() == cells.ncols() {
        return Ok(names);
    }
    Err(ScoresError::Names {
        names: names.len(),
        variables: cells.ncols(),
    })
}

fn check(
    cells: ArrayView2<'_, f64>,
    names: &Names,
    allowed: fn(f64) -> bool,
) -> Result<(), ScoresError> {
    let (cases, variables) = cells.dim();
    if cases < 2 || variables < 1 {
        return Err(ScoresError::Shape { cases, variables });
    }
    match cells.indexed_iter().find(|(_, cell)| !allowed(**cell)) {
        None => Ok(()),
        Some(((case, variable), found)) => Err(ScoresError::NotANumber {
            case,
            variable: names.variable(variable),
            found: found.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn tables_that_are_none_are_refused_by_shape() {
        let message = |shape| {
            Scores::new(Array2::zeros(shape).view())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message((1, 4)),
            "expected at least 2 cases and 1 variable, found 1 x 4"
        );
        assert!(message((5, 0)).ends_with("found 5 x 0"));
    }

    #[test]
    fn gaps_are_for_partial_scores_only_and_infinity_for_none() {
        let gap = array![[1.0, f64::NAN], [2.0, 3.0]];
        assert!(Scores::new(gap.view()).is_err());
        assert!(PartialScores::new(gap.view()).is_ok());
        let infinite = array![[1.0, 2.0], [f64::INFINITY, 3.0]];
        assert_eq!(
            PartialScores::new(infinite.view()).unwrap_err().to_string(),
            "case 1, variable 0: inf is no number"
        );
        let names = Scores::named(infinite.view(), ["one"]).unwrap_err();
        assert_eq!(names.to_string(), "1 names for 2 variables");
    }
}
