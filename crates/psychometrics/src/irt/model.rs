use ndarray::{Array1, Array2, Axis};

use super::{ResponseError, ResponseItem, Responses, TraitGrid};
use crate::moments::{mean, variance};

/// Items over one trait, which is standard normal over the cases.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{PartialScores, irt::{ResponseItem, ResponseModel, Responses, TraitGrid}};
///
/// let item = |slope, intercept| ResponseItem { slope, intercepts: vec![intercept] };
/// let model = ResponseModel::new(vec![item(1.0, 0.5), item(2.0, -0.5)], TraitGrid::default())?;
/// let answers = array![[1.0, 1.0], [0.0, 0.0], [1.0, f64::NAN]];
/// let traits = model.estimates(&Responses::of(&PartialScores::new(answers.view())?)?)?;
/// assert!(traits.means[0] > traits.means[2] && traits.means[2] > traits.means[1]);
/// assert!(traits.deviations[2] > traits.deviations[1]); // it answered one item only
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseModel {
    items: Vec<ResponseItem>,
    grid: TraitGrid,
}

/// Where each case stands on the trait: mean and deviation of its posterior distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitEstimates {
    /// Posterior means (EAP), `[cases]`.
    pub means: Array1<f64>,
    /// Posterior standard deviations, `[cases]`.
    pub deviations: Array1<f64>,
}

impl TraitEstimates {
    /// Share of the variance of the trait that the means have: their variance over it and the mean
    /// posterior variance.
    #[must_use]
    pub fn empirical_reliability(&self) -> f64 {
        let between = variance(self.means.view());
        between / (between + mean(self.deviations.pow2().view()))
    }
}

/// Posterior distributions over the grid, `[cases, points]`, and the log likelihood of all cases.
pub(super) struct Posterior {
    pub(super) weights: Array2<f64>,
    pub(super) log_likelihood: f64,
}

impl ResponseModel {
    /// A model of these items.
    ///
    /// # Errors
    /// [`ResponseError::Parameters`] with the item whose slope or intercepts are not finite, or
    /// whose intercepts do not fall.
    pub fn new(items: Vec<ResponseItem>, grid: TraitGrid) -> Result<Self, ResponseError> {
        match items.iter().position(|item| !item.is_sound()) {
            None => Ok(Self { items, grid }),
            Some(item) => Err(ResponseError::Parameters {
                item,
                slope: items[item].slope,
                intercepts: items[item].intercepts.clone(),
            }),
        }
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[ResponseItem] {
        &self.items
    }

    /// The grid over the trait.
    #[must_use]
    pub fn grid(&self) -> &TraitGrid {
        &self.grid
    }

    /// Log likelihood of the responses, the trait integrated out over the grid.
    ///
    /// # Errors
    /// [`ResponseError::Categories`] where model and responses have other items or categories.
    ///
    /// # Complexity
    /// `O(cases × categories × points)`.
    pub fn log_likelihood(&self, responses: &Responses) -> Result<f64, ResponseError> {
        self.check(responses)?;
        Ok(self.posterior(responses).log_likelihood)
    }

    /// Where each case stands on the trait.
    ///
    /// # Errors
    /// As [`log_likelihood`](Self::log_likelihood).
    pub fn estimates(&self, responses: &Responses) -> Result<TraitEstimates, ResponseError> {
        self.check(responses)?;
        let weights = self.posterior(responses).weights;
        let points = self.grid.points();
        let means = weights.dot(&points);
        let squares = weights.dot(&points.pow2());
        let deviations = (squares - means.pow2()).mapv(|variance| variance.max(0.0).sqrt());
        Ok(TraitEstimates { means, deviations })
    }

    /// Fisher's information of all items at a place on the trait.
    #[must_use]
    pub fn information(&self, place: f64) -> f64 {
        self.items.iter().map(|item| item.information(place)).sum()
    }

    fn check(&self, responses: &Responses) -> Result<(), ResponseError> {
        let of_model = |item: usize| self.items.get(item).map_or(0, ResponseItem::n_categories);
        let of_responses = |item: usize| {
            responses
                .columns()
                .get(item)
                .map_or(0, ExactSizeIterator::len)
        };
        let n_items = self.items.len().max(responses.n_items());
        match (0..n_items).find(|&item| of_model(item) != of_responses(item)) {
            None => Ok(()),
            Some(item) => Err(ResponseError::Categories {
                item,
                model: of_model(item),
                responses: of_responses(item),
            }),
        }
    }

    /// Of responses to these very items.
    pub(super) fn posterior(&self, responses: &Responses) -> Posterior {
        let mut weights =
            responses.chosen().dot(&self.log_probabilities()) + self.grid.log_weights();
        let mut log_likelihood = 0.0;
        for mut row in weights.axis_iter_mut(Axis(0)) {
            let highest = row
                .iter()
                .fold(f64::NEG_INFINITY, |highest, x| highest.max(*x));
            row.mapv_inplace(|x| (x - highest).exp());
            let sum = row.sum();
            row /= sum;
            log_likelihood += highest + sum.ln();
        }
        Posterior {
            weights,
            log_likelihood,
        }
    }

    /// `[categories of all items, points]`.
    fn log_probabilities(&self) -> Array2<f64> {
        let points = self.grid.points();
        let n_categories = self.items.iter().map(ResponseItem::n_categories).sum();
        let mut logs = Array2::zeros((n_categories, points.len()));
        let mut rows = logs.axis_iter_mut(Axis(0));
        for item in &self.items {
            let parameters = item.parameters();
            for (category, mut row) in (0..item.n_categories()).zip(&mut rows) {
                row.assign(
                    &points.mapv(|place| parameters.log_probability(category, item.slope * place)),
                );
            }
        }
        logs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::PartialScores;
    use ndarray::array;

    #[test]
    fn items_and_categories_must_match() {
        let item = |intercepts: &[f64]| ResponseItem {
            slope: 1.0,
            intercepts: intercepts.to_vec(),
        };
        let cells = array![[0.0, 1.0], [1.0, 2.0], [1.0, 3.0]];
        let responses = Responses::of(&PartialScores::new(cells.view()).unwrap()).unwrap();
        let message = |items: Vec<ResponseItem>| {
            let model = ResponseModel::new(items, TraitGrid::default());
            let found = model.and_then(|model| model.log_likelihood(&responses));
            found.unwrap_err().to_string()
        };
        assert_eq!(
            message(vec![item(&[0.0]), item(&[0.0])]),
            "item 1 has 2 categories in the model, 3 in the responses"
        );
        assert_eq!(
            message(vec![item(&[0.0])]),
            "item 1 has 0 categories in the model, 3 in the responses"
        );
        assert!(message(vec![item(&[0.0]), item(&[0.0, 0.0])]).starts_with("item 1: slope 1 and"));
        assert!(message(vec![item(&[])]).contains("must be finite and fall"));
    }

    #[test]
    fn a_case_without_answers_stands_where_all_do() {
        let items = vec![ResponseItem {
            slope: 1.3,
            intercepts: vec![0.2],
        }];
        let model = ResponseModel::new(items, TraitGrid::default()).unwrap();
        let cells = array![[0.0], [1.0], [f64::NAN]];
        let responses = Responses::of(&PartialScores::new(cells.view()).unwrap()).unwrap();
        let found = model.estimates(&responses).unwrap();
        assert!(found.means[2].abs() < 1e-12 && (found.deviations[2] - 1.0).abs() < 1e-6);
        assert!(found.empirical_reliability() > 0.0 && found.empirical_reliability() < 1.0);
    }
}
