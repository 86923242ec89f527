use serde::{Deserialize, Serialize};

use crate::ci::{Correlation, FisherZOptions, Singular, TooFew};
use crate::data::{self, Missing};

/// How a [`ClusterRobust`](super::ClusterRobust) test is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct ClusterRobustOptions {
    correlation: Correlation,
    missing: Missing,
    pub(super) singular: Singular,
    constant: Option<Singular>,
    pub(super) too_few: TooFew,
    tolerance: Option<f64>,
    names: Option<Vec<String>>,
}

impl ClusterRobustOptions {
    /// The values themselves; missing values, singular sets and too few clusters refused; no names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether values, their ranks or their normal scores are correlated. Default:
    /// [`Correlation::Pearson`].
    pub fn correlation(mut self, correlation: Correlation) -> Self {
        self.correlation = correlation;
        self
    }

    /// What to do about missing values. Default: [`Missing::Refuse`].
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// What to answer where correlations are singular. Default: [`Singular::Refuse`].
    pub fn singular(mut self, singular: Singular) -> Self {
        self.singular = singular;
        self
    }

    /// What to answer for constant columns, if not the same as [`ClusterRobustOptions::singular`].
    pub fn constant(mut self, constant: Singular) -> Self {
        self.constant = Some(constant);
        self
    }

    /// What to answer with fewer than |S| + 2 clusters. Default: [`TooFew::Refuse`].
    pub fn too_few(mut self, too_few: TooFew) -> Self {
        self.too_few = too_few;
        self
    }

    /// The 1 - R² at or below which a variable counts as a linear combination of others. Default:
    /// that of [`FisherZOptions::tolerance`].
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(data::owned(names));
        self
    }

    /// The same for the test that finds out what is constant, equal or singular.
    pub(super) fn for_fisher_z(&self) -> FisherZOptions {
        let mut options = FisherZOptions::new()
            .correlation(self.correlation)
            .missing(self.missing)
            .singular(self.singular);
        if let Some(constant) = self.constant {
            options = options.constant(constant);
        }
        if let Some(tolerance) = self.tolerance {
            options = options.tolerance(tolerance);
        }
        if let Some(names) = &self.names {
            options = options.names(names);
        }
        options
    }
}
