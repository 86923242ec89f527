use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use value_causal::bench::RoleSet;
use value_causal::bench::journal::Manifest;

use super::Materials;
use super::file::StudyFile;
use crate::Failure;

/// Settings that change no answer: how the device is shared out, and what is made of answers afterwards.
const FREE: [&str; 9] = [
    "name",
    "batch.",
    "analysis.",
    "judging.judge",
    "judging.open",
    "judging.thoughts",
    "questionnaire.file",
    "questionnaire.definitions",
    "model.device",
];

/// Settings in whose place stands the checksum of what they name.
const FILES: [&str; 4] = ["model.folder", "steering.sae", "roles.", "prompt.template"];

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
    let mut entries = Vec::new();
    flatten("", &serde_json::to_value(study)?, &mut entries);
    let kept = |key: &str| {
        let mut others = FREE.iter().chain(&FILES);
        !others.any(|name| key.starts_with(name)) && !key.starts_with("steering.features")
    };
    let mut manifest: Manifest = entries.into_iter().filter(|(key, _)| kept(key)).collect();
    let device = study.model.device.split(':').next().unwrap_or_default();
    manifest = manifest.with("model.device", device);
    let roles = [&materials.train_roles, &materials.test_roles].map(RoleSet::to_json);
    manifest = manifest
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
