//! Chat templates: from messages to a prompt.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, ErrorKind, Value};
use minijinja_contrib::pycompat;
use time::OffsetDateTime;
use time::format_description::parse_strftime_owned;

use crate::tokenizer::{content, object};
use crate::{Error, LoadError};

/// The chat template of a checkpoint, which writes messages as the model was trained to read them.
///
/// Renders as transformers' `apply_chat_template` does: with `trim_blocks` and `lstrip_blocks`, Python's string
/// methods, `raise_exception`, `strftime_now` (the time is UTC), loop controls, a `tojson` that escapes no HTML, the
/// special tokens under their names, and `tools` and `documents` none.
///
/// Templates write BOS themselves, so the prompt's tokens are
/// [`Tokenizer::encode_plain`](crate::Tokenizer::encode_plain) of it.
///
/// ```no_run
/// use std::path::Path;
/// use tch_lens::{ChatTemplate, Message, Request, Tokenizer};
///
/// let folder = Path::new("gemma-2b-it");
/// let (tokenizer, template) = (Tokenizer::open(folder)?, ChatTemplate::open(folder)?);
/// let prompt = template.render(&[Message::user("Should I help a stranger?")], true)?;
/// let request = Request::new(tokenizer.encode_plain(&prompt)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    variables: BTreeMap<String, Value>,
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Who speaks: `system`, `user` or `assistant`; what else there may be is the template's to say.
    pub role: String,
    /// What they say.
    pub content: String,
}

impl Message {
    /// What sets the scene.
    pub fn system(content: impl Into<String>) -> Self {
        Self::by("system", content)
    }

    /// What the user says.
    pub fn user(content: impl Into<String>) -> Self {
        Self::by("user", content)
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::by("assistant", content)
    }

    fn by(role: &str, content: impl Into<String>) -> Self {
        Self {
            role: role.to_owned(),
            content: content.into(),
        }
    }
}

const NAME: &str = "chat_template";

impl ChatTemplate {
    /// The template of the checkpoint in `folder`: `chat_template.jinja`, or `chat_template` of
    /// `tokenizer_config.json`; of several, the one named `default`.
    ///
    /// # Errors
    /// No template, none of that name, or one with a mistake in it; files that cannot be read.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        Self::open_named(folder, "default")
    }

    /// The template called `name`, for checkpoints that have several.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_named(folder: &Path, name: &str) -> Result<Self, LoadError> {
        let config_path = folder.join("tokenizer_config.json");
        let mut config = object(&folder.join("special_tokens_map.json"))?;
        config.extend(object(&config_path)?);
        let (path, source) = source(folder, config_path, config.get(NAME), name)?;

        let mut environment = environment();
        environment
            .add_template_owned(NAME, source)
            .map_err(|error| LoadError::Template {
                path,
                reason: error.to_string(),
            })?;
        let variables = config
            .iter()
            .filter(|(name, _)| name.ends_with("_token"))
            .filter_map(|(name, token)| Some((name.clone(), Value::from(content(token)?))))
            .chain(["tools", "documents"].map(|name| (name.to_owned(), Value::from(()))))
            .collect();
        Ok(Self {
            environment,
            variables,
        })
    }

    /// Sets a variable of the template, such as Llama 3.1's `date_string`.
    #[must_use]
    pub fn with(mut self, variable: &str, text: &str) -> Self {
        self.variables
            .insert(variable.to_owned(), Value::from(text));
        self
    }

    /// The prompt; with `add_generation_prompt` it ends where the model's answer begins. Linear in the messages for the usual
    /// templates.
    ///
    /// # Errors
    /// The template refuses the messages (Gemma's refuses a system message, for one) or fails on them.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, Error> {
        let messages = messages.iter().map(|message| {
            let fields = [("role", &message.role), ("content", &message.content)];
            Value::from(BTreeMap::from(
                fields.map(|(name, text)| (name, Value::from(text.as_str()))),
            ))
        });
        let mut variables = self.variables.clone();
        variables.insert("messages".into(), messages.collect());
        variables.insert("add_generation_prompt".into(), add_generation_prompt.into());
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(Value::from(variables)))
            .map_err(|error| Error::Template(error.to_string()))
    }
}

/// The template's text and the file it is from.
fn source(
    folder: &Path,
    config_path: PathBuf,
    setting: Option<&serde_json::Value>,
    name: &str,
) -> Result<(PathBuf, String), LoadError> {
    let path = folder.join("chat_template.jinja");
    if name == "default" && path.exists() {
        return match fs::read_to_string(&path) {
            Ok(source) => Ok((path, source)),
            Err(source) => Err(LoadError::Read { path, source }),
        };
    }
    let named = |template: &serde_json::Value| -> Option<(String, String)> {
        let text = |field| Some(template.get(field)?.as_str()?.to_owned());
        Some((text("name")?, text("template")?))
    };
    let found = match setting {
        Some(serde_json::Value::String(source)) if name == "default" => {
            return Ok((config_path, source.clone()));
        }
        Some(serde_json::Value::Array(templates)) => {
            let templates: Vec<_> = templates.iter().filter_map(named).collect();
            if let Some((_, source)) = templates.iter().find(|(found, _)| found == name) {
                return Ok((config_path, source.clone()));
            }
            let names: Vec<String> = templates.into_iter().map(|(name, _)| name).collect();
            format!("templates named {}", names.join(", "))
        }
        Some(serde_json::Value::String(_)) => "one template without a name".to_owned(),
        _ => "none".to_owned(),
    };
    Err(LoadError::Setting {
        path: config_path,
        field: NAME.to_owned(),
        expected: format!("a template named \"{name}\""),
        found,
    })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment.set_unknown_method_callback(pycompat::unknown_method_callback);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", tojson);
    environment
}

fn raise_exception(message: String) -> Result<Value, minijinja::Error> {
    Err(failed(message))
}

fn strftime_now(format: &str) -> Result<String, minijinja::Error> {
    let refused =
        |error: &dyn std::error::Error| failed(format!("strftime_now({format:?}): {error}"));
    let parsed = parse_strftime_owned(format).map_err(|error| refused(&error))?;
    OffsetDateTime::now_utc()
        .format(&parsed)
        .map_err(|error| refused(&error))
}

/// minijinja's `tojson` without its escapes for HTML.
fn tojson(value: &Value, indent: Option<Value>, args: Kwargs) -> Result<String, minijinja::Error> {
    let escaped = minijinja::filters::tojson(value, indent, args)?.to_string();
    let mut json = String::with_capacity(escaped.len());
    let mut rest = &escaped[..];
    while let Some(at) = rest.find('\\') {
        json.push_str(&rest[..at]);
        let html = [
            ("\\u003c", '<'),
            ("\\u003e", '>'),
            ("\\u0026", '&'),
            ("\\u0027", '\''),
        ];
        let escape = html
            .iter()
            .find(|(escape, _)| rest[at..].starts_with(escape));
        let end = if let Some((escape, char)) = escape {
            json.push(*char);
            at + escape.len()
        } else {
            // A backslash and the character that it escapes, which may be another backslash.
            let end = rest.len().min(at + 2);
            json.push_str(&rest[at..end]);
            end
        };
        rest = &rest[end..];
    }
    json.push_str(rest);
    Ok(json)
}

fn failed(message: String) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, message)
}
