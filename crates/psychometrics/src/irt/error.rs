use thiserror::Error;

use crate::variable::Variable;

/// Why a model of responses could not be made or fitted.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ResponseError {
    /// An answer is no whole number.
    #[error("case {case}, {variable}: the answer {found} is no whole number")]
    NotWhole {
        /// Row, from 0.
        case: usize,
        /// The item.
        variable: Variable,
        /// What stands there.
        found: f64,
    },
    /// All cases gave the same answer, so that it tells nothing.
    #[error("{variable} was answered in one way only")]
    OneCategory {
        /// The item.
        variable: Variable,
    },
    /// No case chose a category between others, so that its thresholds are open.
    #[error("no case answered {variable} with {missing}, though others lie on both sides")]
    EmptyCategory {
        /// The item.
        variable: Variable,
        /// The first answer that is missing.
        missing: i64,
    },
    /// Answers are further apart than any scale has categories.
    #[error("the answers to {variable} go from {lowest} to {highest}: at most {most} categories")]
    ManyCategories {
        /// The item.
        variable: Variable,
        /// The lowest answer.
        lowest: f64,
        /// The highest answer.
        highest: f64,
        /// The limit.
        most: usize,
    },
    /// A slope or an intercept is no number, or the intercepts do not fall.
    #[error(
        "item {item}: slope {slope} and intercepts {intercepts:?}, which must be finite and fall"
    )]
    Parameters {
        /// Number of the item, from 0.
        item: usize,
        /// Its slope.
        slope: f64,
        /// Its intercepts.
        intercepts: Vec<f64>,
    },
    /// Model and responses do not fit together.
    #[error("item {item} has {model} categories in the model, {responses} in the responses")]
    Categories {
        /// Number of the item, from 0.
        item: usize,
        /// Categories in the model; 0 where it has no such item.
        model: usize,
        /// Categories in the responses; 0 where they have no such item.
        responses: usize,
    },
    /// A grid has no points between its ends.
    #[error("a grid from {low} to {high} in {n} points: expected a rising one of at least 3")]
    Grid {
        /// The lowest point.
        low: f64,
        /// The highest point.
        high: f64,
        /// Number of points.
        n: usize,
    },
    /// The slope of an item grew without end: its answers all but follow from the others.
    #[error("the slope of {variable} has no maximum of the likelihood: it has reached {slope}")]
    Diverged {
        /// The item.
        variable: Variable,
        /// Its slope.
        slope: f64,
    },
    /// The likelihood still rose after the last step.
    #[error("no maximum of the likelihood after {steps} steps: parameters still move by {change}")]
    NotReached {
        /// Number of steps.
        steps: usize,
        /// The largest change in the last step.
        change: f64,
    },
}
