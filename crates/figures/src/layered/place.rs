//! The x coordinate of each item.

use super::Grid;

/// Sweeps over the layers that minimise the squares of the sideways steps, and then the steps
/// themselves, which makes long edges straight.
const PLACE_SWEEPS: (usize, usize) = (30, 40);
/// Greatest step that is taken out of a nearly vertical edge.
const NEARLY: f64 = 3.0;
/// A step below this length is not made shorter.
const STRAIGHT: f64 = 2.0;

/// The x coordinate of each item's centre.
///
/// Minimises the weighted squares of the sideways steps of all edge segments. Each layer's
/// problem is solved exactly; sweeps over the layers approach the common minimum.
pub(super) fn place(grid: &Grid) -> Vec<f64> {
    let mut x = vec![0.0; grid.sizes.len()];
    for row in &grid.rows {
        for pair in row.windows(2) {
            x[pair[1]] = x[pair[0]] + grid.distance(pair[0], pair[1]);
        }
        let middle = row.last().map_or(0.0, |&last| x[last] / 2.0);
        row.iter().for_each(|&item| x[item] -= middle);
    }
    let (squares, steps) = PLACE_SWEEPS;
    for sweep in 0..squares + steps {
        let n_rows = grid.rows.len();
        for step in 0..n_rows {
            let row = if sweep % 2 == 0 {
                step
            } else {
                n_rows - 1 - step
            };
            place_row(grid, row, sweep >= squares, &mut x);
        }
    }
    straighten(grid, &mut x);
    x
}

fn place_row(grid: &Grid, row: usize, straighten: bool, x: &mut [f64]) {
    let items = &grid.rows[row];
    let mut offset = 0.0;
    let mut wanted = Vec::with_capacity(items.len());
    let mut offsets = Vec::with_capacity(items.len());
    for (place, &item) in items.iter().enumerate() {
        if place > 0 {
            offset += grid.distance(items[place - 1], item);
        }
        offsets.push(offset);
        let (target, weight) = pull(grid, item, straighten, x);
        wanted.push((target - offset, weight));
    }
    for ((&item, offset), position) in items.iter().zip(offsets).zip(non_decreasing(&wanted)) {
        x[item] = position + offset;
    }
}

/// Makes the nearly vertical parts of long edges vertical where the neighbours leave room.
fn straighten(grid: &Grid, x: &mut [f64]) {
    let mut beside = vec![(None, None); grid.sizes.len()];
    for pair in grid.rows.iter().flat_map(|row| row.windows(2)) {
        beside[pair[0]].1 = Some(pair[1]);
        beside[pair[1]].0 = Some(pair[0]);
    }
    for chain in &grid.chains {
        let inner = &chain[1..chain.len() - 1];
        let runs: Vec<_> = inner
            .chunk_by(|a, b| (x[*a] - x[*b]).abs() < NEARLY)
            .collect();
        for run in runs {
            let mean = run.iter().map(|&item| x[item]).sum::<f64>() / run.len() as f64;
            let free = |&item: &usize| {
                let (left, right) = beside[item];
                left.is_none_or(|left| mean - x[left] > grid.distance(left, item) - NEARLY)
                    && right
                        .is_none_or(|right| x[right] - mean > grid.distance(item, right) - NEARLY)
            };
            if run.iter().all(free) {
                run.iter().for_each(|&item| x[item] = mean);
            }
        }
    }
}

/// Where an item's neighbours draw it, and how strongly. To straighten, the pull of each is
/// divided by its distance (iteratively reweighted least squares).
fn pull(grid: &Grid, item: usize, straighten: bool, x: &[f64]) -> (f64, f64) {
    let stiffness = |other: usize| {
        let stiffness = match (grid.is_node(item), grid.is_node(other)) {
            (true, true) => 1.0,
            (false, false) => 8.0,
            _ => 2.0,
        };
        if straighten {
            stiffness / (x[other] - x[item]).abs().max(STRAIGHT)
        } else {
            stiffness
        }
    };
    let near = grid.above[item].iter().chain(&grid.below[item]);
    let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), &other| {
        (sum + stiffness(other) * x[other], weight + stiffness(other))
    });
    if weight > 0.0 {
        (sum / weight, weight)
    } else {
        (x[item], 1.0)
    }
}

/// The non-decreasing sequence closest to the given (value, weight) pairs in weighted squares.
pub(super) fn non_decreasing(wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = vec![];
    for &(value, weight) in wanted {
        let mut pool = (value, weight, 1);
        while let Some(&(before, before_weight, count)) = pools.last() {
            if before <= pool.0 {
                break;
            }
            pools.pop();
            let weight = before_weight + pool.1;
            pool = (
                (before * before_weight + pool.0 * pool.1) / weight,
                weight,
                count + pool.2,
            );
        }
        pools.push(pool);
    }
    pools
        .into_iter()
        .flat_map(|(value, _, count)| std::iter::repeat_n(value, count))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// The solution is unique; it satisfies the optimality conditions: every pool of equal
        /// values is its weighted mean, and no pool can be split into a lower and a higher part.
        #[test]
        fn pools_are_optimal(wanted in prop::collection::vec((-50.0..50.0, 0.1..9.0), 0..20)) {
            let found = non_decreasing(&wanted);
            prop_assert_eq!(found.len(), wanted.len());
            prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
            let mut start = 0;
            while start < found.len() {
                let end = (start..found.len()).find(|&i| found[i] != found[start]).unwrap_or(found.len());
                let mut left = 0.0;
                for ((value, weight), position) in wanted[start..end].iter().zip(&found[start..end]) {
                    left += weight * (value - position);
                    prop_assert!(left > -1e-6, "a beginning of the pool would rather be lower");
                }
                prop_assert!(left.abs() < 1e-6);
                start = end;
            }
        }
    }
}
