//! What a model is asked, and what it says.

use std::time::Duration;

use serde_json::{Map, Value};

/// What a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatQuestion<'a> {
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
pub struct ChatSampling {
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
    /// The text, without what a model has written to itself before. Were the key in it, it would be
    /// `[API key]`.
    pub text: String,
    /// How the model reasoned, where its server tells: in a field of its own (`reasoning_content`,
    /// `reasoning`), in a part of the content, or at the beginning of the text
    /// (`<think>...</think>` and its like).
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

    /// What the model said before.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self {
            role: ChatRole::Assistant,
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

impl ChatSampling {
    /// The likeliest tokens, at most so many.
    pub fn greedy(max_tokens: u32) -> Self {
        Self {
            temperature: Some(0.0),
            max_tokens: Some(max_tokens),
            ..Self::default()
        }
    }
}

impl ChatQuestion<'_> {
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Chat(_) => "/chat/completions",
            Self::Text(_) => "/completions",
        }
    }
}
