//! The API key: kept, sent, and never shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use ureq::http::HeaderValue;

/// What stands where the key stood.
const HIDDEN: &str = "[API key]";

/// A shorter key is a placeholder such as `EMPTY`, which local servers ask for: taking it out of a
/// text would change ordinary words.
const SHORTEST_SECRET: usize = 8;

/// The key, if the server wants one. It is wiped from memory when dropped; the HTTP library's copy
/// in a header is not.
#[derive(Clone, Default)]
pub(super) struct ApiKey(Option<SecretString>);

impl ApiKey {
    /// A key without the white space around it that files and shells leave. Without anything
    /// else, no key is sent.
    ///
    /// Characters that no HTTP header can carry are an error, which says which kind, not which.
    pub(super) fn new(key: &str) -> Result<Self, &'static str> {
        let key = key.trim();
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("found a blank, a control character or one outside ASCII");
        }
        Ok(Self((!key.is_empty()).then(|| SecretString::from(key))))
    }

    pub(super) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// The header that hands it over, marked so that nothing prints it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let bearer = format!("Bearer {}", self.0.as_ref()?.expose_secret());
        let mut header = HeaderValue::try_from(bearer).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The text with every occurrence of the key taken out: a server may send back what it got.
    pub(super) fn redact(&self, text: String) -> String {
        let key = self.0.as_ref().map_or("", |key| key.expose_secret());
        match key.len() >= SHORTEST_SECRET && text.contains(key) {
            true => text.replace(key, HIDDEN),
            false => text,
        }
    }

    /// The same for every text and every name of a JSON value.
    pub(super) fn redact_json(&self, json: Value) -> Value {
        match json {
            Value::String(text) => self.redact(text).into(),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.redact_json(item))
                .collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields =
                    fields.map(|(name, value)| (self.redact(name), self.redact_json(value)));
                Value::Object(fields.collect())
            }
            other => other,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => HIDDEN,
            None => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_of_texts_and_a_placeholder_is_not() {
        let key = ApiKey::new(" sk-0123456789\n").unwrap();
        let header = key.header().unwrap();
        assert_eq!(header.as_bytes(), b"Bearer sk-0123456789");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert_eq!(
            key.redact("a sk-0123456789 b sk-0123456789".into()),
            "a [API key] b [API key]"
        );
        assert_eq!(format!("{key:?}"), "[API key]");
        let placeholder = ApiKey::new("no").unwrap();
        assert_eq!(placeholder.redact("I know".into()), "I know");
    }

    #[test]
    fn no_key_is_none_and_a_broken_one_is_refused() {
        assert!(!ApiKey::new(" \n").unwrap().is_some());
        for broken in ["sk-a b", "sk-a\r\nX-Evil: 1", "sk-é", "sk-\u{7f}"] {
            assert!(ApiKey::new(broken).is_err(), "{broken:?}");
        }
    }
}
