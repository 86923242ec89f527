//! What the columns of a table are called, and which numbers they can hold.

pub(super) const FEATURE: &str = "steer_dim";
pub(super) const ROLE: &str = "player_name";
pub(super) const STDS: &str = "stds";
pub(super) const MEAN_SCSTDS: &str = "scstds";
pub(super) const SCSTD_SUFFIX: &str = ":scstd";

/// What the numbers of a column can be.
#[derive(Clone, Copy)]
pub(super) struct Domain {
    pub(super) expected: &'static str,
    max: f64,
    min: f64,
    /// A number out of the range that stands for something.
    special: Option<f64>,
    /// Whether NaN, in files an empty cell, stands for "not known".
    pub(super) optional: bool,
}

pub(super) const ORIENTATION: Domain = Domain {
    expected: "an orientation in [-1, 1]",
    min: -1.0,
    max: 1.0,
    special: None,
    optional: false,
};
pub(super) const SCSTD: Domain = Domain {
    expected: "-1 or a standard deviation in [0, 2]",
    min: 0.0,
    max: 2.0,
    special: Some(-1.0),
    optional: true,
};
pub(super) const STD: Domain = Domain {
    expected: "a mean of standard deviations in [0, 1]",
    min: 0.0,
    max: 1.0,
    special: None,
    optional: true,
};
pub(super) const MEAN_SCSTD: Domain = Domain {
    expected: "a mean of standard deviations in [0, 2]",
    min: 0.0,
    max: 2.0,
    special: None,
    optional: true,
};

impl Domain {
    pub(super) fn holds(&self, x: f64) -> bool {
        (self.min..=self.max).contains(&x) || self.special == Some(x) || self.optional && x.is_nan()
    }
}

/// Names that a value cannot have, because the format reads them as something else.
pub(super) fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "" | "Unnamed: 0" | FEATURE | ROLE | STDS | MEAN_SCSTDS
    ) || name.ends_with(SCSTD_SUFFIX)
}
