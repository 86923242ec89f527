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
//! machine it travels encrypted unless [allowed otherwise](ChatOptions::key_over_http). A proxy
//! that the environment names (`HTTPS_PROXY`, `NO_PROXY`) carries encrypted bytes only. The key is
//! in no message, `Debug` text, log or file. A text from the server that contains it has `[API
//! key]` in its place.
//!
//! The HTTP library, ureq, writes every byte that it sends and receives to the log at level trace
//! (target `ureq_proto`), a header with a key included. While that log is on, nothing is sent with
//! a key: [`ChatError::KeyInLog`]. At level debug it names methods, hosts and ordinary headers
//! alone.
//!
//! # What happens to failures
//!
//! Each is a typed outcome of its own question, [`ChatError`] or [`JudgeFailure`], and the question
//! can be asked again later. How many questions run at a time changes neither results nor order.

// The files:
//
//   options, key                    which server, how patiently; the key, which nothing shows
//   client (pace, retry, many)      asks, again where it may help, several at a time
//   question, wire, reasoning       what is asked and said; as JSON; what of it is the answer
//   http, error                     one request, and every way in which it can fail
//   judge, judge_prompt             judging by a model, and its wording
//   respondent                      a model that answers the questionnaire
//   reference/                      the causal graph that a model draws among the values

mod client;
mod error;
mod http;
mod judge;
mod judge_prompt;
mod key;
mod many;
mod options;
mod pace;
mod question;
mod reasoning;
mod reference;
mod respondent;
mod retry;
mod wire;

pub use client::ChatClient;
pub use error::{ChatError, ChatSetupError};
pub use judge::{ChatJudge, ChatVerdict, FailuresAre, JudgeFailure, JudgedBy};
pub use judge_prompt::{JudgeWording, Statement};
pub use options::{ChatOptions, TokenLimit};
pub use question::{ChatQuestion, ChatRole, ChatSampling, Message, Reply};
pub use reference::{EdgeListError, ReferenceError, ReferenceGraph, UnknownValue};
pub use respondent::{ChatRespondent, PromptAs};
