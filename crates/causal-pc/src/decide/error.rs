use thiserror::Error;

use crate::effects::ModelError;

/// Why nothing could be decided.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DecisionError {
    /// There are more or fewer numbers than something else has.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What was given.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A number cannot stand where it stands.
    #[error("{what} {place}: expected {expected}, found {found}")]
    Number {
        /// What was given.
        what: &'static str,
        /// Its number, from 0.
        place: usize,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: f64,
    },
    /// The bounds leave nothing between them.
    #[error("bounds: expected a low and a higher finite number, found {low} and {high}")]
    Bounds {
        /// The first.
        low: f64,
        /// The second.
        high: f64,
    },
    /// There are more possibilities than can be gone through.
    #[error("{found} possibilities: at most {most} are gone through; choose fewer at a time")]
    TooMany {
        /// How many there are.
        found: u128,
        /// The limit.
        most: u128,
    },
    /// The model cannot be asked.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl DecisionError {
    pub(super) fn check_length(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        match found == expected {
            true => Ok(()),
            false => Err(Self::Length {
                what,
                expected,
                found,
            }),
        }
    }

    /// Refuses the first number for which `is_fine` does not hold.
    pub(super) fn check_numbers<'a>(
        what: &'static str,
        expected: &'static str,
        numbers: impl IntoIterator<Item = &'a f64>,
        is_fine: impl Fn(f64) -> bool,
    ) -> Result<(), Self> {
        match numbers
            .into_iter()
            .enumerate()
            .find(|(_, number)| !is_fine(**number))
        {
            None => Ok(()),
            Some((place, &found)) => Err(Self::Number {
                what,
                place,
                expected,
                found,
            }),
        }
    }
}
