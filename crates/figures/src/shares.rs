//! Raised, unchanged, lowered: what the table's cells and the pies show.

use super::DrawError;

/// How often something was raised, left unchanged or lowered: counts or proportions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Raised.
    pub raised: f64,
    /// Unchanged.
    pub unchanged: f64,
    /// Lowered.
    pub lowered: f64,
}

impl Shares {
    /// From counts.
    pub fn from_counts(raised: usize, unchanged: usize, lowered: usize) -> Self {
        Self {
            raised: raised as f64,
            unchanged: unchanged as f64,
            lowered: lowered as f64,
        }
    }

    /// The same divided by their sum; `None` if all three are zero.
    pub(super) fn normalised(self, what: &str) -> Result<Option<Self>, DrawError> {
        let sum = self.raised + self.unchanged + self.lowered;
        let all = [
            ("raised", self.raised),
            ("unchanged", self.unchanged),
            ("lowered", self.lowered),
            ("sum", sum),
        ];
        if let Some((kind, found)) = all.into_iter().find(|(_, n)| !n.is_finite() || *n < 0.0) {
            let expected = "a finite number that is not negative";
            return Err(DrawError::OutOfRange {
                what: format!("{what}, {kind}"),
                expected,
                found,
            });
        }
        Ok((sum > 0.0).then(|| Self {
            raised: self.raised / sum,
            unchanged: self.unchanged / sum,
            lowered: self.lowered / sum,
        }))
    }
}
