//! Chat templates: from messages to a prompt.

mod json;
mod meter;
mod metered;
mod ordered;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value};
use time::OffsetDateTime;
use time::format_description::parse_strftime_owned;

use crate::hub::{self, located};
use crate::tokenizer::Settings;
use crate::{Error, LoadError};

/// The chat template of a checkpoint, which writes messages as the model was trained to read them.
///
/// Renders as transformers' `apply_chat_template` does: with `trim_blocks` and `lstrip_blocks`, `{% generation %}`, loop
/// controls, Python's operators and methods of texts and dicts, keys in the order in which they were written,
/// `raise_exception`, `strftime_now` (the time is UTC), `json.dumps` as `tojson`, the special tokens under their names, and
/// `tools` and `documents` none. Other templates cannot be included.
///
/// Templates come from strangers: how many steps one may take, how much text it may make on the way, and so its time and
/// memory, are limited in proportion to the messages, at about a second and 100 MB for a short chat.
///
/// Templates write BOS themselves. A [`Request`](crate::Request) takes the prompt as it is; where tokens are wanted, they are
/// [`Tokenizer::encode_plain`](crate::Tokenizer::encode_plain) of it.
///
/// ```no_run
/// use std::path::Path;
/// use tch_lens::{ChatTemplate, Message, Request};
///
/// let template = ChatTemplate::open(Path::new("qwen3-0.6b"))?.with("enable_thinking", false)?;
/// let prompt = template.render(&[Message::user("Should I help a stranger?")], true)?;
/// let request = Request::new(prompt);
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
/// The variable that holds what a rendering may cost.
const ALLOWANCE: &str = "__allowance";

/// What any chat may cost, in about bytes, and what each byte of its messages and variables adds: texts go through a few
/// filters each, and come out once.
const LEAST_ALLOWANCE: usize = 16 << 20;
const ALLOWANCE_PER_BYTE: usize = 64;
/// Instructions that any chat may take, and that each of its messages adds; published templates take some hundred.
const LEAST_STEPS: u64 = 250_000;
const STEPS_PER_MESSAGE: u64 = 5_000;
/// Templates call themselves, and hold lists of lists of lists; only what is used of the stack takes memory.
const STACK: usize = 64 << 20;

impl ChatTemplate {
    /// The template of the checkpoint in `folder`, or of a model [by name](crate::hub), called `default`: `chat_template.jinja`, or `chat_template` of
    /// `tokenizer_config.json`.
    ///
    /// # Errors
    /// No template, none of that name, or one with a mistake in it; files that cannot be read.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        Self::open_named(folder, "default")
    }

    /// The template called `name`, for checkpoints that have several: in `additional_chat_templates/`, or in a list in
    /// `tokenizer_config.json`.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_named(folder: &Path, name: &str) -> Result<Self, LoadError> {
        let folder = &*located(folder, hub::CHAT)?;
        let settings = Settings::open(folder)?;
        let (path, source) = sources::find(folder, &settings, name)?;
        let environment = prepared(&source).map_err(|error| LoadError::Template {
            path,
            reason: error.to_string(),
        })?;
        let tokens = settings.tokens_by_name().into_iter();
        let variables = tokens
            .map(|(name, token)| (name.to_owned(), Value::from(token)))
            .chain(["tools", "documents"].map(|name| (name.to_owned(), Value::from(()))))
            .collect();
        Ok(Self {
            environment,
            variables,
        })
    }

    /// Sets a variable of the template, such as Llama 3.1's `date_string` or Qwen3's `enable_thinking`: a text, a number,
    /// true or false, a list or a map; the fields of a structure keep their order.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn with(mut self, variable: &str, value: impl serde::Serialize) -> Result<Self, Error> {
        let refused = |error: serde_json::Error| Error::Template(format!("{variable}: {error}"));
        let json = serde_json::to_string(&value).map_err(refused)?;
        let ordered::Json(value) = serde_json::from_str(&json).map_err(refused)?;
        self.variables.insert(variable.to_owned(), value);
        Ok(self)
    }

    /// The prompt; with `add_generation_prompt` it ends where the model's answer begins. Linear in the messages for the usual
    /// templates.
    ///
    /// # Errors
    /// The template refuses the messages (Gemma's refuses a system message, for one), fails on them, or takes more steps or
    /// more text than a chat of that length can need.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, Error> {
        let texts = messages.iter().map(|m| m.role.len() + m.content.len());
        let given = self.variables.values().map(|value| value.to_string().len());
        let bytes: usize = texts.chain(given).sum();
        let messages: Vec<Value> = messages.iter().map(value_of).collect();
        let steps = LEAST_STEPS + STEPS_PER_MESSAGE * messages.len() as u64;

        let mut variables = self.variables.clone();
        variables.insert("messages".into(), Value::from(messages));
        variables.insert("add_generation_prompt".into(), add_generation_prompt.into());
        let allowance = LEAST_ALLOWANCE.saturating_add(bytes.saturating_mul(ALLOWANCE_PER_BYTE));
        variables.insert(ALLOWANCE.into(), Value::from(allowance));
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(steps));
        let render = move || {
            let template = environment.get_template(NAME)?;
            template.render(Value::from(variables))
        };
        on_own_stack(render)
            .map_err(Error::Template)?
            .map_err(|error| match error.kind() {
                ErrorKind::OutOfFuel => Error::Template(format!(
                    "it takes more than {steps} steps, which no chat of that length needs"
                )),
                _ => Error::Template(error.to_string()),
            })
    }
}

fn value_of(message: &Message) -> Value {
    let fields = [("role", &message.role), ("content", &message.content)];
    ordered::map(fields.map(|(name, text)| (Value::from(name), Value::from(text.as_str()))))
}

/// Runs `work` on a stack that is large enough for what templates nest.
fn on_own_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("a thread of its own: {error}"))?;
        thread
            .join()
            .map_err(|_| "the template engine panicked".to_owned())
    })
}

/// An environment that holds the template.
fn prepared(source: &str) -> Result<Environment<'static>, minijinja::Error> {
    on_own_stack(|| {
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        let metered = metered::metered(source, syntax)?;
        let mut environment = environment();
        environment.add_template_owned(NAME, metered)?;
        Ok(environment)
    })
    .map_err(failed)?
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    meter::add_to(&mut environment);
    // It would print every variable at once, and Python's templates have no such function.
    environment.remove_global("debug");
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", json::tojson);
    environment
}

fn raise_exception(message: String) -> Result<Value, minijinja::Error> {
    Err(failed(message))
}

fn strftime_now(format: &str) -> Result<String, minijinja::Error> {
    let refused =
        |error: &dyn std::error::Error| failed(format!("strftime_now({format:?}): {error}"));
    if format.len() > 1000 {
        return Err(failed(
            "strftime_now: expected at most 1000 bytes".to_owned(),
        ));
    }
    let parsed = parse_strftime_owned(format).map_err(|error| refused(&error))?;
    OffsetDateTime::now_utc()
        .format(&parsed)
        .map_err(|error| refused(&error))
}

fn failed(message: String) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, message)
}
