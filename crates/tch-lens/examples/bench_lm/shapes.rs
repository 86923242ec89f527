//! Shapes of models, as the config.json that a checkpoint of the shape has.

use std::path::Path;

use serde_json::{Value, json};
use tch_lens::{LoadError, ModelConfig};

/// A shape by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// Llama 3's layout with 200 million parameters.
    Llama200m,
    /// Gemma 2B (the first).
    Gemma2b,
    /// Llama 3 8B.
    Llama3_8b,
    /// Llama 3's layout, so small that any machine has results at once.
    Tiny,
}

impl Shape {
    /// The text of its config.json.
    pub fn json(self) -> Value {
        match self {
            Self::Llama200m => llama([1024, 12, 16, 4, 2816, 32_000]),
            Self::Llama3_8b => llama([4096, 32, 32, 8, 14_336, 128_256]),
            Self::Tiny => llama([256, 4, 4, 2, 704, 2000]),
            Self::Gemma2b => json!({
                "architectures": ["GemmaForCausalLM"], "model_type": "gemma", "hidden_size": 2048,
                "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1, "head_dim": 256,
                "intermediate_size": 16_384, "vocab_size": 256_000, "max_position_embeddings": 8192,
                "hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6,
                "rope_theta": 10_000.0, "attention_bias": false, "tie_word_embeddings": true,
                "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0
            }),
        }
    }

    /// What the crate reads from it.
    pub fn config(self) -> Result<ModelConfig, LoadError> {
        ModelConfig::from_json(&self.json().to_string(), Path::new("config.json"))
    }
}

/// Hidden size, layers, heads, heads of keys and values, MLP size, vocabulary.
fn llama([hidden, layers, heads, kv_heads, mlp, vocabulary]: [usize; 6]) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "intermediate_size": mlp, "vocab_size": vocabulary, "max_position_embeddings": 8192,
        "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 500_000.0, "attention_bias": false,
        "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2
    })
}
