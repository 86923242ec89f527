//! The text of tokens that come one by one.

use super::{Tokenizer, failed, small};
use crate::Error;

/// The text of the tokens seen so far, as [`Tokenizer::decode`] gives it, without an incomplete character at its end.
///
/// A token costs the decoding of itself and of the tokens since the last complete character, or with SentencePiece since
/// the last token that was not a single byte, but not of the whole text.
#[derive(Debug, Clone, Default)]
pub struct TextSoFar {
    skip_special: bool,
    text: String,
    /// Bytes of `text` that no later token changes.
    settled: usize,
    /// The last token of the settled text: decoders treat a text's first token in their own way.
    context: Option<u32>,
    /// The tokens since.
    open: Vec<u32>,
}

impl TextSoFar {
    /// The text of no tokens; with `skip_special`, special tokens add nothing to it.
    #[must_use]
    pub fn new(skip_special: bool) -> Self {
        Self {
            skip_special,
            ..Self::default()
        }
    }

    /// Takes one more token. Returns from which byte on the text may have changed.
    ///
    /// # Errors
    /// An id that no vocabulary can have; a decoder that does not build its text from left to right.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: i64) -> Result<usize, Error> {
        let id = small(id)?;
        let Some(spelt) = tokenizer.inner.id_to_token(id) else {
            return Ok(self.text.len());
        };
        let special = || tokenizer.inner.get_added_vocabulary();
        if self.skip_special && special().is_special_token(&spelt) {
            return Ok(self.text.len());
        }
        self.open.push(id);
        let ids: Vec<u32> = self.context.iter().chain(&self.open).copied().collect();
        let before = ids.len() - self.open.len();
        let context = tokenizer.decode_small(&ids[..before], false)?;
        let whole = tokenizer.decode_small(&ids, false)?;
        let new = whole.strip_prefix(&context).ok_or_else(|| {
            failed(format!("token {id} changes the text before it, which is whole").into())
        })?;

        let changed = self.settled;
        self.text.truncate(self.settled);
        self.text
            .push_str(new.trim_end_matches(char::REPLACEMENT_CHARACTER));
        if !new.ends_with(char::REPLACEMENT_CHARACTER) && !is_byte(&spelt) {
            self.settled = self.text.len();
            self.context = Some(id);
            self.open.clear();
        }
        Ok(changed)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether the token is one of SentencePiece's bytes. A run of them is a text only as a whole: if any is wrong, each
/// of them is shown as U+FFFD.
fn is_byte(token: &str) -> bool {
    token.len() == 6 && token.starts_with("<0x") && token.ends_with('>')
}
