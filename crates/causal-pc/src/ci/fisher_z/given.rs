//! What a matrix must be to be one of correlations.

use ndarray::ArrayView2;

use super::{FisherZError, semidefinite};
use crate::data::DataError;

/// Refuses a matrix `[p, p]` that no data can have as their correlations.
pub(super) fn check_correlation(matrix: &ArrayView2<'_, f64>) -> Result<(), FisherZError> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(FisherZError::NotSquare { rows, columns });
    }
    if rows == 0 {
        return Err(DataError::NoColumns.into());
    }
    for ((row, column), &found) in matrix.indexed_iter() {
        let expected = if row == column {
            if (found - 1.0).abs() <= 1e-12 {
                continue;
            }
            "1".to_owned()
        } else if !(-1.0..=1.0).contains(&found) {
            "a number between -1 and 1".to_owned()
        } else if (found - matrix[(column, row)]).abs() > 1e-12 {
            format!("{}, as at ({column}, {row})", matrix[(column, row)])
        } else {
            continue;
        };
        return Err(FisherZError::NotACorrelation {
            row,
            column,
            found,
            expected,
        });
    }
    match semidefinite::negative_eigenvalue(matrix) {
        None => Ok(()),
        Some(smallest_eigenvalue) => Err(FisherZError::NotPositiveSemidefinite {
            smallest_eigenvalue,
        }),
    }
}
