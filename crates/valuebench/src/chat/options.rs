//! Which server is asked, and how patiently.

use std::env::{self, VarError};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, parse_pem};

use super::ChatSetupError;
use super::key::ApiKey;
use super::retry::Backoff;

const BASE_URL: &str = "OPENAI_BASE_URL";
const API_KEY: &str = "OPENAI_API_KEY";
const MODEL: &str = "OPENAI_MODEL";
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// The longest time that a setting may give.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which server a [`ChatClient`](super::ChatClient) asks, and how patiently.
///
/// ```
/// use std::time::Duration;
/// use valuebench::chat::{ChatClient, ChatOptions};
///
/// let options = ChatOptions::new("http://localhost:8000/v1", "gemma-2b-it")
///     .timeout(Duration::from_secs(60))
///     .requests_per_minute(500)
///     .concurrency(8);
/// let client = ChatClient::new(options)?;
/// # Ok::<(), valuebench::chat::ChatSetupError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatOptions {
    pub(super) base_url: String,
    pub(super) model: String,
    key: Option<SecretString>,
    key_over_http: bool,
    certificates: Option<PathBuf>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) retries: u32,
    first_wait: Duration,
    longest_wait: Duration,
    pub(super) longest_retry_after: Duration,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) concurrency: usize,
    pub(super) max_reply_bytes: u64,
    pub(super) token_limit: TokenLimit,
}

/// What a server calls the greatest number of new tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenLimit {
    /// `max_tokens`, which nearly every server knows.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's newer models want instead.
    MaxCompletionTokens,
}

/// Options that were checked.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) options: ChatOptions,
    pub(super) key: ApiKey,
    pub(super) backoff: Backoff,
    /// Whose certificates are trusted.
    pub(super) roots: RootCerts,
    /// Host and port, for messages.
    pub(super) host: String,
    /// The base URL.
    pub(super) server: Uri,
}

impl Checked {
    pub(super) fn is_https(&self) -> bool {
        self.server.scheme_str() == Some("https")
    }

    /// Whether the server runs on this machine.
    pub(super) fn is_here(&self) -> bool {
        is_here(&self.server)
    }
}

impl ChatOptions {
    /// A server by the URL below which `/chat/completions` lies (it most often ends in `/v1`), and
    /// the model by the server's name for it. No key is sent unless [set](Self::key).
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            key_over_http: false,
            certificates: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(120),
            retries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(60),
            requests_per_minute: None,
            concurrency: 4,
            max_reply_bytes: 4 << 20,
            token_limit: TokenLimit::MaxTokens,
        }
    }

    /// The server, the model and the key by the environment: `OPENAI_BASE_URL` (without it
    /// OpenAI's own, `https://api.openai.com/v1`), `OPENAI_MODEL`, which must be there, and
    /// `OPENAI_API_KEY`, without which no key is sent. `SSL_CERT_FILE`, if there, names the
    /// [certificates](Self::certificates). A variable that is empty counts as missing.
    ///
    /// # Errors
    ///
    /// [`ChatSetupError::Variable`] if one is not text, or the model is missing.
    pub fn from_env() -> Result<Self, ChatSetupError> {
        Self::from_variables(env::var)
    }

    fn from_variables(
        variable: impl Fn(&'static str) -> Result<String, VarError>,
    ) -> Result<Self, ChatSetupError> {
        let read = |name, expected| match variable(name) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ChatSetupError::Variable {
                name,
                expected,
                found: "bytes that are not UTF-8",
            }),
        };
        let base_url = read(BASE_URL, "a URL")?;
        let model = read(MODEL, "the server's name of the model")?;
        let model = model.ok_or(ChatSetupError::Variable {
            name: MODEL,
            expected: "the server's name of the model",
            found: "nothing",
        })?;
        let base_url = base_url.unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
        let mut options = Self::new(base_url.trim(), model.trim());
        options.certificates = read(CERTIFICATES, "a file")?.map(PathBuf::from);
        Ok(match read(API_KEY, "the server's API key")? {
            Some(key) => options.key(key),
            None => options,
        })
    }

    /// The API key, sent as a bearer token; none unless set. White space around it is dropped.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(SecretString::from(key.into()));
        self
    }

    /// Whether the key may travel unencrypted to another machine; not unless set. To this machine
    /// (`localhost`, 127.x.x.x, `[::1]`) it always may.
    pub fn key_over_http(mut self, allow: bool) -> Self {
        self.key_over_http = allow;
        self
    }

    /// A file in PEM form with the certificates of the authorities that are trusted; Mozilla's list
    /// unless set.
    pub fn certificates(mut self, file: impl Into<PathBuf>) -> Self {
        self.certificates = Some(file.into());
        self
    }

    /// The time for a connection to come about; 10 seconds unless set.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// The time for one attempt as a whole, from the connection to the reply's last byte; 120
    /// seconds unless set.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// How often a question is asked again after a failure [that may
    /// pass](super::ChatError::may_pass); 5 times unless set.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The waits before asking again: the first, from which each next one is twice as long, and the
    /// longest. Each is shortened at random by up to a half. Half a second and 30 seconds unless
    /// set.
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_wait, self.longest_wait) = (first, longest);
        self
    }

    /// The longest wait that a server's `Retry-After` may ask for; what is longer counts as this
    /// long. 60 seconds unless set.
    pub fn longest_retry_after(mut self, time: Duration) -> Self {
        self.longest_retry_after = time;
        self
    }

    /// The greatest number of requests in a minute, retries included, spread evenly: two never
    /// start closer than 60 s / `n`. No limit unless set.
    pub fn requests_per_minute(mut self, n: u32) -> Self {
        self.requests_per_minute = Some(n);
        self
    }

    /// The greatest number of requests at a time; 4 unless set. It changes no result and no order.
    pub fn concurrency(mut self, n: usize) -> Self {
        self.concurrency = n;
        self
    }

    /// The longest reply, in bytes of its body; 4 MiB unless set.
    pub fn max_reply_bytes(mut self, n: u64) -> Self {
        self.max_reply_bytes = n;
        self
    }

    /// What the server calls the greatest number of new tokens; [`TokenLimit::MaxTokens`] unless
    /// set.
    pub fn token_limit(mut self, name: TokenLimit) -> Self {
        self.token_limit = name;
        self
    }

    pub(super) fn check(mut self) -> Result<Checked, ChatSetupError> {
        let key = self.key.take().unwrap_or_default();
        let key = ApiKey::new(key.expose_secret());
        let key = key.map_err(|problem| ChatSetupError::Key { problem })?;
        self.base_url = self.base_url.trim().trim_end_matches('/').to_owned();
        let server = read_base_url(&self.base_url, &key)?;
        let host = server
            .authority()
            .map_or("", |host| host.as_str())
            .to_owned();
        let is_safe = server.scheme_str() == Some("https") || is_here(&server);
        if key.is_some() && !is_safe && !self.key_over_http {
            return Err(ChatSetupError::KeyOverHttp { host });
        }
        self.check_numbers()?;
        let roots = match &self.certificates {
            Some(file) => read_certificates(file)?,
            None => RootCerts::WebPki,
        };
        let backoff = Backoff {
            first: self.first_wait,
            longest: self.longest_wait,
        };
        Ok(Checked {
            options: self,
            key,
            backoff,
            roots,
            host,
            server,
        })
    }

    fn check_numbers(&self) -> Result<(), ChatSetupError> {
        if self.model.trim().is_empty() {
            let found = self.model.clone();
            return Err(wrong("model", "the server's name of the model", found));
        }
        for (setting, time, least) in [
            (
                "connect_timeout",
                self.connect_timeout,
                Duration::from_millis(1),
            ),
            ("timeout", self.timeout, Duration::from_millis(1)),
            ("waits, the first", self.first_wait, Duration::ZERO),
            ("waits, the longest", self.longest_wait, Duration::ZERO),
            (
                "longest_retry_after",
                self.longest_retry_after,
                Duration::ZERO,
            ),
        ] {
            if time < least || time > DAY {
                let expected = match least.is_zero() {
                    true => "at most a day",
                    false => "a millisecond to a day",
                };
                return Err(wrong(setting, expected, format!("{time:?}")));
            }
        }
        for (setting, is_zero) in [
            ("concurrency", self.concurrency == 0),
            ("requests_per_minute", self.requests_per_minute == Some(0)),
            ("max_reply_bytes", self.max_reply_bytes == 0),
        ] {
            if is_zero {
                return Err(wrong(setting, "at least 1", "0".to_owned()));
            }
        }
        Ok(())
    }
}

fn wrong(setting: &'static str, expected: &'static str, found: String) -> ChatSetupError {
    ChatSetupError::Setting {
        setting,
        expected,
        found,
    }
}

fn read_certificates(file: &Path) -> Result<RootCerts, ChatSetupError> {
    let wrong = |problem: String| ChatSetupError::Certificates {
        file: file.display().to_string(),
        problem,
    };
    let pem = fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item.map_err(|error| wrong(error.to_string()))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            _ => continue,
        }
    }
    match certificates.is_empty() {
        true => Err(wrong("found none".to_owned())),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}

fn read_base_url(url: &str, key: &ApiKey) -> Result<Uri, ChatSetupError> {
    let refuse = |expected, found| Err(ChatSetupError::BaseUrl { expected, found });
    if url.contains(['@', '?', '#']) {
        // What stands there may be a secret, so it is not shown.
        return refuse(
            "a URL without user, query and fragment",
            "one with `@`, `?` or `#`".to_owned(),
        );
    }
    let shown = || format!("{:?}", key.redact(url.to_owned()));
    match url.parse::<Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) => {
            match is_authority(uri.authority().map_or("", |authority| authority.as_str())) {
                true => Ok(uri),
                false => refuse(
                    "a host's name or address, then perhaps a port from 1 to 65535",
                    shown(),
                ),
            }
        }
        _ => refuse("a URL such as \"http://localhost:8000/v1\"", shown()),
    }
}

/// Whether the text is a host, with or without a port, as a whole. The HTTP library takes more, and
/// asks port 80 where it cannot read the port.
fn is_authority(text: &str) -> bool {
    let bracket = text.find(']').map_or(0, |place| place + 1);
    let (host, port) = match text[bracket..].split_once(':') {
        Some((rest, port)) => (&text[..bracket + rest.len()], Some(port)),
        None => (text, None),
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    is_host(host) && port.is_none_or(is_port)
}

fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // Resolvers read a name that ends in a number as an address, such as 2130706433 for 127.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || last[1..].starts_with(['x', 'X']));
    match is_number {
        true => text.parse::<Ipv4Addr>().is_ok(),
        false => name.len() <= 253 && name.split('.').all(is_label),
    }
}

fn is_here(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from(variables: &[(&str, &str)]) -> Result<ChatOptions, ChatSetupError> {
        ChatOptions::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            let found = found.map(|(_, value)| (*value).to_owned());
            found.ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_environment_names_server_model_and_key() {
        let checked = from(&[
            (BASE_URL, "http://127.0.0.1:8000/v1/"),
            (MODEL, "tiny"),
            (API_KEY, "sk-0123456789"),
        ]);
        let checked = checked.unwrap().check().unwrap();
        assert_eq!(checked.options.base_url, "http://127.0.0.1:8000/v1");
        assert_eq!(checked.options.model, "tiny");
        assert_eq!(
            checked.key.header().unwrap().as_bytes(),
            b"Bearer sk-0123456789"
        );
        assert!(!format!("{checked:?}").contains("0123456789"));
        let own = from(&[(MODEL, "tiny"), (API_KEY, "")])
            .unwrap()
            .check()
            .unwrap();
        assert_eq!(own.host, "api.openai.com");
        assert!(!own.key.is_some());
        assert_eq!(
            from(&[(MODEL, " ")]).unwrap_err().to_string(),
            "environment variable OPENAI_MODEL: expected the server's name of the model, found nothing"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_not_shown() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = std::ffi::OsString::from_vec(b"sk-\xff-secret".to_vec());
        let error = ChatOptions::from_variables(|name| match name {
            API_KEY => Err(VarError::NotUnicode(bytes.clone())),
            _ => Ok("http://localhost".to_owned()),
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "environment variable OPENAI_API_KEY: expected the server's API key, found bytes that are not UTF-8"
        );
    }

    #[test]
    fn whole_authorities_are_taken() {
        for (authority, port) in [
            ("api.openai.com", None),
            ("node_17", None),
            ("a.b-c.example.", Some(1)),
            ("127.0.0.1", Some(65535)),
            ("[::1]", Some(8000)),
            ("[2001:db8::7]", None),
            ("LOCALHOST", Some(80)),
        ] {
            let text = port.map_or(authority.to_owned(), |port: u16| {
                format!("{authority}:{port}")
            });
            let checked = ChatOptions::new(format!("http://{text}/v1"), "tiny").check();
            let server = checked.unwrap().server;
            assert_eq!((server.host(), server.port_u16()), (Some(authority), port));
        }
    }

    proptest! {
        /// What is taken goes to the host and port that are written, whatever an authority looks
        /// like.
        #[test]
        fn no_authority_is_read_in_part(authority in "[a-z0-9.:\\[\\]+%x_-]{1,24}") {
            let checked = ChatOptions::new(format!("http://{authority}/v1"), "tiny").check();
            if let Ok(Checked { server, .. }) = checked {
                let port = server.port().map_or(String::new(), |port| format!(":{}", port.as_u16()));
                let number = authority.rsplit_once(':').map_or("", |(_, port)| port.trim_start_matches('0'));
                let written = format!(":{number}");
                prop_assert!(number.is_empty() || port.is_empty() || port == written);
                prop_assert!(authority.ends_with(']') || authority.contains(':') != port.is_empty());
                prop_assert!(authority.starts_with(server.host().unwrap()));
            }
        }
    }

    #[test]
    fn a_key_does_not_travel_unencrypted_unless_told_to() {
        let remote = || ChatOptions::new("http://node17:8000/v1", "tiny").key("sk-0123456789");
        assert_eq!(
            remote().check().unwrap_err(),
            ChatSetupError::KeyOverHttp {
                host: "node17:8000".into()
            }
        );
        assert!(remote().key_over_http(true).check().is_ok());
        assert!(
            ChatOptions::new("http://node17:8000/v1", "tiny")
                .check()
                .is_ok()
        );
        for here in [
            "http://localhost/v1",
            "http://127.0.0.2:1",
            "http://[::1]:80/",
        ] {
            assert!(
                ChatOptions::new(here, "tiny").key("k").check().is_ok(),
                "{here}"
            );
        }
        assert!(
            ChatOptions::new("http://localhost.evil", "tiny")
                .key("k")
                .check()
                .is_err()
        );
    }

    #[test]
    fn wrong_settings_are_refused_and_secrets_in_them_not_shown() {
        let error = |options: ChatOptions| options.check().unwrap_err().to_string();
        let local = || ChatOptions::new("http://localhost", "tiny");
        for url in ["https://u:secret@host/v1", "https://host/v1?key=secret"] {
            assert_eq!(
                error(ChatOptions::new(url, "tiny")),
                "base URL: expected a URL without user, query and fragment, found one with `@`, `?` or `#`"
            );
        }
        for url in ["", "localhost:8000", "ftp://host", "/v1", "http://"] {
            let error = error(ChatOptions::new(url, "tiny"));
            assert!(
                error.starts_with("base URL: expected a URL such as"),
                "{error}"
            );
        }
        for authority in [
            "host:0",
            "host:99999",
            "host:65536",
            "host:",
            "host:+80",
            "host:-1",
            "host:80:90",
            "host:8o",
            "host: 80",
            "[::1]:99999",
            "[::1]:",
            "[::1]8000",
            "[::1",
            "[::1]]:80",
            "[12345::]",
            "[fe80::1%25eth0]",
            "::1",
            ":80",
            "1.2.3.4.5",
            "1.2.3",
            "256.1.1.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "a..b",
            ".a",
            "a%20b",
            "a b",
            "a\\b",
            "h\u{f6}st",
            "a,b",
            "a;b",
            "a|b",
            "[host]",
            "host:80[::1]",
        ] {
            let found = ChatOptions::new(format!("http://{authority}/v1"), "tiny").check();
            assert!(found.is_err(), "{authority}: {found:?}");
        }
        assert_eq!(
            error(local().timeout(Duration::ZERO)),
            "timeout: expected a millisecond to a day, found 0ns"
        );
        assert_eq!(
            error(local().longest_retry_after(Duration::MAX)),
            format!(
                "longest_retry_after: expected at most a day, found {:?}",
                Duration::MAX
            )
        );
        assert_eq!(
            error(local().concurrency(0)),
            "concurrency: expected at least 1, found 0"
        );
        let missing = error(local().certificates("no/such.pem"));
        assert!(
            missing.starts_with("no/such.pem: expected certificates in PEM form, "),
            "{missing}"
        );
        let this = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(
            error(local().certificates(this)),
            format!("{this}: expected certificates in PEM form, found none")
        );
        assert_eq!(
            error(local().key("sk-secret\nX: y")),
            "API key: expected visible ASCII characters, \
             found a blank, a control character or one outside ASCII"
        );
    }
}
