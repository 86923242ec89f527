//! Tables too large to be counted whole: their rows are sorted instead.

use super::Tables;
use super::statistic::{Kind, Totals, deviance, pearson};

/// The totals of the test of `x` and `y` given a set, in O(n log n) whatever the levels.
pub(super) fn totals(tables: &Tables, kind: Kind, x: usize, y: usize, given: &[usize]) -> Totals {
    let mut rows = complete_rows(tables, x, y, given);
    rows.sort_unstable();
    let width = |v: usize| tables.columns[v].width();
    let mut margins = SparseMargins {
        x: vec![0; width(x)],
        y: vec![0; width(y)],
    };
    let mut totals = Totals::default();
    for stratum in rows.chunk_by(|a, b| a.0 == b.0) {
        margins.add(&mut totals, kind, stratum);
    }
    totals
}

/// Stratum, level of `x` and level of `y` of every row without a missing value.
fn complete_rows(tables: &Tables, x: usize, y: usize, given: &[usize]) -> Vec<(u32, u32, u32)> {
    let strata = strata(tables, given);
    let column = |v: usize| &tables.columns[v];
    let is_complete = |row: usize| {
        let is_present = |v: usize| (column(v).codes.get(row) as usize) < column(v).n_levels;
        is_present(x) && is_present(y) && given.iter().all(|&v| is_present(v))
    };
    (0..tables.n_rows)
        .filter(|&row| is_complete(row))
        .map(|row| {
            (
                strata[row],
                column(x).codes.get(row),
                column(y).codes.get(row),
            )
        })
        .collect()
}

/// Numbers the combinations of levels of the set that occur: each row's number.
fn strata(tables: &Tables, given: &[usize]) -> Vec<u32> {
    let mut strata = vec![0; tables.n_rows];
    for &v in given {
        let codes = &tables.columns[v].codes;
        let mut pairs: Vec<(u32, u32, u32)> = strata
            .iter()
            .enumerate()
            .map(|(row, &stratum)| (stratum, codes.get(row), row as u32))
            .collect();
        pairs.sort_unstable();
        for (number, alike) in pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).enumerate() {
            alike
                .iter()
                .for_each(|&(_, _, row)| strata[row as usize] = number as u32);
        }
    }
    strata
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
