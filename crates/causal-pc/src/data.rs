//! What every test checks of the data it is given.

use std::fmt;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::words::counted;

/// A variable as errors name it: by its number, and by its name where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    /// Its number, from 0: the column in the data.
    pub index: usize,
    /// Its name.
    pub name: Option<String>,
}

impl Variable {
    /// The variable of that number, with its name if there are names.
    pub fn new(index: usize, names: Option<&[String]>) -> Self {
        Self {
            index,
            name: names.and_then(|names| names.get(index)).cloned(),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} ({name})", self.index),
            None => write!(f, "{}", self.index),
        }
    }
}

/// What to do where samples are too few for a test given so many variables.
pub(crate) fn too_few_advice(n_given: usize) -> &'static str {
    if n_given == 0 {
        "leave out a variable that is missing too often, or choose what too few samples count as"
    } else {
        "limit the depth of the search, or choose what too few samples count as"
    }
}

/// Names as the options keep them.
pub(crate) fn owned<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    let owned = names.into_iter().map(|name| name.as_ref().to_owned());
    owned.collect()
}

/// The variables, separated by commas.
pub(crate) fn listed(variables: &[Variable]) -> String {
    let names: Vec<String> = variables.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The variables as a set: `{0 (a), 1 (b)}`.
pub(crate) fn in_braces(variables: &[Variable]) -> String {
    format!("{{{}}}", listed(variables))
}

/// Below this many values threads cost more than they save in reading and scaling columns.
pub(crate) const PARALLEL_FROM: usize = 1 << 17;

/// What a test does about missing values, which are NaN in the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// Refuses data with a missing value, and says where the first is.
    #[default]
    Refuse,
    /// Each test uses the rows that are complete in its own variables, and counts those rows as
    /// its sample size. Unbiased if values are missing completely at random.
    TestwiseDeletion,
}

/// Why data cannot be tested.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data has no column.
    #[error("the data has no column")]
    NoColumns,
    /// The data has too few rows.
    #[error("expected at least {}, found {found}", counted(needed, "row"))]
    TooFewRows {
        /// Rows in the data.
        found: usize,
        /// The smallest number that can be tested.
        needed: usize,
    },
    /// A value is infinite.
    #[error("row {row}, variable {variable}: {value} is not a finite number")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column.
        variable: Variable,
        /// What is there.
        value: f64,
    },
    /// A value is missing and [`Missing::Refuse`] stands.
    #[error(
        "row {row}, variable {variable}: the value is missing (NaN); \
         remove the row, or choose test-wise deletion"
    )]
    MissingValue {
        /// The row, from 0.
        row: usize,
        /// The column.
        variable: Variable,
    },
    /// A variable has the same value in every row where it is present.
    #[error("variable {variable} is constant: every value is {value}")]
    Constant {
        /// The column.
        variable: Variable,
        /// The value.
        value: f64,
    },
    /// A variable has no value at all.
    #[error("variable {variable} is missing in every row")]
    AllMissing {
        /// The column.
        variable: Variable,
    },
    /// The number of names is not the number of columns.
    #[error("{found} names for {expected} columns")]
    NameCount {
        /// Columns in the data.
        expected: usize,
        /// Names given.
        found: usize,
    },
    /// Two variables have one name.
    #[error("variables {first} and {second} are both named {name:?}")]
    RepeatedName {
        /// The column met first.
        first: usize,
        /// The column met later.
        second: usize,
        /// Their name.
        name: String,
    },
}

/// Checks that there is one name for each column, and none twice.
pub(crate) fn check_names(names: Option<&[String]>, n_columns: usize) -> Result<(), DataError> {
    let Some(names) = names else { return Ok(()) };
    if names.len() != n_columns {
        return Err(DataError::NameCount {
            expected: n_columns,
            found: names.len(),
        });
    }
    let mut seen = std::collections::HashMap::new();
    for (second, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name, second) {
            let name = name.clone();
            return Err(DataError::RepeatedName {
                first,
                second,
                name,
            });
        }
    }
    Ok(())
}

/// The data as `f64`, `[n_variables, n_samples]`, checked for what is not a number.
///
/// `samples` is `[n_samples, n_variables]`, in any layout.
pub(crate) fn columns<A: Copy + Into<f64> + Sync>(
    samples: &ArrayView2<'_, A>,
    names: Option<&[String]>,
    missing: Missing,
) -> Result<Array2<f64>, DataError> {
    let (n, p) = samples.dim();
    if p == 0 {
        return Err(DataError::NoColumns);
    }
    check_names(names, p)?;
    let mut values = vec![0.0; n * p];
    let copy = |(index, column): (usize, &mut [f64])| {
        for (to, &from) in column.iter_mut().zip(samples.column(index)) {
            *to = from.into();
        }
        check_values(column, index, names, missing)
    };
    let checked: Vec<Result<(), DataError>> = if values.len() < PARALLEL_FROM {
        values.chunks_mut(n.max(1)).enumerate().map(copy).collect()
    } else {
        let columns = values.par_chunks_mut(n).enumerate();
        columns.map(copy).collect()
    };
    checked.into_iter().collect::<Result<(), DataError>>()?;
    Ok(Array2::from_shape_vec((p, n), values).expect("n values for each of p variables"))
}

/// Checks one column for infinities and, unless they are welcome, missing values.
fn check_values(
    values: &[f64],
    index: usize,
    names: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    let refused = |v: &f64| v.is_infinite() || (missing == Missing::Refuse && v.is_nan());
    let Some(row) = values.iter().position(refused) else {
        return Ok(());
    };
    let (variable, value) = (Variable::new(index, names), values[row]);
    Err(if value.is_nan() {
        DataError::MissingValue { row, variable }
    } else {
        DataError::NotFinite {
            row,
            variable,
            value,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn bad_values_are_named_with_their_place() {
        let names: Vec<String> = vec!["a".into(), "b".into()];
        let refused = |samples: Array2<f64>, missing| {
            columns(&samples.view(), Some(&names), missing)
                .unwrap_err()
                .to_string()
        };
        let infinite = array![[1.0, 2.0], [1.0, f64::INFINITY]];
        assert_eq!(
            refused(infinite, Missing::TestwiseDeletion),
            "row 1, variable 1 (b): inf is not a finite number"
        );
        let absent = array![[f64::NAN, 2.0]];
        assert!(refused(absent.clone(), Missing::Refuse).starts_with("row 0, variable 0 (a)"));
        assert!(columns(&absent.view(), Some(&names), Missing::TestwiseDeletion).is_ok());
    }

    #[test]
    fn names_must_be_as_many_as_columns_and_distinct() {
        let twice: Vec<String> = vec!["a".into(), "b".into(), "a".into()];
        let error = check_names(Some(&twice), 3).unwrap_err();
        assert_eq!(error.to_string(), "variables 0 and 2 are both named \"a\"");
        let error = check_names(Some(&twice), 2).unwrap_err();
        assert_eq!(error.to_string(), "3 names for 2 columns");
    }
}
