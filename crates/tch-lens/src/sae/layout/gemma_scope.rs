//! Gemma Scope: `params.npz`, in folders that name model, site and layer.

use std::path::{Path, absolute};

use super::npz::Npz;
use super::{Origin, Parts, Target};
use crate::LoadError;
use crate::sae::encoder::{Affine, Encoder, JumpRelu};

pub(super) const WEIGHTS: &str = "params.npz";

pub(super) fn open(path: &Path, target: Target) -> Result<Parts, LoadError> {
    let mut arrays = Npz::open(path)?;
    let (d_in, d_sae) = arrays.matrix_shape("w_enc")?;
    let mut get = |name, shape: &[i64]| arrays.get(name, shape, target);
    let encoder = Encoder::JumpRelu(JumpRelu {
        affine: Affine {
            weight: get("w_enc", &[d_in, d_sae])?,
            bias: get("b_enc", &[d_sae])?,
        },
        threshold: get("threshold", &[d_sae])?,
    });
    let (w_dec, b_dec) = (get("w_dec", &[d_sae, d_in])?, get("b_dec", &[d_in])?);
    let origin = origin(path);
    Ok(Parts {
        is_transcoder: origin.hook_name_out.is_some(),
        origin,
        ..Parts::new(encoder, w_dec, b_dec)
    })
}

/// As the folders say, where they do: `gemma-scope-2b-pt-res/layer_12/width_16k/average_l0_82`.
fn origin(path: &Path) -> Origin {
    let whole = absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders: Vec<&str> = whole
        .iter()
        .rev()
        .filter_map(|folder| folder.to_str())
        .collect();
    let hook_layer: Option<usize> = folders
        .iter()
        .find_map(|folder| folder.strip_prefix("layer_")?.parse().ok());
    let release = folders
        .iter()
        .find_map(|folder| folder.split_once("gemma-scope-"));
    let (size, site) = match release.and_then(|(_, release)| release.rsplit_once('-')) {
        Some((size, site)) => (Some(size), site),
        None => (None, ""),
    };
    let (site, out) = match site {
        "res" => (Some("hook_resid_post"), None),
        "mlp" => (Some("hook_mlp_out"), None),
        "att" => (Some("attn.hook_z"), None),
        "transcoders" => (Some("ln2.hook_normalized"), Some("hook_mlp_out")),
        _ => (None, None),
    };
    let named = |site: Option<&str>| {
        let (layer, site) = hook_layer.zip(site)?;
        Some(format!("blocks.{layer}.{site}"))
    };
    Origin {
        // The base models are published without the "pt".
        model_name: size.map(|size| format!("gemma-2-{}", size.trim_end_matches("-pt"))),
        hook_name: named(site),
        hook_name_out: named(out),
        hook_layer,
        ..Origin::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_model_and_hook_point() {
        let of = |path: &str| {
            let origin = origin(Path::new(path));
            (origin.model_name, origin.hook_name, origin.hook_layer)
        };
        let cache = "/hub/models--google--gemma-scope-2b-pt-res/snapshots/f/layer_12/width_16k/average_l0_82/params.npz";
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            of(cache),
            (
                text("gemma-2-2b"),
                text("blocks.12.hook_resid_post"),
                Some(12)
            )
        );
        let tuned = "/gemma-scope-9b-it-mlp/layer_9/params.npz";
        assert_eq!(
            of(tuned),
            (
                text("gemma-2-9b-it"),
                text("blocks.9.hook_mlp_out"),
                Some(9)
            )
        );
        let coder = origin(Path::new(
            "/gemma-scope-2b-pt-transcoders/layer_3/width_16k/params.npz",
        ));
        assert_eq!(
            (coder.hook_name, coder.hook_name_out),
            (
                text("blocks.3.ln2.hook_normalized"),
                text("blocks.3.hook_mlp_out")
            )
        );
        assert_eq!(of("/saes/layer_2/params.npz"), (None, None, Some(2)));
        assert_eq!(of("/saes/params.npz"), (None, None, None));
    }
}
