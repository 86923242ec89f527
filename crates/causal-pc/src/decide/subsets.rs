use super::DecisionError;

/// The most possibilities that are gone through: some seconds' work.
const MOST: u128 = 3_000_000;

/// The set of at most `most` of the numbers below `n` that costs least, with its cost; of equal ones the
/// one with the fewest members, then the first. `cost_of` leaves out a set by `None`; `None` where all
/// are left out. The empty set is a set too.
///
/// All sets are tried. O(sets).
///
/// ```
/// use causal_pc::decide::cheapest_set;
///
/// // 1 and 2 exclude each other.
/// let worth = [1, 4, 5];
/// let found = cheapest_set(3, 2, |set| match set {
///     [1, 2] => None,
///     _ => Some(-set.iter().map(|&at| worth[at]).sum::<i32>()),
/// })?;
/// assert_eq!(found, Some((vec![0, 2], -6)));
/// # Ok::<(), causal_pc::decide::DecisionError>(())
/// ```
///
/// # Errors
///
/// [`DecisionError`] for more sets than can be gone through.
pub fn cheapest_set<C: PartialOrd>(
    n: usize,
    most: usize,
    mut cost_of: impl FnMut(&[usize]) -> Option<C>,
) -> Result<Option<(Vec<usize>, C)>, DecisionError> {
    check_number(n, most, 1)?;
    let mut cheapest: Option<(Vec<usize>, C)> = None;
    for set in (0..=most.min(n)).flat_map(|size| subsets(n, size)) {
        let Some(cost) = cost_of(&set) else { continue };
        if cheapest.as_ref().is_none_or(|(_, least)| cost < *least) {
            cheapest = Some((set, cost));
        }
    }
    Ok(cheapest)
}

/// All sets of `size` of the numbers below `n`, in lexicographic order.
pub(super) fn subsets(n: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let first = (size <= n).then(|| (0..size).collect());
    std::iter::successors(first, move |set: &Vec<usize>| {
        let place = (0..size).rev().find(|&at| set[at] < n - size + at)?;
        let mut next = set.clone();
        next[place] += 1;
        for at in place + 1..size {
            next[at] = next[at - 1] + 1;
        }
        Some(next)
    })
}

/// Refuses more than can be gone through of the sets of at most `size` of `n`, each with `ways` for
/// every member.
pub(super) fn check_number(n: usize, size: usize, ways: u128) -> Result<(), DecisionError> {
    let (mut of_size, mut found) = (1_u128, 1_u128);
    for k in 1..=size.min(n) as u128 {
        // Stays a whole number: products of binomial coefficients and powers.
        of_size = of_size.saturating_mul(n as u128 - k + 1) / k;
        let power = ways.saturating_pow(u32::try_from(k).unwrap_or(u32::MAX));
        found = found.saturating_add(of_size.saturating_mul(power));
        if found > MOST {
            return Err(DecisionError::TooMany { found, most: MOST });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_in_order_and_are_counted_before() {
        let found: Vec<Vec<usize>> = subsets(4, 2).collect();
        assert_eq!(found, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!(subsets(3, 0).collect::<Vec<_>>(), [Vec::<usize>::new()]);
        assert_eq!(subsets(2, 3).count(), 0);
        assert!(check_number(100, 3, 1).is_ok()); // 166,751
        assert!(check_number(100, 4, 1).is_err());
        assert!(check_number(20, 20, 3).is_err());
        assert!(check_number(usize::MAX, usize::MAX, 3).is_err());
    }
}
