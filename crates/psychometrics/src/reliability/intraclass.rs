use ndarray::{ArrayView2, Axis};

use super::ReliabilityError;
use super::alpha::at_least_two;
use crate::scores::Scores;

/// The six intraclass correlations of Shrout and Fleiss; rows are what is rated, columns the raters.
///
/// The first number of each name says where raters come from (1: others for each row, 2: the same
/// random ones, 3: these and no others), the second whether one rating or the mean of all counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intraclass {
    /// ICC(1,1).
    pub icc_1_1: f64,
    /// ICC(1,k).
    pub icc_1_k: f64,
    /// ICC(2,1).
    pub icc_2_1: f64,
    /// ICC(2,k).
    pub icc_2_k: f64,
    /// ICC(3,1).
    pub icc_3_1: f64,
    /// ICC(3,k), which is alpha.
    pub icc_3_k: f64,
}

/// Shares of the variance of a table with one number for each row and column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceParts {
    /// Of the rows.
    pub rows: f64,
    /// Of the columns.
    pub columns: f64,
    /// Of what neither explains.
    pub rest: f64,
}

/// Mean squares of the two-way analysis of variance without repetition.
struct MeanSquares {
    rows: f64,
    columns: f64,
    rest: f64,
    within_rows: f64,
    n_rows: f64,
    n_columns: f64,
}

/// The six intraclass correlations.
///
/// # Errors
/// [`ReliabilityError::FewVariables`] below two raters, [`ReliabilityError::EqualScores`] where the
/// rows do not differ.
///
/// # Example
/// The six targets and four judges of Shrout and Fleiss, table 2.
/// ```
/// use ndarray::array;
/// use psychometrics::{Scores, reliability::intraclass};
///
/// let ratings = array![
///     [9.0, 2.0, 5.0, 8.0],
///     [6.0, 1.0, 3.0, 2.0],
///     [8.0, 4.0, 6.0, 8.0],
///     [7.0, 1.0, 2.0, 6.0],
///     [10.0, 5.0, 6.0, 9.0],
///     [6.0, 2.0, 4.0, 7.0],
/// ];
/// let found = intraclass(&Scores::new(ratings.view())?)?;
/// let rounded = [found.icc_1_1, found.icc_2_1, found.icc_3_1].map(|icc| format!("{icc:.2}"));
/// assert_eq!(rounded, ["0.17", "0.29", "0.71"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// P. E. Shrout and J. L. Fleiss, "Intraclass correlations: uses in assessing rater reliability",
/// Psychological Bulletin 86 (1979).
pub fn intraclass(scores: &Scores<'_>) -> Result<Intraclass, ReliabilityError> {
    at_least_two(scores.n_variables())?;
    let MeanSquares {
        rows,
        columns,
        rest,
        within_rows,
        n_rows,
        n_columns: k,
    } = MeanSquares::of(scores.cells());
    if rows == 0.0 {
        return Err(ReliabilityError::EqualScores);
    }
    Ok(Intraclass {
        icc_1_1: (rows - within_rows) / (rows + (k - 1.0) * within_rows),
        icc_1_k: (rows - within_rows) / rows,
        icc_2_1: (rows - rest) / (rows + (k - 1.0) * rest + k * (columns - rest) / n_rows),
        icc_2_k: (rows - rest) / (rows + (columns - rest) / n_rows),
        icc_3_1: (rows - rest) / (rows + (k - 1.0) * rest),
        icc_3_k: (rows - rest) / rows,
    })
}

/// How much of the variance of a table comes with its rows, how much with its columns: components
/// of the two-way random-effects model, as shares of their sum.
///
/// A share may be slightly negative where a part has no variance of its own.
///
/// # Errors
/// [`ReliabilityError::FewVariables`] below two columns, [`ReliabilityError::EqualScores`] where
/// nothing varies.
pub fn variance_parts(scores: &Scores<'_>) -> Result<VarianceParts, ReliabilityError> {
    at_least_two(scores.n_variables())?;
    let squares = MeanSquares::of(scores.cells());
    let rows = (squares.rows - squares.rest) / squares.n_columns;
    let columns = (squares.columns - squares.rest) / squares.n_rows;
    let all = rows + columns + squares.rest;
    if all == 0.0 {
        return Err(ReliabilityError::EqualScores);
    }
    Ok(VarianceParts {
        rows: rows / all,
        columns: columns / all,
        rest: squares.rest / all,
    })
}

impl MeanSquares {
    fn of(cells: ArrayView2<'_, f64>) -> Self {
        let (n, k) = (cells.nrows() as f64, cells.ncols() as f64);
        let row_means = cells.sum_axis(Axis(1)) / k;
        let column_means = cells.sum_axis(Axis(0)) / n;
        let mean = row_means.sum() / n;
        let square = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
            let parts = cells
                .indexed_iter()
                .map(|((row, column), _)| of(row, column).powi(2));
            parts.sum()
        };
        let between_rows = square(&|row, _| row_means[row] - mean);
        let between_columns = square(&|_, column| column_means[column] - mean);
        let within = square(&|row, column| cells[[row, column]] - row_means[row]);
        let rest = square(&|row, column| {
            cells[[row, column]] - row_means[row] - column_means[column] + mean
        });
        Self {
            rows: between_rows / (n - 1.0),
            columns: between_columns / (k - 1.0),
            rest: rest / ((n - 1.0) * (k - 1.0)),
            within_rows: within / (n * (k - 1.0)),
            n_rows: n,
            n_columns: k,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn rows_that_are_all_have_all_of_the_variance() {
        let cells = Array2::from_shape_fn((5, 4), |(row, _)| row as f64);
        let scores = Scores::new(cells.view()).unwrap();
        let parts = variance_parts(&scores).unwrap();
        assert_eq!((parts.rows, parts.columns, parts.rest), (1.0, 0.0, 0.0));
        assert_eq!(intraclass(&scores).unwrap().icc_2_1, 1.0);
        let equal = Array2::from_elem((5, 4), 2.0);
        let equal = Scores::new(equal.view()).unwrap();
        assert_eq!(variance_parts(&equal), Err(ReliabilityError::EqualScores));
        assert_eq!(intraclass(&equal), Err(ReliabilityError::EqualScores));
    }
}
