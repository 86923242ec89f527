use ndarray::{Array1, ArrayView1};

use super::ResponseError;

/// Points of the trait, with the weights of a standard normal distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitGrid {
    points: Array1<f64>,
    log_weights: Array1<f64>,
}

impl Default for TraitGrid {
    /// From -6 to 6 in 61 points.
    fn default() -> Self {
        Self::between(-6.0, 6.0, 61)
    }
}

impl TraitGrid {
    /// `n` points evenly from `low` to `high`; weights `exp(-θ² / 2)` that add up to 1.
    ///
    /// # Errors
    /// [`ResponseError::Grid`] for ends that do not rise, or fewer than three points.
    pub fn new(low: f64, high: f64, n: usize) -> Result<Self, ResponseError> {
        match low.is_finite() && high.is_finite() && low < high && n >= 3 {
            true => Ok(Self::between(low, high, n)),
            false => Err(ResponseError::Grid { low, high, n }),
        }
    }

    fn between(low: f64, high: f64, n: usize) -> Self {
        let points = Array1::linspace(low, high, n);
        let least = points
            .iter()
            .fold(f64::INFINITY, |least, x| least.min(x * x / 2.0));
        let logs = points.mapv(|x| least - x * x / 2.0);
        let total = logs.exp().sum().ln();
        Self {
            points,
            log_weights: logs - total,
        }
    }

    /// The points, in ascending order.
    #[must_use]
    pub fn points(&self) -> ArrayView1<'_, f64> {
        self.points.view()
    }

    pub(super) fn log_weights(&self) -> ArrayView1<'_, f64> {
        self.log_weights.view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_wherever_the_grid_lies() {
        for (low, high) in [(-6.0, 6.0), (60.0, 70.0)] {
            let grid = TraitGrid::new(low, high, 61).unwrap();
            assert!((grid.log_weights().exp().sum() - 1.0).abs() < 1e-12);
        }
        assert!((TraitGrid::default().points()[31] - 0.2).abs() < 1e-12);
        assert!(TraitGrid::new(1.0, 1.0, 9).is_err() && TraitGrid::new(0.0, 1.0, 2).is_err());
    }
}
