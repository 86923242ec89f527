//! Whether changes can be relied upon.

/// How the changes of paired observations lie about zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Number of changes that are not zero.
    pub n_changed: usize,
    /// The probability of ranks as high as these for the rises, or higher, if there is no effect.
    pub p_raised: f64,
    /// The same for the falls.
    pub p_lowered: f64,
}

/// Wilcoxon's signed-rank test of paired changes, exact also with ties, one-sided both ways.
///
/// Without an effect the two observations of a pair could as well be exchanged, so that each change
/// has either sign with probability one half, whatever the sizes. Zeros are left out, sizes are
/// ranked (tied ones, to 1e-12, share their mean rank), and the sum of the ranks of rises is held
/// against its distribution over all choices of signs, which is added up and not approximated.
/// O(n^3) for n changes; ten milliseconds for 200.
///
/// Pairs must be independent of each other: roles are, values and features of one role are not.
/// NaNs are left out. F. Wilcoxon: Individual comparisons by ranking methods, 1945.
///
/// ```
/// use valuebench::signed_rank;
///
/// let found = signed_rank(&[0.5, 0.25, 0.0, 0.75, 0.1]);
/// assert_eq!((found.n_changed, found.p_raised, found.p_lowered), (4, 1.0 / 16.0, 1.0));
/// ```
pub fn signed_rank(changes: &[f64]) -> SignedRank {
    let is_change = |change: &f64| !change.is_nan() && *change != 0.0;
    let mut changes: Vec<f64> = changes.iter().copied().filter(is_change).collect();
    changes.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_mean_ranks(&changes);
    let rises = changes
        .iter()
        .zip(&ranks)
        .filter(|(change, _)| **change > 0.0);
    let observed: usize = rises.map(|(_, rank)| rank).sum();
    let chances = chances_of_sums(&ranks);
    SignedRank {
        n_changed: changes.len(),
        p_raised: chances[observed..].iter().sum::<f64>().min(1.0),
        p_lowered: chances[..=observed].iter().sum::<f64>().min(1.0),
    }
}

/// Twice the mean rank of each size, which is whole; the sizes ascend.
fn doubled_mean_ranks(changes: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(changes.len());
    let tied = changes.chunk_by(|a, b| b.abs() - a.abs() <= 1e-12);
    for group in tied {
        let before = ranks.len();
        ranks.extend(std::iter::repeat_n(
            2 * before + group.len() + 1,
            group.len(),
        ));
    }
    ranks
}

/// The probability of each sum, from 0, of the ranks that are chosen each with probability 1/2.
fn chances_of_sums(ranks: &[usize]) -> Vec<f64> {
    let mut chances = vec![0.0; ranks.iter().sum::<usize>() + 1];
    chances[0] = 1.0;
    let mut most = 0;
    for &rank in ranks {
        for sum in (0..=most).rev() {
            let half = chances[sum] / 2.0;
            chances[sum] = half;
            chances[sum + rank] += half;
        }
        most += rank;
    }
    chances
}

/// Holm's adjusted p-values, in the order given: rejecting where they are at most alpha keeps the
/// probability of even one false rejection at most alpha, whatever the tests have to do with each
/// other (S. Holm: A simple sequentially rejective multiple test procedure, 1979). O(n log n).
///
/// ```
/// use valuebench::holm;
///
/// assert_eq!(holm(&[0.25, 0.01, 0.04]), [0.25, 0.03, 0.08]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max(p_values[at] * left).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By going through all choices of signs.
    fn by_enumeration(changes: &[f64]) -> SignedRank {
        let changes: Vec<f64> = changes.iter().copied().filter(|&c| c != 0.0).collect();
        let rank = |c: f64| {
            let below = changes.iter().filter(|d| d.abs() < c.abs()).count() as f64;
            let same = changes.iter().filter(|d| d.abs() == c.abs()).count() as f64;
            below + (same + 1.0) / 2.0
        };
        let ranks: Vec<f64> = changes.iter().map(|&c| rank(c)).collect();
        let sum = |chosen: &dyn Fn(usize) -> bool| -> f64 {
            (0..ranks.len())
                .filter(|&i| chosen(i))
                .map(|i| ranks[i])
                .sum()
        };
        let observed = sum(&|i| changes[i] > 0.0);
        let choices = 1_u32 << ranks.len();
        let sums: Vec<f64> = (0..choices).map(|c| sum(&|i| c >> i & 1 == 1)).collect();
        let share = |of: &dyn Fn(f64) -> bool| {
            sums.iter().filter(|&&s| of(s)).count() as f64 / f64::from(choices)
        };
        SignedRank {
            n_changed: changes.len(),
            p_raised: share(&|s| s >= observed),
            p_lowered: share(&|s| s <= observed),
        }
    }

    proptest! {
        #[test]
        fn the_distribution_is_that_over_all_signs(
            eighths in prop::collection::vec(-5..=5_i32, 0..10),
        ) {
            let changes: Vec<f64> = eighths.iter().map(|&c| f64::from(c) / 8.0).collect();
            let (found, expected) = (signed_rank(&changes), by_enumeration(&changes));
            prop_assert_eq!(found.n_changed, expected.n_changed);
            prop_assert!((found.p_raised - expected.p_raised).abs() < 1e-12);
            prop_assert!((found.p_lowered - expected.p_lowered).abs() < 1e-12);
        }

        /// Holm's procedure by its own words: step down until one is not small enough.
        #[test]
        fn adjusted_p_values_reject_as_the_procedure_does(
            p in prop::collection::vec(0.0..0.2_f64, 0..8),
            alpha in 0.001..0.5_f64,
        ) {
            let mut sorted = p.clone();
            sorted.sort_by(f64::total_cmp);
            let small = |&(rank, p): &(usize, &f64)| *p * (sorted.len() - rank) as f64 <= alpha;
            let rejected = sorted.iter().enumerate().take_while(small).count();
            let adjusted = holm(&p);
            prop_assert_eq!(adjusted.iter().filter(|&&p| p <= alpha).count(), rejected);
            prop_assert!(p.iter().zip(&adjusted).all(|(p, adjusted)| p <= adjusted));
        }
    }

    #[test]
    fn hard_cases_have_an_answer() {
        let none = signed_rank(&[0.0, f64::NAN]);
        assert_eq!(
            (none.n_changed, none.p_raised, none.p_lowered),
            (0, 1.0, 1.0)
        );
        // A third, computed in two ways, is one size.
        let thirds = signed_rank(&[1.0 / 3.0, -(1.0 - 2.0 / 3.0)]);
        assert_eq!((thirds.p_raised, thirds.p_lowered), (0.75, 0.75));
        let many = signed_rank(&[0.5; 100]);
        assert!((many.p_raised / 0.5_f64.powi(100) - 1.0).abs() < 1e-9);
        assert!(holm(&[]).is_empty());
    }
}
