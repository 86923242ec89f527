//! Values that vary too little for a graph to say anything of them.
//!
//! A test of independence cannot remove the edges of a value that never varies, and those of one that varies in a row or
//! two hang on these rows.

use std::fmt;

use serde::Serialize;
use value_causal::bench::OrientationTable;

/// A value that varies has another number than its most common one in at least this share of the rows.
const LEAST_SHARE: f64 = 0.01;
/// And in at least as many rows as this.
const LEAST_ROWS: usize = 3;

/// A value that is left out of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// The value.
    pub value: String,
    /// Its most common orientation in these rows.
    pub usual: f64,
    /// Rows with another one.
    pub n_other: usize,
    /// Rows that a graph is searched in.
    pub n_rows: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            usual,
            n_other,
            n_rows,
        } = self;
        match n_other {
            0 => write!(f, "{value} ({usual} in all {n_rows} rows)"),
            _ => write!(f, "{value} (not {usual} in {n_other} of {n_rows} rows)"),
        }
    }
}

impl LeftOut {
    fn of(value: &str, mut column: Vec<f64>) -> Option<Self> {
        let n_rows = column.len();
        column.sort_by(f64::total_cmp);
        let most_common = column
            .chunk_by(|a, b| a == b)
            .max_by_key(|same| same.len())?;
        let n_other = n_rows - most_common.len();
        let varies = n_other >= LEAST_ROWS && n_other as f64 >= LEAST_SHARE * n_rows as f64;
        (!varies).then(|| Self {
            value: value.to_owned(),
            usual: most_common[0],
            n_other,
            n_rows,
        })
    }
}

/// The values that vary too little in some of these tables, all of the same values.
#[must_use]
pub fn hardly_varied(tables: &[&OrientationTable]) -> Vec<LeftOut> {
    let values = tables
        .first()
        .map_or(&[] as &[String], |table| table.values());
    let of_value = |(at, value): (usize, &String)| {
        let column = |table: &&OrientationTable| table.matrix().column(at).to_vec();
        tables
            .iter()
            .find_map(|table| LeftOut::of(value, column(table)))
    };
    values.iter().enumerate().filter_map(of_value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_hardly_varies_is_named_with_what_it_does() {
        let column = |n_other: usize, n: usize| {
            (0..n)
                .map(|row| if row < n_other { row as f64 } else { -1.0 })
                .collect()
        };
        let shown =
            |n_other, n| LeftOut::of("Zeal", column(n_other, n)).map(|left| left.to_string());
        assert_eq!(shown(0, 9).as_deref(), Some("Zeal (-1 in all 9 rows)"));
        assert_eq!(shown(2, 9).as_deref(), Some("Zeal (not -1 in 2 of 9 rows)"));
        assert_eq!(shown(3, 9), None);
        assert_eq!(
            shown(4, 500).as_deref(),
            Some("Zeal (not -1 in 4 of 500 rows)")
        );
        assert_eq!(shown(5, 500), None);
        assert_eq!(shown(0, 0), None);
    }
}
