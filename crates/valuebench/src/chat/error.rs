//! What can go wrong while a server is asked.

use crate::words::counted;
use std::time::Duration;

/// Why a client could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChatSetupError {
    /// An environment variable is missing or not text.
    #[error("environment variable {name}: expected {expected}, found {found}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What it is for.
        expected: &'static str,
        /// What was there instead; never the content.
        found: &'static str,
    },
    /// The base URL is not one.
    #[error("base URL: expected {expected}, found {found}")]
    BaseUrl {
        /// What a base URL looks like.
        expected: &'static str,
        /// What was there instead.
        found: String,
    },
    /// The key cannot be sent in a header.
    #[error("API key: expected visible ASCII characters, {problem}")]
    Key {
        /// The kind of the character that cannot; never the key.
        problem: &'static str,
    },
    /// The key would travel unencrypted.
    #[error(
        "the API key would travel to {host} unencrypted: expected an https URL or this machine; \
         take the key away or allow it with `key_over_http`"
    )]
    KeyOverHttp {
        /// The host of the base URL.
        host: String,
    },
    /// The file of trusted certificates cannot be read, or has none.
    #[error("{file}: expected certificates in PEM form, {problem}")]
    Certificates {
        /// The file.
        file: String,
        /// What was found, or what the operating system said.
        problem: String,
    },
    /// A setting is out of its range.
    #[error("{setting}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its range.
        expected: &'static str,
        /// What was given.
        found: String,
    },
}

/// Why there is no reply.
///
/// No message holds the key, not even if the server sent it back. What a server said is cut to a
/// few hundred characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The server could not be reached.
    #[error("{host}: cannot be reached: {problem}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the operating system said.
        problem: String,
    },
    /// TLS failed, most often because the certificate is not trusted.
    #[error("{host}: no secure connection: {problem}")]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library said.
        problem: String,
    },
    /// The server took too long.
    #[error("{host}: expected {expected} within {limit:?}, found none")]
    Timeout {
        /// Host and port.
        host: String,
        /// `"a connection"` or `"a whole reply"`.
        expected: &'static str,
        /// The time allowed.
        limit: Duration,
    },
    /// The connection broke off, or what came is not HTTP.
    #[error("{host}: the reply broke off or is not HTTP: {problem}")]
    Broken {
        /// Host and port.
        host: String,
        /// What the HTTP library said.
        problem: String,
    },
    /// The server refused the request, or failed.
    #[error("{host}: HTTP status {status}: {message}")]
    Status {
        /// Host and port.
        host: String,
        /// The status, not 2xx or 3xx.
        status: u16,
        /// What the server said of it.
        message: String,
        /// The server's word for it, such as `insufficient_quota`.
        code: Option<String>,
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The server sent the request elsewhere. None is followed, so that the key stays where it was
    /// meant to go.
    #[error("{host}: redirects to {to} (HTTP status {status}), which is not followed")]
    Redirect {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
        /// Where to.
        to: String,
    },
    /// The reply is longer than allowed.
    #[error("{host}: expected a reply of at most {limit} bytes, found more")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The limit in bytes, of the body or, where that is smaller, of its header.
        limit: u64,
    },
    /// The body is no JSON text.
    #[error("{host}: expected JSON, {problem}, found {found:?}")]
    NotJson {
        /// Host and port.
        host: String,
        /// What the JSON parser said.
        problem: String,
        /// How the body begins.
        found: String,
    },
    /// The JSON text is not a completion.
    #[error("{host}: expected {expected}, found {found}")]
    Shape {
        /// Host and port.
        host: String,
        /// What should have been there.
        expected: &'static str,
        /// What was there instead.
        found: String,
    },
    /// The HTTP library's log would show the key.
    #[error(
        "{host}: the log of {target} at level trace would show the API key: \
         leave that log at level debug, or ask without a key"
    )]
    KeyInLog {
        /// Host and port.
        host: String,
        /// The target of the log.
        target: &'static str,
    },
    /// All attempts failed.
    #[error("gave up after {attempts}: {last}", attempts = counted(attempts, "attempt"))]
    GaveUp {
        /// Number of attempts.
        attempts: u32,
        /// Why the last one failed.
        last: Box<ChatError>,
    },
    /// The caller stopped before there was a reply.
    #[error("stopped before there was a reply")]
    Stopped,
}

impl ChatError {
    /// Whether asking again may help: the connection failed or broke off, the time was up, the
    /// body was no JSON text, or the status was 408, 409, 425, 429 or 5xx. A quota that is used up
    /// comes as status 429 too and does not pass.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::NotJson { .. } => true,
            Self::Status { status, code, .. } => {
                matches!(status, 408 | 409 | 425 | 429 | 500..=599)
                    && code.as_deref() != Some("insufficient_quota")
            }
            _ => false,
        }
    }

    /// When the server wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
