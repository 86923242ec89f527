//! Correlation matrices from columns of numbers.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

/// Below this many multiplications threads cost more than they save.
const PARALLEL_FROM: usize = 1 << 22;

/// The correlations of standardised columns, `[p, p]`, from `[p, n]`.
///
/// O(p² n / 2) multiplications, in parallel over strips of rows.
pub(super) fn correlations(standardised: &Array2<f64>) -> Array2<f64> {
    let (p, n) = standardised.dim();
    let mut matrix = vec![0.0; p * p];
    // Two fifths: then two threads have about as much to do each, even of a small matrix.
    let height = (2 * p / 5).next_multiple_of(8).clamp(32, 64);
    let strip = |(at, rows): (usize, &mut [f64])| fill_strip(standardised, at * height, rows);
    if p * p * n < PARALLEL_FROM {
        matrix.chunks_mut(height * p).enumerate().for_each(strip);
    } else {
        matrix
            .par_chunks_mut(height * p)
            .enumerate()
            .with_max_len(1)
            .for_each(strip);
    }
    let mut matrix = Array2::from_shape_vec((p, p), matrix).expect("p * p values");
    mirror(matrix.view_mut());
    matrix.diag_mut().fill(1.0);
    matrix
}

/// A given matrix, scaled to a diagonal of ones if that is off by more than rounding.
pub(super) fn unit_diagonal(given: &ArrayView2<'_, f64>) -> Array2<f64> {
    let mut matrix = given.as_standard_layout().into_owned();
    let off = |d: &f64| (d - 1.0).abs() > 2.0 * f64::EPSILON;
    if given.diag().iter().any(off) {
        let scale: Vec<f64> = given.diag().iter().map(|d| d.sqrt()).collect();
        for ((i, j), r) in matrix.indexed_iter_mut() {
            *r = if i == j {
                1.0
            } else {
                *r / (scale[i] * scale[j])
            };
        }
    }
    matrix
}

/// The values of a column less their mean, scaled to a sum of squares of 1; missing values stay.
/// False if they are all the same.
pub(super) fn standardise(values: &mut [f64]) -> bool {
    let present = || values.iter().copied().filter(|v| !v.is_nan());
    let (mut low, mut high, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0usize);
    for value in present() {
        (low, high, n) = (low.min(value), high.max(value), n + 1);
    }
    if low >= high || n == 0 {
        return false;
    }
    let largest = low.abs().max(high.abs());
    if !(1e-100..=1e100).contains(&largest) {
        values.iter_mut().for_each(|v| *v /= largest);
    }
    for _ in 0..2 {
        let mean = sum(values, |v| v) / n as f64;
        values.iter_mut().for_each(|v| *v -= mean);
    }
    let norm = sum(values, |v| v * v).sqrt();
    if norm == 0.0 {
        return false;
    }
    values.iter_mut().for_each(|v| *v /= norm);
    true
}

/// Replaces the values by their ranks from 1, ties sharing their mean rank; missing values stay.
pub(super) fn rank(values: &mut [f64]) {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut first = 0;
    while first < order.len() {
        let value = values[order[first]];
        let tied = order[first..].iter().take_while(|&&i| values[i] == value);
        let last = first + tied.count();
        let mean_rank = (first + last + 1) as f64 / 2.0;
        for &i in &order[first..last] {
            values[i] = mean_rank;
        }
        first = last;
    }
}

/// Replaces the values by the normal quantiles of `rank / (n + 1)`; missing values stay.
pub(super) fn normal_scores(values: &mut [f64]) {
    rank(values);
    let n = values.iter().filter(|v| !v.is_nan()).count() as f64;
    let normal = Normal::standard();
    for value in values.iter_mut().filter(|v| !v.is_nan()) {
        *value = normal.inverse_cdf(*value / (n + 1.0));
    }
}

fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    // Eight running sums: shorter chains of additions are both quicker and more precise.
    let mut sums = [0.0; 8];
    for chunk in values.chunks(8) {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += if value.is_nan() { 0.0 } else { term(value) };
        }
    }
    sums.iter().sum()
}

/// Computes rows `first..` of the matrix, from the diagonal on.
fn fill_strip(standardised: &Array2<f64>, first: usize, rows: &mut [f64]) {
    let p = standardised.nrows();
    let n_rows = rows.len() / p;
    let mut rows = ArrayViewMut2::from_shape((n_rows, p), rows).expect("whole rows");
    let left = standardised.slice(s![first..first + n_rows, ..]);
    let right: ArrayView2<'_, f64> = standardised.slice(s![first.., ..]);
    let mut target = rows.slice_mut(s![.., first..]);
    general_mat_mul(1.0, &left, &right.t(), 0.0, &mut target);
}

/// Copies the upper triangle to the lower, with nothing beyond ±1: the blocks on the diagonal in
/// turn, then the block beside them.
fn mirror(matrix: ArrayViewMut2<'_, f64>) {
    const SMALL: usize = 64;
    const PARALLEL_FROM: usize = 512;
    let p = matrix.nrows();
    if p <= SMALL {
        return mirror_small(matrix);
    }
    let (upper, lower) = matrix.split_at(Axis(0), p / 2);
    let (first, right) = upper.split_at(Axis(1), p / 2);
    let (left, second) = lower.split_at(Axis(1), p / 2);
    if p < PARALLEL_FROM {
        mirror(first);
        mirror(second);
        return transpose(right, left);
    }
    rayon::join(
        || transpose(right, left),
        || rayon::join(|| mirror(first), || mirror(second)),
    );
}

fn mirror_small(mut matrix: ArrayViewMut2<'_, f64>) {
    for i in 0..matrix.nrows() {
        for j in i + 1..matrix.nrows() {
            let r = matrix[(i, j)].clamp(-1.0, 1.0);
            matrix[(i, j)] = r;
            matrix[(j, i)] = r;
        }
    }
}

/// Copies a block above the diagonal to the one below, with nothing beyond ±1.
fn transpose(from: ArrayViewMut2<'_, f64>, to: ArrayViewMut2<'_, f64>) {
    const SMALL: usize = 64;
    const PARALLEL_FROM: usize = 512;
    let (n_rows, n_columns) = from.dim();
    if n_rows.max(n_columns) <= SMALL {
        return transpose_small(from, to);
    }
    // The longer side is halved.
    let (by, across) = if n_rows >= n_columns {
        (Axis(0), Axis(1))
    } else {
        (Axis(1), Axis(0))
    };
    let half = n_rows.max(n_columns) / 2;
    let (from_first, from_second) = from.split_at(by, half);
    let (to_first, to_second) = to.split_at(across, half);
    let (first, second) = (
        || transpose(from_first, to_first),
        || transpose(from_second, to_second),
    );
    if half < PARALLEL_FROM {
        first();
        second();
    } else {
        rayon::join(first, second);
    }
}

fn transpose_small(mut from: ArrayViewMut2<'_, f64>, mut to: ArrayViewMut2<'_, f64>) {
    for (from, mut to) in from.rows_mut().into_iter().zip(to.columns_mut()) {
        for (from, to) in from.into_iter().zip(&mut to) {
            *from = from.clamp(-1.0, 1.0);
            *to = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_ties_and_skip_what_is_missing() {
        let mut values = [3.0, 1.0, f64::NAN, 3.0, 2.0, 3.0];
        rank(&mut values);
        assert_eq!(values[..2], [4.0, 1.0]);
        assert!(values[2].is_nan());
        assert_eq!(values[3..], [4.0, 2.0, 4.0]);
    }

    #[test]
    fn strips_give_the_same_as_one_product() {
        strips_agree(300, 7);
        strips_agree(1_100, 3);
    }

    fn strips_agree(p: usize, n: usize) {
        let mut data = Array2::from_shape_fn((p, n), |(i, j)| ((i * 31 + j * 17) as f64).sin());
        for mut row in data.rows_mut() {
            assert!(standardise(row.as_slice_mut().unwrap()));
        }
        let found = correlations(&data);
        let whole = data.dot(&data.t());
        for ((i, j), &r) in found.indexed_iter() {
            assert!((r - whole[(i, j)]).abs() < 1e-14, "{i} {j}");
            assert_eq!(r, found[(j, i)]);
        }
    }

    #[test]
    fn huge_offsets_and_scales_do_not_matter() {
        let shape = [1.0, -2.0, 0.5, 3.0];
        for (offset, scale) in [(0.0, 1.0), (1e9, 1.0), (0.0, 1e300), (0.0, 1e-300)] {
            let mut values = shape.map(|v| offset + scale * v);
            assert!(standardise(&mut values));
            let mut expected = shape;
            standardise(&mut expected);
            for (a, b) in values.iter().zip(expected) {
                assert!((a - b).abs() < 1e-7, "{offset} {scale}");
            }
        }
        assert!(!standardise(&mut [0.1, 0.1, 0.1]));
    }
}
