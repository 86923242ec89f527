//! The words and codes of the journal's tables.

use super::Aspect;
use super::error::damage;
use crate::Stance;

/// The stance of a word in this column.
pub(super) fn stance_of(column: usize, word: &str) -> rusqlite::Result<Stance> {
    match word {
        "yes" => Ok(Stance::Yes),
        "no" => Ok(Stance::No),
        "unsure" => Ok(Stance::Unsure),
        _ => Err(damage(column, format!("the stance {word:?}"))),
    }
}

pub(super) fn aspect_of(code: i64) -> Option<Aspect> {
    let mut aspects = [Aspect::Answer, Aspect::Thought].into_iter();
    aspects.find(|aspect| i64::from(aspect.code()) == code)
}
