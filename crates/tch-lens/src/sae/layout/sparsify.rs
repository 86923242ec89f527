//! sparsify: a folder named for its hook point, with `cfg.json` and `sae.safetensors`, in one with `config.json`.

use std::path::{Path, absolute};

use super::fields::Fields;
use super::places::{layer_of, module_place};
use super::{Origin, Parts, Target};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, TopK};
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
    let w_dec = get("W_dec", &[d_sae, d_in])?;
    let b_dec = get("b_dec", &[d_in])?;
    let skips = cfg.boolean("skip_connection")?.unwrap_or(false);
    let skip = skips.then(|| get("W_skip", &[d_in, d_in])).transpose()?;
    let encoder = Encoder::TopK(TopK {
        affine: Affine { weight, bias },
        k,
    });
    Ok(Parts {
        skip,
        subtract_b_dec: !is_transcoder,
        is_transcoder,
        flattens_heads: false,
        can_fold_norms: false,
        origin: origin(folder, is_transcoder)?,
        weights: Some(weights),
        ..Parts::new(encoder, w_dec, b_dec)
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
    let set = |field| Ok::<_, LoadError>(cfg.boolean(field)?.unwrap_or(false));
    if set("signed")? {
        return Err(cfg.refused("signed", "false (this crate has no such coders)", true));
    }
    if set("skip_connection")? && !set("transcode")? {
        let expected = "false, as it is no transcoder (transcode)";
        return Err(cfg.refused("skip_connection", expected, true));
    }
    Ok(())
}

fn origin(folder: &Path, is_transcoder: bool) -> Result<Origin, LoadError> {
    let whole = absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let written = whole
        .file_name()
        .and_then(|name| module_place(name.to_str()?));
    // A transcoder reads the input of the module whose output it writes.
    let read = written
        .as_deref()
        .map(|name| match name.strip_suffix("hook_mlp_out") {
            Some(block) if is_transcoder => format!("{block}mlp.hook_in"),
            _ => name.to_owned(),
        });
    let above = whole.parent().map(|parent| parent.join("config.json"));
    let model_name = match above.filter(|path| path.exists()) {
        Some(path) => Fields::read(&path)?.text("model")?.map(str::to_owned),
        None => None,
    };
    Ok(Origin {
        model_name,
        hook_layer: written.as_deref().and_then(layer_of),
        hook_name: read,
        hook_name_out: written.filter(|_| is_transcoder),
        ..Origin::default()
    })
}
