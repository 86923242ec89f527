//! config.json and generation_config.json as they are written, before anything is checked.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::check::json;
use crate::LoadError;

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

impl OneOrMany {
    pub(super) fn list(self) -> Vec<i64> {
        match self {
            Self::One(id) => vec![id],
            Self::Many(ids) => ids,
        }
    }
}

/// A key that says "none" where it is null, and leaves the family's default where it is absent.
pub(super) type Given<T> = Option<Option<T>>;

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// The rotary embedding of all layers, or that of each kind of layer.
#[derive(Deserialize, Default)]
pub(super) struct RawRope {
    pub(super) full_attention: Option<Box<RawRope>>,
    pub(super) sliding_attention: Option<Box<RawRope>>,
    pub(super) rope_type: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) rope_theta: Option<f64>,
    pub(super) partial_rotary_factor: Option<f64>,
    pub(super) factor: Option<f64>,
    pub(super) low_freq_factor: Option<f64>,
    pub(super) high_freq_factor: Option<f64>,
    pub(super) original_max_position_embeddings: Option<f64>,
    pub(super) attention_factor: Option<f64>,
    pub(super) beta_fast: Option<f64>,
    pub(super) beta_slow: Option<f64>,
    pub(super) mscale: Option<f64>,
    pub(super) mscale_all_dim: Option<f64>,
    pub(super) truncate: Option<bool>,
    pub(super) short_factor: Option<Vec<f64>>,
    pub(super) llama_4_scaling_beta: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Raw {
    pub(super) model_type: Option<String>,
    pub(super) architectures: Option<Vec<String>>,
    pub(super) text_config: Option<Value>,
    pub(super) hidden_size: Option<usize>,
    pub(super) intermediate_size: Option<usize>,
    pub(super) num_hidden_layers: Option<usize>,
    pub(super) num_attention_heads: Option<usize>,
    pub(super) num_key_value_heads: Option<usize>,
    pub(super) head_dim: Option<usize>,
    pub(super) vocab_size: Option<usize>,
    pub(super) max_position_embeddings: Option<usize>,
    pub(super) original_max_position_embeddings: Option<f64>,
    pub(super) rms_norm_eps: Option<f64>,
    pub(super) rope_theta: Option<f64>,
    pub(super) rope_local_base_freq: Option<f64>,
    pub(super) partial_rotary_factor: Option<f64>,
    pub(super) rope_scaling: Option<RawRope>,
    pub(super) rope_parameters: Option<RawRope>,
    pub(super) no_rope_layers: Option<Vec<i64>>,
    pub(super) no_rope_layer_interval: Option<usize>,
    pub(super) hidden_act: Option<String>,
    pub(super) hidden_activation: Option<String>,
    pub(super) tie_word_embeddings: Option<bool>,
    pub(super) attention_bias: Option<bool>,
    pub(super) mlp_bias: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    pub(super) sliding_window: Given<usize>,
    pub(super) sliding_window_pattern: Option<usize>,
    pub(super) use_sliding_window: Option<bool>,
    pub(super) max_window_layers: Option<usize>,
    pub(super) layer_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) attn_logit_softcapping: Given<f64>,
    #[serde(default, deserialize_with = "given")]
    pub(super) final_logit_softcapping: Given<f64>,
    pub(super) query_pre_attn_scalar: Option<f64>,
    pub(super) attention_multiplier: Option<f64>,
    pub(super) embedding_multiplier: Option<f64>,
    pub(super) residual_multiplier: Option<f64>,
    pub(super) logits_scaling: Option<f64>,
    pub(super) torch_dtype: Option<String>,
    pub(super) dtype: Option<String>,
    pub(super) bos_token_id: Option<OneOrMany>,
    pub(super) eos_token_id: Option<OneOrMany>,
    pub(super) pad_token_id: Option<i64>,
    pub(super) quantization_config: Option<Value>,
}

/// What generation_config.json may add. Its sampling settings are the caller's business.
#[derive(Deserialize, Default)]
pub(super) struct RawGeneration {
    pub(super) eos_token_id: Option<OneOrMany>,
    pub(super) pad_token_id: Option<i64>,
}

/// Kinds of checkpoints that also see, whose settings of the language model lie in `text_config`.
pub(super) const WITH_TEXT_CONFIG: [&str; 2] = ["gemma3", "mistral3"];

impl Raw {
    /// The settings of the language model in the text of a config.json.
    pub(super) fn read(text: &str, path: &Path) -> Result<Self, LoadError> {
        let mut outer: Self = json(text, path)?;
        let multimodal = WITH_TEXT_CONFIG.contains(&outer.model_type.as_deref().unwrap_or(""));
        let Some(inner) = outer.text_config.take().filter(|_| multimodal) else {
            return Ok(outer);
        };
        let inner: Self = serde_json::from_value(inner).map_err(|source| LoadError::Json {
            path: path.to_owned(),
            source,
        })?;
        // The class that holds both parts ties its output layer, and is quantised, as the outer settings say.
        Ok(Self {
            model_type: inner.model_type.or(outer.model_type),
            tie_word_embeddings: outer.tie_word_embeddings.or(inner.tie_word_embeddings),
            quantization_config: outer.quantization_config.or(inner.quantization_config),
            dtype: inner.dtype.or(outer.dtype),
            torch_dtype: inner.torch_dtype.or(outer.torch_dtype),
            bos_token_id: inner.bos_token_id.or(outer.bos_token_id),
            eos_token_id: outer.eos_token_id.or(inner.eos_token_id),
            pad_token_id: inner.pad_token_id.or(outer.pad_token_id),
            ..inner
        })
    }
}
