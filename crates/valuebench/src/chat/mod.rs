//! Language models behind an OpenAI-compatible server: as judges, as respondents, and as authors of
//! reference graphs.
//!
//! A [`ChatClient`] asks one server for one model. [`ChatOptions`] say which, from the
//! [environment](ChatOptions::from_env) (`OPENAI_BASE_URL`, `OPENAI_MODEL`, `OPENAI_API_KEY`) or by
//! hand, and how patiently: retries with growing waits, `Retry-After`, requests per minute and at a
//! time, timeouts, the length of a reply. On it stand [`ChatJudge`], for what
//! [`RuleJudge`](crate::RuleJudge) leaves open and for thoughts; [`ReferenceGraph`], the causal
//! graph that a model draws among the values; and [`ChatRespondent`], a served model that answers
//! the questionnaire.
//!
//! # What happens to the key
//!
//! It is sent to the host of the base URL and nowhere else: redirects are errors, and to another
//! machine it travels encrypted unless [allowed otherwise](ChatOptions::key_over_http). A proxy that
//! the environment names (`HTTPS_PROXY`, `NO_PROXY`) carries encrypted bytes only. The key is in no
//! message, `Debug` text, log or file. A text from the server that contains it has `[API key]` in
//! its place.
//!
//! The HTTP library, ureq, writes every byte that it sends and receives to the log at level trace (target
//! `ureq_proto`), a header with a key included. While that log is on, nothing is sent with a key:
//! [`ChatError::KeyInLog`]. At level debug it names methods, hosts and ordinary headers alone.
//!
//! # What happens to failures
//!
//! Each is a typed outcome of its own question, [`ChatError`] or [`JudgeFailure`], and the question
//! can be asked again later. How many questions run at a time changes neither results nor order.

mod client;
mod error;
mod http;
mod judge;
mod judge_prompt;
mod key;
mod many;
mod options;
mod pace;
mod reasoning;
mod reference;
mod respondent;
mod retry;
mod wire;

pub use client::{ChatClient, ChatRole, Message, Question, Reply, Sampling};
pub use error::{ChatError, ChatSetupError};
pub use judge::{ChatJudge, FailuresAre, JudgeFailure, JudgeWording, JudgedBy, Statement, Verdict};
pub use options::{ChatOptions, TokenLimit};
pub use reference::{EdgeListError, ReferenceError, ReferenceGraph, UnknownValue};
pub use respondent::{ChatRespondent, PromptAs};
