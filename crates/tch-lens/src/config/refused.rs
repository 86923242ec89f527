//! Parts of models that this crate does not compute, told from config.json before anything else is read from it.

use serde_json::{Map, Value};

/// Keys that count a mixture's experts.
const EXPERTS: [&str; 5] = [
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "moe_num_experts",
    "num_experts_per_tok",
];
/// How keys of state-space layers and linear attention begin.
const RECURRENT_KEYS: [&str; 5] = ["mamba_", "ssm_", "linear_", "rwkv_", "conv_L"];
/// Words in `model_type` of models that are built of such layers alone.
const RECURRENT_MODELS: [&str; 4] = ["mamba", "rwkv", "recurrent", "retnet"];
/// Kinds of attention that are no function of all keys in sight.
const RECURRENT_LAYERS: [&str; 5] = ["linear", "mamba", "conv", "recurrent", "lightning"];

/// What the model that these settings describe has that this crate lacks, with the setting that says so.
pub(super) fn missing_part(settings: &Map<String, Value>) -> Option<String> {
    let model = settings.get("model_type").and_then(Value::as_str);
    let model = model.unwrap_or_default();
    mixture(settings, model)
        .map(|by| format!("a mixture of experts ({by})"))
        .or_else(|| {
            recurrent(settings, model)
                .map(|by| format!("linear attention or state-space layers ({by})"))
        })
        .or_else(|| {
            let bidirectional = settings.get("use_bidirectional_attention")?;
            let is = !matches!(bidirectional, Value::Null | Value::Bool(false));
            is.then(|| {
                format!("attention to later tokens (use_bidirectional_attention {bidirectional})")
            })
        })
}

fn mixture(settings: &Map<String, Value>, model: &str) -> Option<String> {
    let counted = EXPERTS.iter().find_map(|key| {
        let count = settings.get(*key)?.as_f64()?;
        (count > 0.0).then(|| format!("{key} {count}"))
    });
    counted.or_else(|| {
        model
            .contains("moe")
            .then(|| format!("model_type \"{model}\""))
    })
}

fn recurrent(settings: &Map<String, Value>, model: &str) -> Option<String> {
    if RECURRENT_MODELS.iter().any(|word| model.contains(word)) {
        return Some(format!("model_type \"{model}\""));
    }
    let kinds = settings.get("layer_types").and_then(Value::as_array);
    let mut kinds = kinds.into_iter().flatten().filter_map(Value::as_str);
    let kind = kinds.find(|kind| RECURRENT_LAYERS.iter().any(|word| kind.contains(word)));
    kind.map(|kind| format!("layer_types \"{kind}\""))
        .or_else(|| {
            let begins = |key: &&String| RECURRENT_KEYS.iter().any(|start| key.starts_with(start));
            settings.keys().find(begins).cloned()
        })
}
