//! Files of the user's: what other models score, and what people value.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use program::Failure;
use serde::Deserialize;
use value_causal::bench::portrait::ValueSystem;

use crate::profile::Profile;

/// A file of released scores.
#[derive(Deserialize)]
struct Scored {
    meta: Meta,
    /// By system and value.
    scores: BTreeMap<String, BTreeMap<String, Score>>,
}

#[derive(Deserialize)]
struct Meta {
    model_name: String,
}

#[derive(Deserialize)]
struct Score {
    centered_mean: f64,
}

/// The profiles in a folder of released scores: its files that end in `_centered_scores.json`, in the order of their names.
///
/// # Errors
/// The folder or a file cannot be read, or has another form; a system is unknown; there is no such file.
pub fn released(folder: &Path) -> Result<Vec<Profile>, Failure> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        let file = entry.map_err(named)?.path();
        if file.to_string_lossy().ends_with(ENDING) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: expected files *{ENDING}, found none", folder.display()).into());
    }
    files.iter().map(|file| read(file)).collect()
}

const ENDING: &str = "_centered_scores.json";

fn read(file: &Path) -> Result<Profile, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| named(&error))?;
    let Scored { meta, scores } = serde_json::from_str(&text).map_err(|error| named(&error))?;
    let mut profile = Profile::new(&meta.model_name);
    for (name, values) in scores {
        let mut systems = ValueSystem::ALL.into_iter();
        let system = systems.find(|system| system.name() == name);
        let known = ValueSystem::ALL.map(ValueSystem::name).join(", ");
        let system =
            system.ok_or_else(|| named(&format!("expected one of {known}, found {name:?}")))?;
        for (value, score) in values {
            profile.set(system, value, score.centered_mean);
        }
    }
    Ok(profile)
}

/// What people value, by the name of the value.
#[derive(Clone, Debug)]
pub struct People {
    /// How many there are.
    pub n: usize,
    values: BTreeMap<String, [f64; 2]>,
}

impl People {
    /// From a CSV file with a row for each person: every column but the first is a value.
    ///
    /// # Errors
    /// The file cannot be read, has a column twice, a cell is no number, or nobody is in it.
    pub fn from_path(path: &Path) -> Result<Self, Failure> {
        let questionnaires::people::People { names, table } =
            questionnaires::people::People::read(path, &[])?;
        let columns = table.columns().into_iter();
        let moments = columns.map(|column| [column.mean().unwrap_or(f64::NAN), column.std(0.0)]);
        Ok(Self {
            n: table.nrows(),
            values: names.into_iter().zip(moments).collect(),
        })
    }

    /// Mean and standard deviation of a value.
    pub fn of(&self, value: &str) -> Option<[f64; 2]> {
        self.values.get(value).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_scores_are_read_by_system_and_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let why = |text: &str| {
            fs::write(path("b_centered_scores.json"), text).unwrap();
            released(folder.path()).map_err(|error| error.to_string())
        };
        assert!(
            released(folder.path())
                .unwrap_err()
                .to_string()
                .contains("found none")
        );
        fs::write(path("notes.json"), "no scores").unwrap();
        let text = r#"{"meta": {"model_name": "tiny", "prompt": "x"},
            "scores": {"pvq": {"Power": {"centered_mean": -0.25, "n": 3}}, "bfi": {}}}"#;
        let found = why(text).unwrap();
        assert_eq!((found.len(), &*found[0].name), (1, "tiny"));
        assert_eq!(found[0].get(ValueSystem::Schwartz, "Power"), Some(-0.25));
        for (from, to, expected) in [
            (
                "\"pvq\"",
                "\"pvq40\"",
                "b_centered_scores.json: expected one of pvq, bfi, higher_pvq, found \"pvq40\"",
            ),
            (
                "-0.25",
                "null",
                "invalid type: null, expected f64 at line 2",
            ),
            ("model_name", "model", "missing field `model_name`"),
            ("}}", "", "EOF"),
        ] {
            let error = why(&text.replace(from, to)).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(
            released(&path("nowhere"))
                .unwrap_err()
                .to_string()
                .contains("nowhere: ")
        );
    }

    #[test]
    fn people_have_means_and_deviations() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        let read = |text: &str| {
            fs::write(&file, text).unwrap();
            People::from_path(&file).map_err(|error| error.to_string())
        };
        let people = read("person,Power,Security\nAda,1,0.5\nBo,-1,0.5\n").unwrap();
        assert_eq!(
            (people.n, people.of("Power"), people.of("Wit")),
            (2, Some([0.0, 1.0]), None)
        );
        for (text, expected) in [
            (
                "person,Power\nAda,high\n",
                "line 2, column \"Power\": expected a number, found \"high\"",
            ),
            (
                "person,Power\nAda,nan\n",
                "expected a number, found \"nan\"",
            ),
            ("person,Power\nAda,1,2\n", "people.csv: CSV error"),
            ("person,Power\n", "and a person at least, found none"),
            ("person,Power,Power\nAda,1,2\n", "\"Power\" twice"),
            ("person\nAda\n", "expected a value and"),
            ("", "found none"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
