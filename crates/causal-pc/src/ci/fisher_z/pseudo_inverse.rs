//! Partial correlations from singular matrices.

use ndarray::Array2;

use super::partial::Partial;

/// The partial correlation of the first two variables given the others, from the Moore-Penrose
/// inverse of their correlation matrix; 0 if that says nothing of them.
///
/// Eigenvalues below `n * largest * 2⁻⁵²` count as zero, as in pcalg.
pub(super) fn partial(corr: &Array2<f64>) -> Partial {
    let (values, vectors) = eigen(corr);
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

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    const SWEEPS: usize = 60;
    let n = matrix.nrows();
    let (mut a, mut vectors) = (matrix.clone(), Array2::eye(n));
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                rotated |= rotate(&mut a, &mut vectors, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diag().to_vec(), vectors)
}

/// Makes entry `(p, q)` zero; false if it was as good as zero.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) -> bool {
    let off = a[(p, q)];
    if off.abs() <= f64::EPSILON * 1e-3 {
        return false;
    }
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for k in 0..a.nrows() {
        let (kp, kq) = (a[(k, p)], a[(k, q)]);
        a[(k, p)] = cosine * kp - sine * kq;
        a[(k, q)] = sine * kp + cosine * kq;
    }
    for k in 0..a.nrows() {
        let (pk, qk) = (a[(p, k)], a[(q, k)]);
        a[(p, k)] = cosine * pk - sine * qk;
        a[(q, k)] = sine * pk + cosine * qk;
        let (kp, kq) = (vectors[(k, p)], vectors[(k, q)]);
        vectors[(k, p)] = cosine * kp - sine * kq;
        vectors[(k, q)] = sine * kp + cosine * kq;
    }
    true
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
