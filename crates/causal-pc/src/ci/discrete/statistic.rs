/// Which statistic is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pearson,
    LikelihoodRatio,
}

/// Sums over the strata of one test.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) statistic: f64,
    pub(super) dof: u64,
    pub(super) n_samples: u64,
    pub(super) n_strata: u64,
}

/// Room for the margins of one stratum's table.
#[derive(Debug, Default)]
pub(super) struct Margins {
    rows: Vec<u32>,
    columns: Vec<u32>,
}

impl Margins {
    /// Adds the stratum whose table is `cells`, `width` cells to a row, of which the first
    /// `n_columns` in the first `n_rows` rows count.
    pub(super) fn add(
        &mut self,
        totals: &mut Totals,
        kind: Kind,
        cells: &[u32],
        width: usize,
        (n_rows, n_columns): (usize, usize),
    ) {
        self.rows.clear();
        self.columns.clear();
        self.columns.resize(n_columns, 0);
        let rows = || {
            cells
                .chunks_exact(width)
                .take(n_rows)
                .map(|row| &row[..n_columns])
        };
        for row in rows() {
            self.rows.push(row.iter().sum());
            self.columns
                .iter_mut()
                .zip(row)
                .for_each(|(sum, count)| *sum += count);
        }
        let n: u64 = self.rows.iter().map(|&sum| u64::from(sum)).sum();
        if n == 0 {
            return;
        }
        let dof = degrees_of_freedom(&self.rows) * degrees_of_freedom(&self.columns);
        totals.n_samples += n;
        totals.n_strata += 1;
        totals.dof += dof;
        if dof == 0 {
            return;
        }
        for (row, &row_sum) in rows().zip(&self.rows) {
            if row_sum > 0 {
                totals.statistic +=
                    row_statistic(kind, row, &self.columns, f64::from(row_sum) / n as f64);
            }
        }
    }
}

/// Non-empty rows, or columns, less one.
fn degrees_of_freedom(margin: &[u32]) -> u64 {
    margin
        .iter()
        .filter(|&&sum| sum > 0)
        .count()
        .saturating_sub(1) as u64
}

/// What one row adds, `share` being its part of the stratum.
fn row_statistic(kind: Kind, row: &[u32], columns: &[u32], share: f64) -> f64 {
    let cells = row.iter().zip(columns).filter(|(_, column)| **column > 0);
    let cells = cells.map(|(&count, &column)| (f64::from(count), share * f64::from(column)));
    match kind {
        Kind::Pearson => cells
            .map(|(count, expected)| pearson(count, expected))
            .sum(),
        Kind::LikelihoodRatio => cells
            .map(|(count, expected)| deviance(count, expected))
            .sum(),
    }
}

/// What one cell adds to chi-squared.
pub(super) fn pearson(count: f64, expected: f64) -> f64 {
    (count - expected) * (count - expected) / expected
}

/// What one cell adds to G squared.
pub(super) fn deviance(count: f64, expected: f64) -> f64 {
    if count > 0.0 {
        2.0 * count * (count / expected).ln()
    } else {
        0.0
    }
}
