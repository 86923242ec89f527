//! Questions to the hub, and every answer that is a refusal.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::{Agent, Body, Error};

use super::super::HubError;
use super::super::cache::is_commit;
use super::super::environment::Access;
use super::super::name::{Repository, is_path};

/// Where redirections end.
const MOST_REDIRECTIONS: usize = 8;
/// Bytes of a list of files; the largest repositories of autoencoders take some 10 MB.
const LONGEST_LIST: u64 = 256 << 20;
const CONNECT: Duration = Duration::from_secs(20);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// The hub as one repository sees it.
pub(super) struct Client<'a> {
    agent: Agent,
    access: &'a Access,
    repository: &'a Repository,
}

/// The files of a commit.
pub(super) struct Listing {
    pub(super) commit: String,
    /// Those whose names stay within a folder.
    pub(super) files: Vec<String>,
}

/// What the hub says of a file.
pub(super) struct Metadata {
    /// The name of its content: a checksum.
    pub(super) etag: String,
    pub(super) bytes: u64,
}

/// How a redirection is followed.
#[derive(Clone, Copy, PartialEq)]
enum Follow {
    /// Wherever it leads.
    Everywhere,
    /// To another path; one to another place is an answer.
    Within,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

impl Listing {
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.iter().any(|there| there == file)
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(access: &'a Access, repository: &'a Repository) -> Result<Self, HubError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("tch-lens/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build();
        let endpoint: Option<Uri> = access.endpoint.parse().ok();
        let Some(endpoint) = endpoint.filter(|uri| uri.host().is_some() && is_http(uri)) else {
            let expected = "an address such as https://huggingface.co";
            return Err(HubError::variable(
                "HF_ENDPOINT",
                expected,
                &access.endpoint,
            ));
        };
        if access.token.is_some() && endpoint.scheme_str() != Some("https") && !is_here(&endpoint) {
            return Err(HubError::Unencrypted {
                endpoint: access.endpoint.clone(),
            });
        }
        Ok(Self {
            agent: config.into(),
            access,
            repository,
        })
    }

    pub(super) fn name(&self) -> String {
        self.repository.to_string()
    }

    pub(super) fn repository(&self) -> &Repository {
        self.repository
    }

    /// The files of the repository at a revision.
    pub(super) fn listing(&self, revision: &str) -> Result<Listing, HubError> {
        let (endpoint, id) = (&self.access.endpoint, &self.repository.id);
        let url = format!(
            "{endpoint}/api/models/{id}/revision/{}",
            encoded(revision, "")
        );
        let what = "the list of files";
        let mut answer = self.send("GET", &url, None, Follow::Everywhere, what)?;
        let body = answer
            .body_mut()
            .with_config()
            .limit(LONGEST_LIST)
            .read_to_vec();
        let body = body.map_err(|error| self.failed(&url, &error))?;
        let info: Result<Info, _> = serde_json::from_slice(&body);
        let info = info.map_err(|error| {
            self.answer(&url, what, "a model's sha and siblings", error.to_string())
        })?;
        if !is_commit(&info.sha) {
            return Err(self.answer(&url, what, "a commit as sha", format!("{:?}", info.sha)));
        }
        let files = info.siblings.into_iter().map(|sibling| sibling.rfilename);
        Ok(Listing {
            commit: info.sha,
            files: files.filter(|file| is_path(file)).collect(),
        })
    }

    /// What a file of a commit is.
    pub(super) fn metadata(&self, commit: &str, file: &str) -> Result<Metadata, HubError> {
        let url = self.url(commit, file);
        let answer = self.send("HEAD", &url, None, Follow::Within, file)?;
        let text = |name| Some(text(answer.headers(), name)).filter(|text| !text.is_empty());
        let etag = text("X-Linked-Etag")
            .or_else(|| text("ETag"))
            .map(plain_etag);
        let bytes = text("X-Linked-Size").or_else(|| text("Content-Length"));
        let bytes = bytes.and_then(|bytes| bytes.parse().ok());
        match (etag, bytes) {
            (Some(etag), Some(bytes)) if is_path(etag) && !etag.contains('/') => Ok(Metadata {
                etag: etag.to_owned(),
                bytes,
            }),
            _ => Err(self.answer(
                &url,
                file,
                "an ETag and a length",
                "an answer without one of them".to_owned(),
            )),
        }
    }

    /// The content of a file from a byte on. A server may send it from its beginning all the same, and says so by its status.
    pub(super) fn content(
        &self,
        commit: &str,
        file: &str,
        from: u64,
    ) -> Result<Response<Body>, HubError> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        let url = self.url(commit, file);
        let answer = self.send("GET", &url, range.as_deref(), Follow::Everywhere, file)?;
        let range = text(answer.headers(), "Content-Range");
        if range.is_empty() || range.starts_with(&format!("bytes {from}-")) {
            return Ok(answer);
        }
        let expected = format!("the bytes from {from} on");
        Err(self.answer(&url, file, &expected, format!("those of {range:?}")))
    }

    fn url(&self, commit: &str, file: &str) -> String {
        let (endpoint, id) = (&self.access.endpoint, &self.repository.id);
        format!("{endpoint}/{id}/resolve/{commit}/{}", encoded(file, "/"))
    }

    fn send(
        &self,
        method: &str,
        url: &str,
        range: Option<&str>,
        follow: Follow,
        what: &str,
    ) -> Result<Response<Body>, HubError> {
        let mut url = url.to_owned();
        for _ in 0..MOST_REDIRECTIONS {
            let answer = self.once(method, &url, range)?;
            let status = answer.status();
            if status.is_success() {
                return Ok(answer);
            }
            if !status.is_redirection() {
                return Err(self.refused(&url, what, status, answer.headers()));
            }
            let to = text(answer.headers(), "Location");
            if follow == Follow::Within && !to.starts_with('/') {
                return Ok(answer);
            }
            let next = redirected(&url, to);
            let expected = "a redirection to an http address";
            url =
                next.ok_or_else(|| self.answer(&url, what, expected, "another one".to_owned()))?;
        }
        let found = format!("more than {MOST_REDIRECTIONS} redirections");
        Err(self.answer(&url, what, "a file", found))
    }

    fn once(
        &self,
        method: &str,
        url: &str,
        range: Option<&str>,
    ) -> Result<Response<Body>, HubError> {
        let mut request = match method {
            "HEAD" => self.agent.head(url),
            _ => self.agent.get(url),
        };
        if let Some(token) = self
            .access
            .token
            .as_ref()
            .filter(|_| same_host(url, &self.access.endpoint))
        {
            if let Some(target) = log_of_bytes() {
                return Err(HubError::TokenInLog { target });
            }
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        request.call().map_err(|error| self.failed(url, &error))
    }

    fn refused(&self, url: &str, what: &str, status: StatusCode, headers: &HeaderMap) -> HubError {
        let (name, token) = (self.name(), self.access.token.is_some());
        let endpoint = self.access.endpoint.clone();
        let page = format!("{endpoint}/{}", self.repository.id);
        match (status.as_u16(), text(headers, "X-Error-Code")) {
            (_, "GatedRepo") => HubError::Gated { name, page, token },
            (_, "RevisionNotFound") => HubError::NoRevision {
                name,
                page: format!("{page}/commits/main"),
            },
            (_, "EntryNotFound") => self.answer(
                url,
                what,
                "the file",
                "that there is none (status 404)".to_owned(),
            ),
            (_, "RepoNotFound") => HubError::NoRepository { name, page, token },
            (401, _)
                if token && text(headers, "X-Error-Message").starts_with("Invalid credentials") =>
            {
                HubError::Token { name, endpoint }
            }
            // The hub does not tell strangers whether a private repository is there.
            (401 | 404, _) => HubError::NoRepository { name, page, token },
            (403, _) => HubError::Forbidden { name, endpoint },
            (status, _) => self.answer(url, what, "a success", format!("status {status}")),
        }
    }

    /// A connection that was lost while content came.
    pub(super) fn lost(&self, error: io::Error) -> HubError {
        self.failed(&self.access.endpoint, &Error::Io(error))
    }

    fn failed(&self, url: &str, error: &Error) -> HubError {
        let problem = match error {
            Error::Timeout(_) => "no answer in time".to_owned(),
            Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                "the connection was cut".to_owned()
            }
            other => other.to_string(),
        };
        HubError::Unreachable {
            name: self.name(),
            host: host(url),
            problem,
        }
    }

    fn answer(&self, url: &str, what: &str, expected: &str, found: String) -> HubError {
        HubError::Answer {
            name: self.name(),
            host: host(url),
            what: what.to_owned(),
            expected: expected.to_owned(),
            found,
        }
    }
}

/// A header, or nothing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// A log that is on and to which the HTTP library writes all that it sends, the token included.
fn log_of_bytes() -> Option<&'static str> {
    let mut targets = ["ureq", "ureq_proto", "ureq_proto::util"].into_iter();
    targets.find(|target| log::log_enabled!(target: target, log::Level::Trace))
}

/// `W/"abc"` without its ornaments.
fn plain_etag(etag: &str) -> &str {
    etag.trim_start_matches("W/").trim_matches('"')
}

/// Where a redirection leads; never from https to http.
fn redirected(from: &str, to: &str) -> Option<String> {
    let source: Uri = from.parse().ok()?;
    let target: Uri = to.parse().ok()?;
    if target.host().is_none() {
        let (scheme, authority) = (source.scheme_str()?, source.authority()?);
        return to
            .starts_with('/')
            .then(|| format!("{scheme}://{authority}{to}"));
    }
    let kept = target.scheme_str() == Some("https") || target.scheme_str() == source.scheme_str();
    (is_http(&target) && kept).then(|| to.to_owned())
}

fn same_host(a: &str, b: &str) -> bool {
    let place = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.authority()?.to_string()))
    };
    place(a).is_some_and(|a| Some(a) == place(b))
}

fn is_http(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https"))
}

fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The host alone: what follows it in an address may be a secret.
fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    uri.and_then(|uri| Some(uri.authority()?.to_string()))
        .unwrap_or_else(|| "a server".to_owned())
}

/// A text as a part of an address; the characters of `kept` stay as they are.
fn encoded(text: &str, kept: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) => {
                encoded.push(c);
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_hear_a_token_unencrypted() {
        let here = |url: &str| is_here(&url.parse().unwrap());
        for url in [
            "http://localhost:1",
            "http://LOCALHOST",
            "http://127.0.0.1:8080/x",
            "http://127.1.2.3",
            "http://[::1]:1",
        ] {
            assert!(here(url), "{url}");
        }
        for url in [
            "http://127.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://10.0.0.1",
        ] {
            assert!(!here(url), "{url}");
        }
    }
}
