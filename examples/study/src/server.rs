//! How a server of models is asked, as a study file says it.

use serde::{Deserialize, Serialize};
#[cfg(feature = "lens")]
use value_causal::bench::chat::{ChatClient, ChatOptions, ChatSetupError, TokenLimit};

/// How a server of models is asked. Nothing here changes what it is asked, nor how much of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The most requests at a time; 4 unless set.
    pub concurrency: Option<usize>,
    /// The most requests in a minute, retries included; no limit unless set.
    pub requests_per_minute: Option<u32>,
    /// Seconds for a connection to come about; 10 unless set.
    pub connect_timeout: Option<f64>,
    /// Seconds for an attempt as a whole; 120 unless set.
    pub timeout: Option<f64>,
    /// How often a question is asked again after a failure that may pass; 5 times unless set.
    pub retries: Option<u32>,
    /// Whether the key may travel unencrypted to another machine.
    pub key_over_http: bool,
    /// Whether the server wants the limit of tokens as `max_completion_tokens`, as OpenAI's newer models do.
    pub max_completion_tokens: bool,
}

/// The longest and the shortest timeout, in seconds.
const TIMEOUTS: std::ops::RangeInclusive<f64> = 0.001..=86_400.0;

impl Server {
    /// What is wrong with a setting, after its name.
    pub(super) fn fault(&self) -> Option<String> {
        let zero = [
            ("concurrency", self.concurrency == Some(0)),
            ("requests_per_minute", self.requests_per_minute == Some(0)),
        ];
        if let Some((name, _)) = zero.iter().find(|(_, is_zero)| *is_zero) {
            return Some(format!("{name}: expected at least 1, found 0"));
        }
        let timeouts = [
            ("connect_timeout", self.connect_timeout),
            ("timeout", self.timeout),
        ];
        timeouts.into_iter().find_map(|(name, seconds)| {
            let found = seconds.filter(|seconds| !TIMEOUTS.contains(seconds))?;
            Some(format!(
                "{name}: expected 0.001 to 86400 seconds, found {found}"
            ))
        })
    }
}

#[cfg(feature = "lens")]
impl Server {
    /// A client for the server that the environment names.
    ///
    /// # Errors
    /// The environment names none; a key would travel unencrypted that may not.
    pub fn client(&self) -> Result<ChatClient, ChatSetupError> {
        ChatClient::new(self.applied_to(ChatOptions::from_env()?))
    }

    /// `options` with what is set.
    pub fn applied_to(&self, mut options: ChatOptions) -> ChatOptions {
        use std::time::Duration;

        if let Some(n) = self.concurrency {
            options = options.concurrency(n);
        }
        if let Some(n) = self.requests_per_minute {
            options = options.requests_per_minute(n);
        }
        // A time below 0 or beyond what a clock can hold becomes 0, which the client refuses by name.
        let time = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        if let Some(seconds) = self.connect_timeout {
            options = options.connect_timeout(time(seconds));
        }
        if let Some(seconds) = self.timeout {
            options = options.timeout(time(seconds));
        }
        if let Some(n) = self.retries {
            options = options.retries(n);
        }
        if self.max_completion_tokens {
            options = options.token_limit(TokenLimit::MaxCompletionTokens);
        }
        options.key_over_http(self.key_over_http)
    }
}

#[cfg(all(test, feature = "lens"))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_set_is_applied_and_nothing_else() {
        let plain = || ChatOptions::new("http://localhost", "tiny");
        let applied = |text: &str| {
            let server: Server = toml::from_str(text).unwrap();
            format!("{:?}", server.applied_to(plain()))
        };
        assert_eq!(applied(""), format!("{:?}", plain()));
        for (text, expected) in [
            ("concurrency = 9", plain().concurrency(9)),
            ("requests_per_minute = 30", plain().requests_per_minute(30)),
            (
                "connect_timeout = 0.25",
                plain().connect_timeout(Duration::from_millis(250)),
            ),
            ("timeout = 7", plain().timeout(Duration::from_secs(7))),
            ("retries = 0", plain().retries(0)),
            ("key_over_http = true", plain().key_over_http(true)),
            (
                "max_completion_tokens = true",
                plain().token_limit(TokenLimit::MaxCompletionTokens),
            ),
        ] {
            assert_ne!(applied(text), applied(""), "{text}");
            assert_eq!(applied(text), format!("{expected:?}"), "{text}");
        }
    }
}
