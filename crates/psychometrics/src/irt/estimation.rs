use ndarray::Array2;

use super::{ResponseError, ResponseItem, ResponseModel, Responses, TraitGrid};
use crate::logit::{Counts, Parameters, maximise};

const MOST_STEPS: usize = 5_000;
/// Of slopes and intercepts, from one step to the next.
const TOLERANCE: f64 = 1e-7;
/// Beyond it an item's answers follow from the trait as good as exactly.
const STEEPEST: f64 = 50.0;

/// Items fitted to responses.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseFit {
    /// The items where the likelihood is greatest.
    pub model: ResponseModel,
    /// The log likelihood there.
    pub log_likelihood: f64,
    /// Steps of the EM algorithm.
    pub n_steps: usize,
}

impl ResponseModel {
    /// Fits slopes and intercepts by marginal maximum likelihood: the two-parameter logistic model
    /// where items have two categories, the graded response model where they have more.
    ///
    /// The trait is standard normal over the cases; answers that a case did not give are left out
    /// of its likelihood. The EM algorithm of Bock and Aitkin, each item by Newton's method.
    ///
    /// # Errors
    /// [`ResponseError::Diverged`] for an item whose slope grows without end,
    /// [`ResponseError::NotReached`].
    ///
    /// # Complexity
    /// `O(cases × categories × points)` for each of some hundred steps.
    ///
    /// R. D. Bock and M. Aitkin, "Marginal maximum likelihood estimation of item parameters",
    /// Psychometrika 46 (1981).
    pub fn fit(responses: &Responses, grid: TraitGrid) -> Result<ResponseFit, ResponseError> {
        let items = responses.columns().iter().map(|columns| {
            let table = Counts {
                predictors: Array2::zeros((1, 1)),
                counts: responses
                    .chosen()
                    .slice(ndarray::s![.., columns.clone()])
                    .sum_axis(ndarray::Axis(0))
                    .insert_axis(ndarray::Axis(0)),
            };
            let mut start = Parameters::marginal(&table);
            start.coefficients[0] = 1.0;
            ResponseItem::of(&start)
        });
        let mut model = Self::new(items.collect(), grid)?;
        let mut change = f64::INFINITY;
        for n_steps in 1..=MOST_STEPS {
            let items = model.better_items(responses)?;
            change = largest_change(model.items(), &items);
            model = Self::new(items, model.grid().clone())?;
            if change < TOLERANCE {
                return Ok(ResponseFit {
                    log_likelihood: model.posterior(responses).log_likelihood,
                    model,
                    n_steps,
                });
            }
        }
        Err(ResponseError::NotReached {
            steps: MOST_STEPS,
            change,
        })
    }

    /// One step: each item fitted to the answers that are expected at each point of the trait.
    fn better_items(&self, responses: &Responses) -> Result<Vec<ResponseItem>, ResponseError> {
        let weights = self.posterior(responses).weights;
        let points = self
            .grid()
            .points()
            .insert_axis(ndarray::Axis(1))
            .to_owned();
        let columns = responses.columns().iter();
        let fit = |(item, columns): (usize, &std::ops::Range<usize>)| {
            let chosen = responses.chosen().slice(ndarray::s![.., columns.clone()]);
            let table = Counts {
                predictors: points.clone(),
                counts: weights.t().dot(&chosen),
            };
            let found = maximise(&table, self.items()[item].parameters());
            let found = found.map(|found| ResponseItem::of(&found.parameters));
            let diverged = |slope| ResponseError::Diverged {
                variable: responses.variable(item),
                slope,
            };
            match found {
                Ok(found) if found.slope.abs() <= STEEPEST => Ok(found),
                Ok(found) => Err(diverged(found.slope)),
                Err(_) => Err(diverged(self.items()[item].slope)),
            }
        };
        columns.enumerate().map(fit).collect()
    }
}

fn largest_change(before: &[ResponseItem], after: &[ResponseItem]) -> f64 {
    let parameters = |items: &[ResponseItem]| -> Vec<f64> {
        let of = |item: &ResponseItem| [vec![item.slope], item.intercepts.clone()].concat();
        items.iter().flat_map(of).collect()
    };
    let (before, after) = (parameters(before), parameters(after));
    let changes = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
    changes.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::PartialScores;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    fn planted() -> Vec<ResponseItem> {
        let item = |slope, intercepts: &[f64]| ResponseItem {
            slope,
            intercepts: intercepts.to_vec(),
        };
        vec![
            item(1.5, &[0.5]),
            item(0.8, &[1.0, -0.4]),
            item(-1.0, &[0.0]),
            item(1.2, &[1.5, 0.2, -1.0]),
            item(2.0, &[-0.7]),
        ]
    }

    fn answers(n_cases: usize, asked: f64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let items = planted();
        let mut cells = Array2::from_elem((n_cases, items.len()), f64::NAN);
        for mut row in cells.rows_mut() {
            let place: f64 = rng.sample(StandardNormal);
            for (cell, item) in row.iter_mut().zip(&items) {
                let (mut left, is_asked) = (rng.random::<f64>(), rng.random_bool(asked));
                let category = item.probabilities(place).into_iter().take_while(|p| {
                    left -= p;
                    left > 0.0
                });
                let category = category.count().min(item.n_categories() - 1);
                if is_asked {
                    *cell = category as f64 + 1.0;
                }
            }
        }
        cells
    }

    #[test]
    fn planted_items_are_found_also_where_answers_are_missing() {
        for (asked, within) in [(1.0, 0.25), (0.7, 0.35)] {
            let cells = answers(3_000, asked);
            let scores = PartialScores::new(cells.view()).unwrap();
            let responses = Responses::of(&scores).unwrap();
            let found = ResponseModel::fit(&responses, TraitGrid::default()).unwrap();
            for (item, planted) in found.model.items().iter().zip(planted()) {
                assert!((item.slope - planted.slope).abs() < within, "{item:?}");
            }
            let truth = ResponseModel::new(planted(), TraitGrid::default()).unwrap();
            assert!(found.log_likelihood > truth.log_likelihood(&responses).unwrap());
        }
    }

    #[test]
    fn an_item_that_repeats_the_others_is_named() {
        let cells = Array2::from_shape_fn((40, 3), |(case, _)| f64::from(u8::from(case >= 20)));
        let scores = PartialScores::named(cells.view(), ["a", "b", "c"]).unwrap();
        let found = ResponseModel::fit(&Responses::of(&scores).unwrap(), TraitGrid::default());
        let message = found.unwrap_err().to_string();
        assert!(
            message.starts_with("the slope of variable 0 (a) has no maximum"),
            "{message}"
        );
    }
}
