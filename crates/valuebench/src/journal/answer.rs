//! What is recorded.

use sha2::{Digest, Sha256};

use super::Question;
use crate::{Reading, Stance};

/// The longest answer that is recorded, in bytes: a mebibyte.
pub const LONGEST_ANSWER: usize = 1 << 20;

/// A model's answer, as it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// What was asked.
    pub question: Question,
    /// The [hash](prompt_hash) of the prompt.
    pub prompt_hash: [u8; 32],
    /// All that the model wrote after the prompt.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub new_tokens: u64,
    /// From when the question was taken up until the answer was there, waiting for others in its
    /// batch included.
    pub seconds: f64,
    /// What the answer means, as far as that is known yet.
    pub verdict: Verdict,
}

/// What a judge said of a text, or why none has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes this position.
    Judged {
        /// The position.
        stance: Stance,
        /// Who says so.
        judge: String,
    },
    /// It gives this rating; of an item that is rated.
    Rated {
        /// The rating, one of the item's scale.
        rating: i32,
        /// Who says so.
        judge: String,
    },
    /// Nobody knows yet; it can be [taken up again](super::Journal::unjudged).
    Unjudged {
        /// Why: no judge could tell, or the judge failed.
        reason: String,
    },
}

impl Verdict {
    /// Whether the answer was read off as [`Likelihoods`](super::Likelihoods), not written.
    pub fn is_read_off(&self) -> bool {
        matches!(self, Self::Judged { judge, .. } if judge == super::BY_LIKELIHOOD)
    }
}

/// Which part of an answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// The whole answer, as it is scored.
    Answer,
    /// The [thought](crate::Answer::thought) alone, which tells how consistent the model is.
    Thought,
}

/// The SHA-256 of a prompt's text.
pub fn prompt_hash(prompt: &str) -> [u8; 32] {
    Sha256::digest(prompt).into()
}

impl Verdict {
    /// What the answer says, where that is known.
    pub fn reading(&self) -> Option<Reading> {
        match self {
            Self::Judged { stance, .. } => Some(Reading::Stance(*stance)),
            Self::Rated { rating, .. } => Some(Reading::Rating(*rating)),
            Self::Unjudged { .. } => None,
        }
    }

    /// That a judge of this name read this.
    pub fn of(reading: Reading, judge: impl Into<String>) -> Self {
        let judge = judge.into();
        match reading {
            Reading::Stance(stance) => Self::Judged { stance, judge },
            Reading::Rating(rating) => Self::Rated { rating, judge },
        }
    }
}

impl Aspect {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Answer => 0,
            Self::Thought => 1,
        }
    }
}
