//! Correlations over the rows that are complete in the variables of one test.

use ndarray::Array2;

use super::correlation;
use crate::data::Missing;

/// Columns with missing values, for test-wise deletion.
#[derive(Clone, Debug)]
pub(super) struct Incomplete {
    /// `[p, n]`, NaN where missing.
    columns: Array2<f64>,
    /// Whether each column lacks a value.
    pub(super) lacks: Vec<bool>,
}

impl Incomplete {
    pub(super) fn new(columns: &Array2<f64>, missing: Missing) -> Option<Self> {
        if missing == Missing::Refuse {
            return None;
        }
        let rows = columns.rows();
        let lacks: Vec<bool> = rows
            .into_iter()
            .map(|row| row.iter().any(|v| v.is_nan()))
            .collect();
        let columns = || columns.clone();
        lacks.contains(&true).then(|| Self {
            columns: columns(),
            lacks,
        })
    }

    /// Correlations of these columns over the rows complete in all of them. A column that is
    /// constant there has variance zero.
    pub(super) fn correlations(&self, order: &[usize]) -> (Array2<f64>, usize) {
        let complete = |row: &usize| order.iter().all(|&v| !self.columns[(v, *row)].is_nan());
        let rows: Vec<usize> = (0..self.columns.ncols()).filter(complete).collect();
        let mut own = Array2::from_shape_fn((order.len(), rows.len()), |(i, j)| {
            self.columns[(order[i], rows[j])]
        });
        (standardised_correlations(&mut own), rows.len())
    }
}

/// Standardises columns without missing values, `[n_columns, n_rows]`, and correlates them. One that
/// is constant has variance zero.
pub(in crate::ci) fn standardised_correlations(columns: &mut Array2<f64>) -> Array2<f64> {
    let varies: Vec<bool> = columns
        .rows_mut()
        .into_iter()
        .map(|mut row| row.as_slice_mut().is_some_and(correlation::standardise))
        .collect();
    let mut corr = correlation::correlations(columns);
    for v in (0..varies.len()).filter(|&v| !varies[v]) {
        columns.row_mut(v).fill(0.0);
        corr.row_mut(v).fill(0.0);
        corr.column_mut(v).fill(0.0);
    }
    corr
}
