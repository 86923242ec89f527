//! config.json: what kind of model a checkpoint holds, and its sizes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::{LoadError, Precision, file};

/// The families of models that this crate computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// Gemma 1: scaled embedding, `1 + w` norms, tanh-approximated GELU.
    Gemma,
    /// Gemma 2: Gemma with soft caps, norms after attention and MLP, and a sliding window in every other layer.
    Gemma2,
    /// Llama 2, 3, 3.1 and 3.2.
    Llama,
    /// Mistral: Llama with a sliding window.
    Mistral,
    /// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.
    Qwen2,
}

impl Architecture {
    const KNOWN: [(&'static str, Self); 5] = [
        ("gemma", Self::Gemma),
        ("gemma2", Self::Gemma2),
        ("llama", Self::Llama),
        ("mistral", Self::Mistral),
        ("qwen2", Self::Qwen2),
    ];

    /// Whether it is a Gemma.
    #[must_use]
    pub fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma | Self::Gemma2)
    }
}

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

/// Llama 3.1's stretching of slow rotations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RopeScaling {
    /// By how much the slowest rotations are slowed.
    pub factor: f64,
    /// Wavelengths above the original context over this are slowed in full.
    pub low_freq_factor: f64,
    /// Wavelengths below the original context over this stay as they are.
    pub high_freq_factor: f64,
    /// Tokens of context before the stretching.
    pub original_context: f64,
}

/// A checkpoint's config.json, checked. Sizes are in numbers, not bytes.
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
    /// What is added to the mean square in the norms.
    pub norm_eps: f64,
    /// Base of the rotary embedding's wavelengths.
    pub rope_theta: f64,
    /// Llama 3.1's scaling of them.
    pub rope_scaling: Option<RopeScaling>,
    /// The gate's activation function.
    pub activation: GateActivation,
    /// Whether the output layer is the embedding.
    pub tied_embeddings: bool,
    /// Whether queries, keys and values have biases.
    pub qkv_bias: bool,
    /// Whether attention's output has a bias.
    pub o_bias: bool,
    /// Whether the MLP has biases.
    pub mlp_bias: bool,
    /// By what query-key products are multiplied.
    pub attention_scale: f64,
    /// Gemma 2: attention scores are squashed into plus or minus this.
    pub attention_soft_cap: Option<f64>,
    /// Gemma 2: logits are squashed into plus or minus this.
    pub logit_soft_cap: Option<f64>,
    /// For each layer, how many tokens back a query sees, itself included; none where it sees all.
    pub windows: Vec<Option<usize>>,
    /// The precision that the checkpoint says it is in.
    pub precision: Option<Precision>,
    /// The token that begins a text.
    pub bos: Option<i64>,
    /// The tokens that end a text, those of generation_config.json included.
    pub eos: Vec<i64>,
    /// The token for padding.
    pub pad: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

impl OneOrMany {
    fn list(self) -> Vec<i64> {
        match self {
            Self::One(id) => vec![id],
            Self::Many(ids) => ids,
        }
    }
}

/// A key that says "none" where it is null, and leaves the family's default where it is absent.
type Given<T> = Option<Option<T>>;

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(value).map(Some)
}

#[derive(Deserialize)]
struct RawRope {
    rope_type: Option<String>,
    r#type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    architectures: Option<Vec<String>>,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<RawRope>,
    rope_parameters: Option<RawRope>,
    hidden_act: Option<String>,
    hidden_activation: Option<String>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    sliding_window: Given<usize>,
    use_sliding_window: Option<bool>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    attn_logit_softcapping: Given<f64>,
    #[serde(default, deserialize_with = "given")]
    final_logit_softcapping: Given<f64>,
    query_pre_attn_scalar: Option<f64>,
    torch_dtype: Option<String>,
    dtype: Option<String>,
    bos_token_id: Option<OneOrMany>,
    eos_token_id: Option<OneOrMany>,
    pad_token_id: Option<i64>,
    quantization_config: Option<serde_json::Value>,
}

/// What transformers takes where config.json leaves a key out. What is none is required, or follows from other keys.
struct Defaults {
    n_kv_heads: Option<usize>,
    d_head: Option<usize>,
    window: Option<usize>,
    attention_soft_cap: Option<f64>,
    logit_soft_cap: Option<f64>,
    tied_embeddings: bool,
}

impl Architecture {
    fn defaults(self) -> Defaults {
        let none = Defaults {
            n_kv_heads: None,
            d_head: None,
            window: None,
            attention_soft_cap: None,
            logit_soft_cap: None,
            tied_embeddings: false,
        };
        match self {
            Self::Gemma => Defaults {
                n_kv_heads: Some(16),
                d_head: Some(256),
                tied_embeddings: true,
                ..none
            },
            Self::Gemma2 => Defaults {
                n_kv_heads: Some(4),
                d_head: Some(256),
                window: Some(4096),
                attention_soft_cap: Some(50.0),
                logit_soft_cap: Some(30.0),
                tied_embeddings: true,
            },
            Self::Llama => none,
            Self::Mistral => Defaults {
                n_kv_heads: Some(8),
                window: Some(4096),
                ..none
            },
            Self::Qwen2 => Defaults {
                n_kv_heads: Some(32),
                ..none
            },
        }
    }
}

/// What generation_config.json may add. Its sampling settings are the caller's business.
#[derive(Deserialize, Default)]
struct RawGeneration {
    eos_token_id: Option<OneOrMany>,
    pad_token_id: Option<i64>,
}

/// Numbers beyond this cannot be meant: no model comes near, and products of two still fit.
const LARGEST: usize = 1 << 24;

const POSITIVE: &str = "a number above 0 that 32 bits can hold";

struct Checker<'a> {
    path: &'a Path,
}

impl Checker<'_> {
    fn wrong(&self, field: &str, expected: impl Into<String>, found: impl ToString) -> LoadError {
        LoadError::Setting {
            path: self.path.to_owned(),
            field: field.to_owned(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    fn size(&self, field: &str, found: usize) -> Result<usize, LoadError> {
        if (1..=LARGEST).contains(&found) {
            Ok(found)
        } else {
            Err(self.wrong(field, format!("a number from 1 to {LARGEST}"), found))
        }
    }

    fn positive(&self, field: &str, found: f64) -> Result<f64, LoadError> {
        // Models compute in 32 bits at most: what lies beyond them would become infinite, or 0.
        let narrow = found as f32;
        if narrow.is_finite() && narrow > 0.0 {
            Ok(found)
        } else {
            Err(self.wrong(field, POSITIVE, found))
        }
    }

    fn given(&self, field: &str, found: Option<f64>) -> Result<f64, LoadError> {
        self.positive(
            field,
            found.ok_or_else(|| self.wrong(field, POSITIVE, "nothing"))?,
        )
    }
}

impl ModelConfig {
    /// The settings in `folder/config.json`, with the end tokens of `folder/generation_config.json` where there is one.
    ///
    /// # Errors
    /// A file that cannot be read or is not JSON of that kind; an unknown architecture; sizes that cannot be or do not
    /// go together; features that this crate does not compute (other kinds of rotary scaling).
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = folder.as_ref().join("config.json");
        let mut config = Self::from_json(&read(&path)?, &path)?;
        let path = folder.as_ref().join("generation_config.json");
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
        let raw: Raw = json(text, path)?;
        let check = Checker { path };
        let architecture = architecture(&raw, path)?;
        refuse_quantised(&raw, &check)?;
        let defaults = architecture.defaults();
        let n_layers = check.size("num_hidden_layers", raw.num_hidden_layers)?;
        let n_heads = check.size("num_attention_heads", raw.num_attention_heads)?;
        let n_kv_heads = check.size(
            "num_key_value_heads",
            raw.num_key_value_heads
                .or(defaults.n_kv_heads)
                .unwrap_or(n_heads),
        )?;
        if !n_heads.is_multiple_of(n_kv_heads) {
            return Err(check.wrong(
                "num_key_value_heads",
                format!("a divisor of {n_heads}"),
                n_kv_heads,
            ));
        }
        let d_model = check.size("hidden_size", raw.hidden_size)?;
        let d_head = check.size(
            "head_dim",
            raw.head_dim
                .or(defaults.d_head)
                .unwrap_or(d_model / n_heads),
        )?;
        if !d_head.is_multiple_of(2) {
            return Err(check.wrong("head_dim", "an even number", d_head));
        }
        if n_layers > 10_000 {
            return Err(check.wrong("num_hidden_layers", "at most 10000", n_layers));
        }
        let (rope_theta, rope_scaling) = rope(&raw, &check)?;
        let qkv_bias = architecture == Architecture::Qwen2 || raw.attention_bias.unwrap_or(false);
        let config = Self {
            architecture,
            d_model,
            d_mlp: check.size("intermediate_size", raw.intermediate_size)?,
            n_layers,
            n_heads,
            n_kv_heads,
            d_head,
            d_vocab: check.size("vocab_size", raw.vocab_size)?,
            n_ctx: check.size("max_position_embeddings", raw.max_position_embeddings)?,
            norm_eps: check.positive("rms_norm_eps", raw.rms_norm_eps)?,
            rope_theta,
            rope_scaling,
            activation: activation(architecture, &raw, &check)?,
            tied_embeddings: raw.tie_word_embeddings.unwrap_or(defaults.tied_embeddings),
            qkv_bias,
            o_bias: architecture != Architecture::Qwen2 && qkv_bias,
            mlp_bias: raw.mlp_bias.unwrap_or(false),
            attention_scale: attention_scale(architecture, &raw, d_head, &check)?,
            attention_soft_cap: raw
                .attn_logit_softcapping
                .unwrap_or(defaults.attention_soft_cap)
                .map(|cap| check.positive("attn_logit_softcapping", cap))
                .transpose()?,
            logit_soft_cap: raw
                .final_logit_softcapping
                .unwrap_or(defaults.logit_soft_cap)
                .map(|cap| check.positive("final_logit_softcapping", cap))
                .transpose()?,
            windows: windows(architecture, &raw, defaults.window, &check)?,
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

    /// Numbers in the key/value cache per token of text.
    #[must_use]
    pub fn cache_per_token(&self) -> usize {
        2 * self.n_layers * self.n_kv_heads * self.d_head
    }

    /// The model's tensors, by their names in a checkpoint, with their shapes.
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
        let norms: &[&str] = if self.architecture == Architecture::Gemma2 {
            &[
                "input_layernorm",
                "post_attention_layernorm",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
            ]
        } else {
            &["input_layernorm", "post_attention_layernorm"]
        };
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
            for norm in norms {
                tensors.push((format!("model.layers.{layer}.{norm}.weight"), vec![d]));
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

fn read(path: &Path) -> Result<String, LoadError> {
    file::read_text(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}

fn json<'a, T: Deserialize<'a>>(text: &'a str, path: &Path) -> Result<T, LoadError> {
    serde_json::from_str(text).map_err(|source| LoadError::Json {
        path: PathBuf::from(path),
        source,
    })
}

fn architecture(raw: &Raw, path: &Path) -> Result<Architecture, LoadError> {
    let class = raw.architectures.as_ref().and_then(|names| names.first());
    let found = raw
        .model_type
        .clone()
        .or_else(|| class.map(|name| name.trim_end_matches("ForCausalLM").to_lowercase()));
    let found = found.unwrap_or_default();
    Architecture::KNOWN
        .iter()
        .find(|(name, _)| *name == found)
        .map(|(_, architecture)| *architecture)
        .ok_or_else(|| {
            let known = Architecture::KNOWN.map(|(name, _)| name).join(", ");
            LoadError::UnknownArchitecture {
                path: path.to_owned(),
                found,
                known,
            }
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

fn rope(raw: &Raw, check: &Checker<'_>) -> Result<(f64, Option<RopeScaling>), LoadError> {
    let given = raw.rope_parameters.as_ref().or(raw.rope_scaling.as_ref());
    let theta = raw
        .rope_parameters
        .as_ref()
        .and_then(|rope| rope.rope_theta)
        .or(raw.rope_theta)
        .unwrap_or(10_000.0);
    let theta = check.positive("rope_theta", theta)?;
    let Some(given) = given else {
        return Ok((theta, None));
    };
    match given.rope_type.as_deref().or(given.r#type.as_deref()) {
        None | Some("default") => Ok((theta, None)),
        Some("llama3") => {
            let scaling = RopeScaling {
                factor: check.given("rope_scaling.factor", given.factor)?,
                low_freq_factor: check
                    .given("rope_scaling.low_freq_factor", given.low_freq_factor)?,
                high_freq_factor: check
                    .given("rope_scaling.high_freq_factor", given.high_freq_factor)?,
                original_context: check.given(
                    "rope_scaling.original_max_position_embeddings",
                    given.original_max_position_embeddings,
                )?,
            };
            if scaling.high_freq_factor <= scaling.low_freq_factor {
                let expected = format!("above low_freq_factor, {}", scaling.low_freq_factor);
                return Err(check.wrong(
                    "rope_scaling.high_freq_factor",
                    expected,
                    scaling.high_freq_factor,
                ));
            }
            Ok((theta, Some(scaling)))
        }
        Some(other) => Err(check.wrong(
            "rope_scaling.rope_type",
            "\"default\" or \"llama3\"",
            format!("\"{other}\""),
        )),
    }
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
    let scalar = match architecture {
        Architecture::Gemma2 => raw.query_pre_attn_scalar.unwrap_or(256.0),
        _ => d_head as f64,
    };
    Ok(check.positive("query_pre_attn_scalar", scalar)?.powf(-0.5))
}

fn windows(
    architecture: Architecture,
    raw: &Raw,
    default: Option<usize>,
    check: &Checker<'_>,
) -> Result<Vec<Option<usize>>, LoadError> {
    let n_layers = raw.num_hidden_layers;
    let window = raw.sliding_window.unwrap_or(default);
    let window = match architecture {
        Architecture::Gemma2 | Architecture::Mistral => window,
        Architecture::Qwen2 => window.filter(|_| raw.use_sliding_window.unwrap_or(false)),
        Architecture::Gemma | Architecture::Llama => None,
    };
    let Some(window) = window else {
        return Ok(vec![None; n_layers]);
    };
    let window = check.size("sliding_window", window)?;
    if let Some(types) = &raw.layer_types {
        if types.len() != n_layers {
            return Err(check.wrong(
                "layer_types",
                format!("{n_layers} entries"),
                format!("{} entries", types.len()),
            ));
        }
        return types
            .iter()
            .map(|name| match name.as_str() {
                "sliding_attention" => Ok(Some(window)),
                "full_attention" => Ok(None),
                other => Err(check.wrong(
                    "layer_types",
                    "\"sliding_attention\" or \"full_attention\"",
                    format!("\"{other}\""),
                )),
            })
            .collect();
    }
    Ok((0..n_layers)
        .map(|layer| {
            let slides = match architecture {
                Architecture::Gemma2 => layer % 2 == 0,
                Architecture::Qwen2 => layer >= raw.max_window_layers.unwrap_or(28),
                _ => true,
            };
            slides.then_some(window)
        })
        .collect())
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
mod tests {
    use super::*;

    fn config(
        edit: impl Fn(&mut serde_json::Map<String, serde_json::Value>),
    ) -> Result<ModelConfig, String> {
        let mut value = serde_json::json!({
            "model_type": "llama", "hidden_size": 64, "intermediate_size": 144, "num_hidden_layers": 4,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 700, "max_position_embeddings": 128,
            "rms_norm_eps": 1e-5, "hidden_act": "silu", "eos_token_id": [1, 2]
        });
        edit(value.as_object_mut().unwrap());
        ModelConfig::from_json(&value.to_string(), Path::new("config.json"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_transformers() {
        let llama = config(|_| {}).unwrap();
        assert_eq!(
            (
                llama.d_head,
                llama.rope_theta,
                llama.tied_embeddings,
                llama.qkv_bias
            ),
            (16, 10_000.0, false, false)
        );
        assert_eq!(llama.eos, [1, 2]);
        let gemma = config(|c| drop(c.insert("model_type".into(), "gemma2".into()))).unwrap();
        assert_eq!(gemma.windows, [Some(4096), None, Some(4096), None]);
        assert_eq!(
            (gemma.attention_scale, gemma.activation),
            (1.0 / 16.0, GateActivation::GeluTanh)
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |field: &str, value: serde_json::Value, words: &[&str]| {
            let error = config(|c| drop(c.insert(field.into(), value.clone()))).unwrap_err();
            assert!(
                words.iter().all(|word| error.contains(word)),
                "{field} = {value}: {error}"
            );
        };
        refused(
            "model_type",
            "gpt2".into(),
            &["config.json", "\"gpt2\"", "gemma, gemma2, llama"],
        );
        refused(
            "num_key_value_heads",
            3.into(),
            &["num_key_value_heads", "a divisor of 4", "3"],
        );
        refused("head_dim", 15.into(), &["head_dim", "even", "15"]);
        refused("hidden_size", 0.into(), &["hidden_size", "from 1"]);
        refused("hidden_size", (1u64 << 60).into(), &["hidden_size"]);
        refused("vocab_size", (-5).into(), &["invalid value"]);
        refused("rms_norm_eps", (-1.0).into(), &["rms_norm_eps", "above 0"]);
        refused("hidden_act", "relu".into(), &["hidden_act", "\"relu\""]);
        refused("torch_dtype", "int8".into(), &["torch_dtype", "\"int8\""]);
        refused(
            "rope_scaling",
            serde_json::json!({"type": "yarn"}),
            &["rope_type", "\"yarn\""],
        );
        refused(
            "rope_scaling",
            serde_json::json!({"type": "llama3"}),
            &["rope_scaling.factor", "nothing"],
        );
        refused("eos_token_id", (-1).into(), &["eos_token_id", "-1"]);
    }
}
