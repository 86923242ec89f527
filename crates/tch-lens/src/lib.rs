#![doc = include_str!("../README.md")]

mod cache;
mod chat;
mod config;
mod device;
mod engine;
mod error;
mod generate;
pub mod hook;
mod huge;
mod lm;
mod model;
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
pub use huge::keep_memory;
pub use lm::{Forward, Lm, LoadOptions};
pub use sampling::{Counted, Sampler, Sampling, next_tokens, processed_logits};
pub use steer::{Direction, Dose, Passes, Steer};
pub use stop::{Finish, Stop};
/// The tensors of this crate's interface, so that users need not match versions themselves.
pub use tch;
pub use tokenizer::{Encoded, TextSoFar, Tokenizer, find_tokens};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-transformerlens-and-saelens-to-tch-lens.md")]
struct FromTransformerLens;
