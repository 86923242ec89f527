//! The few statistics that the measures share: share, mean, ranks, Pearson's correlation.

/// `part / whole`; `None` of nothing.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `None` without numbers.
pub(crate) fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = numbers.fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Ranks from 1; equal numbers share the mean of theirs.
pub(crate) fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut below = 0;
    for same in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let rank = below as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|&place| ranks[place] = rank);
        below += same.len();
    }
    ranks
}

/// Pearson's correlation; `None` where either row is constant or there is none.
pub(crate) fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mean_x, mean_y) = (mean(x.iter().copied())?, mean(y.iter().copied())?);
    let sum = |of: &dyn Fn(f64, f64) -> f64| {
        let terms = x.iter().zip(y).map(|(x, y)| of(x - mean_x, y - mean_y));
        terms.sum::<f64>()
    };
    let (xx, yy) = (sum(&|x, _| x * x), sum(&|_, y| y * y));
    let defined = xx > 0.0 && yy > 0.0;
    defined.then(|| sum(&|x, y| x * y) / (xx * yy).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_ties() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(ranks(&[]), [0.0; 0]);
    }

    #[test]
    fn a_correlation_needs_two_rows_that_vary() {
        assert_eq!(pearson(&[1.0, 2.0, 3.0], &[6.0, 4.0, 2.0]), Some(-1.0));
        assert_eq!(pearson(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(pearson(&[], &[]), None);
    }

    #[test]
    fn nothing_has_neither_mean_nor_share() {
        assert_eq!((mean([].into_iter()), share(0, 0)), (None, None));
        assert_eq!(
            (mean([1.0, 2.0].into_iter()), share(1, 4)),
            (Some(1.5), Some(0.25))
        );
    }
}
