//! Why something could not be had by its name.

use std::io;
use std::path::{Path, PathBuf};

/// Why a model or an autoencoder could not be had by its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text is no name.
    #[error(
        "\"{found}\": expected a name: org/name or org/name@revision, for autoencoders with a path behind it, or release/id"
    )]
    NoName {
        /// The text.
        found: String,
    },
    /// SAELens's release has no such autoencoder.
    #[error("SAELens's release {release} has no \"{id}\"; its names are {known}")]
    NotListed {
        /// The release.
        release: String,
        /// The name in it.
        id: String,
        /// The names that it has, with `*` for what differs.
        known: String,
    },
    /// It is not in the cache, and nothing is fetched.
    #[error("{name}: there is no such path, and not all of its files are in the hub's cache, {}; {why}", cache.display())]
    NotInCache {
        /// The name.
        name: String,
        /// The cache.
        cache: PathBuf,
        /// Why nothing is fetched.
        why: Why,
    },
    /// The hub has no such repository that this user may see.
    #[error("{name}: {page} has no such model that may be seen {}", seen_by(*token))]
    NoRepository {
        /// The name.
        name: String,
        /// Where it was looked for.
        page: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{name}: the repository has no such branch, tag or commit; {page} lists them")]
    NoRevision {
        /// The name.
        name: String,
        /// The page that lists them.
        page: String,
    },
    /// The owner of the repository wants conditions accepted.
    #[error("{name} is gated: {}", to_pass(page, *token))]
    Gated {
        /// The name.
        name: String,
        /// The page where that is done.
        page: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The hub does not know the token.
    #[error(
        "{name}: {endpoint} refuses the token (of HF_TOKEN, or of `hf auth login`): expected one that is valid there"
    )]
    Token {
        /// The name.
        name: String,
        /// The hub.
        endpoint: String,
    },
    /// The token may not do this.
    #[error(
        "{name}: {endpoint} forbids it to the token (status 403): expected one with the right to read this repository"
    )]
    Forbidden {
        /// The name.
        name: String,
        /// The hub.
        endpoint: String,
    },
    /// The repository lacks files.
    #[error("{name}: expected {expected}, found {found}")]
    Lacks {
        /// The name.
        name: String,
        /// The files.
        expected: String,
        /// What there is.
        found: String,
    },
    /// No connection.
    #[error(
        "{name}: {host} cannot be reached ({problem}), and not all of its files are in the hub's cache"
    )]
    Unreachable {
        /// The name.
        name: String,
        /// Who was asked.
        host: String,
        /// What the connection said.
        problem: String,
    },
    /// An answer that the protocol does not have.
    #[error("{name}: {host} answers the request for {what} with {found}: expected {expected}")]
    Answer {
        /// The name.
        name: String,
        /// Who was asked.
        host: String,
        /// What for.
        what: String,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
    },
    /// What came is not what the hub has.
    #[error(
        "{name}: {file}: expected {expected}, found {found}: the download is damaged, and was removed"
    )]
    Damaged {
        /// The name.
        name: String,
        /// The file.
        file: String,
        /// Length or checksum that the hub names.
        expected: String,
        /// That of what came.
        found: String,
    },
    /// The token would be sent readable by others.
    #[error("HF_ENDPOINT: expected https, as a token is sent to it, found {endpoint}")]
    Unencrypted {
        /// The hub.
        endpoint: String,
    },
    /// The token would be written to a log.
    #[error("a log at level trace takes in what {target} sends, the token included: turn it off")]
    TokenInLog {
        /// The log's target.
        target: &'static str,
    },
    /// A variable of the environment cannot be used.
    #[error("{name}: expected {expected}, found {found}")]
    Variable {
        /// The variable.
        name: String,
        /// What it may hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// The cache cannot be read or written.
    #[error("{}: {source}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Why nothing is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// The user said so.
    #[error("nothing is fetched, as HF_HUB_OFFLINE is set")]
    Offline,
    /// The program cannot.
    #[error(
        "this program was built without the feature `hub`, which would fetch them; `hf download` does it, too"
    )]
    NoClient,
}

impl HubError {
    /// Whether what is in the cache is all that can be had.
    pub(super) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::NotInCache { .. } | Self::Unreachable { .. } | Self::Answer { .. }
        )
    }

    pub(super) fn no_name(found: &str) -> Self {
        Self::NoName {
            found: found.to_owned(),
        }
    }

    pub(super) fn variable(name: &str, expected: &str, found: &str) -> Self {
        Self::Variable {
            name: name.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }

    pub(super) fn at(path: &Path, source: io::Error) -> Self {
        Self::Cache {
            path: path.to_owned(),
            source,
        }
    }
}

fn seen_by(token: bool) -> &'static str {
    match token {
        true => {
            "with this token (of HF_TOKEN, or of `hf auth login`): look at its spelling, and at who owns it"
        }
        false => {
            "without a token: look at its spelling; if it is private, set HF_TOKEN to a token of an account that may see it"
        }
    }
}

fn to_pass(page: &str, token: bool) -> String {
    match token {
        true => format!(
            "the account of this token (of HF_TOKEN, or of `hf auth login`) has no access; accept its owner's conditions at \
             {page}, or wait until they are granted"
        ),
        false => format!(
            "accept its owner's conditions at {page}, and set HF_TOKEN to a token of that account (or run `hf auth login`)"
        ),
    }
}
