//! Llama Scope: a folder with `hyperparams.json` and `checkpoints/final.safetensors`, and its later form with `config.json`
//! and `sae_weights.safetensors`.

use std::path::Path;

use tch::Tensor;

use super::fields::Fields;
use super::places::layer_of;
use super::{Origin, Parts, Target, saelens};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, JumpRelu};
use crate::sae::fold;
use crate::weights::Weights;

pub(super) const CONFIG: &str = "hyperparams.json";
pub(super) const WEIGHTS: &str = "final.safetensors";
pub(super) const WEIGHTS_PATH: &str = "checkpoints/final.safetensors";
pub(super) const DISTILL_CONFIG: &str = "config.json";

/// Activations were multiplied in training so that their average length was the root of their width. The threshold is
/// multiplied likewise, as SAELens 6.54 does it.
pub(super) fn open(folder: &Path, target: Target) -> Result<Parts, LoadError> {
    let config = Fields::read(&folder.join(CONFIG))?;
    match config.text("act_fn")? {
        None | Some("jumprelu") => {}
        Some(other) => return Err(config.refused("act_fn", "jumprelu", other)),
    }
    let stored = Stored {
        weights: Weights::open_file(&folder.join(WEIGHTS_PATH))?,
        d_in: config.required_count("d_model")?,
        d_sae: config.required_count("d_sae")?,
        target,
    };
    let lengths = config.inner(
        "dataset_average_activation_norm",
        "dataset_average_activation_norm.",
    )?;
    let length = lengths.required_positive("in")?;
    let scale = (stored.d_in as f64).sqrt() / length;
    let threshold = config.required_positive("jump_relu_threshold")? * scale;
    let threshold = Tensor::f_full([stored.d_sae], threshold, (target.kind, target.device));
    let threshold = threshold.loading(|| format!("preparing {}", folder.display()))?;
    let mut parts = stored.parts(folder, threshold, origin(&config)?)?;
    match config.text("norm_activation")? {
        Some("dataset-wise") => fold::activation_scale(&mut parts, scale)
            .loading(|| format!("preparing {}", folder.display()))?,
        None => return Err(config.refused("norm_activation", "dataset-wise", "nothing")),
        Some(other) => return Err(config.refused("norm_activation", "dataset-wise", other)),
    }
    Ok(parts)
}

/// The later form, whose thresholds are one for each feature, and whose scale is not in its files.
pub(super) fn open_distill(folder: &Path, target: Target) -> Result<Parts, LoadError> {
    let config = Fields::read(&folder.join(DISTILL_CONFIG))?;
    let d_in = config.required_count("d_model")?;
    let stored = Stored {
        weights: Weights::open_file(&folder.join(saelens::WEIGHTS))?,
        d_in,
        d_sae: d_in * config.required_count("expansion_factor")?,
        target,
    };
    let threshold = target
        .get(&stored.weights, "log_jumprelu_threshold", &[stored.d_sae])?
        .f_exp()
        .loading(|| format!("preparing {}", folder.display()))?;
    let parts = stored.parts(folder, threshold, origin(&config)?)?;
    Ok(Parts {
        wants_scale: true,
        ..parts
    })
}

struct Stored {
    weights: Weights,
    d_in: i64,
    d_sae: i64,
    target: Target,
}

impl Stored {
    fn parts(self, folder: &Path, threshold: Tensor, origin: Origin) -> Result<Parts, LoadError> {
        let (d_in, d_sae) = (self.d_in, self.d_sae);
        let get = |name: &str, shape: &[i64]| self.target.get(&self.weights, name, shape);
        let turned = |name: &str, shape: &[i64]| {
            get(name, shape)?
                .f_transpose(0, 1)
                .loading(|| format!("preparing {}", folder.display()))
        };
        let affine = Affine {
            weight: turned("encoder.weight", &[d_sae, d_in])?,
            bias: get("encoder.bias", &[d_sae])?,
        };
        let encoder = Encoder::JumpRelu(JumpRelu { affine, threshold });
        let w_dec = turned("decoder.weight", &[d_in, d_sae])?;
        let b_dec = get("decoder.bias", &[d_in])?;
        Ok(Parts {
            origin,
            weights: Some(self.weights),
            ..Parts::new(encoder, w_dec, b_dec)
        })
    }
}

fn origin(config: &Fields) -> Result<Origin, LoadError> {
    let read = config.text("hook_point_in")?;
    let written = config.text("hook_point_out")?;
    if let (Some(read), Some(written)) = (read, written)
        && read != written
    {
        return Err(config.refused(
            "hook_point_out",
            format!("{read}, as hook_point_in"),
            written,
        ));
    }
    Ok(Origin {
        model_name: Some("meta-llama/Llama-3.1-8B".to_owned()),
        hook_layer: read.and_then(layer_of),
        hook_name: read.map(str::to_owned),
        ..Origin::default()
    })
}
