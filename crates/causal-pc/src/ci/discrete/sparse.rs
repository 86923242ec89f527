//! Tables too large to be counted whole. Most of their strata are empty, so those that are met are
//! numbered; if their tables are still too large, rows are sorted instead.

use super::Tables;
use super::statistic::{Kind, Margins, Totals, deviance, pearson};

/// The totals of the test of `x` and `y` given a set: O(n (1 + |S|)) if the tables of the strata
/// met are small enough, else O(n log n).
pub(super) fn totals(tables: &Tables, kind: Kind, x: usize, y: usize, given: &[usize]) -> Totals {
    let strata = Strata::new(tables, given);
    let width = |v: usize| tables.columns[v].width();
    let n_cells = strata.n.saturating_mul(width(x)).saturating_mul(width(y));
    if n_cells <= largest_table(tables.n_rows) {
        counted_totals(tables, &strata, kind, x, y)
    } else {
        sorted_totals(tables, &strata, kind, x, y)
    }
}

/// The most cells that are worth clearing and looking through, whether met or not.
pub(super) fn largest_table(n_rows: usize) -> usize {
    (16 * n_rows).max(1 << 14)
}

/// The combinations of levels of a set that occur, numbered.
struct Strata {
    n: usize,
    /// Each row's number.
    of_row: Vec<u32>,
    /// Whether the stratum's rows miss a member of the set.
    is_incomplete: Vec<bool>,
}

impl Strata {
    fn new(tables: &Tables, given: &[usize]) -> Self {
        let first = Self {
            n: 1,
            of_row: vec![0; tables.n_rows],
            is_incomplete: vec![false],
        };
        given
            .iter()
            .fold(first, |strata, &v| strata.split(tables, v))
    }

    /// Splits every stratum by the levels of one more variable.
    fn split(&self, tables: &Tables, v: usize) -> Self {
        let column = &tables.columns[v];
        let mut is_incomplete = Vec::new();
        let mut number = |stratum: u32, code: u32| {
            let misses = code as usize == column.n_levels;
            is_incomplete.push(misses || self.is_incomplete[stratum as usize]);
            is_incomplete.len() as u32 - 1
        };
        let rows = self.of_row.iter().enumerate();
        let rows = rows.map(|(row, &stratum)| (stratum, column.codes.get(row)));
        let n_combinations = self.n.saturating_mul(column.width());
        let of_row = if n_combinations <= largest_table(tables.n_rows) {
            number_by_table(rows, column.width(), n_combinations, &mut number)
        } else {
            number_by_sorting(rows, &mut number)
        };
        Self {
            n: is_incomplete.len(),
            of_row,
            is_incomplete,
        }
    }
}

fn number_by_table(
    rows: impl Iterator<Item = (u32, u32)>,
    width: usize,
    n_combinations: usize,
    number: &mut impl FnMut(u32, u32) -> u32,
) -> Vec<u32> {
    const NEW: u32 = u32::MAX;
    let mut numbers = vec![NEW; n_combinations];
    rows.map(|(stratum, code)| {
        let known = &mut numbers[stratum as usize * width + code as usize];
        if *known == NEW {
            *known = number(stratum, code);
        }
        *known
    })
    .collect()
}

fn number_by_sorting(
    rows: impl Iterator<Item = (u32, u32)>,
    number: &mut impl FnMut(u32, u32) -> u32,
) -> Vec<u32> {
    let mut sorted: Vec<((u32, u32), u32)> = rows.zip(0..).collect();
    sorted.sort_unstable();
    let mut of_row = vec![0; sorted.len()];
    for alike in sorted.chunk_by(|a, b| a.0 == b.0) {
        let ((stratum, code), _) = alike[0];
        let new = number(stratum, code);
        alike
            .iter()
            .for_each(|&(_, row)| of_row[row as usize] = new);
    }
    of_row
}

fn counted_totals(tables: &Tables, strata: &Strata, kind: Kind, x: usize, y: usize) -> Totals {
    let (x, y) = (&tables.columns[x], &tables.columns[y]);
    let size = x.width() * y.width();
    let mut counts = vec![0_u32; strata.n * size];
    for (row, &stratum) in strata.of_row.iter().enumerate() {
        let cell = x.codes.get(row) as usize + x.width() * y.codes.get(row) as usize;
        counts[stratum as usize * size + cell] += 1;
    }
    let (mut totals, mut margins) = (Totals::default(), Margins::default());
    let complete = strata
        .is_incomplete
        .iter()
        .map(|is_incomplete| !is_incomplete);
    for (cells, is_complete) in counts.chunks_exact(size).zip(complete) {
        if is_complete {
            margins.add(
                &mut totals,
                kind,
                cells,
                x.width(),
                (y.n_levels, x.n_levels),
            );
        }
    }
    totals
}

fn sorted_totals(tables: &Tables, strata: &Strata, kind: Kind, x: usize, y: usize) -> Totals {
    let (x, y) = (&tables.columns[x], &tables.columns[y]);
    let rows = strata.of_row.iter().enumerate();
    let rows = rows.map(|(row, &stratum)| (stratum, x.codes.get(row), y.codes.get(row)));
    let is_complete = |&(stratum, of_x, of_y): &(u32, u32, u32)| {
        !strata.is_incomplete[stratum as usize]
            && (of_x as usize) < x.n_levels
            && (of_y as usize) < y.n_levels
    };
    let mut rows: Vec<(u32, u32, u32)> = rows.filter(is_complete).collect();
    rows.sort_unstable();
    let mut margins = SparseMargins {
        x: vec![0; x.n_levels],
        y: vec![0; y.n_levels],
    };
    let mut totals = Totals::default();
    for stratum in rows.chunk_by(|a, b| a.0 == b.0) {
        margins.add(&mut totals, kind, stratum);
    }
    totals
}

/// Row and column totals of one stratum, by level; 0 between strata.
struct SparseMargins {
    x: Vec<u32>,
    y: Vec<u32>,
}

impl SparseMargins {
    /// Adds a stratum, given by its rows sorted by the levels of `x` and `y`.
    fn add(&mut self, totals: &mut Totals, kind: Kind, rows: &[(u32, u32, u32)]) {
        let (mut n_x, mut n_y) = (0, 0);
        for &(_, x, y) in rows {
            n_x += u64::from(self.x[x as usize] == 0);
            n_y += u64::from(self.y[y as usize] == 0);
            self.x[x as usize] += 1;
            self.y[y as usize] += 1;
        }
        totals.n_samples += rows.len() as u64;
        totals.n_strata += 1;
        totals.dof += (n_x - 1) * (n_y - 1);
        if n_x > 1 && n_y > 1 {
            totals.statistic += self.statistic(kind, rows);
        }
        for &(_, x, y) in rows {
            self.x[x as usize] = 0;
            self.y[y as usize] = 0;
        }
    }

    fn statistic(&self, kind: Kind, rows: &[(u32, u32, u32)]) -> f64 {
        let n = rows.len() as f64;
        let (mut sum, mut expected_where_met) = (0.0, 0.0);
        for alike in rows.chunk_by(|a, b| a == b) {
            let (_, x, y) = alike[0];
            let share = f64::from(self.x[x as usize]) / n;
            let expected = share * f64::from(self.y[y as usize]);
            expected_where_met += expected;
            sum += match kind {
                Kind::Pearson => pearson(alike.len() as f64, expected),
                Kind::LikelihoodRatio => deviance(alike.len() as f64, expected),
            };
        }
        match kind {
            // An empty cell adds what is expected there.
            Kind::Pearson => sum + (n - expected_where_met).max(0.0),
            Kind::LikelihoodRatio => sum,
        }
    }
}
