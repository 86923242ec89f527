//! What a study is, beside its questions.

use std::collections::BTreeMap;

/// Everything but the questions that an answer may depend on, by name: files with their checksums,
/// settings, versions.
///
/// A journal refuses a study whose manifest differs from its own, and names the first difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, String>);

/// The first thing in which two manifests, or two designs, differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is: an entry of the manifest, `feature number 2` or the like of the design.
    pub key: String,
    /// What it is in the manifest or design whose method `difference` was called; `None` where it
    /// has no such entry.
    pub ours: Option<String>,
    /// What it is in the other one; `None` where that has no such entry.
    pub theirs: Option<String>,
}

impl Manifest {
    /// With this entry, in the place of any other of that name.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.0.insert(key.into(), value.to_string());
        self
    }

    /// The entry of that name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The first entry, by name, in which the other one differs.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let mut keys: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        keys.sort_unstable();
        let key = keys
            .into_iter()
            .find(|key| self.0.get(*key) != other.0.get(*key))?;
        Some(Difference {
            key: key.clone(),
            ours: self.0.get(key).cloned(),
            theirs: other.0.get(key).cloned(),
        })
    }
}

impl FromIterator<(String, String)> for Manifest {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
