use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::data::{DataError, Missing, columns};

/// The means and the covariance of data.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// The mean of each variable, `[n_variables]`.
    pub means: Array1<f64>,
    /// The sample covariance (divided by n - 1), `[n_variables, n_variables]`.
    pub covariance: Array2<f64>,
    /// Rows behind them.
    pub n_samples: usize,
}

impl Moments {
    /// Of `samples`, `[n_samples, n_variables]`. O(n p^2).
    ///
    /// # Errors
    ///
    /// [`DataError`] for data without columns, with fewer than two rows, or with a value that is
    /// missing or infinite.
    pub fn from_samples<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
    ) -> Result<Self, DataError> {
        let samples = samples.into();
        let n_samples = samples.nrows();
        let mut values = columns(&samples, None, Missing::Refuse)?;
        if n_samples < 2 {
            return Err(DataError::TooFewRows {
                found: n_samples,
                needed: 2,
            });
        }
        let means = values.sum_axis(Axis(1)) / n_samples as f64;
        values -= &means.view().insert_axis(Axis(1));
        let covariance = values.dot(&values.t()) / (n_samples - 1) as f64;
        Ok(Self {
            means,
            covariance,
            n_samples,
        })
    }
}
