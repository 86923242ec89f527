use thiserror::Error;

use crate::variable::Variable;

/// Why wins were refused, or have no strengths.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ComparisonError {
    /// The table is not square, or holds fewer than two options.
    #[error("{rows} x {columns} wins: expected as many rows as columns, at least 2")]
    Shape {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
    },
    /// There are more or fewer names than options.
    #[error("{names} names for {options} options")]
    Names {
        /// Number of names.
        names: usize,
        /// Number of options.
        options: usize,
    },
    /// A number of wins is negative, infinite or none, or an option meets itself.
    #[error("{winner} won {found} times against {loser}")]
    Count {
        /// Row.
        winner: Variable,
        /// Column.
        loser: Variable,
        /// What stands there.
        found: f64,
    },
    /// A choice speaks of an option that there is not.
    #[error("a choice of option {option}; there are {options}, numbered from 0")]
    Unknown {
        /// Its number.
        option: usize,
        /// Number of options.
        options: usize,
    },
    /// No chain of wins leads from one option to another, so that their strengths lie apart without
    /// end, or cannot be compared.
    #[error("no chain of wins leads from {winner} to {loser}: add comparisons, or pseudo-wins")]
    Unconnected {
        /// The option that does not win.
        winner: Variable,
        /// Over which.
        loser: Variable,
    },
    /// The search for the maximum of the likelihood came to no end.
    #[error("no maximum of the likelihood was found: slope {slope} after the last step")]
    NotReached {
        /// The largest part of the gradient that was left.
        slope: f64,
    },
}
