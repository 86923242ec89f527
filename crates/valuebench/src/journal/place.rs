//! Whether the file that is written to is still the one at its path.
//!
//! A file that was removed, or whose folder was, can be written to until it is closed, and then it
//! is gone. Opening it again to see would release SQLite's lock, so its number in the file system
//! is compared.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::JournalError;

/// A file as it was found.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    id: FileId,
}

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self, JournalError> {
        let find = || -> io::Result<Self> {
            let path = fs::canonicalize(path)?;
            let id = id(&fs::metadata(&path)?);
            Ok(Self { path, id })
        };
        find().map_err(|source| JournalError::Io {
            file: path.to_owned(),
            source,
        })
    }

    /// Refuses to go on once another file, or none, is where the journal was.
    pub(super) fn check(&self, file: &Path) -> Result<(), JournalError> {
        let found = match fs::metadata(&self.path) {
            Ok(found) if id(&found) == self.id => return Ok(()),
            Ok(_) => "another file".to_owned(),
            Err(error) => format!("none there ({error})"),
        };
        Err(JournalError::Gone {
            file: file.to_owned(),
            found,
        })
    }
}

#[cfg(unix)]
type FileId = (u64, u64);

#[cfg(unix)]
fn id(file: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// Elsewhere an open file cannot be removed, so it is enough that there is one.
#[cfg(not(unix))]
type FileId = ();

#[cfg(not(unix))]
fn id(_: &Metadata) -> FileId {}
