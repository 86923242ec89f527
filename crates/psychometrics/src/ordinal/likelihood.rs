use ndarray::{Array1, Array2, ArrayView1};

use super::OrdinalError;
use crate::logit::{Counts, NotReached, Parameters, maximise};
use crate::scores::Scores;

/// Beyond it a coefficient says that categories are as good as certain.
const LARGEST: f64 = 20.0;

/// The cumulative logit model (proportional odds) fitted by maximum likelihood:
/// `P(y ≤ k) = logistic(threshold_k - x·β)`.
///
/// # Example
/// ```
/// use ndarray::Array2;
/// use psychometrics::{Scores, ordinal::CumulativeLogit};
///
/// // Of ten with x = 0 and ten with x = 1, answers 0, 1 and 2.
/// let x = Array2::from_shape_fn((20, 1), |(case, _)| f64::from(u8::from(case >= 10)));
/// let answers = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2];
/// let model = CumulativeLogit::fit(&Scores::named(x.view(), ["steered"])?, &answers)?;
/// assert!(model.coefficients[0] > 1.0 && model.standard_errors[0] < 1.0);
/// assert!(model.thresholds[0] < model.thresholds[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// P. McCullagh, "Regression models for ordinal data", JRSS B 42 (1980).
#[derive(Clone, Debug, PartialEq)]
pub struct CumulativeLogit {
    /// `[categories - 1]`, ascending.
    pub thresholds: Array1<f64>,
    /// `[predictors]`, β: positive for what goes with higher answers.
    pub coefficients: Array1<f64>,
    /// Standard errors of the coefficients, from the observed information.
    pub standard_errors: Array1<f64>,
    /// Their covariances, `[predictors, predictors]`.
    pub covariances: Array2<f64>,
    /// The log likelihood.
    pub log_likelihood: f64,
    /// Steps of Newton's method.
    pub n_steps: usize,
}

impl CumulativeLogit {
    /// Fits answers (categories from 0) to predictors, `[cases, predictors]`. The thresholds stand
    /// for a constant, which predictors must not hold.
    ///
    /// # Errors
    /// [`OrdinalError`] for answers that do not fill their categories, predictors that are linearly
    /// dependent, or one that separates the categories.
    ///
    /// # Complexity
    /// `O(n p² + p³)` for each of some five steps.
    pub fn fit(predictors: &Scores<'_>, answers: &[usize]) -> Result<Self, OrdinalError> {
        let n_categories = categories(answers, predictors.n_cases())?;
        independent(predictors)?;
        let mut counts = Array2::zeros((answers.len(), n_categories));
        for (case, &answer) in answers.iter().enumerate() {
            counts[[case, answer]] = 1.0;
        }
        let table = Counts {
            predictors: predictors.cells().to_owned(),
            counts,
        };
        let found = maximise(&table, Parameters::marginal(&table));
        let found = found.map_err(|NotReached(gain)| OrdinalError::NotReached { gain })?;
        let spread = |index: usize| {
            let column = predictors.cells().column(index).to_owned();
            let (least, most) = (column.iter().copied(), column.iter().copied());
            most.fold(f64::NEG_INFINITY, f64::max) - least.fold(f64::INFINITY, f64::min)
        };
        let coefficients = Array1::from(found.parameters.coefficients);
        let is_large = |index: usize| (coefficients[index] * spread(index)).abs() > LARGEST;
        if let Some(index) = (0..coefficients.len()).find(|&index| is_large(index)) {
            return Err(OrdinalError::Separated {
                variable: predictors.variable(index),
                coefficient: coefficients[index],
            });
        }
        let inverse = found.information.try_inverse();
        let first = n_categories - 1;
        let covariance = |(a, b)| {
            inverse
                .as_ref()
                .map_or(f64::NAN, |of| of[(first + a, first + b)])
        };
        let covariances =
            Array2::from_shape_fn((coefficients.len(), coefficients.len()), covariance);
        Ok(Self {
            thresholds: found.parameters.thresholds.into(),
            standard_errors: covariances.diag().sqrt(),
            covariances,
            coefficients,
            log_likelihood: found.log_likelihood,
            n_steps: found.n_steps,
        })
    }

    /// A sum of the coefficients with these weights, and its standard error.
    ///
    /// # Errors
    /// [`OrdinalError::Weights`] unless there is one weight for each coefficient.
    ///
    /// # Example
    /// ```
    /// use ndarray::Array2;
    /// use psychometrics::{Scores, ordinal::CumulativeLogit};
    ///
    /// // Three answerers, ten answers each; how far is the third above the second?
    /// let x = Array2::from_shape_fn((30, 2), |(case, who)| f64::from(u8::from(case / 10 == who + 1)));
    /// let answers: Vec<usize> = (0..30).map(|case| (case / 10 + case % 3) % 4).collect();
    /// let model = CumulativeLogit::fit(&Scores::new(x.view())?, &answers)?;
    /// let (gap, error) = model.contrast(&[-1.0, 1.0])?;
    /// assert!((gap - (model.coefficients[1] - model.coefficients[0])).abs() < 1e-12 && error > 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn contrast(&self, weights: &[f64]) -> Result<(f64, f64), OrdinalError> {
        check_weights(weights, self.coefficients.len())?;
        let weights = ArrayView1::from(weights);
        let variance = weights.dot(&self.covariances.dot(&weights));
        Ok((weights.dot(&self.coefficients), variance.sqrt()))
    }
}

pub(super) fn check_weights(weights: &[f64], coefficients: usize) -> Result<(), OrdinalError> {
    match weights.len() == coefficients {
        true => Ok(()),
        false => Err(OrdinalError::Weights {
            weights: weights.len(),
            coefficients,
        }),
    }
}

/// Number of categories; each has an answer.
pub(super) fn categories(answers: &[usize], cases: usize) -> Result<usize, OrdinalError> {
    if answers.len() != cases {
        let answers = answers.len();
        return Err(OrdinalError::Answers { answers, cases });
    }
    let highest = answers.iter().copied().max().unwrap_or_default();
    let found = (0..=highest)
        .take_while(|category| answers.contains(category))
        .count();
    match found <= highest {
        _ if answers.iter().all(|answer| *answer == highest) => {
            Err(OrdinalError::OneCategory { category: highest })
        }
        true => Err(OrdinalError::EmptyCategory {
            category: found,
            highest,
        }),
        false => Ok(found),
    }
}

/// Each predictor, less its mean, must keep a part that those before it do not have.
pub(super) fn independent(predictors: &Scores<'_>) -> Result<(), OrdinalError> {
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for (index, column) in predictors.cells().columns().into_iter().enumerate() {
        let size = column.dot(&column).sqrt();
        let mut own = &column - column.sum() / column.len() as f64;
        for direction in &basis {
            let along = own.dot(direction);
            own.scaled_add(-along, direction);
        }
        let left = own.dot(&own).sqrt();
        if left <= 1e-9 * size {
            return Err(OrdinalError::Dependent {
                variable: predictors.variable(index),
            });
        }
        basis.push(own / left);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn message(predictors: Array2<f64>, answers: &[usize]) -> String {
        let scores = Scores::new(predictors.view()).unwrap();
        CumulativeLogit::fit(&scores, answers)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn answers_must_fill_their_categories() {
        let x = array![[0.0], [1.0], [3.0]];
        assert_eq!(
            message(x.clone(), &[0, 1]),
            "expected as many answers as cases (3), found 2"
        );
        assert_eq!(
            message(x.clone(), &[0, 0, 0]),
            "every answer is 0: at least two categories are needed"
        );
        assert_eq!(
            message(x, &[0, 2, 2]),
            "no answer is 1, though categories go from 0 to 2"
        );
    }

    /// The gap between two answerers and its error are those of the model that has one of them for its reference.
    #[test]
    fn a_contrast_does_not_hang_on_the_reference() {
        let answers: Vec<usize> = (0..45)
            .map(|case| (case / 15 + case * case % 7) % 4)
            .collect();
        let fit = |reference: usize| {
            let others: Vec<usize> = (0..3).filter(|who| *who != reference).collect();
            let x = Array2::from_shape_fn((45, 2), |(case, column)| {
                f64::from(u8::from(case / 15 == others[column]))
            });
            CumulativeLogit::fit(&Scores::new(x.view()).unwrap(), &answers).unwrap()
        };
        let (gap, error) = fit(0).contrast(&[-1.0, 1.0]).unwrap();
        let other = fit(1);
        assert!((gap - other.coefficients[1]).abs() < 1e-6);
        assert!((error - other.standard_errors[1]).abs() < 1e-6);
        assert_eq!(
            other.contrast(&[1.0]).unwrap_err().to_string(),
            "expected a weight for each coefficient (2), found 1"
        );
    }

    #[test]
    fn predictors_without_a_coefficient_are_named() {
        let dependent = array![[1.0, 3.0], [2.0, 5.0], [4.0, 9.0], [0.0, 1.0]];
        assert_eq!(
            message(dependent, &[0, 1, 1, 0]),
            "variable 1 follows from the predictors before it or is constant"
        );
        let separating = array![[0.0], [1.0], [2.0], [3.0]];
        assert!(message(separating, &[0, 0, 1, 1]).starts_with("variable 0 separates"));
    }
}
