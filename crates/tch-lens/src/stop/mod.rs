//! When a completion ends, and its text.

mod stopper;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub(crate) use stopper::Stopper;

/// What ends a completion. Whatever comes first does.
///
/// ```
/// use tch_lens::Stop;
///
/// let stop = Stop::after(45)
///     .string("\n\nQuestion:")
///     .when(|text| text.to_lowercase().contains("\nanswer: yes"));
/// assert_eq!(stop.max_new_tokens(), 45);
/// ```
#[derive(Clone)]
pub struct Stop {
    max_new_tokens: usize,
    /// None: those of the model.
    ids: Option<BTreeSet<i64>>,
    strings: Vec<String>,
    keeps_string: bool,
    keeps_special: bool,
    predicate: Option<Predicate>,
}

type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Why a completion ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Finish {
    /// This token came.
    StopId(i64),
    /// The text came to have this stop string.
    StopString(String),
    /// The caller's predicate came to hold of the text.
    Predicate,
    /// All the tokens that were allowed have come.
    Length,
    /// Nothing was to be written, and all candidates are scored.
    Scored,
}

impl Default for Stop {
    /// After 100 new tokens, or at the model's end tokens.
    fn default() -> Self {
        Self::after(100)
    }
}

impl Stop {
    /// After so many new tokens, at least 1, or at the model's end tokens: those of `config.json` and
    /// `generation_config.json` together.
    #[must_use]
    pub fn after(max_new_tokens: usize) -> Self {
        Self {
            max_new_tokens,
            ids: None,
            strings: Vec::new(),
            keeps_string: false,
            keeps_special: false,
            predicate: None,
        }
    }

    /// At these tokens and not at the model's. The token is the last of the completion's tokens and no part of its
    /// text.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Also once the new text has `string`, which may not be empty and may have special tokens in it, spelt out. The text
    /// ends before it; the tokens that make it up stay.
    #[must_use]
    pub fn string(mut self, string: impl Into<String>) -> Self {
        self.strings.push(string.into());
        self
    }

    /// Lets the stop string stay at the end of the text.
    #[must_use]
    pub fn keeping_string(mut self) -> Self {
        self.keeps_string = true;
        self
    }

    /// Lets special tokens stay in the text, spelt out; the stop id is still no part of it.
    #[must_use]
    pub fn keeping_special(mut self) -> Self {
        self.keeps_special = true;
        self
    }

    /// Also once `predicate` holds of the new text so far. It is asked after every token, on the thread that generates,
    /// with the text as [`TextSoFar`](crate::TextSoFar) has it: without a broken character at its end.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// How many new tokens there may be.
    #[must_use]
    pub fn max_new_tokens(&self) -> usize {
        self.max_new_tokens
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop")
            .field("max_new_tokens", &self.max_new_tokens)
            .field("ids", &self.ids)
            .field("strings", &self.strings)
            .field("keeps_string", &self.keeps_string)
            .field("keeps_special", &self.keeps_special)
            .field("predicate", &self.predicate.is_some())
            .finish()
    }
}
