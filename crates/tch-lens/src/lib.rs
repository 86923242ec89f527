#![doc = include_str!("../README.md")]

mod device;
mod error;
pub mod hook;
pub mod sae;
mod tokenizer;
mod weights;

pub use device::{DeviceError, Precision, device};
pub use error::{Error, LoadError};
pub use hook::{Hook, HookPoint, Pass, PassKind};
/// The tensors of this crate's interface, so that users need not match versions themselves.
pub use tch;
pub use tokenizer::{Encoded, TextSoFar, Tokenizer, find_tokens};
