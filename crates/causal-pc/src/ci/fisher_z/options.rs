use serde::{Deserialize, Serialize};

use super::FisherZError;
use crate::data::{self, Missing};

/// Which correlation a Fisher-Z test is made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Correlation {
    /// Of the values themselves.
    #[default]
    Pearson,
    /// Of the values' ranks, ties sharing their mean rank: for ordinal data, such as means of
    /// Likert items, and for outliers.
    Spearman,
    /// Of the values' normal scores, the normal quantiles of `rank / (n + 1)`: for data that are
    /// monotone transforms of jointly normal variables (the nonparanormal of H. Liu, J. Lafferty
    /// and L. Wasserman, JMLR 10, 2009). Unlike the sine transform of rank correlations, this
    /// always gives a positive semidefinite matrix.
    Nonparanormal,
}

/// What a Fisher-Z test answers where correlations are singular: a constant column, two equal
/// columns, or a variable that is a linear combination of others in the test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Singular {
    /// An error that names the variables.
    #[default]
    Refuse,
    /// p = 0: the edge stays, as far as this test is concerned.
    KeepEdge,
    /// p = 1: the edge goes.
    DropEdge,
    /// The partial correlation by the Moore-Penrose inverse, as pcalg does it. A constant column
    /// is independent of all others.
    PseudoInverse,
}

/// What a Fisher-Z test answers with fewer than |S| + 3 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TooFew {
    /// An error that names the variables.
    #[default]
    Refuse,
    /// p = 0: the edge stays, as far as this test is concerned.
    KeepEdge,
    /// p = 1: the edge goes.
    DropEdge,
}

/// How a [`FisherZ`](super::FisherZ) test is made.
///
/// ```
/// use causal_pc::ci::{Correlation, FisherZ, FisherZOptions};
/// use ndarray::array;
///
/// let answers = array![[1, 5, 2], [2, 4, 2], [4, 2, 3], [5, 1, 1], [3, 3, 5]];
/// let options = FisherZOptions::new()
///     .correlation(Correlation::Spearman)
///     .names(["calm", "tense", "warm"]);
/// let error = FisherZ::with_options(answers.view(), options).unwrap_err();
/// assert!(error.to_string().starts_with("variables 0 (calm) and 1 (tense) are duplicates"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct FisherZOptions {
    pub(super) correlation: Correlation,
    pub(super) missing: Missing,
    pub(super) singular: Singular,
    pub(super) constant: Option<Singular>,
    pub(super) too_few: TooFew,
    pub(super) tolerance: f64,
    pub(super) cut: f64,
    pub(super) effective_samples: Option<f64>,
    /// Whether p-values have causal-learn's rounding.
    pub(super) coarse_p: bool,
    pub(super) names: Option<Vec<String>>,
}

impl Default for FisherZOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl FisherZOptions {
    /// Pearson correlations; missing values, singular sets and too few samples refused; no names.
    pub fn new() -> Self {
        Self {
            correlation: Correlation::default(),
            missing: Missing::default(),
            singular: Singular::default(),
            constant: None,
            too_few: TooFew::default(),
            tolerance: 1e-13,
            cut: 1.0 - f64::EPSILON,
            effective_samples: None,
            coarse_p: false,
            names: None,
        }
    }

    /// As causal-learn's `fisherz`: constant columns keep their edges, and of singular sets only
    /// those are refused that are so in exact arithmetic. p-values are `2 * (1 - cdf)`, multiples of
    /// 2⁻⁵², and so have causal-learn's ties; their logarithms stay exact.
    pub fn like_causal_learn() -> Self {
        Self {
            coarse_p: true,
            ..Self::new().tolerance(0.0).constant(Singular::KeepEdge)
        }
    }

    /// As pcalg's `gaussCItest`: the pseudo-inverse for singular sets, |r| cut at 0.9999999, and
    /// too few samples counted as independence.
    pub fn like_pcalg() -> Self {
        Self::new()
            .singular(Singular::PseudoInverse)
            .too_few(TooFew::DropEdge)
            .cut(0.999_999_9)
    }

    /// Which correlation to use. Default: [`Correlation::Pearson`].
    pub fn correlation(mut self, correlation: Correlation) -> Self {
        self.correlation = correlation;
        self
    }

    /// What to do about missing values. Default: [`Missing::Refuse`].
    ///
    /// Ranks and normal scores are taken among the values that each column has.
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// What to answer where correlations are singular. Default: [`Singular::Refuse`].
    pub fn singular(mut self, singular: Singular) -> Self {
        self.singular = singular;
        self
    }

    /// What to answer for constant columns, if not the same as [`FisherZOptions::singular`].
    pub fn constant(mut self, constant: Singular) -> Self {
        self.constant = Some(constant);
        self
    }

    /// What to answer with too few samples. Default: [`TooFew::Refuse`].
    pub fn too_few(mut self, too_few: TooFew) -> Self {
        self.too_few = too_few;
        self
    }

    /// The 1 - R² at or below which a variable counts as a linear combination of others.
    /// Default: 1e-13, some hundred times the rounding of a correlation.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The largest |r| that goes into the statistic. Default: 1 - 2⁻⁵².
    pub fn cut(mut self, cut: f64) -> Self {
        self.cut = cut;
        self
    }

    /// How many independent samples the rows are worth, where they depend on one another: this
    /// number takes the place of n in the statistic. With missing values each test takes the share
    /// of it that its complete rows are of all rows. Default: as many as there are rows.
    ///
    /// Rows that come in clusters need no such number: see
    /// [`ClusterRobust`](super::super::ClusterRobust).
    pub fn effective_samples(mut self, n: f64) -> Self {
        self.effective_samples = Some(n);
        self
    }

    pub(super) fn check(&self) -> Result<(), FisherZError> {
        match self.effective_samples {
            Some(found) if !(found > 0.0 && found.is_finite()) => {
                Err(FisherZError::EffectiveSamples { found })
            }
            _ => Ok(()),
        }
    }

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(data::owned(names));
        self
    }

    pub(super) fn for_constants(&self) -> Singular {
        self.constant.unwrap_or(self.singular)
    }
}
