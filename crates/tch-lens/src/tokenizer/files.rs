//! The files of a tokenizer.

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::LoadError;

/// What `tokenizer.json` describes.
pub(super) fn tokenizer(path: &Path) -> Result<tokenizers::Tokenizer, LoadError> {
    let bytes = fs::read(path).map_err(|source| LoadError::Read {
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

/// Which tokens the settings put around a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adds {
    pub(super) bos: bool,
    pub(super) eos: bool,
}

/// `tokenizer_config.json`, and `special_tokens_map.json` for what it leaves out.
pub(super) struct Settings {
    config: Map<String, Value>,
    pub(super) adds: Option<Adds>,
    pub(super) split_special_tokens: bool,
}

impl Settings {
    pub(super) fn open(folder: &Path) -> Result<Self, LoadError> {
        let mut config = object(&folder.join("tokenizer_config.json"))?;
        for (name, token) in object(&folder.join("special_tokens_map.json"))? {
            config.entry(name).or_insert(token);
        }
        let yes = |name: &str| config.get(name).and_then(Value::as_bool).unwrap_or(false);
        let said = ["add_bos_token", "add_eos_token"]
            .iter()
            .any(|&name| config.contains_key(name));
        let adds = said.then(|| Adds {
            bos: yes("add_bos_token"),
            eos: yes("add_eos_token"),
        });
        let split_special_tokens = yes("split_special_tokens");
        Ok(Self {
            config,
            adds,
            split_special_tokens,
        })
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

        let special = |name: &&str| self.config.get(*name);
        let roles = ROLES.iter().filter_map(special).filter_map(content);
        let more = LISTS.iter().filter_map(special).filter_map(Value::as_array);
        let more = more.flatten().filter_map(content);
        let special: Vec<_> = roles
            .chain(more)
            .map(|content| AddedToken::from(content, true))
            .collect();
        inner.add_special_tokens(special)?;
        Ok(())
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

const ROLES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];
const LISTS: [&str; 2] = ["additional_special_tokens", "extra_special_tokens"];

/// The object in a JSON file; nothing if there is no file.
pub(crate) fn object(path: &Path) -> Result<Map<String, Value>, LoadError> {
    let bytes = match fs::read(path) {
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
pub(crate) fn content(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}
