//! The organism: a small language model whose causal graph of values is known because it was planted.
//!
//! [`truth`] draws what is planted, on the [`structure`]'s whole numbers; [`world`] holds it together with the files that a
//! study reads; [`texts`] and `tokens` are its language. `network`, `lessons` and `training` grow the model,
//! `autoencoder` its autoencoder, and `grow` puts both into a folder. `exam` asks the result through the engine, and
//! [`measure`] says what a study finds in answers, planted or given.

#[cfg(feature = "lens")]
pub mod autoencoder;
#[cfg(feature = "lens")]
pub mod exam;
#[cfg(feature = "lens")]
pub mod grow;
#[cfg(feature = "lens")]
pub mod lessons;
pub mod measure;
#[cfg(feature = "lens")]
pub mod network;
pub mod structure;
pub mod texts;
#[cfg(feature = "lens")]
pub mod tokens;
#[cfg(feature = "lens")]
pub mod training;
pub mod truth;
mod words;
pub mod world;
