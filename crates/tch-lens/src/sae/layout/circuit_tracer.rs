//! Transcoders as circuit-tracer reads them: `layer_N.safetensors`, one file for each layer.

use std::path::Path;

use super::{Origin, Parts, Target};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, Standard};
use crate::weights::Weights;

pub(super) fn open(path: &Path, target: Target) -> Result<Parts, LoadError> {
    let weights = Weights::open_file(path)?;
    let [d_sae, d_in] = weights.matrix_shape("W_enc")?;
    let [_, d_out] = weights.matrix_shape("W_dec")?;
    let get = |name: &str, shape: &[i64]| target.get(&weights, name, shape);
    let weight = get("W_enc", &[d_sae, d_in])?
        .f_transpose(0, 1)
        .loading(|| format!("preparing {}", path.display()))?;
    let affine = Affine {
        weight,
        bias: get("b_enc", &[d_sae])?,
    };
    let (w_dec, b_dec) = (get("W_dec", &[d_sae, d_out])?, get("b_dec", &[d_out])?);
    let skip = weights
        .contains("W_skip")
        .then(|| get("W_skip", &[d_out, d_in]));
    let layer = path.file_stem().and_then(|name| {
        let (_, layer) = name.to_str()?.rsplit_once('_')?;
        layer.parse::<usize>().ok()
    });
    let named = |site: &str| layer.map(|layer| format!("blocks.{layer}.{site}"));
    Ok(Parts {
        skip: skip.transpose()?,
        is_transcoder: true,
        origin: Origin {
            hook_name: named("mlp.hook_in"),
            hook_name_out: named("hook_mlp_out"),
            hook_layer: layer,
            ..Origin::default()
        },
        weights: Some(weights),
        ..Parts::new(Encoder::Standard(Standard { affine }), w_dec, b_dec)
    })
}
