//! config.json: what kind of model a checkpoint holds, and its sizes.

mod check;
mod family;
mod raw;
mod refused;
mod rope;
mod windows;

use std::path::Path;

use crate::hub::{self, located};
use crate::{LoadError, Precision};
use check::{Checker, json, read};
pub use family::{Architecture, NormPlacement, NormWeight, QkNorm};
use raw::{OneOrMany, Raw, RawGeneration};
use rope::Ropes;
pub use rope::{QueryGrowth, RopeConfig, RopeScaling};

/// The activation function of the MLP's gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GateActivation {
    /// GELU in its tanh approximation.
    GeluTanh,
    /// GELU by the error function.
    Gelu,
    /// SiLU.
    Silu,
}

/// A checkpoint's config.json, checked. Sizes are in numbers, not bytes.
///
/// Every architecture is one block, described by the fields from `norms` on: nothing that computes asks for the
/// architecture's name, but for the rounding of Gemma's embedding.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of the MLP.
    pub d_mlp: usize,
    /// Layers.
    pub n_layers: usize,
    /// Query heads per layer.
    pub n_heads: usize,
    /// Key and value heads per layer; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of one head; even.
    pub d_head: usize,
    /// Tokens that the vocabulary has.
    pub d_vocab: usize,
    /// Tokens that a text may have.
    pub n_ctx: usize,
    /// Where the norms of a block stand.
    pub norms: NormPlacement,
    /// How the norms' weights are applied.
    pub norm_weight: NormWeight,
    /// What is added to the mean square in the norms.
    pub norm_eps: f64,
    /// The norms of queries and keys, where there are any.
    pub qk_norm: Option<QkNorm>,
    /// For each layer its rotary embedding; none where the layer has none.
    pub ropes: Vec<Option<RopeConfig>>,
    /// For each layer, how many tokens back a query sees, itself included; none where it sees all.
    pub windows: Vec<Option<usize>>,
    /// By what query-key products are multiplied.
    pub attention_scale: f64,
    /// Gemma 2: attention scores are squashed into plus or minus this.
    pub attention_soft_cap: Option<f64>,
    /// The gate's activation function.
    pub activation: GateActivation,
    /// Whether queries, keys and values have biases.
    pub qkv_bias: bool,
    /// Whether attention's output has a bias.
    pub o_bias: bool,
    /// Whether the MLP has biases.
    pub mlp_bias: bool,
    /// By what the embedding is multiplied.
    pub embedding_scale: f64,
    /// By what attention's and the MLP's output are multiplied before they are added to the residual stream.
    pub residual_scale: f64,
    /// By what logits are divided.
    pub logit_divisor: f64,
    /// Gemma 2: logits are squashed into plus or minus this.
    pub logit_soft_cap: Option<f64>,
    /// Whether the output layer is the embedding.
    pub tied_embeddings: bool,
    /// The precision that the checkpoint says it is in.
    pub precision: Option<Precision>,
    /// The token that begins a text.
    pub bos: Option<i64>,
    /// The tokens that end a text, those of generation_config.json included.
    pub eos: Vec<i64>,
    /// The token for padding.
    pub pad: Option<i64>,
}

impl ModelConfig {
    /// The settings in `folder/config.json`, with the end tokens of `folder/generation_config.json` where there is one.
    ///
    /// # Errors
    /// A file that cannot be read or is not JSON of that kind; an unknown architecture; sizes that cannot be or do not
    /// go together; features that this crate does not compute (other kinds of rotary scaling).
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, LoadError> {
        let folder = &*located(folder.as_ref(), hub::CONFIG)?;
        let path = folder.join("config.json");
        let mut config = Self::from_json(&read(&path)?, &path)?;
        let path = folder.join("generation_config.json");
        if path.exists() {
            let generation: RawGeneration = json(&read(&path)?, &path)?;
            for id in generation
                .eos_token_id
                .map(OneOrMany::list)
                .unwrap_or_default()
            {
                if !config.eos.contains(&id) {
                    config.eos.push(id);
                }
            }
            config.pad = config.pad.or(generation.pad_token_id);
            config.check_ids(&Checker { path: &path })?;
        }
        Ok(config)
    }

    /// The settings in the text of a config.json; `path` names it in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_json(text: &str, path: &Path) -> Result<Self, LoadError> {
        let raw = Raw::read(text, path)?;
        let check = Checker { path };
        let architecture = architecture(&raw, text, path)?;
        refuse_quantised(&raw, &check)?;
        let family = architecture.family();
        let n_layers = check.size("num_hidden_layers", raw.num_hidden_layers)?;
        if n_layers > 10_000 {
            return Err(check.wrong("num_hidden_layers", "at most 10000", n_layers));
        }
        let n_heads = raw.num_attention_heads.or(family.n_heads);
        let n_heads = check.size("num_attention_heads", n_heads)?;
        let n_kv_heads = raw.num_key_value_heads.or(family.n_kv_heads);
        let n_kv_heads = check.size("num_key_value_heads", n_kv_heads.or(Some(n_heads)))?;
        if !n_heads.is_multiple_of(n_kv_heads) {
            return Err(check.wrong(
                "num_key_value_heads",
                format!("a divisor of {n_heads}"),
                n_kv_heads,
            ));
        }
        let d_model = check.size("hidden_size", raw.hidden_size)?;
        let d_head = raw.head_dim.or(family.d_head);
        let d_head = check.size("head_dim", d_head.or(Some(d_model / n_heads)))?;
        if !d_head.is_multiple_of(2) {
            return Err(check.wrong("head_dim", "an even number", d_head));
        }
        let rope = Ropes {
            architecture,
            family: &family,
            raw: &raw,
            d_head,
            check: &check,
        };
        let rotated = rope.rotated(n_layers)?;
        let windows = windows::windows(&family, &raw, &rotated, &check)?;
        let [full, sliding] = rope.both()?;
        let ropes = rotated.iter().zip(&windows).map(|(rotated, window)| {
            let rope = if window.is_some() { &sliding } else { &full };
            rotated.then(|| rope.clone())
        });
        let n_ctx = raw.max_position_embeddings.or(family.n_ctx);
        let mut n_ctx = check.size("max_position_embeddings", n_ctx)?;
        if let Some(RopeScaling::Long {
            original_context, ..
        }) = full.scaling
        {
            n_ctx = n_ctx.min(original_context as usize);
        }
        let qkv_bias = architecture == Architecture::Qwen2 || raw.attention_bias.unwrap_or(false);
        let times = |field: &str, given: Option<f64>, default: f64| {
            check.positive(field, given.unwrap_or(default))
        };
        let gemma = architecture.is_gemma().then(|| (d_model as f64).sqrt());
        let config = Self {
            architecture,
            d_model,
            d_mlp: check.size("intermediate_size", raw.intermediate_size)?,
            n_layers,
            n_heads,
            n_kv_heads,
            d_head,
            d_vocab: check.size("vocab_size", raw.vocab_size.or(family.d_vocab))?,
            n_ctx,
            norms: family.norms,
            norm_weight: family.norm_weight,
            norm_eps: check.given("rms_norm_eps", raw.rms_norm_eps.or(family.norm_eps))?,
            qk_norm: family.qk_norm,
            ropes: ropes.collect(),
            windows,
            attention_scale: attention_scale(architecture, &raw, d_head, &check)?,
            attention_soft_cap: raw
                .attn_logit_softcapping
                .unwrap_or(family.attention_soft_cap)
                .map(|cap| check.positive("attn_logit_softcapping", cap))
                .transpose()?,
            activation: activation(architecture, &raw, &check)?,
            qkv_bias,
            o_bias: architecture != Architecture::Qwen2 && qkv_bias,
            mlp_bias: raw.mlp_bias.unwrap_or(false),
            embedding_scale: match gemma {
                Some(scale) => scale,
                None => times("embedding_multiplier", raw.embedding_multiplier, 1.0)?,
            },
            residual_scale: times("residual_multiplier", raw.residual_multiplier, 1.0)?,
            logit_divisor: times("logits_scaling", raw.logits_scaling, 1.0)?,
            logit_soft_cap: raw
                .final_logit_softcapping
                .unwrap_or(family.logit_soft_cap)
                .map(|cap| check.positive("final_logit_softcapping", cap))
                .transpose()?,
            tied_embeddings: raw.tie_word_embeddings.unwrap_or(family.tied_embeddings),
            precision: precision(&raw, &check)?,
            bos: raw.bos_token_id.and_then(|ids| ids.list().first().copied()),
            eos: raw.eos_token_id.map(OneOrMany::list).unwrap_or_default(),
            pad: raw.pad_token_id,
        };
        config.check_ids(&check)?;
        Ok(config)
    }

    fn check_ids(&self, check: &Checker<'_>) -> Result<(), LoadError> {
        let ids = [("bos_token_id", self.bos)]
            .into_iter()
            .chain(self.eos.iter().map(|&id| ("eos_token_id", Some(id))));
        for (field, id) in ids {
            if let Some(id) = id.filter(|&id| usize::try_from(id).is_err()) {
                return Err(check.wrong(field, "a token id of at least 0", id));
            }
        }
        Ok(())
    }

    /// Sets the base of the rotary embedding, in models with two of them that of the layers that see all.
    pub(crate) fn set_rope_theta(&mut self, theta: f64) {
        let full = self.windows.iter().position(Option::is_none);
        let old = self.ropes[full.unwrap_or(0)..].iter().flatten().next();
        let old = old.map(|rope| rope.theta);
        for rope in self.ropes.iter_mut().flatten() {
            if Some(rope.theta) == old {
                rope.theta = theta;
            }
        }
    }

    /// Numbers in the key/value cache per token of text.
    #[must_use]
    pub fn cache_per_token(&self) -> usize {
        2 * self.n_layers * self.n_kv_heads * self.d_head
    }

    /// The model's tensors, by their names in a checkpoint, with their shapes. Phi's checkpoints hold some of them as the
    /// rows of one.
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Vec<i64>)> {
        let size = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (d, mlp, vocab) = (size(self.d_model), size(self.d_mlp), size(self.d_vocab));
        let (q, kv) = (
            size(self.n_heads * self.d_head),
            size(self.n_kv_heads * self.d_head),
        );
        let mut tensors = vec![
            ("model.embed_tokens.weight".to_owned(), vec![vocab, d]),
            ("model.norm.weight".to_owned(), vec![d]),
        ];
        if !self.tied_embeddings {
            tensors.push(("lm_head.weight".to_owned(), vec![vocab, d]));
        }
        let norms: &[&str] = match self.norms {
            NormPlacement::Before => &["input_layernorm", "post_attention_layernorm"],
            NormPlacement::After => &["post_attention_layernorm", "post_feedforward_layernorm"],
            NormPlacement::Around => &[
                "input_layernorm",
                "post_attention_layernorm",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
            ],
        };
        let mut norms: Vec<(&str, i64)> = norms.iter().map(|name| (*name, d)).collect();
        match self.qk_norm {
            Some(QkNorm::EachHead) => {
                let d_head = size(self.d_head);
                norms.extend([("self_attn.q_norm", d_head), ("self_attn.k_norm", d_head)]);
            }
            Some(QkNorm::AllHeads) => {
                norms.extend([("self_attn.q_norm", q), ("self_attn.k_norm", kv)]);
            }
            None => {}
        }
        let linears = [
            ("self_attn.q_proj", q, d, self.qkv_bias),
            ("self_attn.k_proj", kv, d, self.qkv_bias),
            ("self_attn.v_proj", kv, d, self.qkv_bias),
            ("self_attn.o_proj", d, q, self.o_bias),
            ("mlp.gate_proj", mlp, d, self.mlp_bias),
            ("mlp.up_proj", mlp, d, self.mlp_bias),
            ("mlp.down_proj", d, mlp, self.mlp_bias),
        ];
        for layer in 0..self.n_layers {
            for (norm, width) in &norms {
                tensors.push((format!("model.layers.{layer}.{norm}.weight"), vec![*width]));
            }
            for (name, out, inp, bias) in linears {
                tensors.push((
                    format!("model.layers.{layer}.{name}.weight"),
                    vec![out, inp],
                ));
                if bias {
                    tensors.push((format!("model.layers.{layer}.{name}.bias"), vec![out]));
                }
            }
        }
        tensors
    }
}

/// The family that the settings name, if it, and they, ask for nothing that this crate lacks.
fn architecture(raw: &Raw, text: &str, path: &Path) -> Result<Architecture, LoadError> {
    let class = raw.architectures.as_ref().and_then(|names| names.first());
    let found = raw
        .model_type
        .clone()
        .or_else(|| class.map(|name| name.trim_end_matches("ForCausalLM").to_lowercase()));
    let found = found.unwrap_or_default();
    let known = || Architecture::KNOWN.map(|(name, _)| name).join(", ");
    let settings: serde_json::Map<_, _> = json(text, path)?;
    let inner = settings
        .get("text_config")
        .and_then(|inner| inner.as_object());
    let part = inner
        .and_then(refused::missing_part)
        .or_else(|| refused::missing_part(&settings));
    if let Some(part) = part {
        return Err(LoadError::NotComputed {
            path: path.to_owned(),
            part,
            known: known(),
        });
    }
    let mut all = Architecture::KNOWN.iter();
    let architecture = all.find(|(name, _)| *name == found);
    let architecture = architecture.map(|(_, architecture)| *architecture);
    architecture.ok_or_else(|| LoadError::UnknownArchitecture {
        path: path.to_owned(),
        found,
        known: known(),
    })
}

fn refuse_quantised(raw: &Raw, check: &Checker<'_>) -> Result<(), LoadError> {
    let Some(settings) = &raw.quantization_config else {
        return Ok(());
    };
    let found = match settings
        .get("quant_method")
        .and_then(serde_json::Value::as_str)
    {
        Some(method) => format!("quant_method \"{method}\""),
        None => "settings of a quantisation".to_owned(),
    };
    let expected = "a checkpoint whose weights are not quantised";
    Err(check.wrong("quantization_config", expected, found))
}

fn activation(
    architecture: Architecture,
    raw: &Raw,
    check: &Checker<'_>,
) -> Result<GateActivation, LoadError> {
    // The first Gemma checkpoints say "gelu" and were trained with the tanh form, so transformers reads it as that
    // unless hidden_activation says otherwise.
    let (field, name) = match (&raw.hidden_activation, &raw.hidden_act) {
        (Some(name), _) => ("hidden_activation", name.as_str()),
        (None, _) if architecture.is_gemma() => return Ok(GateActivation::GeluTanh),
        (None, Some(name)) => ("hidden_act", name.as_str()),
        (None, None) => ("hidden_act", "silu"),
    };
    match name {
        "silu" | "swish" => Ok(GateActivation::Silu),
        "gelu_pytorch_tanh" => Ok(GateActivation::GeluTanh),
        "gelu" => Ok(GateActivation::Gelu),
        other => Err(check.wrong(
            field,
            "\"silu\", \"gelu\" or \"gelu_pytorch_tanh\"",
            format!("\"{other}\""),
        )),
    }
}

fn attention_scale(
    architecture: Architecture,
    raw: &Raw,
    d_head: usize,
    check: &Checker<'_>,
) -> Result<f64, LoadError> {
    match architecture {
        Architecture::Granite => check.positive(
            "attention_multiplier",
            raw.attention_multiplier.unwrap_or(1.0),
        ),
        Architecture::Gemma2 | Architecture::Gemma3 => {
            let scalar = raw.query_pre_attn_scalar.unwrap_or(256.0);
            Ok(check.positive("query_pre_attn_scalar", scalar)?.powf(-0.5))
        }
        _ => Ok((d_head as f64).powf(-0.5)),
    }
}

fn precision(raw: &Raw, check: &Checker<'_>) -> Result<Option<Precision>, LoadError> {
    let Some(name) = raw.dtype.as_ref().or(raw.torch_dtype.as_ref()) else {
        return Ok(None);
    };
    let known = name.parse().map_err(|_| {
        check.wrong(
            "torch_dtype",
            "float32, bfloat16 or float16",
            format!("\"{name}\""),
        )
    })?;
    Ok(Some(known))
}

#[cfg(test)]
mod tests;
