//! What a set of columns leaves of two others.

use nalgebra::{DMatrix, DVector};
use ndarray::{ArrayView1, ArrayView2};

/// The residuals of the first two columns on the others, `[n_columns, n_rows]`, all with mean 0.
///
/// `corr(i, j)` are the columns' products. By the normal equations, once more on what they leave:
/// that mends the digits that nearly collinear sets lose. A singular set is taken by the
/// pseudo-inverse. O(n k + k³) for k others.
pub(super) fn residuals(
    columns: &ArrayView2<'_, f64>,
    corr: impl Fn(usize, usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let k = columns.nrows() - 2;
    let (mut x, mut y) = (columns.row(0).to_vec(), columns.row(1).to_vec());
    if k == 0 {
        return (x, y);
    }
    let solve = Solver::new(DMatrix::from_fn(k, k, |i, j| corr(i + 2, j + 2)));
    let others = || (0..k).map(|i| columns.row(i + 2));
    for (at, left) in [&mut x, &mut y].into_iter().enumerate() {
        let right = DVector::from_iterator(k, (0..k).map(|i| corr(at, i + 2)));
        take_out(left, others(), &solve.solve(right));
        let rest = DVector::from_iterator(k, others().map(|other| dot(left, other)));
        take_out(left, others(), &solve.solve(rest));
    }
    (x, y)
}

fn take_out<'a>(
    left: &mut [f64],
    others: impl Iterator<Item = ArrayView1<'a, f64>>,
    coefficients: &DVector<f64>,
) {
    for (other, &coefficient) in others.zip(coefficients) {
        for (left, value) in left.iter_mut().zip(other) {
            *left -= coefficient * value;
        }
    }
}

fn dot(a: &[f64], b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Solves systems with one positive semidefinite matrix.
enum Solver {
    Cholesky(nalgebra::Cholesky<f64, nalgebra::Dyn>),
    PseudoInverse(DMatrix<f64>),
}

impl Solver {
    fn new(matrix: DMatrix<f64>) -> Self {
        match matrix.clone().cholesky() {
            Some(factor) => Self::Cholesky(factor),
            None => {
                let eigen = matrix.symmetric_eigen();
                let zero = eigen.eigenvalues.max() * eigen.eigenvalues.len() as f64 * f64::EPSILON;
                let inverse = eigen
                    .eigenvalues
                    .map(|v| if v > zero { 1.0 / v } else { 0.0 });
                let vectors = &eigen.eigenvectors;
                let scaled = vectors * DMatrix::from_diagonal(&inverse);
                Self::PseudoInverse(scaled * vectors.transpose())
            }
        }
    }

    fn solve(&self, right: DVector<f64>) -> DVector<f64> {
        match self {
            Self::Cholesky(factor) => factor.solve(&right),
            Self::PseudoInverse(inverse) => inverse * right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn left(columns: &Array2<f64>) -> (Vec<f64>, Vec<f64>) {
        let products = columns.dot(&columns.t());
        residuals(&columns.view(), |i, j| products[(i, j)])
    }

    #[test]
    fn residuals_are_orthogonal_to_the_set() {
        let columns =
            Array2::from_shape_fn((5, 40), |(i, j)| ((7 * i + 3) as f64 * j as f64).sin());
        let (x, y) = left(&columns);
        for other in 2..5 {
            assert!(dot(&x, columns.row(other)).abs() < 1e-12);
            assert!(dot(&y, columns.row(other)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_repeated_member_counts_once() {
        let once = array![
            [1.0, -2.0, 0.5, 0.5],
            [0.0, 1.0, -1.0, 0.0],
            [1.0, 1.0, -1.0, -1.0]
        ];
        let twice = ndarray::concatenate![ndarray::Axis(0), once, once.slice(ndarray::s![2.., ..])];
        let ((a, b), (c, d)) = (left(&once), left(&twice));
        for (one, other) in a.iter().zip(&c).chain(b.iter().zip(&d)) {
            assert!((one - other).abs() < 1e-14);
        }
    }
}
