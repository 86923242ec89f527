#![doc = include_str!("../README.md")]

mod cache;
mod config;
mod device;
mod error;
pub mod hook;
mod lm;
mod model;
pub mod sae;
mod tokenizer;
mod weights;

pub use config::{Architecture, GateActivation, ModelConfig, RopeScaling};
pub use device::{DeviceError, Precision, device};
pub use error::{Error, LoadError};
pub use hook::{Activations, Hook, HookPoint, Pass, PassKind};
pub use lm::{Forward, Lm, LoadOptions};
/// The tensors of this crate's interface, so that users need not match versions themselves.
pub use tch;
pub use tokenizer::{Encoded, TextSoFar, Tokenizer, find_tokens};
