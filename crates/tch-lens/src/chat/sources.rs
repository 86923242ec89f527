//! Where a checkpoint keeps its chat templates.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tokenizer::Settings;
use crate::{LoadError, file};

const FILE: &str = "chat_template.jinja";
const FOLDER: &str = "additional_chat_templates";
const SETTING: &str = "chat_template";

/// A template with its name, and the file that it is from.
struct Source {
    name: String,
    path: PathBuf,
    text: String,
}

/// The file and text of the template called `name`. As in transformers, files of their own go before the setting of
/// `tokenizer_config.json`, with all that it holds.
pub(super) fn find(
    folder: &Path,
    settings: &Settings,
    name: &str,
) -> Result<(PathBuf, String), LoadError> {
    let config = folder.join("tokenizer_config.json");
    let mut sources = files(folder)?;
    if sources.is_empty() {
        sources = listed(&config, settings.get(SETTING));
    }
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let found = sources.into_iter().find(|source| source.name == name);
    found
        .map(|source| (source.path, source.text))
        .ok_or_else(|| LoadError::Setting {
            path: config,
            field: SETTING.to_owned(),
            expected: format!("a template named \"{name}\""),
            found: match names.len() {
                0 => "none".to_owned(),
                _ => format!("templates named {}", names.join(", ")),
            },
        })
}

/// `chat_template.jinja` and those of `additional_chat_templates`, each named for its file.
fn files(folder: &Path) -> Result<Vec<Source>, LoadError> {
    let mut paths = vec![("default".to_owned(), folder.join(FILE))];
    let more = folder.join(FOLDER);
    match fs::read_dir(&more) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(LoadError::Read { path: more, source }),
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(|source| LoadError::Read {
                    path: more.clone(),
                    source,
                })?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some(name) = name.strip_suffix(".jinja") {
                    paths.push((name.to_owned(), entry.path()));
                }
            }
        }
    }
    paths[1..].sort();
    let mut sources = Vec::new();
    for (name, path) in paths {
        match file::read_text(&path) {
            Ok(text) => sources.push(Source { name, path, text }),
            Err(error) if error.kind() == ErrorKind::NotFound && name == "default" => {}
            Err(source) => return Err(LoadError::Read { path, source }),
        }
    }
    Ok(sources)
}

/// One text, or a list of names and texts.
fn listed(config: &Path, setting: Option<&Value>) -> Vec<Source> {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        path: config.to_owned(),
        text: text.to_owned(),
    };
    match setting {
        Some(Value::String(text)) => vec![source("default", text)],
        Some(Value::Array(templates)) => {
            let named = |template: &Value| -> Option<Source> {
                let text = |field| template.get(field)?.as_str();
                Some(source(text("name")?, text("template")?))
            };
            templates.iter().filter_map(named).collect()
        }
        _ => Vec::new(),
    }
}
