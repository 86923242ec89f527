use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use value_causal::bench::RoleSet;
use value_causal::bench::journal::{Difference, Journal, JournalError, Manifest};

use super::file::{Features, StudyFile};
use super::{Materials, Plan};
use program::Failure;
use reproduce::{bytes_checksum, checksum};

/// Settings that change no answer and no judgement: how device and servers are used, who judges, and what is made of
/// answers afterwards.
const FREE: [&str; 12] = [
    "name",
    "batch.",
    "analysis.",
    "judging.judge",
    "judging.open",
    "judging.sampling.",
    "judging.server.",
    "judging.thoughts",
    "questionnaire.file",
    "questionnaire.definitions",
    "model.device",
    "model.server.",
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
    let mut manifest = without_large_files(study, materials)?;
    if let Some(name) = served {
        manifest = manifest.with("model.name", name);
    }
    for (key, path) in large_files(study, data) {
        manifest = manifest.with(key, checksum(&path)?);
    }
    Ok(manifest)
}

/// What is too large to lie on every machine, by the entry that has its checksum.
fn large_files(study: &StudyFile, data: &Path) -> impl Iterator<Item = (&'static str, PathBuf)> {
    let model = study.model.folder.as_ref();
    let sae = study.steering.as_ref().map(|steering| &steering.sae);
    let model = model.map(|folder| ("model.sha256", data.join(folder)));
    let sae = sae.map(|sae| ("steering.sae.sha256", data.join(sae)));
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
    for (key, path) in large_files(study, data) {
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
