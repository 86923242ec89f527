//! Settings that are read, and those that are refused.

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
            llama.ropes[3].as_ref().unwrap().theta,
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
        &["config.json", "\"gpt2\"", "gemma, gemma2, gemma3"],
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
        serde_json::json!({"type": "dynamic"}),
        &["rope_type", "\"dynamic\""],
    );
    refused(
        "rope_scaling",
        serde_json::json!({"type": "llama3"}),
        &["rope_scaling.factor", "nothing"],
    );
    refused("eos_token_id", (-1).into(), &["eos_token_id", "-1"]);
}

#[test]
fn what_published_checkpoints_leave_out() {
    // All that gemma-3-4b-it says of its language model.
    let text = r#"{"model_type": "gemma3", "eos_token_id": [1, 106], "torch_dtype": "bfloat16", "text_config": {
        "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}}"#;
    let config = ModelConfig::from_json(text, Path::new("config.json")).unwrap();
    let sizes = (
        config.n_heads,
        config.n_kv_heads,
        config.d_head,
        config.d_vocab,
    );
    assert_eq!(sizes, (8, 4, 256, 262_208));
    assert_eq!(
        (config.n_ctx, config.attention_scale, config.tied_embeddings),
        (131_072, 1.0 / 16.0, true)
    );
    assert_eq!(
        (config.precision, config.eos),
        (Some(Precision::Bf16), vec![1, 106])
    );
    for (layer, (window, rope)) in config.windows.iter().zip(&config.ropes).enumerate() {
        let sees_all = layer % 6 == 5;
        assert_eq!(*window, (!sees_all).then_some(1024), "layer {layer}");
        let rope = rope.as_ref().unwrap();
        let linear = RopeScaling::Linear { factor: 8.0 };
        let expected = if sees_all {
            (1e6, Some(linear))
        } else {
            (1e4, None)
        };
        assert_eq!(
            (rope.theta, rope.scaling.clone()),
            expected,
            "layer {layer}"
        );
    }
}

#[test]
fn another_base_is_that_of_the_layers_that_see_all() {
    let mut gemma = config(|c| {
        c.insert("model_type".into(), "gemma3".into());
        c.insert("sliding_window_pattern".into(), 2.into());
    })
    .unwrap();
    gemma.set_rope_theta(7.0);
    let thetas: Vec<f64> = gemma
        .ropes
        .iter()
        .flatten()
        .map(|rope| rope.theta)
        .collect();
    assert_eq!(thetas, [1e4, 7.0, 1e4, 7.0]);
    let mut olmo = config(|c| drop(c.insert("model_type".into(), "olmo3".into()))).unwrap();
    olmo.set_rope_theta(7.0);
    assert!(olmo.ropes.iter().flatten().all(|rope| rope.theta == 7.0));
}

#[test]
fn what_is_not_computed_is_named() {
    let cases = [
        (
            r#""model_type": "qwen3_moe", "num_experts": 128"#,
            "a mixture of experts (num_experts 128)",
        ),
        (
            r#""model_type": "mixtral", "num_local_experts": 8"#,
            "(num_local_experts 8)",
        ),
        (
            r#""model_type": "granitemoe""#,
            "a mixture of experts (model_type \"granitemoe\")",
        ),
        (
            r#""model_type": "qwen3_next", "layer_types": ["linear_attention", "full_attention"]"#,
            "linear attention or state-space layers (layer_types \"linear_attention\")",
        ),
        (
            r#""model_type": "mamba2", "state_size": 16"#,
            "(model_type \"mamba2\")",
        ),
        (
            r#""model_type": "falcon_h1", "mamba_d_state": 16"#,
            "(mamba_d_state)",
        ),
        (
            r#""model_type": "gemma3_text", "use_bidirectional_attention": true"#,
            "attention to later tokens (use_bidirectional_attention true)",
        ),
        (
            r#""model_type": "llama4", "text_config": {"num_local_experts": 16}"#,
            "(num_local_experts 16)",
        ),
    ];
    for (settings, words) in cases {
        let error = ModelConfig::from_json(&format!("{{{settings}}}"), Path::new("config.json"));
        let error = error.unwrap_err().to_string();
        let begins = error.starts_with("config.json: the model has ");
        assert!(begins && error.contains(words), "{error}");
        assert!(
            error.contains("it computes gemma, gemma2, gemma3"),
            "{error}"
        );
    }
    let quantised = config(|c| {
        let settings = serde_json::json!({"quant_method": "fp8"});
        c.insert("quantization_config".into(), settings);
    });
    let error = quantised.unwrap_err();
    assert!(
        error.contains("quantization_config: expected a checkpoint"),
        "{error}"
    );
    assert!(error.ends_with("found quant_method \"fp8\""), "{error}");
}

#[test]
fn long_rope_ends_where_its_short_factors_do() {
    let phi = |factors: &[f64]| {
        config(|c| {
            let factors = serde_json::json!(factors);
            c.insert("model_type".into(), "phi3".into());
            c.insert("max_position_embeddings".into(), 131_072.into());
            c.insert("original_max_position_embeddings".into(), 4096.into());
            c.insert("partial_rotary_factor".into(), 0.5.into());
            let scaling = serde_json::json!({"type": "su", "short_factor": factors});
            c.insert("rope_scaling".into(), scaling);
        })
    };
    let config = phi(&[1.0, 1.1, 1.2, 1.3]).unwrap();
    let rope = config.ropes[0].as_ref().unwrap();
    assert_eq!((config.n_ctx, rope.dims), (4096, 8));
    assert_eq!(rope.amplitude, (1.0 + 32_f64.ln() / 4096_f64.ln()).sqrt());
    let error = phi(&[1.0]).unwrap_err();
    assert!(
        error.contains("expected 4 numbers, one for each rotation, found 1 numbers"),
        "{error}"
    );
}
