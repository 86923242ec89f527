use crate::logit::{Parameters, logistic};

/// An item of the graded response model, `P(answer ≥ c) = logistic(slope θ + intercept_c)`; with one
/// intercept the two-parameter logistic model.
///
/// (F. Samejima, "Estimation of latent ability using a response pattern of graded scores", 1969.)
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseItem {
    /// How much an answer tells of the trait; negative for an item that goes against it.
    pub slope: f64,
    /// One for each category but the lowest, in descending order.
    pub intercepts: Vec<f64>,
}

impl ResponseItem {
    /// Number of categories.
    #[must_use]
    pub fn n_categories(&self) -> usize {
        self.intercepts.len() + 1
    }

    /// Where on the trait each category, or a higher one, is as likely as not:
    /// `-intercept / slope`, one for each category but the lowest.
    #[must_use]
    pub fn difficulties(&self) -> Vec<f64> {
        self.intercepts.iter().map(|d| -d / self.slope).collect()
    }

    /// Probability of each category at a place on the trait, lowest first.
    #[must_use]
    pub fn probabilities(&self, place: f64) -> Vec<f64> {
        let parameters = self.parameters();
        let eta = self.slope * place;
        let categories = 0..self.n_categories();
        categories
            .map(|c| parameters.log_probability(c, eta).exp())
            .collect()
    }

    /// Fisher's information about the trait: `Σ (dP/dθ)² / P` over the categories.
    #[must_use]
    pub fn information(&self, place: f64) -> f64 {
        let density = |intercept: &f64| {
            let p = logistic(self.slope * place + intercept);
            self.slope * p * (1.0 - p)
        };
        let slopes: Vec<f64> = std::iter::once(0.0)
            .chain(self.intercepts.iter().map(density))
            .chain(std::iter::once(0.0))
            .collect();
        let changes = slopes.windows(2).map(|ends| ends[0] - ends[1]);
        let parts = self.probabilities(place).into_iter().zip(changes);
        parts
            .filter(|(p, _)| *p > 0.0)
            .map(|(p, change)| change * change / p)
            .sum()
    }

    pub(super) fn parameters(&self) -> Parameters {
        Parameters {
            thresholds: self.intercepts.iter().map(|d| -d).collect(),
            coefficients: vec![self.slope],
        }
    }

    pub(super) fn of(parameters: &Parameters) -> Self {
        Self {
            slope: parameters.coefficients[0],
            intercepts: parameters.thresholds.iter().map(|c| -c).collect(),
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let finite = self.slope.is_finite() && self.intercepts.iter().all(|d| d.is_finite());
        finite && !self.intercepts.is_empty() && self.intercepts.is_sorted_by(|a, b| a > b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_categories_the_information_is_slope_squared_times_pq() {
        let item = ResponseItem {
            slope: 1.5,
            intercepts: vec![-0.3],
        };
        let p = logistic(1.5 * 0.7 - 0.3);
        assert!((item.information(0.7) - 2.25 * p * (1.0 - p)).abs() < 1e-12);
        assert!((item.probabilities(0.7)[1] - p).abs() < 1e-15);
        assert!((item.difficulties()[0] - 0.2).abs() < 1e-15);
    }

    #[test]
    fn information_is_that_of_small_differences() {
        let item = ResponseItem {
            slope: -0.8,
            intercepts: vec![1.0, 0.2, -0.9],
        };
        let h = 1e-5;
        for place in [-3.0, 0.0, 1.2] {
            let [up, down] = [h, -h].map(|step| item.probabilities(place + step));
            let at = item.probabilities(place);
            let slope = |c: usize| (up[c] - down[c]) / (2.0 * h);
            let wanted: f64 = (0..4).map(|c| slope(c).powi(2) / at[c]).sum();
            assert!((item.information(place) - wanted).abs() < 1e-8);
        }
    }
}
