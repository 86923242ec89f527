use thiserror::Error;

use crate::variable::Variable;

/// Why a cumulative logit model could not be fitted.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OrdinalError {
    /// There are more or fewer answers than cases.
    #[error("expected as many answers as cases ({cases}), found {answers}")]
    Answers {
        /// Number of answers.
        answers: usize,
        /// Number of rows of the predictors.
        cases: usize,
    },
    /// All answers are the same.
    #[error("every answer is {category}: at least two categories are needed")]
    OneCategory {
        /// The only category.
        category: usize,
    },
    /// No answer lies in a category between others, so that its thresholds are open.
    #[error("no answer is {category}, though categories go from 0 to {highest}")]
    EmptyCategory {
        /// The first such category.
        category: usize,
        /// The highest answer.
        highest: usize,
    },
    /// A predictor follows from those before it (and the thresholds).
    #[error("{variable} follows from the predictors before it or is constant")]
    Dependent {
        /// The predictor.
        variable: Variable,
    },
    /// A predictor tells categories apart without exception, and has no finite coefficient.
    #[error("{variable} separates the categories: its coefficient has reached {coefficient}")]
    Separated {
        /// The predictor.
        variable: Variable,
        /// Where its coefficient stood.
        coefficient: f64,
    },
    /// There are more or fewer groups than answers.
    #[error("expected a group for each of the answers ({answers}), found {groups}")]
    Groups {
        /// Number of groups given.
        groups: usize,
        /// Number of answers.
        answers: usize,
    },
    /// A sum of coefficients has more or fewer weights.
    #[error("expected a weight for each coefficient ({coefficients}), found {weights}")]
    Weights {
        /// Number of weights given.
        weights: usize,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// A setting of the sampler is out of range.
    #[error("{setting} is {found}: expected {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was set.
        found: f64,
        /// What may be set.
        expected: &'static str,
    },
    /// The search for the maximum of the likelihood came to no end.
    #[error("no maximum of the likelihood was found: the next step would gain {gain}")]
    NotReached {
        /// By how much the log likelihood would rise.
        gain: f64,
    },
}
