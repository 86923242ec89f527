//! Partial correlations from singular matrices.

use nalgebra::DMatrix;
use ndarray::Array2;

use super::partial::Partial;

/// The partial correlation of the first two variables given the others, from the Moore-Penrose
/// inverse of their correlation matrix; 0 if that says nothing of them.
///
/// Eigenvalues below `n * largest * 2⁻⁵²` count as zero, as in pcalg.
pub(super) fn partial(corr: &Array2<f64>) -> Partial {
    let n = corr.nrows();
    let eigen = DMatrix::from_fn(n, n, |i, j| corr[(i, j)]).symmetric_eigen();
    let (values, vectors) = (&eigen.eigenvalues, &eigen.eigenvectors);
    let largest = values.iter().fold(0.0, |a: f64, &b| a.max(b));
    let zero = largest * values.len() as f64 * f64::EPSILON;
    let entry = |i: usize, j: usize| -> f64 {
        (0..values.len())
            .filter(|&k| values[k] > zero)
            .map(|k| vectors[(i, k)] * vectors[(j, k)] / values[k])
            .sum()
    };
    let r = -entry(0, 1) / (entry(0, 0) * entry(1, 1)).sqrt();
    Partial::from_r(if r.is_nan() { 0.0 } else { r.clamp(-1.0, 1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_regular_matrix_gives_the_partial_correlation() {
        let (xy, xz, yz) = (0.5, 0.4, -0.3f64);
        let corr = array![[1.0, xy, xz], [xy, 1.0, yz], [xz, yz, 1.0]];
        let expected = (xy - xz * yz) / ((1.0 - xz * xz) * (1.0 - yz * yz)).sqrt();
        assert!((partial(&corr).r - expected).abs() < 1e-14);
    }

    #[test]
    fn a_repeated_member_counts_once() {
        let corr = array![
            [1.0, 0.5, 0.4, 0.4],
            [0.5, 1.0, 0.2, 0.2],
            [0.4, 0.2, 1.0, 1.0],
            [0.4, 0.2, 1.0, 1.0]
        ];
        let once = corr.slice(ndarray::s![..3, ..3]).to_owned();
        assert!((partial(&corr).r - partial(&once).r).abs() < 1e-12);
    }

    #[test]
    fn an_unrelated_pair_is_uncorrelated() {
        assert_eq!(partial(&Array2::eye(3)).r, 0.0);
    }
}
