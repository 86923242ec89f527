//! One request, and every way in which it can fail.

use std::io;
use std::time::SystemTime;

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderValue, Response, StatusCode};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Error, Proxy, Timeout};

use super::ChatError;
use super::options::Checked;
use super::retry::retry_after;
use super::wire::{self, excerpt};

/// The longest head of a reply, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// The longest message of a failure that is read, in bytes.
const MAX_FAILURE: u64 = 64 << 10;

/// A server, and how to speak with it.
#[derive(Debug)]
pub(super) struct Http {
    agent: Agent,
    checked: Checked,
    authorization: Option<HeaderValue>,
}

impl Http {
    pub(super) fn new(checked: Checked) -> Self {
        let options = &checked.options;
        // A proxy would read an unencrypted key, and does not know this machine.
        let uses_proxy = checked.is_https() && !checked.is_here();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEAD)
            .max_idle_connections(options.concurrency)
            .max_idle_connections_per_host(options.concurrency)
            .timeout_connect(Some(options.connect_timeout))
            .timeout_global(Some(options.timeout))
            .user_agent(concat!("valuebench/", env!("CARGO_PKG_VERSION")))
            .tls_config(
                TlsConfig::builder()
                    .root_certs(checked.roots.clone())
                    .build(),
            )
            .proxy(uses_proxy.then(Proxy::try_from_env).flatten())
            .build();
        Self {
            agent: config.into(),
            authorization: checked.key.header(),
            checked,
        }
    }

    pub(super) fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Posts a JSON text to a path below the base URL; gives the JSON value that comes back,
    /// without the key, should it be in there.
    pub(super) fn post(&self, path: &str, body: &[u8]) -> Result<Value, ChatError> {
        let url = format!("{}{path}", self.checked.options.base_url);
        let mut request = self
            .agent
            .post(url)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json");
        if let Some(authorization) = &self.authorization {
            if let Some(target) = log_of_bytes() {
                let host = self.host();
                return Err(ChatError::KeyInLog { host, target });
            }
            request = request.header("Authorization", authorization);
        }
        let mut response = request.send(body).map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirect(status, response.headers()));
        }
        if !status.is_success() {
            return Err(self.refused(status, &mut response));
        }
        let body = self.body(&mut response)?;
        match serde_json::from_slice(&body) {
            Ok(json) => Ok(self.checked.key.redact_json(json)),
            Err(error) => Err(ChatError::NotJson {
                host: self.host(),
                problem: error.to_string(),
                found: self.quote(&String::from_utf8_lossy(&body)),
            }),
        }
    }

    pub(super) fn host(&self) -> String {
        self.checked.host.clone()
    }

    /// The beginning of a text from the server. The key goes before the text is cut, so that no
    /// half of it stays.
    fn quote(&self, text: &str) -> String {
        excerpt(&self.checked.key.redact(text.to_owned()))
    }

    fn body(&self, response: &mut Response<Body>) -> Result<Vec<u8>, ChatError> {
        let limit = self.checked.options.max_reply_bytes;
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        body.map_err(|error| self.failed(error))
    }

    fn redirect(&self, status: StatusCode, headers: &HeaderMap) -> ChatError {
        let to = headers
            .get("Location")
            .map(|to| String::from_utf8_lossy(to.as_bytes()));
        ChatError::Redirect {
            host: self.host(),
            status: status.as_u16(),
            to: match to {
                Some(to) => format!("{:?}", self.quote(&to)),
                None => "no place".to_owned(),
            },
        }
    }

    fn refused(&self, status: StatusCode, response: &mut Response<Body>) -> ChatError {
        let header = response.headers().get("Retry-After");
        let wait = header.and_then(|header| retry_after(header.to_str().ok()?, SystemTime::now()));
        // The status says enough where the message does not come.
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_FAILURE)
            .read_to_vec();
        let body = body.unwrap_or_default();
        let (message, code) = match serde_json::from_slice::<Value>(&body) {
            Ok(json) => wire::failure(&self.checked.key.redact_json(json)),
            Err(_) => (self.quote(&String::from_utf8_lossy(&body)), None),
        };
        ChatError::Status {
            host: self.host(),
            status: status.as_u16(),
            message: match message.is_empty() {
                true => "no message".to_owned(),
                false => message,
            },
            code,
            retry_after: wait,
        }
    }

    fn failed(&self, error: Error) -> ChatError {
        let options = &self.checked.options;
        let host = self.host();
        let problem = |error: &Error| self.quote(&error.to_string());
        match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => ChatError::Timeout {
                host,
                expected: "a connection",
                limit: options.connect_timeout,
            },
            Error::Timeout(_) => ChatError::Timeout {
                host,
                expected: "a whole reply",
                limit: options.timeout,
            },
            Error::BodyExceedsLimit(limit) => ChatError::TooLarge { host, limit },
            Error::LargeResponseHeader(..) => ChatError::TooLarge {
                host,
                limit: MAX_HEAD as u64,
            },
            Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => ChatError::Tls {
                host,
                problem: problem(&error),
            },
            Error::Io(ref cause) if self.checked.is_https() && is_tls(cause) => ChatError::Tls {
                host,
                problem: problem(&error),
            },
            Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
                ChatError::Connect {
                    host,
                    problem: problem(&error),
                }
            }
            Error::Io(ref cause) if never_connected(cause) => ChatError::Connect {
                host,
                problem: problem(&error),
            },
            error => ChatError::Broken {
                host,
                problem: problem(&error),
            },
        }
    }
}

/// A log that is on and to which the HTTP library writes all that it sends, the key included.
fn log_of_bytes() -> Option<&'static str> {
    let mut targets = ["ureq", "ureq_proto", "ureq_proto::util"].into_iter();
    targets.find(|target| log::log_enabled!(target: target, log::Level::Trace))
}

fn never_connected(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let kinds = [
        ConnectionRefused,
        HostUnreachable,
        NetworkUnreachable,
        AddrNotAvailable,
    ];
    // A name that is not found has no kind of its own.
    kinds.contains(&error.kind()) || error.to_string().contains("failed to lookup")
}

/// rustls reports what the other side sent as an input error of this kind.
fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}
