use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use value_causal::bench::RoleSet;
use value_causal::bench::journal::{Journal, JournalError, Manifest};

use super::Materials;
use super::file::StudyFile;
use crate::Failure;

/// Settings that change no answer and no judgement: how device and servers are used, who judges, and what is made of
/// answers afterwards.
const FREE: [&str; 11] = [
    "name",
    "batch.",
    "analysis.",
    "judging.judge",
    "judging.open",
    "judging.server.",
    "judging.thoughts",
    "questionnaire.file",
    "questionnaire.definitions",
    "model.device",
    "model.server.",
];

/// Settings in whose place stands the checksum of what they name.
const FILES: [&str; 4] = ["model.folder", "steering.sae", "roles.", "prompt.template"];

/// What a manifest has beside settings: checksums, and what a server tells.
const FOUND: [&str; 6] = [
    "definitions.sha256",
    "model.name",
    "model.sha256",
    "prompt.template",
    "roles.sha256",
    "steering.sae.sha256",
];

/// Everything but the questions that an answer of this study may depend on.
///
/// Model and autoencoder count by the content of their files, so that they may lie elsewhere on every machine, and the
/// device by its kind. The questions themselves, with values, roles, items and features, are the journal's to compare.
///
/// `served` is the name of a served model.
///
/// # Errors
/// A file cannot be read.
pub fn manifest(
    study: &StudyFile,
    materials: &Materials,
    data: &Path,
    served: Option<&str>,
) -> Result<Manifest, Failure> {
    let roles = [&materials.train_roles, &materials.test_roles].map(RoleSet::to_json);
    let mut manifest = settings(study)?
        .with("roles.sha256", bytes_checksum(roles.concat()))
        .with(
            "definitions.sha256",
            bytes_checksum(format!("{:?}", materials.definitions.rows())),
        );
    let template = match &materials.template_text {
        Some(text) => bytes_checksum(text),
        None => serde_json::to_string(&study.prompt.template)?,
    };
    manifest = manifest.with("prompt.template", template);
    if let Some(folder) = &study.model.folder {
        manifest = manifest.with("model.sha256", checksum(&data.join(folder))?);
    }
    if let Some(name) = served {
        manifest = manifest.with("model.name", name);
    }
    if let Some(steering) = &study.steering {
        manifest = manifest.with("steering.sae.sha256", checksum(&data.join(&steering.sae))?);
    }
    Ok(manifest)
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

/// Refuses a journal whose settings are not those of the study file. What only the files can tell, which model and which
/// questions, is not compared.
///
/// # Errors
/// [`JournalError::OtherStudy`] with the first setting that differs.
pub fn same_settings(study: &StudyFile, journal: &Journal) -> Result<(), Failure> {
    let settings = settings(study)?;
    let recorded = journal.manifest().iter();
    let recorded = recorded.filter(|(key, _)| !FOUND.contains(key));
    let recorded = recorded.map(|(key, value)| (key.to_owned(), value.to_owned()));
    match difference(&recorded.collect(), &settings) {
        None => Ok(()),
        Some((key, journal_has, study_has)) => Err(JournalError::OtherStudy {
            file: journal.path().to_owned(),
            key,
            journal: journal_has,
            study: study_has,
        }
        .into()),
    }
}

/// Refuses two journals that are not of one study.
///
/// # Errors
/// Both files, and the first entry of their manifests that differs, or that their questions do.
pub fn same_study(a: &Journal, b: &Journal) -> Result<(), Failure> {
    let shown = |value: Option<String>| value.map_or("not there".to_owned(), |v| format!("{v:?}"));
    let (first, second) = (a.path().display(), b.path().display());
    let how = match difference(a.manifest(), b.manifest()) {
        Some((key, ours, theirs)) => format!(
            "{key} is {} in the first and {} in the second",
            shown(ours),
            shown(theirs)
        ),
        None if a.design().digest() != b.design().digest() => "their questions differ".to_owned(),
        None => return Ok(()),
    };
    Err(format!("{first} and {second}: journals of two studies: {how}").into())
}

/// The first entry in which two manifests differ, with what each says.
fn difference(a: &Manifest, b: &Manifest) -> Option<(String, Option<String>, Option<String>)> {
    let mut keys: Vec<&str> = a.iter().chain(b.iter()).map(|(key, _)| key).collect();
    keys.sort_unstable();
    let key = keys.into_iter().find(|key| a.get(key) != b.get(key))?;
    let of = |manifest: &Manifest| manifest.get(key).map(str::to_owned);
    Some((key.to_owned(), of(a), of(b)))
}

/// The SHA-256 of a file, or of all files of a folder with their names, folders within and files that begin with a dot
/// left out, as hexadecimal digits.
///
/// # Errors
/// A file cannot be read; the error names it.
pub fn checksum(path: &Path) -> io::Result<String> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if !path.is_dir() {
        return file_checksum(path).map_err(named);
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(named)? {
        let entry = entry.map_err(named)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut lines = String::new();
    for name in names {
        let sum = file_checksum(&path.join(&name)).map_err(named)?;
        lines.push_str(&format!("{sum}  {name}\n"));
    }
    Ok(bytes_checksum(&lines))
}

fn file_checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&bytes[..n]),
        }
    }
}

/// The SHA-256 of some bytes as hexadecimal digits.
pub(crate) fn bytes_checksum(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
