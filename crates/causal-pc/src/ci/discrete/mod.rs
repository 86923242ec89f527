mod coding;
mod options;
mod sparse;
mod statistic;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::ArrayView2;
use thiserror::Error;

use self::coding::{Column, code_columns};
use self::statistic::{Kind, Totals};
use super::chi_squared::{log_upper_tail, upper_tail};
use super::{CiTest, QueryError};
use crate::data::{DataError, Variable};

pub use self::coding::Level;
pub use self::options::{DegreesOfFreedom, DiscreteOptions, MinimumCount};

/// Pearson's chi-squared test of conditional independence for discrete data.
///
/// The table of `x` by `y` is made for each stratum, each combination of levels of the conditioning
/// set that is met; the statistic is the sum over strata and cells of `(O - E)^2 / E`, where `O` is
/// the count and `E = row total x column total / stratum total`. It is held against the chi-squared
/// distribution; see [`DegreesOfFreedom`] and [`MinimumCount`].
///
/// Assumes independent samples and, for the distribution to hold, some five expected samples in
/// most cells; with fewer the test answers independence too often or too rarely.
///
/// O(n (1 + |S|)) and the size of the table; of a table of more than some 16 n cells only the strata
/// that are met are counted, and if these too have more, rows are sorted, in O(n log n).
/// Consecutive queries on one thread that begin alike (the same `x`, `y` and first members of the
/// set) share the coding of their rows.
///
/// ```
/// use causal_pc::ci::{ChiSquare, CiTest};
/// use ndarray::array;
///
/// // [n_samples, n_variables]
/// let samples = array![[0, 1], [0, 1], [1, 0], [1, 0], [1, 1], [0, 0], [0, 1], [1, 0]];
/// let test = ChiSquare::from_samples(samples.view())?;
/// let result = test.test(0, 1, &[])?;
/// assert_eq!((result.statistic, result.dof), (2.0, 1.0));
/// assert!((test.p_value(0, 1, &[])? - 0.157_299_207).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChiSquare {
    tables: Tables,
}

/// The likelihood-ratio test (G squared) of conditional independence for discrete data.
///
/// As [`ChiSquare`], with the statistic `2 sum O ln(O / E)`, to which empty cells add nothing.
/// Agrees with causal-learn's `gsq` by default.
///
/// ```
/// use causal_pc::ci::{CiTest, GSquare};
/// use ndarray::array;
///
/// let samples = array![["a", "u"], ["a", "u"], ["b", "v"], ["b", "v"], ["b", "u"], ["a", "u"]];
/// let test = GSquare::from_samples(samples.view())?;
/// assert!((test.p_value(0, 1, &[])? - 0.050_671_902).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GSquare {
    tables: Tables,
}

/// What a test on contingency tables found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiscreteResult {
    /// Chi-squared or G squared.
    pub statistic: f64,
    /// Degrees of freedom; 0 if no table could show dependence.
    pub dof: f64,
    /// The upper tail of the chi-squared distribution; 1 with 0 degrees of freedom or too few
    /// samples.
    pub p_value: f64,
    /// Its natural logarithm, precise also where the p-value itself is too small for `f64`.
    pub log_p_value: f64,
    /// Samples without a missing value in the variables of the test.
    pub n_samples: usize,
    /// Combinations of levels of the conditioning set that these samples show.
    pub n_strata: usize,
}

/// Why discrete data could not be tested.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DiscreteError {
    /// The data cannot be tested.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The question makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// More samples than can be counted.
    #[error("{found} rows; at most {} can be counted", u32::MAX)]
    TooManyRows {
        /// Rows in the data.
        found: usize,
    },
    /// A column has too many levels for its number of samples: a test would call it independent of a
    /// copy of itself. Most such columns hold measurements or names rather than categories.
    #[error(
        "variable {variable} has {found} levels in {n_samples} samples: too many for a table ({}); \
         test numbers as numbers, join levels, or allow them by max_levels",
        too_many(*allowed)
    )]
    TooManyLevels {
        /// The column.
        variable: Variable,
        /// Its levels.
        found: usize,
        /// Samples with a level.
        n_samples: usize,
        /// The most that the options allow, if they state a number.
        allowed: Option<usize>,
    },
    /// The factor of [`MinimumCount::PerDegreeOfFreedom`] is negative or not a number.
    #[error("the minimum count per degree of freedom must be at least 0, found {found}")]
    MinimumCount {
        /// The factor.
        found: f64,
    },
}

fn too_many(allowed: Option<usize>) -> String {
    match allowed {
        Some(allowed) => format!("at most {allowed} are allowed"),
        None => "even its own copy would pass for independent of it".to_owned(),
    }
}

macro_rules! discrete_test {
    ($test:ident, $kind:expr) => {
        impl $test {
            /// The test of these samples, `[n_samples, n_variables]`, with the default options.
            ///
            /// # Errors
            ///
            /// [`DiscreteError`] if there is no column or no row, or a value is missing or not
            /// finite.
            pub fn from_samples<'a, L: Level + 'a>(
                samples: impl Into<ArrayView2<'a, L>>,
            ) -> Result<Self, DiscreteError> {
                Self::with_options(samples, DiscreteOptions::new())
            }

            /// The test of these samples, `[n_samples, n_variables]`.
            ///
            /// # Errors
            ///
            /// [`DiscreteError`] if there is no column or no row, a value is not finite, one is
            /// missing and that is refused, a column is missing throughout, or names are too few,
            /// too many or repeated.
            pub fn with_options<'a, L: Level + 'a>(
                samples: impl Into<ArrayView2<'a, L>>,
                options: DiscreteOptions,
            ) -> Result<Self, DiscreteError> {
                Ok(Self {
                    tables: Tables::new(&samples.into(), options)?,
                })
            }

            /// Number of levels of a variable, missing values not counted.
            pub fn n_levels(&self, variable: usize) -> Option<usize> {
                self.tables
                    .columns
                    .get(variable)
                    .map(|column| column.n_levels)
            }

            /// Tests `x` against `y` given `given`: the statistic and what it came from.
            ///
            /// # Errors
            ///
            /// [`DiscreteError::Query`] for variables that do not exist or repeat.
            pub fn test(
                &self,
                x: usize,
                y: usize,
                given: &[usize],
            ) -> Result<DiscreteResult, DiscreteError> {
                let (totals, dof) = self.tables.totals($kind, x, y, given)?;
                let log_p_value = dof.map_or(0.0, |dof| log_upper_tail(totals.statistic, dof));
                Ok(DiscreteResult {
                    statistic: totals.statistic,
                    dof: self.tables.dof(&totals, x, y, given),
                    p_value: dof.map_or(1.0, |dof| upper_tail(totals.statistic, dof)),
                    log_p_value,
                    n_samples: totals.n_samples as usize,
                    n_strata: totals.n_strata as usize,
                })
            }
        }

        impl CiTest for $test {
            type Error = DiscreteError;

            fn n_variables(&self) -> usize {
                self.tables.columns.len()
            }

            fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, DiscreteError> {
                let (totals, dof) = self.tables.totals($kind, x, y, given)?;
                Ok(dof.map_or(1.0, |dof| upper_tail(totals.statistic, dof)))
            }

            fn log_p_value(
                &self,
                x: usize,
                y: usize,
                given: &[usize],
            ) -> Result<f64, DiscreteError> {
                let (totals, dof) = self.tables.totals($kind, x, y, given)?;
                Ok(dof.map_or(0.0, |dof| log_upper_tail(totals.statistic, dof)))
            }

            fn names(&self) -> Option<&[String]> {
                self.tables.options.names.as_deref()
            }
        }
    };
}

discrete_test!(ChiSquare, Kind::Pearson);
discrete_test!(GSquare, Kind::LikelihoodRatio);

/// How surely a column must be told apart from one that is independent of it.
const OWN_COPY: f64 = 0.05;

/// Refuses a column of too many levels: more than the options allow or, if they state no number, so
/// many that its G squared against its own copy, `2 n H` with `(levels - 1)^2` degrees of freedom, is
/// not significant at 0.05, or that its samples are too few for that table.
fn check_levels(
    index: usize,
    column: &Column,
    n_rows: usize,
    options: &DiscreteOptions,
) -> Result<(), DiscreteError> {
    let found = column.n_levels;
    let counts = column.counts(n_rows);
    let n_samples: usize = counts.iter().sum();
    let is_too_many = match options.max_levels {
        Some(allowed) => found > allowed,
        None => {
            let share = |&count: &usize| count as f64 / n_samples as f64;
            let entropy: f64 = -counts.iter().map(|c| share(c) * share(c).ln()).sum::<f64>();
            let dof = ((found - 1) as f64).powi(2);
            let is_too_sparse = options.minimum_count.is_above(n_samples as f64, dof);
            let g_squared = 2.0 * n_samples as f64 * entropy;
            found > 2 && (is_too_sparse || upper_tail(g_squared, dof) > OWN_COPY)
        }
    };
    if !is_too_many {
        return Ok(());
    }
    Err(DiscreteError::TooManyLevels {
        variable: Variable::new(index, options.names.as_deref()),
        found,
        n_samples,
        allowed: options.max_levels,
    })
}

/// Coded columns, and how they are tested.
#[derive(Clone, Debug)]
struct Tables {
    /// Tells the data apart from any other's, for what a thread remembers between queries.
    id: u64,
    columns: Arc<[Column]>,
    n_rows: usize,
    options: DiscreteOptions,
}

impl Tables {
    fn new<L: Level>(
        samples: &ArrayView2<'_, L>,
        options: DiscreteOptions,
    ) -> Result<Self, DiscreteError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        if let MinimumCount::PerDegreeOfFreedom(found) = options.minimum_count
            && (found < 0.0 || found.is_nan())
        {
            return Err(DiscreteError::MinimumCount { found });
        }
        let n_rows = samples.nrows();
        if n_rows >= u32::MAX as usize {
            return Err(DiscreteError::TooManyRows { found: n_rows });
        }
        let columns = code_columns(samples, options.names.as_deref(), options.missing)?;
        for (index, column) in columns.iter().enumerate() {
            check_levels(index, column, n_rows, &options)?;
        }
        let columns = columns.into();
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            columns,
            n_rows,
            options,
        })
    }

    /// The totals over all strata, and the degrees of freedom of a p-value that is not 1 anyway.
    fn totals(
        &self,
        kind: Kind,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<(Totals, Option<f64>), DiscreteError> {
        QueryError::check(self.columns.len(), x, y, given)?;
        let totals = if given.is_sorted() {
            table::totals(self, kind, x.min(y), x.max(y), given)
        } else {
            let mut sorted = given.to_vec();
            sorted.sort_unstable();
            table::totals(self, kind, x.min(y), x.max(y), &sorted)
        };
        let dof = self.dof(&totals, x, y, given);
        let is_tested = dof > 0.0 && !self.is_too_sparse(&totals, x, y, given);
        Ok((totals, is_tested.then_some(dof)))
    }

    fn dof(&self, totals: &Totals, x: usize, y: usize, given: &[usize]) -> f64 {
        match self.options.dof {
            DegreesOfFreedom::NonEmpty => totals.dof as f64,
            DegreesOfFreedom::AllCells => self.dof_of_all_cells(x, y, given),
        }
    }

    fn dof_of_all_cells(&self, x: usize, y: usize, given: &[usize]) -> f64 {
        let levels = |v: usize| self.columns[v].n_levels as f64;
        (levels(x) - 1.0) * (levels(y) - 1.0) * given.iter().map(|&v| levels(v)).product::<f64>()
    }

    fn is_too_sparse(&self, totals: &Totals, x: usize, y: usize, given: &[usize]) -> bool {
        let dof = self.dof_of_all_cells(x, y, given);
        let minimum = self.options.minimum_count;
        minimum.is_above(totals.n_samples as f64, dof)
    }
}
