//! Gemma Scope 2: a folder with `params.safetensors`, and `config.json` where it is published with one.

use std::path::{Path, absolute};

use super::fields::Fields;
use super::places::{layer_of, module_place};
use super::{Origin, Parts, Target};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, JumpRelu};
use crate::weights::Weights;

pub(super) const WEIGHTS: &str = "params.safetensors";
const SKIP: &str = "affine_skip_connection";

pub(super) fn open(folder: &Path, target: Target) -> Result<Parts, LoadError> {
    let origin = origin(folder)?;
    let weights = Weights::open_file(&folder.join(WEIGHTS))?;
    let [d_in, d_sae] = weights.matrix_shape("w_enc")?;
    let [_, d_out] = weights.matrix_shape("w_dec")?;
    let get = |name: &str, shape: &[i64]| target.get(&weights, name, shape);
    let encoder = Encoder::JumpRelu(JumpRelu {
        affine: Affine {
            weight: get("w_enc", &[d_in, d_sae])?,
            bias: get("b_enc", &[d_sae])?,
        },
        threshold: get("threshold", &[d_sae])?,
    });
    let (w_dec, b_dec) = (get("w_dec", &[d_sae, d_out])?, get("b_dec", &[d_out])?);
    let skip = weights.contains(SKIP).then(|| {
        get(SKIP, &[d_in, d_out])?
            .f_transpose(0, 1)
            .loading(|| format!("preparing {}", folder.display()))
    });
    Ok(Parts {
        skip: skip.transpose()?,
        is_transcoder: origin.hook_name_out.is_some(),
        origin,
        weights: Some(weights),
        ..Parts::new(encoder, w_dec, b_dec)
    })
}

/// As config.json says, where there is one, else as the folders do: `gemma-scope-2-1b-it/transcoder/layer_7_width_16k_l0_big`.
fn origin(folder: &Path) -> Result<Origin, LoadError> {
    let whole = absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let folders: Vec<&str> = whole
        .iter()
        .rev()
        .filter_map(|name| name.to_str())
        .collect();
    let layer: Option<usize> = folders.first().and_then(|name| {
        let (_, rest) = name.split_once("layer_")?;
        rest.split('_').next()?.parse().ok()
    });
    let kind = folders.get(1).map(|kind| kind.trim_end_matches("_all"));
    let (read, written) = match kind {
        Some("resid_post") => (Some("hook_resid_post"), None),
        Some("attn_out") => (Some("attn.hook_z"), None),
        Some("mlp_out") => (Some("hook_mlp_out"), None),
        Some("transcoder") => (Some("mlp.hook_in"), Some("hook_mlp_out")),
        _ => (None, None),
    };
    let named = |site: Option<&str>| Some(format!("blocks.{}.{}", layer?, site?));
    // In the hub's cache a commit lies between.
    let published = folders
        .iter()
        .find_map(|name| name.split_once("gemma-scope-2-"));
    let mut origin = Origin {
        model_name: published.map(|(_, model)| model_name(&format!("gemma-3-{model}"))),
        hook_name: named(read),
        hook_name_out: named(written),
        hook_layer: layer,
        ..Origin::default()
    };
    let path = folder.join("config.json");
    if !path.exists() {
        return Ok(origin);
    }
    let config = Fields::read(&path)?;
    match config.text("architecture")? {
        None | Some("jump_relu") => {}
        Some(other) => return Err(config.refused("architecture", "jump_relu", other)),
    }
    if let Some(name) = config.text("model_name")? {
        origin.model_name = Some(model_name(name));
    }
    let place = |field: &str| -> Result<Option<String>, LoadError> {
        let named = config.text(field)?;
        // A name that is no hook point is kept, so that whoever asks for one is told.
        Ok(named.map(|name| module_place(name).unwrap_or_else(|| name.to_owned())))
    };
    if let Some(read) = place("hf_hook_point_in")? {
        let written = place("hf_hook_point_out")?.filter(|written| *written != read);
        origin.hook_layer = layer_of(&read).or(layer);
        origin.hook_name = Some(read);
        origin.hook_name_out = written;
    }
    Ok(origin)
}

/// The name that the model is published under.
fn model_name(name: &str) -> String {
    let name = name.trim_start_matches("google/").replace("-v3", "-3");
    // The smallest base model is published without the "pt".
    if name.contains("270m") {
        return format!("google/{}", name.trim_end_matches("-pt"));
    }
    format!("google/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_model_and_hook_points() {
        let of = |path: &str| {
            let origin = origin(Path::new(path)).unwrap();
            (origin.model_name, origin.hook_name, origin.hook_name_out)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            of(
                "/hub/models--google--gemma-scope-2-270m-pt/snapshots/f/attn_out_all/layer_3_width_16k_l0_big"
            ),
            (
                text("google/gemma-3-270m"),
                text("blocks.3.attn.hook_z"),
                None
            )
        );
        assert_eq!(
            of("/gemma-scope-2-4b-it/transcoder/layer_17_width_262k_l0_small_affine"),
            (
                text("google/gemma-3-4b-it"),
                text("blocks.17.mlp.hook_in"),
                text("blocks.17.hook_mlp_out")
            )
        );
        assert_eq!(of("/saes/mine"), (None, None, None));
    }
}
