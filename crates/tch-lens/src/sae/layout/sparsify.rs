//! sparsify: a folder named for its hook point, with `cfg.json` and `sae.safetensors`, in one with `config.json`.

use std::path::{Path, absolute};

use super::fields::Fields;
use super::{Origin, Parts, Target, layer_of, module_output};
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
    let is_transcoder = cfg.boolean("transcode")?.unwrap_or(false);
    Ok(Parts {
        encoder: Encoder::TopK(TopK {
            affine: Affine { weight, bias },
            k,
        }),
        w_dec: get("W_dec", &[d_sae, d_in])?,
        b_dec: get("b_dec", &[d_in])?,
        gain: None,
        subtract_b_dec: !is_transcoder,
        is_transcoder,
        flattens_heads: false,
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
    let hook_name = whole
        .file_name()
        .and_then(|name| module_output(name.to_str()?));
    let above = whole.parent().map(|parent| parent.join("config.json"));
    let model_name = match above.filter(|path| path.exists()) {
        Some(path) => Fields::read(&path)?.text("model")?.map(str::to_owned),
        None => None,
    };
    Ok(Origin {
        model_name,
        hook_layer: hook_name.as_deref().and_then(layer_of),
        hook_name,
        head: None,
        prepend_bos: true,
    })
}
