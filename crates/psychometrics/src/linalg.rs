//! The bridge to nalgebra's dense decompositions.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, ArrayView2};

/// Eigenvalues in descending order, the vectors as columns.
pub(crate) struct Eigen {
    pub(crate) values: Vec<f64>,
    pub(crate) vectors: DMatrix<f64>,
}

pub(crate) fn to_dense(matrix: ArrayView2<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |row, column| {
        matrix[[row, column]]
    })
}

pub(crate) fn from_dense(matrix: &DMatrix<f64>) -> Array2<f64> {
    Array2::from_shape_fn(matrix.shape(), |at| matrix[at])
}

pub(crate) fn eigen(symmetric: DMatrix<f64>) -> Eigen {
    let found = SymmetricEigen::new(symmetric);
    let mut order: Vec<usize> = (0..found.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| found.eigenvalues[b].total_cmp(&found.eigenvalues[a]));
    Eigen {
        values: order.iter().map(|&at| found.eigenvalues[at]).collect(),
        vectors: found.eigenvectors.select_columns(&order),
    }
}

/// In descending order.
pub(crate) fn eigenvalues(symmetric: ArrayView2<'_, f64>) -> Vec<f64> {
    let mut values: Vec<f64> = to_dense(symmetric)
        .symmetric_eigenvalues()
        .iter()
        .copied()
        .collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn eigenvectors_go_with_their_values() {
        let matrix = array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 7.0]];
        let found = eigen(to_dense(matrix.view()));
        for (value, wanted) in found.values.iter().zip([7.0, 3.0, 1.0]) {
            assert!((value - wanted).abs() < 1e-12);
        }
        let scaled = DMatrix::from_diagonal(&found.values.clone().into());
        let back = from_dense(&(&found.vectors * scaled * found.vectors.transpose()));
        assert!((back - &matrix).iter().all(|gap| gap.abs() < 1e-12));
        assert_eq!(eigenvalues(matrix.view()).len(), 3);
    }
}
