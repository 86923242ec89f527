use crate::data::Missing;

/// Which correlation a Fisher-Z test is made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct FisherZOptions {
    pub(super) correlation: Correlation,
    pub(super) missing: Missing,
    pub(super) singular: Singular,
    pub(super) constant: Option<Singular>,
    pub(super) too_few: TooFew,
    pub(super) tolerance: f64,
    pub(super) cut: f64,
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
            names: None,
        }
    }

    /// As causal-learn's `fisherz`: constant columns keep their edges, and of singular sets only
    /// those are refused that are so in exact arithmetic.
    pub fn like_causal_learn() -> Self {
        Self::new().tolerance(0.0).constant(Singular::KeepEdge)
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

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    pub(super) fn for_constants(&self) -> Singular {
        self.constant.unwrap_or(self.singular)
    }
}
