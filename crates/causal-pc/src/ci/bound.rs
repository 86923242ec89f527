use super::normal;

/// Which p-values count: those above a level, or at or above it.
///
/// ```
/// use causal_pc::ci::Bound;
///
/// assert!(Bound::above(0.05).admits(0.06));
/// assert!(!Bound::above(0.05).admits(0.05));
/// assert!(Bound::at_least(0.05).admits(0.05));
/// assert!(Bound::above_log(-800.0).admits_log(-799.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    kind: Kind,
    z: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Above(f64),
    AtLeast(f64),
    AboveLog(f64),
}

impl Bound {
    /// Admits `p > level`.
    pub fn above(level: f64) -> Self {
        Self {
            kind: Kind::Above(level),
            z: normal::two_sided_quantile(level.ln()),
        }
    }

    /// Admits `p >= level`.
    pub fn at_least(level: f64) -> Self {
        Self {
            kind: Kind::AtLeast(level),
            z: normal::two_sided_quantile(level.ln()),
        }
    }

    /// Admits `ln p > log_level`, however small.
    pub fn above_log(log_level: f64) -> Self {
        Self {
            kind: Kind::AboveLog(log_level),
            z: normal::two_sided_quantile(log_level),
        }
    }

    /// Whether a p-value is admitted; NaN is not.
    pub fn admits(&self, p: f64) -> bool {
        match self.kind {
            Kind::Above(level) => p > level,
            Kind::AtLeast(level) => p >= level,
            Kind::AboveLog(level) => p.ln() > level,
        }
    }

    /// Whether a p-value given by its natural logarithm is admitted; NaN is not.
    pub fn admits_log(&self, log_p: f64) -> bool {
        match self.kind {
            Kind::Above(level) => log_p.exp() > level,
            Kind::AtLeast(level) => log_p.exp() >= level,
            Kind::AboveLog(level) => log_p > level,
        }
    }

    /// Whether the level is a logarithm, so that p-values should be compared by theirs.
    pub fn is_log(&self) -> bool {
        matches!(self.kind, Kind::AboveLog(_))
    }

    /// The `z >= 0` whose two-sided normal tail `2 (1 - Φ(z))` is the level: an aid to tests that
    /// compare a statistic instead of a p-value.
    pub fn normal_quantile(&self) -> f64 {
        self.z
    }
}
