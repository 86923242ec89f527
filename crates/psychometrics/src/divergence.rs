//! How far distributions over the same outcomes lie apart: what an item tells of who answered it.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use thiserror::Error;

/// How far a sum of probabilities may be from 1.
const ROUNDING: f64 = 1e-9;

/// Why numbers were refused as distributions.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DivergenceError {
    /// There is no distribution, or none over any outcome.
    #[error("expected at least 1 distribution and 1 outcome, found {distributions} x {outcomes}")]
    Shape {
        /// Number of rows.
        distributions: usize,
        /// Number of columns.
        outcomes: usize,
    },
    /// A row is no distribution.
    #[error("distribution {row} is {found:?}: expected shares that add up to 1")]
    NotDistribution {
        /// Row, from 0.
        row: usize,
        /// Its numbers.
        found: Vec<f64>,
    },
    /// The reference is over other outcomes, or no distribution.
    #[error("the reference is {found:?}: expected {outcomes} shares that add up to 1")]
    Reference {
        /// Its numbers.
        found: Vec<f64>,
        /// Number of outcomes of the distributions.
        outcomes: usize,
    },
    /// A count is negative or none.
    #[error("row {row}, outcome {outcome}: {found} is no count")]
    Count {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        outcome: usize,
        /// What stands there.
        found: f64,
    },
}

/// Distributions over the same outcomes, `[distributions, outcomes]`.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::divergence::Distributions;
///
/// // Yes, no and unsure, of two models that agree on nothing.
/// let answers = Distributions::new(array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].view())?;
/// assert!((answers.jensen_shannon() - 2.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), psychometrics::divergence::DivergenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distributions {
    shares: Array2<f64>,
}

/// Mean distance of distributions from one of reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Mean Jensen-Shannon divergence, in nats, from 0 to ln 2.
    pub jensen_shannon: f64,
    /// Mean total variation, from 0 to 1.
    pub total_variation: f64,
}

impl Distributions {
    /// Takes shares.
    ///
    /// # Errors
    /// [`DivergenceError::NotDistribution`] with the row whose numbers are not shares of 1.
    pub fn new(shares: ArrayView2<'_, f64>) -> Result<Self, DivergenceError> {
        not_empty(shares)?;
        match shares
            .rows()
            .into_iter()
            .position(|row| !is_distribution(row))
        {
            None => Ok(Self {
                shares: shares.to_owned(),
            }),
            Some(row) => Err(DivergenceError::NotDistribution {
                row,
                found: shares.row(row).to_vec(),
            }),
        }
    }

    /// Estimates shares from counts with Jeffreys' prior: half a count more for each outcome.
    ///
    /// # Errors
    /// [`DivergenceError::Count`] with the cell that is no count.
    pub fn from_counts(counts: ArrayView2<'_, f64>) -> Result<Self, DivergenceError> {
        not_empty(counts)?;
        let is_wrong = |found: &f64| !found.is_finite() || *found < 0.0;
        let wrong = counts.indexed_iter().find(|(_, found)| is_wrong(found));
        if let Some(((row, outcome), &found)) = wrong {
            return Err(DivergenceError::Count {
                row,
                outcome,
                found,
            });
        }
        let more = &counts + 0.5;
        let totals = more.sum_axis(Axis(1)).insert_axis(Axis(1));
        Ok(Self {
            shares: more / totals,
        })
    }

    /// The shares.
    #[must_use]
    pub fn shares(&self) -> ArrayView2<'_, f64> {
        self.shares.view()
    }

    /// The generalised Jensen-Shannon divergence with equal weights, in nats: entropy of the mean
    /// less mean entropy, the information that an outcome has about which distribution it is from.
    ///
    /// J. Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information
    /// Theory 37 (1991).
    #[must_use]
    pub fn jensen_shannon(&self) -> f64 {
        let n = self.shares.nrows() as f64;
        let mean = self.shares.sum_axis(Axis(0)) / n;
        let entropies = self.shares.rows().into_iter().map(entropy);
        entropy(mean.view()) - entropies.sum::<f64>() / n
    }

    /// Mean distance from a reference.
    ///
    /// # Errors
    /// [`DivergenceError::Reference`] where it is no distribution over the same outcomes.
    pub fn distance_from(
        &self,
        reference: ArrayView1<'_, f64>,
    ) -> Result<Distance, DivergenceError> {
        let outcomes = self.shares.ncols();
        if reference.len() != outcomes || !is_distribution(reference) {
            return Err(DivergenceError::Reference {
                found: reference.to_vec(),
                outcomes,
            });
        }
        let n = self.shares.nrows() as f64;
        let mean_of = |of: &dyn Fn(ArrayView1<'_, f64>) -> f64| {
            self.shares.rows().into_iter().map(of).sum::<f64>() / n
        };
        let between = |row: ArrayView1<'_, f64>| {
            let middle: Array1<f64> = (&row + &reference) / 2.0;
            entropy(middle.view()) - f64::midpoint(entropy(row), entropy(reference))
        };
        let apart = |row: ArrayView1<'_, f64>| (&row - &reference).abs().sum() / 2.0;
        Ok(Distance {
            jensen_shannon: mean_of(&between),
            total_variation: mean_of(&apart),
        })
    }
}

fn not_empty(table: ArrayView2<'_, f64>) -> Result<(), DivergenceError> {
    let (distributions, outcomes) = table.dim();
    match distributions == 0 || outcomes == 0 {
        false => Ok(()),
        true => Err(DivergenceError::Shape {
            distributions,
            outcomes,
        }),
    }
}

fn is_distribution(shares: ArrayView1<'_, f64>) -> bool {
    shares.iter().all(|share| *share >= 0.0) && (shares.sum() - 1.0).abs() <= ROUNDING
}

/// In nats; an outcome that does not occur adds nothing.
fn entropy(shares: ArrayView1<'_, f64>) -> f64 {
    let occurring = shares.iter().filter(|share| **share > 0.0);
    -occurring.map(|share| share * share.ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn equal_distributions_tell_nothing_and_opposite_ones_all() {
        let equal = Distributions::from_counts(array![[3.0, 1.0], [3.0, 1.0]].view()).unwrap();
        assert!(equal.jensen_shannon().abs() < 1e-15);
        let own = equal.distance_from(array![0.7, 0.3].view()).unwrap();
        assert!(own.jensen_shannon.abs() < 1e-15 && own.total_variation.abs() < 1e-15);
        let one = Distributions::new(array![[1.0, 0.0]].view()).unwrap();
        let far = one.distance_from(array![0.0, 1.0].view()).unwrap();
        assert_eq!(
            (far.jensen_shannon, far.total_variation),
            (2.0_f64.ln(), 1.0)
        );
    }

    #[test]
    fn what_is_no_distribution_is_named() {
        let message = |m: Array2<f64>| Distributions::new(m.view()).unwrap_err().to_string();
        assert_eq!(
            message(array![[0.5, 0.5], [0.5, 0.6]]),
            "distribution 1 is [0.5, 0.6]: expected shares that add up to 1"
        );
        assert!(message(array![[f64::NAN, 1.0]]).contains("NaN"));
        assert!(
            message(Array2::zeros((2, 0)))
                .starts_with("expected at least 1 distribution and 1 outcome, found 2 x 0")
        );
        let counts = Distributions::from_counts(array![[1.0, -2.0]].view()).unwrap_err();
        assert_eq!(counts.to_string(), "row 0, outcome 1: -2 is no count");
        let one = Distributions::new(array![[1.0, 0.0]].view()).unwrap();
        assert!(one.distance_from(array![1.0].view()).is_err());
    }
}
