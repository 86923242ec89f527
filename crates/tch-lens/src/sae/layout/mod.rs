//! The files in which autoencoders are published: one file per layout.

mod fields;
mod gemma_scope;
mod npz;
pub(super) mod saelens;
mod sparsify;

use std::fs;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::encoder::Encoder;
use super::normalise::Normalisation;
use crate::LoadError;
use crate::weights::Weights;

/// What every layout has to say of an autoencoder.
pub(super) struct Parts {
    pub(super) encoder: Encoder,
    /// `[d_sae, d_in]`.
    pub(super) w_dec: Tensor,
    /// `[d_in]`.
    pub(super) b_dec: Tensor,
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

/// What an autoencoder was trained on.
#[derive(Debug, Default)]
pub(super) struct Origin {
    pub(super) model_name: Option<String>,
    pub(super) hook_name: Option<String>,
    pub(super) hook_layer: Option<usize>,
    /// The one head that it was trained on, of a hook point that has several.
    pub(super) head: Option<usize>,
    pub(super) prepend_bos: bool,
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
    if found.is_file() {
        return gemma_scope::open(path, target);
    }
    let has = |name| path.join(name).exists();
    if has(saelens::WEIGHTS) {
        saelens::open(path, target)
    } else if has(sparsify::WEIGHTS) {
        sparsify::open(path, target)
    } else if has(gemma_scope::WEIGHTS) {
        gemma_scope::open(&path.join(gemma_scope::WEIGHTS), target)
    } else {
        Err(LoadError::Weights {
            path: path.to_owned(),
            reason: format!(
                "has no sparse autoencoder: expected {} (SAELens), {} (sparsify) or {} (Gemma Scope)",
                saelens::WEIGHTS,
                sparsify::WEIGHTS,
                gemma_scope::WEIGHTS
            ),
        })
    }
}

/// `blocks.N.` of a hook point's name.
fn layer_of(hook_name: &str) -> Option<usize> {
    let rest = hook_name.strip_prefix("blocks.")?;
    rest.split('.').next()?.parse().ok()
}

/// TransformerLens's name for the output of a module of transformers: of `layers.5`, `model.layers.5.mlp`.
pub(super) fn module_output(module: &str) -> Option<String> {
    if ["embed_tokens", "model.embed_tokens"].contains(&module) {
        return Some("hook_embed".into());
    }
    let (before, rest) = module.split_once("layers.")?;
    if ![
        "",
        "model.",
        "language_model.model.",
        "model.language_model.",
    ]
    .contains(&before)
    {
        return None;
    }
    let (layer, part) = rest.split_once('.').unwrap_or((rest, ""));
    let layer: usize = layer.parse().ok()?;
    let site = match part {
        "" => "hook_resid_post",
        "mlp" => "hook_mlp_out",
        "self_attn" | "attention" => "hook_attn_out",
        _ => return None,
    };
    Some(format!("blocks.{layer}.{site}"))
}

impl Target {
    fn get(self, weights: &Weights, name: &str, shape: &[i64]) -> Result<Tensor, LoadError> {
        weights.get(name, shape, self.kind, self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::module_output;

    #[test]
    fn folders_name_hook_points() {
        let cases = [
            ("layers.2", Some("blocks.2.hook_resid_post")),
            ("layers.10.mlp", Some("blocks.10.hook_mlp_out")),
            ("model.layers.3.self_attn", Some("blocks.3.hook_attn_out")),
            ("embed_tokens", Some("hook_embed")),
            ("model.embed_tokens", Some("hook_embed")),
            ("layers.x", None),
            ("vision_tower.layers.3", None),
            ("layers.1.norm", None),
            ("sae", None),
        ];
        for (folder, name) in cases {
            assert_eq!(module_output(folder).as_deref(), name, "{folder}");
        }
    }
}
