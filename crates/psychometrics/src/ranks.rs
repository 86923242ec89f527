//! Orders held against each other: Spearman's and Kendall's correlations, overlap from the top.

use std::collections::HashSet;

use thiserror::Error;

/// Why two orders have no correlation.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RankError {
    /// There are more numbers on one side.
    #[error("{first} and {second} numbers: expected as many on both sides, at least {needed}")]
    Lengths {
        /// On the first side.
        first: usize,
        /// On the second.
        second: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A number is none.
    #[error("number {place} is NaN")]
    NotANumber {
        /// Its place, from 0.
        place: usize,
    },
    /// All numbers of a side are equal, so that it has no order.
    #[error("all numbers of one side are {value}")]
    Constant {
        /// The number.
        value: f64,
    },
    /// An order names a thing twice.
    #[error("{thing} occurs twice in an order")]
    Repeated {
        /// The thing.
        thing: usize,
    },
}

/// Spearman's rank correlation: Pearson's, of the ranks, of which equal numbers share the mean.
///
/// # Errors
/// [`RankError`] for fewer than two numbers, sides of unlike length, NaN, or a side without order.
///
/// # Complexity
/// `O(n log n)`.
///
/// # Example
/// ```
/// use psychometrics::ranks::spearman;
///
/// assert_eq!(spearman(&[1.0, 2.0, 9.0], &[-3.0, 0.0, 0.5])?, 1.0);
/// # Ok::<(), psychometrics::ranks::RankError>(())
/// ```
///
/// C. Spearman, "The proof and measurement of association between two things", American Journal of
/// Psychology 15 (1904).
pub fn spearman(first: &[f64], second: &[f64]) -> Result<f64, RankError> {
    check(first, second)?;
    let [first, second] = [first, second].map(|side| {
        let middle = (side.len() as f64 + 1.0) / 2.0;
        mid_ranks(side).into_iter().map(move |rank| rank - middle)
    });
    let (mut both, mut own) = (0.0, [0.0, 0.0]);
    for (a, b) in first.zip(second) {
        both += a * b;
        own[0] += a * a;
        own[1] += b * b;
    }
    Ok(both / (own[0] * own[1]).sqrt())
}

/// Kendall's tau-b: the surplus of pairs that both sides order alike, over the geometric mean of the
/// pairs that each side orders at all.
///
/// # Errors
/// As [`spearman`].
///
/// # Complexity
/// `O(n²)`.
///
/// # Example
/// ```
/// use psychometrics::ranks::kendall_tau_b;
///
/// // Two pairs alike, none against; each side leaves one pair open.
/// assert_eq!(kendall_tau_b(&[1.0, 2.0, 2.0], &[5.0, 5.0, 7.0])?, 0.5);
/// # Ok::<(), psychometrics::ranks::RankError>(())
/// ```
///
/// M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945).
pub fn kendall_tau_b(first: &[f64], second: &[f64]) -> Result<f64, RankError> {
    check(first, second)?;
    let (mut surplus, mut ordered) = (0_i64, [0_i64, 0]);
    for b in 1..first.len() {
        for a in 0..b {
            let [x, y] = [first, second].map(|side| order(side[a], side[b]));
            surplus += x * y;
            ordered[0] += x.abs();
            ordered[1] += y.abs();
        }
    }
    Ok(surplus as f64 / (ordered[0] as f64 * ordered[1] as f64).sqrt())
}

/// How much two orders of the same length share from the top: the share that their first `d` things
/// have in common, averaged over all depths `d`.
///
/// 1 for equal orders; for a random order of `n` things `(n + 1) / 2n` on average, so that it
/// says little alone.
///
/// # Errors
/// [`RankError`] for orders of unlike length or none, and for a thing that occurs twice.
///
/// # Complexity
/// `O(n)`.
///
/// # Example
/// ```
/// use psychometrics::ranks::average_overlap;
///
/// assert_eq!(average_overlap(&[4, 2, 3, 1], &[2, 4, 3, 1])?, 0.75);
/// # Ok::<(), psychometrics::ranks::RankError>(())
/// ```
///
/// W. Webber, A. Moffat and J. Zobel, "A similarity measure for indefinite rankings", ACM
/// Transactions on Information Systems 28 (2010), section 2.
pub fn average_overlap(first: &[usize], second: &[usize]) -> Result<f64, RankError> {
    check_lengths(first.len(), second.len(), 1)?;
    let (mut seen_first, mut seen_second) = (HashSet::new(), HashSet::new());
    let (mut common, mut sum) = (0_usize, 0.0);
    for (depth, (&a, &b)) in first.iter().zip(second).enumerate() {
        for (thing, seen) in [(a, &mut seen_first), (b, &mut seen_second)] {
            if !seen.insert(thing) {
                return Err(RankError::Repeated { thing });
            }
        }
        // Each is counted when the later of its two places comes.
        common += usize::from(seen_second.contains(&a));
        common += usize::from(a != b && seen_first.contains(&b));
        sum += common as f64 / (depth + 1) as f64;
    }
    Ok(sum / first.len() as f64)
}

/// 1 where the first is larger, -1 where it is smaller.
fn order(a: f64, b: f64) -> i64 {
    i64::from(a > b) - i64::from(a < b)
}

/// Ranks from 1 of the smallest; equal numbers share the mean of their places.
fn mid_ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    // That puts nothing between zeros of unlike sign, which are equal.
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&at| ranks[at] = rank);
        before += equal.len();
    }
    ranks
}

fn check(first: &[f64], second: &[f64]) -> Result<(), RankError> {
    check_lengths(first.len(), second.len(), 2)?;
    for side in [first, second] {
        if let Some(place) = side.iter().position(|number| number.is_nan()) {
            return Err(RankError::NotANumber { place });
        }
        if side.iter().all(|&number| number == side[0]) {
            return Err(RankError::Constant { value: side[0] });
        }
    }
    Ok(())
}

fn check_lengths(first: usize, second: usize, needed: usize) -> Result<(), RankError> {
    match first == second && first >= needed {
        true => Ok(()),
        false => Err(RankError::Lengths {
            first,
            second,
            needed,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_share_a_rank() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        // Zero has no sign.
        assert_eq!(mid_ranks(&[0.0, -0.0, 1.0]), [1.5, 1.5, 3.0]);
        let (signed, plain) = ([0.0, -0.0, 1.0], [0.0, 0.0, 1.0]);
        assert_eq!(
            kendall_tau_b(&signed, &[1.0, 2.0, 3.0]),
            kendall_tau_b(&plain, &[1.0, 2.0, 3.0])
        );
    }

    #[test]
    fn what_has_no_order_is_refused() {
        let message = |a: &[f64], b: &[f64]| {
            assert_eq!(
                spearman(a, b).unwrap_err(),
                kendall_tau_b(a, b).unwrap_err()
            );
            spearman(a, b).unwrap_err().to_string()
        };
        assert_eq!(
            message(&[1.0, 2.0], &[1.0]),
            "2 and 1 numbers: expected as many on both sides, at least 2"
        );
        assert_eq!(message(&[1.0, f64::NAN], &[1.0, 2.0]), "number 1 is NaN");
        assert_eq!(
            message(&[1.0, 2.0], &[7.0, 7.0]),
            "all numbers of one side are 7"
        );
        assert!(average_overlap(&[], &[]).is_err());
        let twice = average_overlap(&[1, 1], &[1, 2]).unwrap_err().to_string();
        assert_eq!(twice, "1 occurs twice in an order");
    }
}
