//! What an answer counts for.

use super::Leans;
use super::error::damage;
use super::words::reading_of;
use crate::{Keying, Reading, Scale, Score, Stance};

/// What an answer counts for: its stance, or a number between a no (-1) and a yes (1), the lowest
/// rating and the highest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said {
    Stance(Stance),
    Lean(f64),
}

impl Said {
    /// What an answer with this stance or rating says; its text is there where it was judged by
    /// likelihood.
    pub(super) fn of(scale: &Scale, stance: &str, text: Option<String>) -> rusqlite::Result<Self> {
        let reading = reading_of(1, stance)?;
        if let Some(text) = text {
            let found = Leans::of(scale, &text);
            let found = found.filter(|found| found.lean().is_finite());
            let found = found.ok_or_else(|| damage(3, format!("likelihoods {text:?}")))?;
            return Ok(Self::Lean(found.lean()));
        }
        Ok(match reading {
            Reading::Stance(stance) => Self::Stance(stance),
            Reading::Rating(_) => Self::Lean(scale.lean(reading)),
        })
    }

    /// Towards the value of an item that is keyed so.
    pub(super) fn score(self, keying: Keying) -> f64 {
        match self {
            Self::Stance(stance) => Score::of(stance, keying).into(),
            // No -0.
            Self::Lean(lean) => lean * f64::from(keying.sign()) + 0.0,
        }
    }
}
