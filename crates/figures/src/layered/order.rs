//! In which order the items of each layer are.

use super::Grid;

/// Edge segments that the search for a good order may look at, over all its starts.
const ORDER_BUDGET: usize = 4_000;

/// The items of each row in a good order.
pub(super) fn fewest_crossings(grid: &Grid) -> Vec<Vec<usize>> {
    let n_segments: usize = grid.below.iter().map(Vec::len).sum();
    let starts = (ORDER_BUDGET / n_segments.max(1)).clamp(4, 64) as u64;
    let candidates = (0..starts).map(|start| {
        let mut order = Order::new(grid, start);
        order.improve();
        (order.crossings(), order.spread(), order.rows)
    });
    candidates
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map_or_else(Vec::new, |(_, _, rows)| rows)
}

/// An order of the items in each row, under improvement.
struct Order<'a> {
    grid: &'a Grid,
    rows: Vec<Vec<usize>>,
    position: Vec<usize>,
}

impl<'a> Order<'a> {
    /// Start 0 is the order of the input, every other one a shuffle of its own.
    fn new(grid: &'a Grid, start: u64) -> Self {
        let mut rows = grid.rows.clone();
        let mut state = start.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for row in rows.iter_mut().filter(|_| start > 0) {
            for last in (1..row.len()).rev() {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                row.swap(last, (state >> 33) as usize % (last + 1));
            }
        }
        let mut order = Self {
            grid,
            rows,
            position: vec![0; grid.sizes.len()],
        };
        (0..order.rows.len()).for_each(|row| order.number(row));
        order
    }

    fn number(&mut self, row: usize) {
        for (place, &item) in self.rows[row].iter().enumerate() {
            self.position[item] = place;
        }
    }

    fn improve(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for round in 0..6 {
            let n_rows = self.rows.len();
            (1..n_rows).for_each(|row| self.barycentre(row, &self.grid.above));
            (0..n_rows.saturating_sub(1))
                .rev()
                .for_each(|row| self.barycentre(row, &self.grid.below));
            while self.sift() {}
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            } else if round > 1 {
                break;
            }
        }
        self.rows = best.1;
        (0..self.rows.len()).for_each(|row| self.number(row));
    }

    /// Sorts a row by the mean position of the neighbours on one side.
    fn barycentre(&mut self, row: usize, neighbours: &[Vec<usize>]) {
        let mean = |item: usize| {
            let near = &neighbours[item];
            match near.len() {
                0 => self.position[item] as f64,
                n => {
                    near.iter()
                        .map(|&other| self.position[other] as f64)
                        .sum::<f64>()
                        / n as f64
                }
            }
        };
        let mut keyed: Vec<_> = self.rows[row]
            .iter()
            .map(|&item| (mean(item), item))
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
        self.number(row);
    }

    /// Moves each item to the best place in its row; says whether that saved a crossing.
    fn sift(&mut self) -> bool {
        let mut improved = false;
        for row in 0..self.rows.len() {
            for item in self.rows[row].clone() {
                let from = self.position[item];
                let to = self.best_place(row, item, from);
                if to != from {
                    let moved = self.rows[row].remove(from);
                    self.rows[row].insert(to, moved);
                    self.number(row);
                    improved = true;
                }
            }
        }
        improved
    }

    fn best_place(&self, row: usize, item: usize, from: usize) -> usize {
        let items = &self.rows[row];
        let gain = |left: usize, right: usize| self.pair(left, right) - self.pair(right, left);
        let mut best = (0, from);
        let mut saved = 0;
        for place in (0..from).rev() {
            saved += gain(items[place], item);
            best = if saved > best.0 { (saved, place) } else { best };
        }
        saved = 0;
        for (place, &other) in items.iter().enumerate().skip(from + 1) {
            saved += gain(item, other);
            best = if saved > best.0 { (saved, place) } else { best };
        }
        best.1
    }

    /// Crossings between the edges of two items of a row, the first being to the left.
    fn pair(&self, left: usize, right: usize) -> i64 {
        let side = |neighbours: &[Vec<usize>]| {
            let crossed = |a: &usize| {
                neighbours[right]
                    .iter()
                    .filter(|b| self.position[*a] > self.position[**b])
                    .count()
            };
            neighbours[left].iter().map(crossed).sum::<usize>()
        };
        (side(&self.grid.above) + side(&self.grid.below)) as i64
    }

    fn crossings(&self) -> i64 {
        let below_only = |left: usize, right: usize| {
            let below = &self.grid.below;
            let crossed = |a: &usize| {
                below[right]
                    .iter()
                    .filter(|b| self.position[*a] > self.position[**b])
                    .count()
            };
            below[left].iter().map(crossed).sum::<usize>() as i64
        };
        let in_row = |row: &Vec<usize>| -> i64 {
            (0..row.len())
                .flat_map(|i| (i + 1..row.len()).map(move |j| (i, j)))
                .map(|(i, j)| below_only(row[i], row[j]))
                .sum()
        };
        self.rows.iter().map(in_row).sum()
    }

    /// How far edges lead sideways, in places.
    fn spread(&self) -> f64 {
        let centred = |row: usize, item: usize| {
            self.position[item] as f64 - self.rows[row].len() as f64 / 2.0
        };
        let mut sum = 0.0;
        for row in 0..self.rows.len() {
            for &item in &self.rows[row] {
                sum += self.grid.below[item]
                    .iter()
                    .map(|&other| (centred(row, item) - centred(row + 1, other)).abs())
                    .sum::<f64>();
            }
        }
        sum
    }
}
