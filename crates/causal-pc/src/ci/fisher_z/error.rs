//! Why a Fisher-Z test cannot be made, or cannot answer.

use thiserror::Error;

use crate::ci::QueryError;
use crate::data::{self, DataError, Variable};
use crate::words::counted;

/// Why a Fisher-Z test could not be made, or could not answer.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FisherZError {
    /// The data cannot be tested.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Two columns are equal up to scale and shift.
    #[error(
        "variables {first} and {second} are duplicates: their correlation is {correlation}; \
         remove one of them, or choose what the test answers for singular sets"
    )]
    Duplicate {
        /// One of them.
        first: Variable,
        /// The other.
        second: Variable,
        /// Their correlation, nearly 1 or -1.
        correlation: f64,
    },
    /// A variable is a linear combination of others.
    #[error(
        "variable {variable} is a linear combination of {} (1 - R² is {one_minus_r2:e}, tolerance \
         {tolerance:e}); remove a variable, or choose what the test answers for singular sets",
        determinants(on)
    )]
    Collinear {
        /// The variable.
        variable: Variable,
        /// The others.
        on: Vec<Variable>,
        /// What the others leave unexplained of its variance.
        one_minus_r2: f64,
        /// The least that counts as something.
        tolerance: f64,
    },
    /// There are fewer samples than the test needs.
    #[error(
        "{samples} cannot test {x} and {y} given {variables}; at least {} are needed: {}",
        n_given + 3, data::too_few_advice(*n_given),
        samples = counted(n_samples, "sample"), variables = counted(n_given, "variable")
    )]
    TooFewSamples {
        /// Samples, complete in the variables of the test.
        n_samples: usize,
        /// One variable of the pair.
        x: Variable,
        /// The other.
        y: Variable,
        /// Size of the conditioning set.
        n_given: usize,
    },
    /// A given matrix is not a correlation matrix.
    #[error("entry ({row}, {column}) of the correlation matrix is {found}; expected {expected}")]
    NotACorrelation {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What is there.
        found: f64,
        /// What should be there.
        expected: String,
    },
    /// A given matrix has a negative eigenvalue: no data have such correlations.
    #[error(
        "the correlation matrix is not positive semidefinite: its smallest eigenvalue is \
         {smallest_eigenvalue:.3e}; correlations taken pair by pair over different rows are often \
         so: take them over the rows complete in all columns"
    )]
    NotPositiveSemidefinite {
        /// Its smallest eigenvalue.
        smallest_eigenvalue: f64,
    },
    /// The stated effective number of samples is no number above 0.
    #[error("the effective number of samples must be a number above 0, found {found}")]
    EffectiveSamples {
        /// What was stated.
        found: f64,
    },
    /// A given matrix is not square.
    #[error("a correlation matrix has as many rows as columns; this one has {rows} and {columns}")]
    NotSquare {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// A question names a variable twice, or one that does not exist.
    #[error(transparent)]
    Query(#[from] QueryError),
}

fn determinants(variables: &[Variable]) -> String {
    if variables.is_empty() {
        return "no other (it is constant in these rows)".to_owned();
    }
    data::listed(variables)
}
