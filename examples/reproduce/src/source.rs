//! Where an experiment's files come from: a folder, or the fixture that the program carries.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::checksum::{bytes_checksum, checksum};

/// A place that named files are read from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder of the user's.
    Folder(PathBuf),
    /// Files compiled into the program, by name.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its name, without the folder.
    pub file: String,
    /// Its length.
    pub bytes: usize,
    /// The SHA-256 of its bytes, as hexadecimal digits.
    pub sha256: String,
}

impl Input {
    /// The name, length and checksum of a file with these contents.
    #[must_use]
    pub fn of_bytes(file: &str, bytes: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            bytes: bytes.len(),
            sha256: bytes_checksum(bytes),
        }
    }

    /// The name, length and checksum of a file of any size.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, SourceError> {
        let failed = |error| SourceError::Io {
            path: path.to_owned(),
            error,
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            file: name.to_string_lossy().into_owned(),
            bytes: usize::try_from(fs::metadata(path).map_err(failed)?.len()).unwrap_or(usize::MAX),
            sha256: checksum(path).map_err(failed)?,
        })
    }
}

/// `fixtures/planted/`: orientation tables drawn from a known causal graph, the truth beside them.
pub const PLANTED: Source = Source::Embedded(&[
    (
        "experiment.toml",
        include_bytes!("../../../fixtures/planted/experiment.toml"),
    ),
    (
        "references.toml",
        include_bytes!("../../../fixtures/planted/references.toml"),
    ),
    (
        "truth.json",
        include_bytes!("../../../fixtures/planted/truth.json"),
    ),
    (
        "train.csv",
        include_bytes!("../../../fixtures/planted/train.csv"),
    ),
    (
        "test.csv",
        include_bytes!("../../../fixtures/planted/test.csv"),
    ),
    (
        "test_raise.csv",
        include_bytes!("../../../fixtures/planted/test_raise.csv"),
    ),
    (
        "test_lower.csv",
        include_bytes!("../../../fixtures/planted/test_lower.csv"),
    ),
]);

/// A file could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Reading failed.
    #[error("{}: cannot be read: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The program carries no such file.
    #[error("{name}: not among the files that this program carries ({})", carried.join(", "))]
    NotCarried {
        /// The name asked for.
        name: String,
        /// The names there are.
        carried: Vec<&'static str>,
    },
}

impl Source {
    /// The folder that holds `file`.
    #[must_use]
    pub fn beside(file: &Path) -> Self {
        Self::Folder(file.parent().unwrap_or(Path::new("")).to_owned())
    }

    /// How messages name the file `name` of this source.
    #[must_use]
    pub fn label(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Embedded(_) => PathBuf::from(format!("embedded:{name}")),
        }
    }

    /// The name, length and checksum of the file `name`.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn input(&self, name: &str) -> Result<Input, SourceError> {
        Ok(Input::of_bytes(name, &self.read(name)?))
    }

    /// The bytes of the file `name`.
    ///
    /// # Errors
    /// If the file does not exist or cannot be read; the error names it.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                fs::read(&path).map_err(|error| SourceError::Io { path, error })
            }
            Self::Embedded(files) => match files.iter().find(|(known, _)| *known == name) {
                Some((_, bytes)) => Ok(bytes.to_vec()),
                None => Err(SourceError::NotCarried {
                    name: name.to_owned(),
                    carried: files.iter().map(|(known, _)| *known).collect(),
                }),
            },
        }
    }
}
