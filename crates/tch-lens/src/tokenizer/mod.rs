//! Text to token ids and back, as transformers does it.

mod encoded;
mod files;
mod text_so_far;

use std::path::Path;

use tokenizers::{Encoding, PostProcessor};

use crate::hub::{self, located};
use crate::{Error, LoadError};
pub use encoded::{Encoded, find_tokens};
pub(crate) use files::Settings;
pub use text_so_far::TextSoFar;

/// A checkpoint's tokenizer.
///
/// Reads `tokenizer.json`, and beside it `tokenizer_config.json` and `special_tokens_map.json` where they are. Ids and
/// texts are those of transformers 5's `AutoTokenizer` on the same folder:
///
/// - The post-processor of `tokenizer.json` decides which tokens [`encode`](Self::encode) puts around a text;
///   `add_bos_token` and `add_eos_token` of `tokenizer_config.json` change nothing beside that file.
/// - Special tokens spelt out in a text become those tokens. So the output of a chat template, which writes its own
///   BOS, is for [`encode_plain`](Self::encode_plain): `encode` would put a second BOS in front. (A
///   [`Request`](crate::Request) whose text begins with BOS gets no second one.)
/// - `clean_up_tokenization_spaces` changes nothing: transformers 5 follows it for WordPiece models alone (version 4
///   also took the space out of " ." and the like in Llama 3's texts).
/// - Truncation and padding that `tokenizer.json` may ask for are left out.
///
/// ```no_run
/// use std::path::Path;
/// use tch_lens::Tokenizer;
///
/// let tokenizer = Tokenizer::open(Path::new("gemma-2b-it"))?;
/// let prompt = "Answer according to your values.";
/// let encoded = tokenizer.encode_with_offsets(prompt)?;
/// let at = prompt.find(" your values").unwrap();
/// let tokens = encoded.token_range(at..at + " your values".len())?;
/// assert_eq!(tokenizer.pieces(&encoded.ids[tokens])?, [" your", " values"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// Without its post-processor, whose tokens are `before` and `after`, and which would trim the offsets.
    inner: tokenizers::Tokenizer,
    before: Vec<u32>,
    after: Vec<u32>,
    named: files::NamedTokens,
}

impl Tokenizer {
    /// Opens the tokenizer of the checkpoint in `folder`, or of a model [by name](crate::hub).
    ///
    /// # Errors
    /// No `tokenizer.json`; a file that cannot be read, is not JSON or does not describe a tokenizer; a post-processor that does
    /// more than put tokens before and after a text.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        let folder = &*located(folder, hub::TOKENIZER)?;
        let path = folder.join("tokenizer.json");
        let refused = |reason: String| LoadError::Tokenizer {
            path: path.clone(),
            reason,
        };
        let mut inner = files::tokenizer(&path)?;
        let settings = Settings::open(folder)?;
        inner
            .with_truncation(None)
            .map_err(|error| refused(error.to_string()))?;
        inner.with_padding(None);
        inner.set_encode_special_tokens(settings.split_special_tokens());
        settings
            .add_tokens_to(&mut inner)
            .map_err(|error| refused(error.to_string()))?;
        let processor = inner.get_post_processor().cloned();
        inner.with_post_processor(None::<tokenizers::PostProcessorWrapper>);

        let named = settings.named(&inner);
        let (before, after) = match processor {
            Some(processor) => around(&inner, &processor).map_err(refused)?,
            None => (Vec::new(), Vec::new()),
        };
        Ok(Self {
            inner,
            before,
            after,
            named,
        })
    }

    /// The ids of `text` with the special tokens that belong around it, in most models one BOS in front. Linear in the
    /// length of the text.
    ///
    /// # Errors
    /// The tokenizer has no token for a part of the text.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>, Error> {
        let middle = self.fast(text)?;
        let ids = self
            .before
            .iter()
            .chain(middle.get_ids())
            .chain(&self.after);
        Ok(ids.map(|&id| i64::from(id)).collect())
    }

    /// The ids of `text` alone.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_plain(&self, text: &str) -> Result<Vec<i64>, Error> {
        let ids = self.fast(text)?;
        Ok(ids.get_ids().iter().map(|&id| i64::from(id)).collect())
    }

    /// The ids of `text` where it goes on behind `before`: those that follow the ids of `before` in the two as one text,
    /// without special tokens around it.
    ///
    /// Where the end of `before` and the beginning of `text` would merge into one token, as a space and the word behind it
    /// do, they are the ids of `text` alone: the ids of `before` stay what they are, so that all that may follow is
    /// compared behind the same ids, which are also those that a model goes on from. Of `before` only the last line is
    /// looked at, which keeps this cheap; no tokenizer that is known reaches farther back.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_continuation(&self, before: &str, text: &str) -> Result<Vec<i64>, Error> {
        let line = before.trim_end_matches('\n').rfind('\n').unwrap_or(0);
        let before = &before[line..];
        let whole = self.encode_plain(&(before.to_owned() + text))?;
        match whole.strip_prefix(&*self.encode_plain(before)?) {
            Some(ids) if !ids.is_empty() || text.is_empty() => Ok(ids.to_vec()),
            _ => self.encode_plain(text),
        }
    }

    /// The ids of a prompt: as [`encode`](Self::encode) gives them, but without a second BOS in front of a text that
    /// spells out its own, as chat templates write it.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<i64>, Error> {
        let middle = self.fast(text)?;
        let before = self.before_prompt(&middle);
        let ids = before.iter().chain(middle.get_ids()).chain(&self.after);
        Ok(ids.map(|&id| i64::from(id)).collect())
    }

    /// The same with the bytes of the text that each token stands for: the tokens that a request of this text has.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_prompt_with_offsets(&self, text: &str) -> Result<Encoded, Error> {
        let middle = self.inner.encode(text, false).map_err(failed)?;
        let before = self.before_prompt(&middle);
        Ok(Encoded::new(before, &middle, &self.after, text.len()))
    }

    fn before_prompt(&self, middle: &Encoding) -> &[u32] {
        let has_bos = self.adds_bos() && middle.get_ids().first().copied() == self.named.bos;
        &self.before[usize::from(has_bos)..]
    }

    /// Whether `text` has a special token in it, which is left out of what is decoded.
    pub(crate) fn spells_special(&self, text: &str) -> bool {
        let special = self.inner.get_added_tokens_decoder();
        let mut special = special.values().filter(|token| token.special);
        special.any(|token| text.contains(&token.content))
    }

    /// What [`encode`](Self::encode) gives, with the part of the text that each token stands for.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_with_offsets(&self, text: &str) -> Result<Encoded, Error> {
        let middle = self.inner.encode(text, false).map_err(failed)?;
        Ok(Encoded::new(&self.before, &middle, &self.after, text.len()))
    }

    /// The text of `ids`; with `skip_special`, special tokens are left out. Ids that the vocabulary does not have
    /// are left out too, as transformers does.
    ///
    /// # Errors
    /// A negative id, or one above 2^32.
    pub fn decode(&self, ids: &[i64], skip_special: bool) -> Result<String, Error> {
        let ids: Vec<u32> = ids.iter().map(|&id| small(id)).collect::<Result<_, _>>()?;
        self.decode_small(&ids, skip_special)
    }

    /// Each token's text as it stands inside a text, for showing which tokens a span has. A token that is
    /// only a part of a character is shown as the vocabulary spells it.
    ///
    /// # Errors
    /// An id that the vocabulary does not have.
    pub fn pieces(&self, ids: &[i64]) -> Result<Vec<String>, Error> {
        ids.iter().map(|&id| self.piece(small(id)?)).collect()
    }

    /// The id of the token spelt `token` in the vocabulary.
    pub fn id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token that begins a text, where the files name one.
    pub fn bos(&self) -> Option<i64> {
        self.named.bos.map(i64::from)
    }

    /// The token that ends a text, where the files name one. Generation stops at the ids of generation_config.json,
    /// which may be others.
    pub fn eos(&self) -> Option<i64> {
        self.named.eos.map(i64::from)
    }

    /// Whether [`encode`](Self::encode) puts BOS in front of a text.
    pub fn adds_bos(&self) -> bool {
        self.named.bos.is_some() && self.before.first().copied() == self.named.bos
    }

    /// Tokens in the vocabulary, with those added to it. Models may have rows for more.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    fn fast(&self, text: &str) -> Result<Encoding, Error> {
        self.inner.encode_fast(text, false).map_err(failed)
    }

    fn decode_small(&self, ids: &[u32], skip_special: bool) -> Result<String, Error> {
        self.inner.decode(ids, skip_special).map_err(failed)
    }

    fn piece(&self, id: u32) -> Result<String, Error> {
        let spelt = self
            .inner
            .id_to_token(id)
            .ok_or_else(|| Error::Tokenizer(format!("there is no token {id}")))?;
        // Decoders take away the space that stands before a text, so the second of two is looked at.
        let (once, twice) = (
            self.decode_small(&[id], false)?,
            self.decode_small(&[id, id], false)?,
        );
        Ok(twice
            .strip_prefix(&once)
            .filter(|piece| !piece.contains(char::REPLACEMENT_CHARACTER))
            .map_or(spelt, str::to_owned))
    }
}

/// The ids that `processor` puts before and after a text.
fn around(
    inner: &tokenizers::Tokenizer,
    processor: &tokenizers::PostProcessorWrapper,
) -> Result<(Vec<u32>, Vec<u32>), String> {
    let plain = inner
        .encode_fast("a", false)
        .map_err(|error| error.to_string())?;
    let text = plain.get_ids().to_vec();
    let processed = processor
        .process(plain, None, true)
        .map_err(|error| error.to_string())?;
    let ids = processed.get_ids();
    let mask = processed.get_special_tokens_mask();
    let start = mask.iter().take_while(|&&added| added == 1).count();
    let end = start + text.len();
    if ids.get(start..end) != Some(&text) || mask[end..].contains(&0) {
        return Err("its post-processor does more than put tokens before and after a text".into());
    }
    Ok((ids[..start].to_vec(), ids[end..].to_vec()))
}

fn small(id: i64) -> Result<u32, Error> {
    u32::try_from(id).map_err(|_| Error::Tokenizer(format!("{id} is no token id")))
}

fn failed(error: tokenizers::Error) -> Error {
    Error::Tokenizer(error.to_string())
}
