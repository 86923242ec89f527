//! The organism: a small language model whose causal graph of values is known because it was planted.
//!
//! - [`planting`] draws what is planted, out of `words`; [`world`] holds it together with the files that a study reads
//! - [`texts`], [`tokens`]: its language
//! - [`network`], [`lessons`], [`training`]: how the model is grown; [`autoencoder`]: its autoencoder; [`grow`]: both, into a folder
//! - [`exam`] asks the result through the engine; [`measure`] says what a study finds in answers, planted or given

pub mod autoencoder;
pub mod exam;
pub mod grow;
pub mod lessons;
pub mod measure;
pub mod network;
pub mod planting;
pub mod texts;
pub mod tokens;
pub mod training;
pub mod world;

mod words;
