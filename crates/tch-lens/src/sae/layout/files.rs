//! The files of all layouts, for whoever looks for them elsewhere than in a folder.

use super::{gemma_scope, gemma_scope_2, llama_scope, saelens, sparsify};

/// Those with weights, by the folder of an autoencoder, in the order in which they are looked for. One of them is opened,
pub(crate) const WEIGHTS: [&str; 5] = [
    saelens::WEIGHTS,
    sparsify::WEIGHTS,
    gemma_scope::WEIGHTS,
    gemma_scope_2::WEIGHTS,
    llama_scope::WEIGHTS_PATH,
];

/// and those of these that are there.
pub(crate) const CONFIGS: [&str; 3] = [
    saelens::CONFIG,
    llama_scope::DISTILL_CONFIG,
    llama_scope::CONFIG,
];

/// Whether a path is that of weights, and not of a folder with some.
pub(crate) fn is_file(path: &str) -> bool {
    [".safetensors", ".npz"]
        .iter()
        .any(|end| path.ends_with(end))
}

pub(crate) fn is_pickled(name: &str) -> bool {
    [".pt", ".pth", ".bin"]
        .iter()
        .any(|end| name.ends_with(end))
}
