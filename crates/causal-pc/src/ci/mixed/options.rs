use serde::{Deserialize, Serialize};

use crate::ci::TooFew;
use crate::data::{self, Missing};

/// What a column of mixed data holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableKind {
    /// Numbers whose differences mean something.
    Continuous,
    /// Categories, whatever numbers stand for them.
    Discrete,
}

/// How a [`MixedTest`](super::MixedTest) is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct MixedOptions {
    pub(super) missing: Missing,
    pub(super) too_few: TooFew,
    pub(super) max_levels: usize,
    pub(super) names: Option<Vec<String>>,
}

impl Default for MixedOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl MixedOptions {
    /// Missing values and too few samples refused, up to 32 levels, no names.
    pub fn new() -> Self {
        Self {
            missing: Missing::default(),
            too_few: TooFew::default(),
            max_levels: 32,
            names: None,
        }
    }

    /// What to do about missing values. Default: [`Missing::Refuse`].
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// What to answer where a regression has no more samples than coefficients. Default:
    /// [`TooFew::Refuse`].
    pub fn too_few(mut self, too_few: TooFew) -> Self {
        self.too_few = too_few;
        self
    }

    /// The most levels a discrete variable may have; more speak for a number or a name taken for a
    /// category, and make regressions slow. Default: 32.
    pub fn max_levels(mut self, max_levels: usize) -> Self {
        self.max_levels = max_levels;
        self
    }

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(data::owned(names));
        self
    }
}
