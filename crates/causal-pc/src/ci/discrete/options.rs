use serde::{Deserialize, Serialize};

use crate::data::{self, Missing};

/// What the degrees of freedom of a contingency table are counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DegreesOfFreedom {
    /// The rows and columns that hold at least one sample, stratum by stratum: the sum over the
    /// non-empty strata of (non-empty rows - 1) (non-empty columns - 1), as in causal-learn.
    #[default]
    NonEmpty,
    /// All rows, columns and strata that the variables' levels span, met or not: (levels of x - 1)
    /// (levels of y - 1) times the product of the levels given, as in pcalg.
    AllCells,
}

/// When a table holds too few samples for its statistic to follow the chi-squared distribution.
/// The test then answers independence, p = 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MinimumCount {
    /// No table is too sparse.
    #[default]
    None,
    /// Fewer samples than this times the degrees of freedom of the whole table
    /// ([`DegreesOfFreedom::AllCells`]) are too few; pcalg demands 10 (Spirtes, Glymour and
    /// Scheines 2000, section 5.6, advise so).
    PerDegreeOfFreedom(f64),
}

impl MinimumCount {
    /// Whether it is more than these samples.
    pub(super) fn is_above(self, n_samples: f64, dof: f64) -> bool {
        match self {
            Self::None => false,
            Self::PerDegreeOfFreedom(factor) => n_samples < factor * dof,
        }
    }
}

/// How a [`ChiSquare`](super::ChiSquare) or [`GSquare`](super::GSquare) test is made.
///
/// ```
/// use causal_pc::ci::{CiTest, DiscreteOptions, GSquare, MinimumCount};
/// use ndarray::array;
///
/// let answers = array![["yes", "low"], ["no", "high"], ["yes", "low"], ["no", "high"]];
/// let options = DiscreteOptions::new()
///     .minimum_count(MinimumCount::PerDegreeOfFreedom(10.0))
///     .names(["smokes", "income"]);
/// let test = GSquare::with_options(answers.view(), options)?;
/// assert_eq!(test.p_value(0, 1, &[])?, 1.0); // four samples do not tell
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct DiscreteOptions {
    pub(super) missing: Missing,
    pub(super) dof: DegreesOfFreedom,
    pub(super) minimum_count: MinimumCount,
    pub(super) max_levels: Option<usize>,
    pub(super) names: Option<Vec<String>>,
}

impl DiscreteOptions {
    /// As causal-learn: missing values refused, degrees of freedom from what is not empty, no
    /// minimum count; no names.
    pub fn new() -> Self {
        Self::default()
    }

    /// As pcalg's `disCItest`: degrees of freedom from all cells, independence below ten samples
    /// for each, and any number of levels.
    pub fn like_pcalg() -> Self {
        Self::new()
            .degrees_of_freedom(DegreesOfFreedom::AllCells)
            .minimum_count(MinimumCount::PerDegreeOfFreedom(10.0))
            .max_levels(usize::MAX)
    }

    /// What to do about missing values. Default: [`Missing::Refuse`].
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// How degrees of freedom are counted. Default: [`DegreesOfFreedom::NonEmpty`].
    pub fn degrees_of_freedom(mut self, dof: DegreesOfFreedom) -> Self {
        self.dof = dof;
        self
    }

    /// When a table is too sparse to be tested. Default: [`MinimumCount::None`].
    pub fn minimum_count(mut self, minimum_count: MinimumCount) -> Self {
        self.minimum_count = minimum_count;
        self
    }

    /// The most levels a column may have, `usize::MAX` for any number. Default: as many as its
    /// samples can tell apart, so that G squared of a column and its own copy, `2 n H` with the
    /// entropy H of the column and n samples, is significant at 0.05 on `(levels - 1)²` degrees of
    /// freedom, and the [minimum count](Self::minimum_count) is met. Beyond that even a column and its
    /// copy pass for independent. A column of two levels is always taken.
    pub fn max_levels(mut self, max_levels: usize) -> Self {
        self.max_levels = Some(max_levels);
        self
    }

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(data::owned(names));
        self
    }
}
