//! The settings of a JSON file, read one by one so that a wrong one can be named.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::{LoadError, file};

pub(super) struct Fields {
    path: PathBuf,
    /// Where in the file, as `metadata.`; empty at the top.
    within: &'static str,
    values: Map<String, Value>,
}

impl Fields {
    pub(super) fn read(path: &Path) -> Result<Self, LoadError> {
        let text = file::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        let values = serde_json::from_slice(&text).map_err(|source| LoadError::Json {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            within: "",
            values,
        })
    }

    /// The settings in an object of this one; none where it is absent. `within` is `name` with a dot behind it.
    pub(super) fn inner(&self, name: &str, within: &'static str) -> Result<Self, LoadError> {
        let values = self.get(name, "an object", Value::as_object)?;
        Ok(Self {
            path: self.path.clone(),
            within,
            values: values.cloned().unwrap_or_default(),
        })
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, LoadError> {
        self.get(name, "true or false", Value::as_bool)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, LoadError> {
        self.get(name, "a text", Value::as_str)
    }

    /// A layer or the like.
    pub(super) fn index(&self, name: &str) -> Result<Option<usize>, LoadError> {
        self.get(name, "a whole number from 0 to 2147483647", |value| {
            usize::try_from(i32::try_from(value.as_i64()?).ok()?).ok()
        })
    }

    /// A size or number of things.
    pub(super) fn count(&self, name: &str) -> Result<Option<i64>, LoadError> {
        self.get(name, "a whole number from 1 to 2147483647", |value| {
            let count = value.as_i64()?;
            (1..=i64::from(i32::MAX)).contains(&count).then_some(count)
        })
    }

    pub(super) fn required_count(&self, name: &str) -> Result<i64, LoadError> {
        let expected = "a whole number from 1 to 2147483647";
        self.count(name)?
            .ok_or_else(|| self.refused(name, expected, "nothing"))
    }

    pub(super) fn required_positive(&self, name: &str) -> Result<f64, LoadError> {
        let expected = "a number above 0 that 32 bits can hold";
        let fits = |number: f64| (number as f32).is_finite() && number as f32 > 0.0;
        self.get(name, expected, |value| {
            value.as_f64().filter(|number| fits(*number))
        })?
        .ok_or_else(|| self.refused(name, expected, "nothing"))
    }

    /// The value as it stands; null counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn refused(
        &self,
        name: &str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> LoadError {
        LoadError::Setting {
            path: self.path.clone(),
            field: format!("{}{name}", self.within),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    fn get<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, LoadError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.refused(name, expected, value)),
        }
    }
}
