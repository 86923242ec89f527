//! SAELens: a folder with `cfg.json` and `sae_weights.safetensors`; the keys of today and those before version 6.

use std::path::Path;

use serde_json::Value;
use tch::Tensor;

use super::fields::Fields;
use super::places::{layer_of, module_place};
use super::{Origin, Parts, Target};
use crate::LoadError;
use crate::error::Doing;
use crate::sae::encoder::{Affine, Encoder, Gated, JumpRelu, Standard, TopK};
use crate::sae::fold;
use crate::sae::normalise::Normalisation;
use crate::weights::Weights;

pub(in crate::sae) const WEIGHTS: &str = "sae_weights.safetensors";
pub(in crate::sae) const CONFIG: &str = "cfg.json";
const KNOWN: [&str; 5] = ["standard", "jumprelu", "gated", "topk", "batchtopk"];
/// The names of transcoders, and of what they are without being that.
const TRANSCODERS: [(&str, &str); 4] = [
    ("transcoder", "standard"),
    ("skip_transcoder", "standard"),
    ("jumprelu_transcoder", "jumprelu"),
    ("jumprelu_skip_transcoder", "jumprelu"),
];

pub(super) fn open(folder: &Path, target: Target) -> Result<Parts, LoadError> {
    let cfg = Fields::read(&folder.join(CONFIG))?;
    let stored = Stored {
        weights: Weights::open_file(&folder.join(WEIGHTS))?,
        d_in: cfg.required_count("d_in")?,
        d_sae: cfg.required_count("d_sae")?,
        target,
    };
    let (normalisation, wants_scale) = normalisation(&cfg)?;
    if let Some(other) = cfg.text("reshape_activations")?
        && !["none", "hook_z"].contains(&other)
    {
        return Err(cfg.refused("reshape_activations", "none or hook_z", other));
    }
    let (architecture, is_transcoder) = architecture(folder, &cfg)?;
    let d_out = if is_transcoder {
        cfg.required_count("d_out")?
    } else {
        stored.d_in
    };
    let subtract = cfg
        .boolean("apply_b_dec_to_input")?
        .unwrap_or(!is_transcoder);
    if subtract && is_transcoder {
        let expected = "false, as b_dec of a transcoder belongs to what it writes";
        return Err(cfg.refused("apply_b_dec_to_input", expected, true));
    }
    let w_skip = stored.weights.contains("W_skip") && is_transcoder;
    let skip = w_skip.then(|| stored.get("W_skip", &[d_out, stored.d_in]));
    let mut parts = Parts {
        skip: skip.transpose()?,
        gain: finetuning(&cfg, &stored)?,
        subtract_b_dec: subtract,
        normalisation,
        wants_scale,
        is_transcoder: is_transcoder || cfg.boolean("is_transcoder")?.unwrap_or(false),
        origin: origin(&cfg)?,
        ..Parts::new(
            encoder(folder, architecture, &cfg, &stored)?,
            stored.get("W_dec", &[stored.d_sae, d_out])?,
            stored.get("b_dec", &[d_out])?,
        )
    };
    let rescales = cfg
        .boolean("rescale_acts_by_decoder_norm")?
        .unwrap_or(false);
    if architecture == "topk" {
        parts.can_fold_norms = rescales && parts.gain.is_none();
    }
    if ["topk", "batchtopk"].contains(&architecture) && rescales {
        fold::rescale_by_decoder_norms(&mut parts)
            .loading(|| format!("preparing {}", folder.display()))?;
    }
    parts.weights = Some(stored.weights);
    Ok(parts)
}

struct Stored {
    weights: Weights,
    d_in: i64,
    d_sae: i64,
    target: Target,
}

impl Stored {
    fn get(&self, name: &str, shape: &[i64]) -> Result<Tensor, LoadError> {
        self.target.get(&self.weights, name, shape)
    }

    /// One number per feature.
    fn each(&self, name: &str) -> Result<Tensor, LoadError> {
        self.get(name, &[self.d_sae])
    }

    fn affine(&self, bias: &str) -> Result<Affine, LoadError> {
        Ok(Affine {
            weight: self.get("W_enc", &[self.d_in, self.d_sae])?,
            bias: self.each(bias)?,
        })
    }
}

/// `topk` also for what was called standard with that activation function before version 6; and whether it is a transcoder.
fn architecture<'a>(folder: &Path, cfg: &'a Fields) -> Result<(&'a str, bool), LoadError> {
    let named = cfg.text("architecture")?.unwrap_or("standard");
    if let Some((_, inner)) = TRANSCODERS.iter().find(|(name, _)| *name == named) {
        return Ok((inner, true));
    }
    if !KNOWN.contains(&named) {
        return Err(LoadError::UnknownArchitecture {
            path: folder.join(CONFIG),
            found: named.to_owned(),
            known: format!(
                "{}, {}",
                KNOWN.join(", "),
                TRANSCODERS.map(|(name, _)| name).join(", ")
            ),
        });
    }
    for field in ["activation_fn", "activation_fn_str"] {
        match cfg.text(field)? {
            Some("topk") => return Ok(("topk", false)),
            None | Some("relu") => {}
            Some(other) => return Err(cfg.refused(field, "relu or topk", other)),
        }
    }
    Ok((named, false))
}

fn encoder(
    folder: &Path,
    architecture: &str,
    cfg: &Fields,
    stored: &Stored,
) -> Result<Encoder, LoadError> {
    let doing = || format!("preparing {}", folder.display());
    Ok(match architecture {
        "jumprelu" => Encoder::JumpRelu(JumpRelu {
            affine: stored.affine("b_enc")?,
            threshold: stored.each("threshold")?,
        }),
        "batchtopk" => Encoder::JumpRelu(JumpRelu {
            affine: stored.affine("b_enc")?,
            threshold: stored
                .get("topk_threshold", &[])?
                .f_expand([stored.d_sae], false)
                .loading(doing)?,
        }),
        "gated" => Encoder::Gated(Gated {
            gate: stored.affine("b_gate")?,
            magnification: stored.each("r_mag")?.f_exp().loading(doing)?,
            b_mag: stored.each("b_mag")?,
        }),
        "topk" => Encoder::TopK(TopK {
            k: k(cfg, stored.d_sae)?,
            affine: stored.affine("b_enc")?,
        }),
        _ => Encoder::Standard(Standard {
            affine: stored.affine("b_enc")?,
        }),
    })
}

fn k(cfg: &Fields, d_sae: i64) -> Result<i64, LoadError> {
    let kwargs = cfg.inner("activation_fn_kwargs", "activation_fn_kwargs.")?;
    let (holder, k) = match kwargs.count("k")? {
        Some(k) => (&kwargs, k),
        None => (cfg, cfg.required_count("k")?),
    };
    if k > d_sae {
        return Err(holder.refused("k", format!("at most d_sae, {d_sae}"), k));
    }
    Ok(k)
}

/// The normalisation, and whether it is one by a number that the file does not hold.
fn normalisation(cfg: &Fields) -> Result<(Normalisation, bool), LoadError> {
    let name = "normalize_activations";
    match cfg.value(name) {
        None | Some(Value::Bool(false)) => Ok((Normalisation::None, false)),
        Some(Value::Bool(true)) => Ok((Normalisation::None, true)),
        Some(value) => match value.as_str() {
            Some("none") => Ok((Normalisation::None, false)),
            Some("expected_average_only_in") => Ok((Normalisation::None, true)),
            Some("layer_norm") => Ok((Normalisation::LayerNorm, false)),
            Some("constant_norm_rescale") => Ok((Normalisation::ConstantNorm, false)),
            _ => {
                let expected = "none, expected_average_only_in, layer_norm, constant_norm_rescale, true or false";
                Err(cfg.refused(name, expected, value))
            }
        },
    }
}

/// The factors of a finetuned autoencoder's activations. Files of some versions carry ones without being finetuned.
fn finetuning(cfg: &Fields, stored: &Stored) -> Result<Option<Tensor>, LoadError> {
    let field = "finetuning_scaling_factor";
    let finetuned = cfg.boolean(field)?.unwrap_or(false);
    let Some(name) = ["scaling_factor", field]
        .into_iter()
        .find(|name| stored.weights.contains(name))
    else {
        return Ok(None);
    };
    let factors = stored.each(name)?;
    if finetuned {
        return Ok(Some(factors));
    }
    let plain = factors
        .f_ones_like()
        .and_then(|ones| factors.f_allclose(&ones, 1e-5, 1e-8, false))
        .loading(|| format!("reading {name}"))?;
    if plain {
        Ok(None)
    } else {
        let expected = format!("true, because tensor \"{name}\" is there and is not all ones");
        Err(cfg.refused(field, expected, "false"))
    }
}

fn origin(cfg: &Fields) -> Result<Origin, LoadError> {
    let metadata = cfg.inner("metadata", "metadata.")?;
    let text = |names: &[&str]| -> Result<Option<String>, LoadError> {
        for holder in [&metadata, cfg] {
            for name in names {
                if let Some(text) = holder.text(name)? {
                    return Ok(Some(text.to_owned()));
                }
            }
        }
        Ok(None)
    };
    let hook_name = text(&["hook_name", "hook_point"])?;
    let named_layer = hook_name
        .as_deref()
        .and_then(|name| layer_of(name).or_else(|| layer_of(&module_place(name)?)));
    let mut hook_layer = named_layer;
    for field in ["hook_layer", "hook_point_layer"] {
        let Some(layer) = cfg.index(field)? else {
            continue;
        };
        if let (Some(named), Some(hook)) = (named_layer, &hook_name)
            && named != layer
        {
            return Err(cfg.refused(field, format!("{named}, as in {hook}"), layer));
        }
        hook_layer = Some(layer);
    }
    let prepend_bos = match metadata.boolean("prepend_bos")? {
        Some(prepend) => prepend,
        None => cfg.boolean("prepend_bos")?.unwrap_or(true),
    };
    let head = match metadata.index("hook_head_index")? {
        Some(head) => Some(head),
        None => cfg.index("hook_head_index")?,
    };
    Ok(Origin {
        model_name: text(&["model_name"])?,
        hook_name_out: text(&["hook_name_out"])?,
        hook_name,
        hook_layer,
        head,
        prepend_bos,
    })
}
