//! The cache of the hub as Python's `huggingface_hub` lays it out: `models--ORG--NAME` with `refs/REVISION`, which hold a commit,
//! `snapshots/COMMIT`, whose files are links to `blobs/ETAG`, and empty files in `.no_exist/COMMIT` for what a commit lacks.

use std::fs;
#[cfg(feature = "hub")]
use std::path::Path;
use std::path::PathBuf;

use super::name::Repository;

/// Digits of a commit.
const COMMIT: usize = 40;

#[derive(Clone, Debug)]
pub(super) struct Cache {
    pub(super) folder: PathBuf,
}

/// The files of a repository at a commit, those of them that are here.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    #[cfg(feature = "hub")]
    pub(super) commit: String,
    pub(super) folder: PathBuf,
    absent: PathBuf,
}

impl Cache {
    pub(super) fn repository(&self, repository: &Repository) -> PathBuf {
        self.folder.join(folder_name(repository))
    }

    /// Where downloads of a repository keep their locks.
    #[cfg(feature = "hub")]
    pub(super) fn locks(&self, repository: &Repository) -> PathBuf {
        self.folder.join(".locks").join(folder_name(repository))
    }

    /// That of the commit at which a revision was fetched, where it was.
    pub(super) fn snapshot(&self, repository: &Repository) -> Option<Snapshot> {
        let revision = repository.revision.as_str();
        if is_commit(revision) {
            return Some(self.at(repository, revision));
        }
        let file = self.repository(repository).join("refs").join(revision);
        let commit = fs::read_to_string(file).ok()?;
        is_commit(commit.trim()).then(|| self.at(repository, commit.trim()))
    }

    pub(super) fn at(&self, repository: &Repository, commit: &str) -> Snapshot {
        let folder = self.repository(repository);
        Snapshot {
            #[cfg(feature = "hub")]
            commit: commit.to_owned(),
            absent: folder.join(".no_exist").join(commit),
            folder: folder.join("snapshots").join(commit),
        }
    }

    /// Remembers the commit of a revision.
    #[cfg(feature = "hub")]
    pub(super) fn keep_revision(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<(), super::HubError> {
        if repository.revision == commit {
            return Ok(());
        }
        let file = self
            .repository(repository)
            .join("refs")
            .join(&repository.revision);
        write(&file, commit.as_bytes())
    }
}

impl Snapshot {
    pub(super) fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// Whether it is known that the commit lacks a file.
    pub(super) fn lacks(&self, file: &str) -> bool {
        self.absent.join(file).exists()
    }

    #[cfg(feature = "hub")]
    pub(super) fn keep_absence(&self, file: &str) -> Result<(), super::HubError> {
        write(&self.absent.join(file), b"")
    }
}

fn folder_name(repository: &Repository) -> String {
    format!("models--{}", repository.id.replace('/', "--"))
}

pub(super) fn is_commit(text: &str) -> bool {
    text.len() == COMMIT && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(feature = "hub")]
fn write(file: &Path, content: &[u8]) -> Result<(), super::HubError> {
    let folder = file.parent().unwrap_or(file);
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(file, content));
    done.map_err(|source| super::HubError::at(file, source))
}
