//! Means and standard deviations with numpy's order of summation, so that the released numbers
//! come out to the last bit.

/// Mean; NaN of nothing.
pub(crate) fn mean(xs: &[f64]) -> f64 {
    sum(xs) / xs.len() as f64
}

/// Mean by weights above 0, to the bit the mean where they are all alike.
pub(crate) fn weighted_mean(xs: &[f64], weights: &[f64]) -> f64 {
    if weights.windows(2).all(|two| two[0] == two[1]) {
        return mean(xs);
    }
    let weighted: Vec<f64> = xs.iter().zip(weights).map(|(x, w)| x * w).collect();
    sum(&weighted) / sum(weights)
}

/// Population standard deviation (divided by n); NaN of nothing.
pub(crate) fn population_std(xs: &[f64]) -> f64 {
    let mean_xs = mean(xs);
    let squares: Vec<f64> = xs.iter().map(|x| (x - mean_xs).powi(2)).collect();
    mean(&squares).sqrt()
}

/// Pairwise sum: eight running sums in blocks of up to 128 numbers, halves above that.
fn sum(xs: &[f64]) -> f64 {
    const LANES: usize = 8;
    const BLOCK: usize = 128;
    if xs.len() > BLOCK {
        let half = xs.len() / 2;
        let (left, right) = xs.split_at(half - half % LANES);
        return sum(left) + sum(right);
    }
    let (chunks, rest) = xs.as_chunks::<LANES>();
    let Some((&first, chunks)) = chunks.split_first() else {
        return rest.iter().sum();
    };
    let mut lanes = first;
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    let start = ((a + b) + (c + d)) + ((e + f) + (g + h));
    rest.iter().fold(start, |total, x| total + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples() {
        assert_eq!(mean(&[1.0, 0.0, -1.0, 1.0]), 0.25);
        assert_eq!(population_std(&[2.0, 2.0]), 0.0);
        assert_eq!(population_std(&[2.0, 2.0, -2.0]), 1.8856180831641267);
        assert!(mean(&[]).is_nan() && population_std(&[]).is_nan());
    }

    #[test]
    fn weights_pull_the_mean() {
        assert_eq!(weighted_mean(&[1.0, -1.0], &[3.0, 1.0]), 0.5);
        assert_eq!(weighted_mean(&[0.1, 0.2], &[7.0, 7.0]), mean(&[0.1, 0.2]));
        assert!(weighted_mean(&[], &[]).is_nan());
    }

    #[test]
    fn long_samples_are_summed_completely() {
        for n in [1_u32, 7, 8, 9, 127, 128, 129, 1000, 1003] {
            let xs: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&xs), f64::from(n) * f64::from(n + 1) / 2.0);
        }
    }
}
