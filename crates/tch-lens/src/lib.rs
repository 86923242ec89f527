#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "native"), forbid(unsafe_code))]
#![warn(clippy::must_use_candidate, clippy::return_self_not_must_use)]

mod cache;
mod chat;
mod config;
mod device;
mod engine;
mod error;
mod generate;
pub mod hook;
mod lm;
mod model;
mod native;
pub mod sae;
mod sampling;
mod steer;
mod stop;
mod tokenizer;
mod weights;

pub use chat::{ChatTemplate, Message};
pub use config::{Architecture, GateActivation, ModelConfig, RopeScaling};
pub use device::{DeviceError, Precision, device};
pub use engine::{Engine, EngineOptions, Progress, Run};
pub use error::{Error, LoadError};
pub use generate::{Completion, Generated, PassActivations, Prompt, Request, Steered};
pub use hook::{Activations, Hook, HookPoint, Pass, PassKind};
pub use lm::{Forward, Lm, LoadOptions};
pub use sampling::{Counted, Sampler, Sampling, next_tokens, processed_logits};
pub use steer::{Direction, Dose, Passes, Steer};
pub use stop::{Finish, Stop};
/// The tensors of this crate's interface, so that users need not match versions themselves.
pub use tch;
pub use tokenizer::{Encoded, TextSoFar, Tokenizer, find_tokens};

/// Keeps the memory that passes on the CPU give back, for the passes to come, instead of returning it to the system: in
/// large batches much time goes into fetching it again. For the whole process, until it ends; call it at the start of a
/// program that generates and does little else. Does nothing without GNU's C library, or without the feature `native`.
pub fn keep_memory() {
    native::keep_memory();
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-transformerlens-and-saelens-to-tch-lens.md")]
struct FromTransformerLens;
