//! Whether a matrix can be one of correlations.

use nalgebra::DMatrix;
use ndarray::ArrayView2;

/// Eigenvalues this far below zero, times the number of variables, are rounding: entries may be off
/// by 1e-12, as those of the diagonal may.
const ROUNDING: f64 = 1e-12;

/// The smallest eigenvalue, if it is negative beyond rounding. O(p³ / 3), and O(p³) if it is.
pub(super) fn negative_eigenvalue(matrix: &ArrayView2<'_, f64>) -> Option<f64> {
    let (n, _) = matrix.dim();
    let allowed = ROUNDING * n as f64;
    let mut shifted = DMatrix::from_fn(n, n, |i, j| 0.5 * (matrix[(i, j)] + matrix[(j, i)]));
    for i in 0..n {
        shifted[(i, i)] += allowed;
    }
    // A Cholesky factor exists exactly if no eigenvalue is below what is allowed: far quicker than
    // the eigenvalues themselves.
    if shifted.clone().cholesky().is_some() {
        return None;
    }
    let smallest = shifted.symmetric_eigenvalues().min() - allowed;
    (smallest < -allowed).then_some(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn the_smallest_eigenvalue_is_told() {
        let r = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        let found = negative_eigenvalue(&r.view()).unwrap();
        assert!((found + 0.8).abs() < 1e-12, "{found}");
    }

    #[test]
    fn singular_matrices_are_semidefinite() {
        for n in [1, 2, 5, 60] {
            assert_eq!(negative_eigenvalue(&Array2::ones((n, n)).view()), None);
            assert_eq!(negative_eigenvalue(&Array2::eye(n).view()), None);
        }
    }
}
