//! Settings read from a file, and errors that name the file and the setting.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{LoadError, file};

/// Numbers beyond this cannot be meant: no model comes near, and products of two still fit.
const LARGEST: usize = 1 << 24;

const POSITIVE: &str = "a number above 0 that 32 bits can hold";

pub(super) struct Checker<'a> {
    pub(super) path: &'a Path,
}

impl Checker<'_> {
    pub(super) fn wrong(
        &self,
        field: &str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> LoadError {
        LoadError::Setting {
            path: self.path.to_owned(),
            field: field.to_owned(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    pub(super) fn size(&self, field: &str, found: Option<usize>) -> Result<usize, LoadError> {
        match found {
            Some(size) if (1..=LARGEST).contains(&size) => Ok(size),
            other => {
                let found = other.map_or_else(|| "nothing".to_owned(), |size| size.to_string());
                Err(self.wrong(field, format!("a number from 1 to {LARGEST}"), found))
            }
        }
    }

    pub(super) fn positive(&self, field: &str, found: f64) -> Result<f64, LoadError> {
        // Models compute in 32 bits at most: what lies beyond them would become infinite, or 0.
        let narrow = found as f32;
        if narrow.is_finite() && narrow > 0.0 {
            Ok(found)
        } else {
            Err(self.wrong(field, POSITIVE, found))
        }
    }

    pub(super) fn given(&self, field: &str, found: Option<f64>) -> Result<f64, LoadError> {
        self.positive(
            field,
            found.ok_or_else(|| self.wrong(field, POSITIVE, "nothing"))?,
        )
    }
}

pub(super) fn read(path: &Path) -> Result<String, LoadError> {
    file::read_text(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn json<'a, T: Deserialize<'a>>(text: &'a str, path: &Path) -> Result<T, LoadError> {
    serde_json::from_str(text).map_err(|source| LoadError::Json {
        path: PathBuf::from(path),
        source,
    })
}
