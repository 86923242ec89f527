use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use value_causal::bench::RoleSet;
use value_causal::bench::journal::{Difference, Journal, JournalError, Manifest};

use super::file::{Features, StudyFile};
use super::place::{Kind, fetched, here};
use super::{Materials, Plan};
use program::Failure;
use reproduce::{bytes_checksum, checksum};

/// Settings that change no answer and no judgement: how device and servers are used, who judges, and what is made of
/// answers afterwards.
const FREE: [&str; 14] = [
    "name",
    "batch.",
    "analysis.",
    "judging.centre",
    "judging.judge",
    "judging.open",
    "judging.sampling.",
    "judging.server.",
    "judging.thoughts",
    "questionnaire.file",
    "questionnaire.definitions",
    // The journal compares how each item is answered.
    "questionnaire.scale",
    "model.device",
    "model.server.",
];

/// Settings in whose place stands the checksum of what they name.
const FILES: [&str; 5] = [
    "model.folder",
    "steering.sae",
    "roles.",
    "prompt.template",
    "prompt.chat.message",
];

/// The files of model and autoencoder, with their checksums from before they are opened, so that a manifest names the model
/// that answered.
#[derive(Clone, Debug, Default)]
pub struct ModelFiles {
    sums: Vec<(&'static str, String)>,
    files: Vec<(PathBuf, Stamp)>,
}

/// What tells of a file that it was changed, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl ModelFiles {
    /// Reads the files that `study` names in `data`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of(study: &StudyFile, data: &Path) -> Result<Self, Failure> {
        let mut all = Self::default();
        for (key, named, kind) in large_files(study) {
            let path = fetched(data, named, kind)?;
            for file in files_of(&path)? {
                let stamp = Stamp::of(&file)?;
                all.files.push((file, stamp));
            }
            all.sums.push((key, checksum(&path)?));
        }
        Ok(all)
    }

    /// Refuses to go on where a file is no longer as it was, by its length and the time of its last change. A process
    /// whose file becomes shorter while it is read through a memory map is ended by the system (SIGBUS) without a word.
    /// Models are copied when they are opened and then read no more, so that this can happen only meanwhile, and where a
    /// feature of an autoencoder is steered for the first time.
    ///
    /// # Errors
    /// The file, and that it was changed.
    pub fn check(&self) -> Result<(), Failure> {
        for (file, before) in &self.files {
            let now = Stamp::of(file)?;
            if now != *before {
                let (file, bytes, now) = (file.display(), before.bytes, now.bytes);
                return Err(format!(
                    "{file}: expected the file as it was when the run began ({bytes} bytes), found one that was changed \
                     since ({now} bytes): which model answers is not known"
                )
                .into());
            }
        }
        Ok(())
    }
}

impl Stamp {
    fn of(file: &Path) -> Result<Self, Failure> {
        let found = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self {
            bytes: found.len(),
            modified: found.modified().ok(),
        })
    }
}

/// A file, or the files of a folder.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(named)? {
        let file = entry.map_err(named)?.path();
        if file.is_file() {
            files.push(file);
        }
    }
    Ok(files)
}

/// Everything but the questions that an answer of this study may depend on.
///
/// Model and autoencoder count by the content of their files, so that they may lie elsewhere on every machine, and the
/// device by its kind. The questions themselves, with values, roles, items and features, are the journal's to compare.
///
/// `served` is the name of a served model.
///
/// # Errors
/// The study is no JSON value.
pub fn manifest(
    study: &StudyFile,
    materials: &Materials,
    files: &ModelFiles,
    served: Option<&str>,
) -> Result<Manifest, Failure> {
    let mut manifest = without_large_files(study, materials)?;
    if let Some(name) = served {
        manifest = manifest.with("model.name", name);
    }
    for (key, sum) in &files.sums {
        manifest = manifest.with(*key, sum);
    }
    Ok(manifest)
}

/// What is too large to lie on every machine, by the entry that has its checksum.
fn large_files(study: &StudyFile) -> impl Iterator<Item = (&'static str, &Path, Kind)> {
    let model = study.model.folder.as_deref();
    let sae = study.steering.as_ref().map(|steering| &*steering.sae);
    let model = model.map(|folder| ("model.sha256", folder, Kind::Model));
    let sae = sae.map(|sae| ("steering.sae.sha256", sae, Kind::Sae));
    model.into_iter().chain(sae)
}

fn without_large_files(study: &StudyFile, materials: &Materials) -> Result<Manifest, Failure> {
    let roles = [&materials.train_roles, &materials.test_roles].map(RoleSet::to_json);
    let template = match &materials.template_text {
        Some(text) => bytes_checksum(text),
        None => serde_json::to_string(&study.prompt.template)?,
    };
    let definitions = format!("{:?}", materials.definitions.rows());
    Ok(settings(study)?
        .with("roles.sha256", bytes_checksum(roles.concat()))
        .with("definitions.sha256", bytes_checksum(definitions))
        .with("prompt.template", template))
}

/// The part of the manifest that the study file alone says.
///
/// # Errors
/// The study is no JSON value.
fn settings(study: &StudyFile) -> Result<Manifest, Failure> {
    let mut entries = Vec::new();
    flatten("", &serde_json::to_value(study)?, &mut entries);
    let kept = |key: &str| {
        let mut others = FREE.iter().chain(&FILES);
        !others.any(|name| key.starts_with(name)) && !key.starts_with("steering.features")
    };
    let settings: Manifest = entries.into_iter().filter(|(key, _)| kept(key)).collect();
    let device = study.model.device.split(':').next().unwrap_or_default();
    Ok(settings.with("model.device", device))
}

fn other_study(journal: &Journal, difference: Difference) -> JournalError {
    JournalError::OtherStudy {
        file: journal.path().to_owned(),
        key: difference.key,
        journal: difference.theirs,
        study: difference.ours,
    }
}

/// Refuses a journal that is not of the study in this file and folder, as far as files tell. Returns which of the large
/// ones are not here, so that they could not be compared.
///
/// # Errors
/// [`JournalError::OtherStudy`] with the first entry of the manifest, or the first thing in the questions, that differs;
/// a file cannot be read.
pub fn is_of_study(
    journal: &Journal,
    study: &StudyFile,
    materials: &Materials,
    data: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let recorded = journal.manifest();
    let mut expected = without_large_files(study, materials)?;
    if let (Some(_), Some(name)) = (study.model.served, recorded.get("model.name")) {
        expected = expected.with("model.name", name);
    }
    let mut absent = Vec::new();
    for (key, named, kind) in large_files(study) {
        let path = here(data, named, kind);
        if path.exists() {
            expected = expected.with(key, checksum(&path)?);
        } else {
            expected = expected.with(key, recorded.get(key).unwrap_or_default());
            absent.push(path);
        }
    }
    let difference = expected.difference(recorded);
    let difference = match difference {
        None => questions_differ(journal, study, materials)?,
        found => found,
    };
    match difference {
        None => Ok(absent),
        Some(difference) => Err(other_study(journal, difference).into()),
    }
}

/// The same of the questions. Which features are the most active only the model can tell; that is taken from the journal.
fn questions_differ(
    journal: &Journal,
    study: &StudyFile,
    materials: &Materials,
) -> Result<Option<Difference>, Failure> {
    let rows = journal.design().rows().iter();
    let mut seen = HashSet::new();
    let mut features: Vec<u64> = rows
        .filter_map(|row| row.setting.feature())
        .filter(|feature| seen.insert(*feature))
        .collect();
    match study.steering.as_ref().map(|steering| &steering.features) {
        Some(Features::List(listed)) => features.clone_from(listed),
        Some(Features::Top { top }) if *top != features.len() => {
            return Ok(Some(Difference {
                key: "steering.features.top".to_owned(),
                ours: Some(top.to_string()),
                theirs: Some(features.len().to_string()),
            }));
        }
        Some(Features::Top { .. }) | None => {}
    }
    let plan = Plan::new(study, materials, &features)?;
    Ok(plan.design.difference(journal.design()))
}

/// Refuses two journals that are not of one study.
///
/// # Errors
/// Both files, and the first thing in which their manifests or their questions differ.
pub fn same_study(a: &Journal, b: &Journal) -> Result<(), Failure> {
    let difference = a.manifest().difference(b.manifest());
    let difference = difference.or_else(|| a.design().difference(b.design()));
    let Some(Difference { key, ours, theirs }) = difference else {
        return Ok(());
    };
    let shown = |value: Option<String>| value.map_or("not there".to_owned(), |v| format!("{v:?}"));
    let (first, second, ours, theirs) = (
        a.path().display(),
        b.path().display(),
        shown(ours),
        shown(theirs),
    );
    Err(format!(
        "{first} and {second}: journals of two studies: {key} is {ours} in the first and {theirs} in the second"
    )
    .into())
}

/// The leaves of a tree by their dotted names; what is not set is left out.
fn flatten(name: &str, value: &Value, entries: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (key, value) in members {
                let dot = if name.is_empty() { "" } else { "." };
                flatten(&format!("{name}{dot}{key}"), value, entries);
            }
        }
        Value::String(text) => entries.push((name.to_owned(), text.clone())),
        other => entries.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_changed_while_it_is_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let weights = folder.path().join("model.safetensors");
        fs::write(&weights, [7; 100]).unwrap();
        let files = ModelFiles {
            sums: Vec::new(),
            files: files_of(folder.path())
                .unwrap()
                .into_iter()
                .map(|file| (file.clone(), Stamp::of(&file).unwrap()))
                .collect(),
        };
        files.check().unwrap();
        fs::write(&weights, [7; 60]).unwrap();
        let shorter = files.check().unwrap_err().to_string();
        assert!(
            shorter.contains("model.safetensors: expected the file"),
            "{shorter}"
        );
        assert!(shorter.contains("(100 bytes), found one that was changed since (60 bytes)"));
        // As long as before.
        fs::write(&weights, [8; 100]).unwrap();
        let time = SystemTime::now() + std::time::Duration::from_secs(3);
        fs::File::options()
            .write(true)
            .open(&weights)
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert!(files.check().is_err());
        fs::remove_file(&weights).unwrap();
        assert!(
            files
                .check()
                .unwrap_err()
                .to_string()
                .contains("model.safetensors: ")
        );
    }
}
