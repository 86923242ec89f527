#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! | file or folder | what it holds |
//! |---|---|
//! | `lm.rs` | [`Lm`]: opening a checkpoint, forward passes |
//! | `config/`, `weights/`, `tokenizer/`, `chat/` | the files of a checkpoint, one kind each |
//! | `model/` | the decoder: attention, MLP, norms, rotary embedding, masks; one file each |
//! | `native/` | kernels for the CPU and every `unsafe`; its page says what each part earns |
//! | `hook/` | hook points and hooks |
//! | `contrast/`, `probe/` | directions and probes from activations |
//! | `steer/`, `sae/` | steering, and the sparse autoencoders that it goes along; one file per layout and per architecture |
//! | `generate/`, `sampling/`, `stop/`, `cache.rs` | generation: requests and rows, the choice of tokens, when a row ends, keys and values |
//! | `reading.rs`, `select/` | activations of many prompts; what features do to predictions |
//! | `engine/` | generation for many requests: the batch, the queue, shared beginnings |
//! | `hub/` | models and autoencoders by name: the cache of Hugging Face's hub, and the hub |
//! | `device.rs`, `error.rs`, `file.rs` | devices and precisions, what can go wrong, and files as they are opened |
//!
//! Each depends on those named before it, `error.rs`, `file.rs` and `device.rs` on none, but for `lm.rs` and `model/`, which stand on
//! the files, on `hook/` and on `native/`.
#![cfg_attr(not(feature = "native"), forbid(unsafe_code))]
#![warn(clippy::must_use_candidate, clippy::return_self_not_must_use)]

mod cache;
mod chat;
mod config;
pub mod contrast;
mod device;
mod engine;
mod error;
mod file;
mod generate;
pub mod hook;
pub mod hub;
mod lm;
mod model;
mod native;
mod probe;
mod reading;
pub mod sae;
mod sampling;
pub mod select;
mod steer;
mod stop;
mod tokenizer;
mod torch_error;
mod weights;
mod words;

pub use chat::{ChatTemplate, Message};
pub use config::{
    Architecture, GateActivation, ModelConfig, NormPlacement, NormWeight, QkNorm, QueryGrowth,
    RopeConfig, RopeScaling,
};
pub use device::{DeviceError, Precision, device};
pub use engine::{Engine, EngineOptions, EngineProgress, Run};
pub use error::{Error, LoadError};
pub use generate::{Completion, Generated, PassActivations, Prompt, Request, Steered};
pub use hook::{Activations, Hook, HookPoint, Pass, PassKind};
pub use lm::{Forward, Lm, LoadOptions};
pub use probe::Probe;
pub use reading::{At, Read, Reading};
pub use sampling::{Counted, Sampler, Sampling, next_tokens, processed_logits};
pub use steer::{Dose, Gate, Passes, Steer, SteeringDirection};
pub use stop::{Finish, Stop};
/// The tensors of this crate's interface, so that users need not match versions themselves.
pub use tch;
pub use tokenizer::{Encoded, TextSoFar, Tokenizer, find_tokens};
pub use torch_error::TorchError;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-transformerlens-and-saelens-to-tch-lens.md")]
struct FromTransformerLens;
