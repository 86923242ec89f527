//! Asking a server, again where it may help.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::http::Http;
use super::many::in_parallel;
use super::pace::{Gate, sleep};
use super::wire::{self, WrongShape};
use super::{ChatError, ChatOptions, ChatSetupError};

/// Asks an OpenAI-compatible server.
///
/// A question that fails [in a way that may pass](ChatError::may_pass) is asked again, after waits
/// that double, or as long as the server's `Retry-After` says; meanwhile the other questions of
/// this client wait too. Redirects are not followed. Clones share their connections and limits.
///
/// ```no_run
/// use valuebench::chat::{ChatClient, Message, Question, Sampling};
///
/// let client = ChatClient::from_env()?;
/// let question = [Message::user("Should I love people? Answer with yes or no.")];
/// let reply = client.ask(&Question::Chat(&question), &Sampling::greedy(16))?;
/// println!("{}", reply.text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChatClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: Http,
    gate: Gate,
}

/// What a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Messages, which the server puts into the model's chat template: the endpoint
    /// `/chat/completions`.
    Chat(&'a [Message]),
    /// A text, which the model goes on with as it stands: the endpoint `/completions`, which many
    /// servers of open models have.
    Text(&'a str),
}

/// A message of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Who says it.
    pub role: ChatRole,
    /// What is said.
    pub text: String,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChatRole {
    /// Whoever sets the model up.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

/// How a model draws its tokens. What is not set is left to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// The temperature; 0 takes the likeliest token. Models that reason first often refuse one.
    pub temperature: Option<f64>,
    /// The share of probability that tokens are drawn from.
    pub top_p: Option<f64>,
    /// The greatest number of new tokens.
    pub max_tokens: Option<u32>,
    /// The seed, which not every server heeds.
    pub seed: Option<u64>,
    /// Texts at which the reply ends.
    pub stop: Vec<String>,
    /// Further fields of the request, which only some servers know; they go before the others.
    pub extra: Map<String, Value>,
}

/// What a model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The text, without what a model has written to itself before. Were the key in it, it would be `[API key]`.
    pub text: String,
    /// How the model reasoned, where its server tells: in a field of its own (`reasoning_content`, `reasoning`), in a
    /// part of the content, or at the beginning of the text (`<think>...</think>` and its like).
    pub reasoning: Option<String>,
    /// Why it ends, in the server's words: `stop`, or `length` where it was cut off.
    pub finish: Option<String>,
    /// The model's name, as the server says it.
    pub model: Option<String>,
    /// Number of tokens of the question.
    pub prompt_tokens: Option<u64>,
    /// Number of tokens of the reply.
    pub completion_tokens: Option<u64>,
    /// Number of attempts that it took.
    pub attempts: u32,
    /// The time of the last attempt.
    pub took: Duration,
}

impl Message {
    /// A message of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            role: ChatRole::User,
            text: text.into(),
        }
    }

    /// A message that sets the model up.
    pub fn system(text: impl Into<String>) -> Self {
        Self {
            role: ChatRole::System,
            text: text.into(),
        }
    }
}

impl ChatRole {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl Sampling {
    /// The likeliest tokens, at most so many.
    pub fn greedy(max_tokens: u32) -> Self {
        Self {
            temperature: Some(0.0),
            max_tokens: Some(max_tokens),
            ..Self::default()
        }
    }
}

impl ChatClient {
    /// A client for the server of the options. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ChatSetupError`] for options that cannot be, or that would send the key unencrypted.
    pub fn new(options: ChatOptions) -> Result<Self, ChatSetupError> {
        let checked = options.check()?;
        let options = &checked.options;
        let gate = Gate::new(options.concurrency, options.requests_per_minute);
        let http = Http::new(checked);
        Ok(Self(Arc::new(Inner { http, gate })))
    }

    /// A client for the server that the environment names, see [`ChatOptions::from_env`].
    ///
    /// # Errors
    ///
    /// [`ChatSetupError`] as for [`new`](Self::new), and for variables that are missing.
    pub fn from_env() -> Result<Self, ChatSetupError> {
        Self::new(ChatOptions::from_env()?)
    }

    /// The server's name of the model that is asked.
    pub fn model(&self) -> &str {
        &self.0.http.checked().options.model
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    ///
    /// [`ChatError`]: [`ChatError::GaveUp`] after the last attempt if each failed in a way that
    /// may pass, else the failure itself.
    pub fn ask(&self, question: &Question<'_>, sampling: &Sampling) -> Result<Reply, ChatError> {
        self.ask_unless(&AtomicBool::new(false), question, sampling)
    }

    /// As [`ask`](Self::ask), until `stop` becomes true: then waits end, and a request that runs
    /// is the last.
    ///
    /// # Errors
    ///
    /// As for [`ask`](Self::ask), and [`ChatError::Stopped`].
    pub fn ask_unless(
        &self,
        stop: &AtomicBool,
        question: &Question<'_>,
        sampling: &Sampling,
    ) -> Result<Reply, ChatError> {
        let checked = self.0.http.checked();
        let options = &checked.options;
        let body = wire::request(&options.model, question, sampling, options.token_limit);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(stop, question, &body, attempts) {
                Err(error) if error.may_pass() => error,
                ended => return ended,
            };
            if attempts > options.retries {
                return Err(ChatError::GaveUp {
                    attempts,
                    last: Box::new(error),
                });
            }
            let wait = checked.backoff.wait(attempts, fastrand::f64());
            let asked = error.retry_after().unwrap_or_default();
            let wait = wait.max(asked.min(options.longest_retry_after));
            if !sleep(wait, stop) {
                return Err(ChatError::Stopped);
            }
        }
    }

    fn attempt(
        &self,
        stop: &AtomicBool,
        question: &Question<'_>,
        body: &[u8],
        attempts: u32,
    ) -> Result<Reply, ChatError> {
        let Inner { http, gate } = &*self.0;
        let _pass = gate.enter(stop).ok_or(ChatError::Stopped)?;
        let start = Instant::now();
        let json = http.post(question.path(), body).inspect_err(|error| {
            // Before the next question gets its turn.
            if let Some(asked) = error.retry_after() {
                gate.pause(asked.min(http.checked().options.longest_retry_after));
            }
        })?;
        let completion = wire::completion(&json, question);
        let completion = completion.map_err(|WrongShape { expected, found }| ChatError::Shape {
            host: http.host(),
            expected,
            found,
        })?;
        Ok(Reply {
            text: completion.text,
            reasoning: completion.reasoning,
            finish: completion.finish,
            model: completion.model,
            prompt_tokens: completion.prompt_tokens,
            completion_tokens: completion.completion_tokens,
            attempts,
            took: start.elapsed(),
        })
    }

    /// Does the work of many questions, as many at a time as the client may ask. See
    /// [`in_parallel`].
    pub(super) fn for_each<T: Send>(
        &self,
        n: usize,
        stop: &AtomicBool,
        work: impl Fn(usize) -> T + Sync,
        ended: impl FnMut(usize, &T),
    ) -> Vec<Option<T>> {
        let threads = self.0.http.checked().options.concurrency;
        in_parallel(threads, n, stop, work, ended)
    }
}

impl Question<'_> {
    fn path(&self) -> &'static str {
        match self {
            Self::Chat(_) => "/chat/completions",
            Self::Text(_) => "/completions",
        }
    }
}
