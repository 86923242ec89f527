//! Labels moved apart as little as they must be.

/// Places at least `gap` apart, in the order of those wanted and as near to them as can be: the sum of the squares of
/// the ways is the least.
///
/// Less the gaps before them, the places must not fall: a regression that rises, by pooling neighbours that fall.
pub(super) fn spread(wanted: &[f64], gap: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Each pool with the sum of its places and their number.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (before, &label) in order.iter().enumerate() {
        pools.push((wanted[label] - gap * before as f64, 1));
        while let [.., (first, n), (second, m)] = pools[..]
            && first / n as f64 > second / m as f64
        {
            pools.truncate(pools.len() - 2);
            pools.push((first + second, n + m));
        }
    }
    let places = pools
        .iter()
        .flat_map(|&(sum, n)| std::iter::repeat_n(sum / n as f64, n));
    let mut spread = vec![0.0; wanted.len()];
    for (before, (&label, place)) in order.iter().zip(places).enumerate() {
        spread[label] = place + gap * before as f64;
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_meet_move_apart_about_their_middle() {
        assert_eq!(spread(&[10.0, 50.0, 12.0], 10.0), [6.0, 50.0, 16.0]);
        assert_eq!(spread(&[5.0, 5.0, 5.0], 2.0), [3.0, 5.0, 7.0]);
        // The third pushes both before it.
        assert_eq!(spread(&[0.0, 4.0, 5.0], 4.0), [-1.0, 3.0, 7.0]);
        assert_eq!(spread(&[], 1.0), [0.0; 0]);
    }
}
