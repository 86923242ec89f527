//! Means, variances and covariances.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// Of at least one number.
pub(crate) fn mean(numbers: ArrayView1<'_, f64>) -> f64 {
    numbers.sum() / numbers.len() as f64
}

/// Divided by `n - 1`.
pub(crate) fn variance(numbers: ArrayView1<'_, f64>) -> f64 {
    squares(numbers) / (numbers.len() as f64 - 1.0)
}

/// Divided by `n`.
pub(crate) fn population_variance(numbers: ArrayView1<'_, f64>) -> f64 {
    squares(numbers) / numbers.len() as f64
}

fn squares(numbers: ArrayView1<'_, f64>) -> f64 {
    let mean = mean(numbers);
    numbers.iter().map(|x| (x - mean).powi(2)).sum()
}

/// Sums over the variables, one for each case.
pub(crate) fn totals(cells: ArrayView2<'_, f64>) -> Array1<f64> {
    cells.sum_axis(Axis(1))
}

/// `[variables, variables]`, divided by `n - 1`.
pub(crate) fn covariances(cells: ArrayView2<'_, f64>) -> Array2<f64> {
    let means = cells.sum_axis(Axis(0)) / cells.nrows() as f64;
    // Centred before they are multiplied: large means would cancel away the digits.
    let centred = &cells - &means;
    centred.t().dot(&centred) / (cells.nrows() as f64 - 1.0)
}

/// Scales covariances to a diagonal of 1; what does not vary is uncorrelated.
pub(crate) fn correlations(covariances: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn(covariances.dim(), |(a, b)| {
        let scale = (covariances[[a, a]] * covariances[[b, b]]).sqrt();
        match a == b {
            true => 1.0,
            false if scale > 0.0 => covariances[[a, b]] / scale,
            false => 0.0,
        }
    })
}

/// Mean of what lies below the diagonal.
pub(crate) fn mean_below_diagonal(matrix: ArrayView2<'_, f64>) -> f64 {
    let (sum, n) = below_diagonal(matrix).fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
    sum / n as f64
}

pub(crate) fn below_diagonal(matrix: ArrayView2<'_, f64>) -> impl Iterator<Item = f64> {
    let n = matrix.nrows();
    (0..n).flat_map(move |row| (0..row).map(move |column| matrix[[row, column]]))
}

/// By linear interpolation between the two nearest; NaN of nothing.
pub(crate) fn quantile(numbers: &mut [f64], share: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let Some(last) = numbers.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (
        numbers[place.floor() as usize],
        numbers[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moments_of_numbers_far_from_zero() {
        let cells = array![[1e9 + 1.0, 4.0], [1e9 + 2.0, 2.0], [1e9 + 3.0, 0.0]];
        assert_eq!(covariances(cells.view()), array![[1.0, -2.0], [-2.0, 4.0]]);
        assert_eq!(variance(cells.column(0)), 1.0);
        assert_eq!(population_variance(cells.column(0)), 2.0 / 3.0);
        assert_eq!(totals(cells.view())[2], 1e9 + 3.0);
        assert_eq!(
            mean_below_diagonal(array![[9.0, 0.0], [3.0, 9.0]].view()),
            3.0
        );
    }

    #[test]
    fn quantiles_lie_between_the_nearest_two() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.75), 2.5);
        assert_eq!(quantile(&mut [3.0, 1.0], 7.0), 3.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
