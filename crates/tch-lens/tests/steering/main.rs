//! Steering methods beside goldens of PyTorch and transformers: the methods of several papers, put together out of this
//! crate's parts. The variable TCH_LENS_STEERING names the folder of the goldens; their checkpoints are those of
//! TCH_LENS_GOLDENS.

#[path = "../common/mod.rs"]
mod common;
mod contrasts;
mod goldens;
mod methods;
mod own;
mod properties;
mod selection;
mod wrong;
