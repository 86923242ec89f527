//! Reading tables and expected numbers from folders that environment variables name.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};
use serde_json::Value;

/// The folder, or a word on standard error why the test is skipped.
pub fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    folder
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A CSV file with a header, cells as text.
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| row(record.unwrap()))
            .collect();
        Self { header, rows }
    }

    pub fn column(&self, name: &str) -> Vec<&str> {
        let column = self.header.iter().position(|other| other == name).unwrap();
        self.rows.iter().map(|row| row[column].as_str()).collect()
    }

    /// The columns from `first` on as numbers, NaN for an empty cell.
    pub fn numbers(&self, first: usize) -> Array2<f64> {
        let shape = (self.rows.len(), self.header.len() - first);
        Array2::from_shape_fn(shape, |(row, column)| {
            match self.rows[row][first + column].as_str() {
                "" => f64::NAN,
                cell => cell.parse().unwrap(),
            }
        })
    }
}

pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn numbers(value: &Value) -> Array1<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

pub fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Array1<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| {
        rows[row][column]
    })
}

pub fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let gap = (found - expected).abs();
    assert!(
        gap <= tolerance,
        "{what}: {found} is not {expected}, off by {gap:e}"
    );
}

pub fn assert_all_close<'a>(
    found: impl IntoIterator<Item = &'a f64>,
    expected: impl IntoIterator<Item = &'a f64>,
    tolerance: f64,
    what: &str,
) {
    let (found, expected): (Vec<_>, Vec<_>) =
        (found.into_iter().collect(), expected.into_iter().collect());
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        assert_close(*found, *expected, tolerance, &format!("{what} {at}"));
    }
}
