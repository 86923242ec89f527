use ndarray::{Array1, ArrayView1};

use super::DecisionError;

/// Where each variable should be, and how much it matters that it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    target: Array1<f64>,
    weights: Array1<f64>,
}

impl Objective {
    /// Of targets and weights, both `[n_variables]`. A weight of 0 leaves a variable free.
    ///
    /// # Errors
    ///
    /// [`DecisionError`] for another number of weights than targets, a target that is no finite
    /// number, and a weight that is none or below 0.
    pub fn new(target: Array1<f64>, weights: Array1<f64>) -> Result<Self, DecisionError> {
        DecisionError::check_length("weights", target.len(), weights.len())?;
        DecisionError::check_numbers("target", "a finite number", &target, f64::is_finite)?;
        let is_weight = |weight: f64| weight.is_finite() && weight >= 0.0;
        DecisionError::check_numbers("weight", "a number of at least 0", &weights, is_weight)?;
        Ok(Self { target, weights })
    }

    /// The targets.
    pub fn target(&self) -> ArrayView1<'_, f64> {
        self.target.view()
    }

    /// The weights.
    pub fn weights(&self) -> ArrayView1<'_, f64> {
        self.weights.view()
    }

    /// The sum over the variables of weight times distance from the target.
    ///
    /// # Errors
    ///
    /// [`DecisionError`] for another number of values than targets.
    pub fn deviation(&self, values: ArrayView1<'_, f64>) -> Result<f64, DecisionError> {
        self.sum(values, f64::abs)
    }

    /// The sum over the variables of weight times squared distance from the target.
    ///
    /// # Errors
    ///
    /// As [`deviation`](Self::deviation).
    pub fn squared_deviation(&self, values: ArrayView1<'_, f64>) -> Result<f64, DecisionError> {
        self.sum(values, |distance| distance * distance)
    }

    fn sum(&self, values: ArrayView1<'_, f64>, of: fn(f64) -> f64) -> Result<f64, DecisionError> {
        DecisionError::check_length("values", self.target.len(), values.len())?;
        let distances = self
            .target
            .iter()
            .zip(values)
            .map(|(target, value)| of(target - value));
        Ok(self
            .weights
            .iter()
            .zip(distances)
            .map(|(weight, of)| weight * of)
            .sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn numbers_that_are_no_objective_are_named() {
        let message = |target, weights| Objective::new(target, weights).unwrap_err().to_string();
        assert_eq!(
            message(array![1.0], array![1.0, 2.0]),
            "weights: expected 1, found 2"
        );
        assert_eq!(
            message(array![1.0, f64::NAN], array![1.0, 2.0]),
            "target 1: expected a finite number, found NaN"
        );
        assert_eq!(
            message(array![1.0, 0.5], array![1.0, -2.0]),
            "weight 1: expected a number of at least 0, found -2"
        );
        let fine = Objective::new(array![1.0], array![2.0]).unwrap();
        assert_eq!(fine.deviation(array![0.5].view()), Ok(1.0));
        assert_eq!(fine.squared_deviation(array![0.5].view()), Ok(0.5));
        assert!(fine.deviation(array![].view()).is_err());
    }
}
