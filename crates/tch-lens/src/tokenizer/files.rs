//! The files of a tokenizer.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::{LoadError, file};

/// What `tokenizer.json` describes.
pub(super) fn tokenizer(path: &Path) -> Result<tokenizers::Tokenizer, LoadError> {
    let bytes = file::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    // The library panics at some files that are not JSON, so they are found out before.
    serde_json::from_slice::<IgnoredAny>(&bytes).map_err(|source| LoadError::Json {
        path: path.to_owned(),
        source,
    })?;
    let refused = |reason: String| LoadError::Tokenizer {
        path: path.to_owned(),
        reason,
    };
    catch_unwind(AssertUnwindSafe(|| {
        tokenizers::Tokenizer::from_bytes(&bytes)
    }))
    .map_err(|_| refused("the tokenizers library panicked at it".to_owned()))?
    .map_err(|error| refused(error.to_string()))
}

/// Ids of the tokens with a role.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedTokens {
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
}

/// `tokenizer_config.json`; where it lists no `added_tokens_decoder`, as files of before version 5 may not,
/// `special_tokens_map.json` goes before it.
pub(crate) struct Settings {
    config: Map<String, Value>,
}

impl Settings {
    pub(crate) fn open(folder: &Path) -> Result<Self, LoadError> {
        let mut config = object(&folder.join("tokenizer_config.json"))?;
        let map = object(&folder.join("special_tokens_map.json"))?;
        if !config.contains_key("added_tokens_decoder") {
            config.extend(map);
        }
        Ok(Self { config })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.config.get(name)
    }

    pub(super) fn split_special_tokens(&self) -> bool {
        let given = self.config.get("split_special_tokens");
        given.and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn named(&self, inner: &tokenizers::Tokenizer) -> NamedTokens {
        let id = |name: &str| inner.token_to_id(content(self.config.get(name)?)?);
        NamedTokens {
            bos: id("bos_token"),
            eos: id("eos_token"),
        }
    }

    /// Adds the tokens that the settings name and `tokenizer.json` lacks, and makes those with a role special.
    pub(super) fn add_tokens_to(
        &self,
        inner: &mut tokenizers::Tokenizer,
    ) -> Result<(), tokenizers::Error> {
        let known = inner.get_added_tokens_decoder();
        let known = |content: &str| known.values().any(|token| token.content == content);
        let listed = self.listed();
        let missing = listed.into_iter().filter(|token| !known(&token.content));
        let missing: Vec<_> = missing.collect();
        inner.add_tokens(missing)?;

        let named = self.tokens_by_name().into_iter().map(|(_, token)| token);
        let special: Vec<_> = named
            .chain(self.extra())
            .map(|content| AddedToken::from(content, true))
            .collect();
        inner.add_special_tokens(special)?;
        Ok(())
    }

    /// The tokens with a name, of which chat templates speak too: the usual roles, what else ends in `_token`, and those
    /// that `extra_special_tokens` names.
    pub(crate) fn tokens_by_name(&self) -> Vec<(&str, &str)> {
        let top = self
            .config
            .iter()
            .filter(|(name, _)| name.ends_with("_token"));
        let within = self.more().and_then(Value::as_object).into_iter().flatten();
        top.chain(within)
            .filter_map(|(name, token)| Some((name.as_str(), content(token)?)))
            .collect()
    }

    /// Special tokens without a name.
    fn extra(&self) -> impl Iterator<Item = &str> {
        let list = self.more().and_then(Value::as_array).into_iter().flatten();
        list.filter_map(content)
    }

    /// `extra_special_tokens`, a list or an object of names; `additional_special_tokens`, as it was called before, where
    /// that says nothing.
    fn more(&self) -> Option<&Value> {
        let says_something = |value: &&Value| match value {
            Value::Array(tokens) => !tokens.is_empty(),
            Value::Object(tokens) => !tokens.is_empty(),
            _ => false,
        };
        let of = |name: &str| self.config.get(name).filter(says_something);
        of("extra_special_tokens").or_else(|| of("additional_special_tokens"))
    }

    /// `added_tokens_decoder`, in the order of its ids.
    fn listed(&self) -> Vec<AddedToken> {
        let Some(Value::Object(listed)) = self.config.get("added_tokens_decoder") else {
            return Vec::new();
        };
        let mut listed: Vec<(u32, AddedToken)> = listed
            .iter()
            .filter_map(|(id, token)| {
                Some((
                    id.parse().ok()?,
                    serde_json::from_value(token.clone()).ok()?,
                ))
            })
            .collect();
        listed.sort_by_key(|&(id, _)| id);
        listed.into_iter().map(|(_, token)| token).collect()
    }
}

/// The object in a JSON file; nothing if there is no file.
fn object(path: &Path) -> Result<Map<String, Value>, LoadError> {
    let bytes = match file::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Map::new()),
        Err(source) => {
            return Err(LoadError::Read {
                path: path.to_owned(),
                source,
            });
        }
        Ok(bytes) => bytes,
    };
    serde_json::from_slice(&bytes).map_err(|source| LoadError::Json {
        path: path.to_owned(),
        source,
    })
}

/// A token's text, given as a string or as an object with its properties.
fn content(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}
