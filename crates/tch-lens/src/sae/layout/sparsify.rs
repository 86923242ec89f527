//! sparsify: a folder named for its hook point, with `cfg.json` and `sae.safetensors`, in one with `config.json`.

use std::path::{Path, absolute};

use super::fields::Fields;
use super::{Origin, Parts, Target, layer_of};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, TopK};
use crate::sae::normalise::Normalisation;
use crate::weights::Weights;

pub(super) const WEIGHTS: &str = "sae.safetensors";

pub(super) fn open(folder: &Path, target: Target) -> Result<Parts, LoadError> {
    let cfg = Fields::read(&folder.join("cfg.json"))?;
    let d_in = cfg.required_count("d_in")?;
    let d_sae = d_sae(&cfg, d_in)?;
    let k = cfg.required_count("k")?;
    if k > d_sae {
        return Err(cfg.refused("k", format!("at most the number of latents, {d_sae}"), k));
    }
    refuse_what_is_not_supported(&cfg)?;
    let weights = Weights::open_file(&folder.join(WEIGHTS))?;
    let get = |name: &str, shape: &[i64]| target.get(&weights, name, shape);
    let weight = get("encoder.weight", &[d_sae, d_in])?
        .f_transpose(0, 1)
        .loading(|| format!("preparing {}", folder.display()))?;
    let bias = get("encoder.bias", &[d_sae])?;
    Ok(Parts {
        encoder: Encoder::TopK(TopK {
            affine: Affine { weight, bias },
            k,
        }),
        w_dec: get("W_dec", &[d_sae, d_in])?,
        b_dec: get("b_dec", &[d_in])?,
        gain: None,
        subtract_b_dec: !cfg.boolean("transcode")?.unwrap_or(false),
        normalisation: Normalisation::None,
        wants_scale: false,
        can_fold_norms: false,
        origin: origin(folder)?,
        weights: Some(weights),
    })
}

/// `num_latents`; where it is 0 or absent, `expansion_factor` per dimension of the input.
fn d_sae(cfg: &Fields, d_in: i64) -> Result<i64, LoadError> {
    if cfg.index("num_latents")?.is_some_and(|latents| latents > 0) {
        return cfg.required_count("num_latents");
    }
    let factor = cfg.required_count("expansion_factor")?;
    Ok(d_in * factor)
}

fn refuse_what_is_not_supported(cfg: &Fields) -> Result<(), LoadError> {
    match cfg.text("activation")? {
        None | Some("topk") => {}
        Some(other) => return Err(cfg.refused("activation", "topk", other)),
    }
    for field in ["skip_connection", "signed"] {
        if cfg.boolean(field)?.unwrap_or(false) {
            return Err(cfg.refused(field, "false (this crate has no such coders)", true));
        }
    }
    Ok(())
}

fn origin(folder: &Path) -> Result<Origin, LoadError> {
    let whole = absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let hook_name = whole.file_name().and_then(|name| hook_name(name.to_str()?));
    let above = whole.parent().map(|parent| parent.join("config.json"));
    let model_name = match above.filter(|path| path.exists()) {
        Some(path) => Fields::read(&path)?.text("model")?.map(str::to_owned),
        None => None,
    };
    Ok(Origin {
        model_name,
        hook_layer: hook_name.as_deref().and_then(layer_of),
        hook_name,
        prepend_bos: true,
    })
}

/// TransformerLens's name for the output of a module, as sparsify names its folders: `layers.5`, `layers.5.mlp`.
fn hook_name(folder: &str) -> Option<String> {
    if folder == "embed_tokens" {
        return Some("hook_embed".into());
    }
    let (_, rest) = folder.split_once("layers.")?;
    let (layer, module) = rest.split_once('.').unwrap_or((rest, ""));
    let layer: usize = layer.parse().ok()?;
    let site = match module {
        "" => "hook_resid_post",
        "mlp" => "hook_mlp_out",
        "self_attn" | "attention" => "hook_attn_out",
        _ => return None,
    };
    Some(format!("blocks.{layer}.{site}"))
}

#[cfg(test)]
mod tests {
    use super::hook_name;

    #[test]
    fn folders_name_hook_points() {
        let cases = [
            ("layers.2", Some("blocks.2.hook_resid_post")),
            ("layers.10.mlp", Some("blocks.10.hook_mlp_out")),
            ("model.layers.3.self_attn", Some("blocks.3.hook_attn_out")),
            ("embed_tokens", Some("hook_embed")),
            ("layers.x", None),
            ("layers.1.norm", None),
            ("sae", None),
        ];
        for (folder, name) in cases {
            assert_eq!(hook_name(folder).as_deref(), name, "{folder}");
        }
    }
}
