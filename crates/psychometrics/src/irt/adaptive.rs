use ndarray::Array1;

use super::{ResponseError, ResponseModel};

/// A test that asks next what tells most, given the answers so far.
///
/// # Example
/// ```
/// use psychometrics::irt::{AdaptiveTest, ResponseItem, ResponseModel, TraitGrid};
///
/// let item = |slope, intercept| ResponseItem { slope, intercepts: vec![intercept] };
/// let bank = vec![item(0.5, 0.0), item(2.0, 0.0), item(1.9, -1.5)];
/// let model = ResponseModel::new(bank, TraitGrid::default())?;
/// let mut test = AdaptiveTest::new(&model);
/// assert_eq!(test.next_item(), Some(1)); // the steepest, where the trait is expected
/// test.answer(1, 1)?;
/// assert_eq!(test.next_item(), Some(2)); // harder, for the first answer was high
/// let (mean, deviation) = test.estimate();
/// assert!(mean > 0.0 && deviation < 1.0);
/// # Ok::<(), psychometrics::irt::ResponseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AdaptiveTest<'a> {
    model: &'a ResponseModel,
    is_asked: Vec<bool>,
    log_posterior: Array1<f64>,
}

impl<'a> AdaptiveTest<'a> {
    /// Nothing asked yet: the trait is standard normal.
    #[must_use]
    pub fn new(model: &'a ResponseModel) -> Self {
        Self {
            model,
            is_asked: vec![false; model.items().len()],
            log_posterior: model.grid().log_weights().to_owned(),
        }
    }

    /// The item not yet asked with the most information at the mean of the posterior, the first of
    /// equals; `None` where all are asked.
    #[must_use]
    pub fn next_item(&self) -> Option<usize> {
        self.next_among(0..self.model.items().len())
    }

    /// The same of these items alone, by their numbers, where others cannot be asked.
    #[must_use]
    pub fn next_among(&self, items: impl IntoIterator<Item = usize>) -> Option<usize> {
        let (place, _) = self.estimate();
        let mut best: Option<(usize, f64)> = None;
        for item in items {
            let Some(of) = self.model.items().get(item) else {
                continue;
            };
            let information = of.information(place);
            let is_better = best.is_none_or(|(_, most)| information > most);
            if !self.is_asked[item] && is_better {
                best = Some((item, information));
            }
        }
        best.map(|(item, _)| item)
    }

    /// Takes in the answer to an item, as a category from 0.
    ///
    /// # Errors
    /// [`ResponseError::Categories`] for an item or a category that the model does not have.
    pub fn answer(&mut self, item: usize, category: usize) -> Result<(), ResponseError> {
        let of = self.model.items().get(item);
        let Some(of) = of.filter(|of| category < of.n_categories()) else {
            return Err(ResponseError::Categories {
                item,
                model: of.map_or(0, super::ResponseItem::n_categories),
                responses: category + 1,
            });
        };
        let parameters = of.parameters();
        let points = self.model.grid().points();
        self.log_posterior +=
            &points.mapv(|place| parameters.log_probability(category, of.slope * place));
        self.is_asked[item] = true;
        Ok(())
    }

    /// Mean and standard deviation of the posterior.
    #[must_use]
    pub fn estimate(&self) -> (f64, f64) {
        let highest = self
            .log_posterior
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let weights = self.log_posterior.mapv(|log| (log - highest).exp());
        let points = self.model.grid().points();
        let total = weights.sum();
        let mean = weights.dot(&points) / total;
        let variance = weights.dot(&points.mapv(|place| (place - mean).powi(2))) / total;
        (mean, variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::irt::{ResponseItem, TraitGrid};

    #[test]
    fn each_item_is_asked_once_and_what_is_not_there_is_refused() {
        let item = |slope| ResponseItem {
            slope,
            intercepts: vec![0.5, -0.5],
        };
        let model = ResponseModel::new(vec![item(1.0), item(2.0)], TraitGrid::default()).unwrap();
        let mut test = AdaptiveTest::new(&model);
        assert_eq!(
            (test.next_among([0]), test.next_among([0, 1, 2])),
            (Some(0), Some(1))
        );
        while let Some(item) = test.next_item() {
            test.answer(item, 2).unwrap();
        }
        assert_eq!(test.is_asked, [true, true]);
        assert_eq!(
            test.answer(1, 3).unwrap_err().to_string(),
            "item 1 has 3 categories in the model, 4 in the responses"
        );
        assert!(test.answer(2, 0).is_err());
    }
}
