//! The files in which autoencoders are published: one file per layout.

mod circuit_tracer;
mod fields;
pub(crate) mod files;
mod gemma_scope;
mod gemma_scope_2;
mod llama_scope;
mod npz;
mod places;
pub(super) mod saelens;
mod sparsify;

use std::fs;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::encoder::Encoder;
use super::normalise::Normalisation;
use crate::LoadError;
use crate::weights::Weights;
use files::is_pickled;
pub(super) use places::module_place;

/// What every layout has to say of an autoencoder.
pub(super) struct Parts {
    pub(super) encoder: Encoder,
    /// `[d_sae, d_out]`.
    pub(super) w_dec: Tensor,
    /// `[d_out]`.
    pub(super) b_dec: Tensor,
    /// What a transcoder adds of its input, `[d_out, d_in]`.
    pub(super) skip: Option<Tensor>,
    /// By what activations are multiplied before they are decoded `[d_sae]`.
    pub(super) gain: Option<Tensor>,
    pub(super) subtract_b_dec: bool,
    pub(super) normalisation: Normalisation,
    /// Whether activations were multiplied in training by a number that the file does not hold.
    pub(super) wants_scale: bool,
    /// Whether the norms of `W_dec` can go into the encoder without a change of which features are active.
    pub(super) can_fold_norms: bool,
    /// Whether it decodes to another activation than it encodes.
    pub(super) is_transcoder: bool,
    /// Whether activations may come with their heads apart.
    pub(super) flattens_heads: bool,
    pub(super) origin: Origin,
    /// Keeps the mapped file alive in which the tensors above may lie.
    pub(super) weights: Option<Weights>,
}

impl Parts {
    /// An autoencoder without any of the options, of unknown origin.
    fn new(encoder: Encoder, w_dec: Tensor, b_dec: Tensor) -> Self {
        Self {
            encoder,
            w_dec,
            b_dec,
            skip: None,
            gain: None,
            subtract_b_dec: false,
            normalisation: Normalisation::None,
            wants_scale: false,
            can_fold_norms: true,
            is_transcoder: false,
            flattens_heads: true,
            origin: Origin::default(),
            weights: None,
        }
    }
}

/// What an autoencoder was trained on.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) model_name: Option<String>,
    /// Where it reads.
    pub(super) hook_name: Option<String>,
    /// Where a transcoder writes.
    pub(super) hook_name_out: Option<String>,
    pub(super) hook_layer: Option<usize>,
    /// The one head that it was trained on, of a hook point that has several.
    pub(super) head: Option<usize>,
    pub(super) prepend_bos: bool,
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            model_name: None,
            hook_name: None,
            hook_name_out: None,
            hook_layer: None,
            head: None,
            prepend_bos: true,
        }
    }
}

/// Where tensors go, and as what.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) kind: Kind,
    pub(super) device: Device,
}

/// The autoencoder in that file or folder, whichever layout it has.
pub(super) fn open(path: &Path, target: Target) -> Result<Parts, LoadError> {
    let found = fs::metadata(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    if !found.is_dir() {
        return open_file(path, target);
    }
    let has = |name| path.join(name).exists();
    if has(saelens::WEIGHTS) && !has(saelens::CONFIG) && has(llama_scope::DISTILL_CONFIG) {
        llama_scope::open_distill(path, target)
    } else if has(saelens::WEIGHTS) {
        saelens::open(path, target)
    } else if has(sparsify::WEIGHTS) {
        sparsify::open(path, target)
    } else if has(gemma_scope::WEIGHTS) {
        gemma_scope::open(&path.join(gemma_scope::WEIGHTS), target)
    } else if has(gemma_scope_2::WEIGHTS) {
        gemma_scope_2::open(path, target)
    } else if has(llama_scope::CONFIG) {
        llama_scope::open(path, target)
    } else {
        Err(nothing_in(path)?)
    }
}

/// The one whose weights are that file.
fn open_file(path: &Path, target: Target) -> Result<Parts, LoadError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(path);
    match name.as_ref() {
        gemma_scope_2::WEIGHTS => gemma_scope_2::open(folder, target),
        llama_scope::WEIGHTS => llama_scope::open(folder.parent().unwrap_or(folder), target),
        name if is_pickled(name) => Err(pickled(path, name)),
        name if name.ends_with(".safetensors") => circuit_tracer::open(path, target),
        _ => gemma_scope::open(path, target),
    }
}

fn pickled(path: &Path, name: &str) -> LoadError {
    LoadError::Weights {
        path: path.to_owned(),
        reason: format!(
            "has {name}, a pickled file, which may run a program where it is read: expected safetensors; \
             scripts/sae_layouts/convert.py makes them of dictionary_learning's and Qwen Scope's files"
        ),
    }
}

/// Why a folder has no autoencoder that can be opened.
fn nothing_in(path: &Path) -> Result<LoadError, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    for entry in fs::read_dir(path).map_err(read)? {
        let name = entry.map_err(read)?.file_name();
        if is_pickled(&name.to_string_lossy()) {
            return Ok(pickled(path, &name.to_string_lossy()));
        }
    }
    Ok(LoadError::Weights {
        path: path.to_owned(),
        reason: format!(
            "has no sparse autoencoder: expected {} (SAELens), {} (sparsify), {} (Gemma Scope), {} (Gemma Scope 2) or {} \
             (Llama Scope)",
            saelens::WEIGHTS,
            sparsify::WEIGHTS,
            gemma_scope::WEIGHTS,
            gemma_scope_2::WEIGHTS,
            llama_scope::CONFIG
        ),
    })
}

impl Target {
    fn get(self, weights: &Weights, name: &str, shape: &[i64]) -> Result<Tensor, LoadError> {
        weights.get(name, shape, self.kind, self.device)
    }
}
