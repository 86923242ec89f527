//! The words and codes of the journal's tables.

use super::Aspect;
use super::error::damage;
use crate::{Reading, Stance};

/// What a word in this column says: a stance, or a rating in digits.
pub(super) fn reading_of(column: usize, word: &str) -> rusqlite::Result<Reading> {
    let stance = match word {
        "yes" => Stance::Yes,
        "no" => Stance::No,
        "unsure" => Stance::Unsure,
        _ => {
            let rating = word.parse().map(Reading::Rating);
            return rating.map_err(|_| damage(column, format!("the stance {word:?}")));
        }
    };
    Ok(Reading::Stance(stance))
}

/// The word for it.
pub(super) fn word_for(reading: Reading) -> String {
    match reading {
        Reading::Stance(stance) => stance.to_string(),
        Reading::Rating(rating) => rating.to_string(),
    }
}

pub(super) fn aspect_of(code: i64) -> Option<Aspect> {
    let mut aspects = [Aspect::Answer, Aspect::Thought].into_iter();
    aspects.find(|aspect| i64::from(aspect.code()) == code)
}
