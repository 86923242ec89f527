//! What cannot be opened or asked for is refused by name.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tch_lens::sae::{Sae, SaeOptions, top_features};
use tch_lens::tch::{Device, Kind, Tensor};

use crate::npz;

fn zeros(shape: &[i64]) -> Tensor {
    Tensor::zeros(shape, (Kind::Float, Device::Cpu))
}

fn standard() -> Value {
    json!({"d_in": 2, "d_sae": 3, "architecture": "standard", "normalize_activations": "none",
           "metadata": {"hook_name": "blocks.1.hook_resid_post"}})
}

fn weights() -> Vec<(&'static str, Tensor)> {
    vec![
        ("W_enc", zeros(&[2, 3])),
        ("b_enc", zeros(&[3])),
        ("W_dec", Tensor::ones([3, 2], (Kind::Float, Device::Cpu))),
        ("b_dec", zeros(&[2])),
    ]
}

fn write(folder: &Path, config: &Value, weights: &[(&str, Tensor)]) {
    fs::write(folder.join("cfg.json"), config.to_string()).unwrap();
    Tensor::write_safetensors(weights, folder.join("sae_weights.safetensors")).unwrap();
}

/// The message with which it is refused.
fn refusal(config: &Value, weights: &[(&str, Tensor)], options: &SaeOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), config, weights);
    let error = Sae::open(folder.path(), options).unwrap_err().to_string();
    assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
    error
}

fn assert_parts(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "no {part} in: {error}");
    }
}

#[test]
fn settings_are_refused_by_name() {
    let cases = [
        (json!({"d_in": null}), vec!["d_in", "found nothing"]),
        (json!({"d_in": -1}), vec!["d_in", "from 1", "found -1"]),
        (json!({"d_sae": 0}), vec!["d_sae", "found 0"]),
        (json!({"d_sae": 1e30}), vec!["d_sae", "found 1e+30"]),
        (json!({"d_sae": "3"}), vec!["d_sae", "found \"3\""]),
        (
            json!({"architecture": "temporal"}),
            vec!["\"temporal\"", "standard, jumprelu, gated, topk"],
        ),
        (
            json!({"architecture": 5}),
            vec!["architecture", "a text", "found 5"],
        ),
        (
            json!({"architecture": "topk"}),
            vec!["cfg.json: k", "found nothing"],
        ),
        (
            json!({"architecture": "topk", "k": 4}),
            vec!["cfg.json: k", "at most d_sae, 3", "found 4"],
        ),
        (
            json!({"activation_fn": "topk", "activation_fn_kwargs": {"k": 4}}),
            vec!["activation_fn_kwargs.k", "at most d_sae, 3", "found 4"],
        ),
        (
            json!({"activation_fn_str": "tanh-relu"}),
            vec!["activation_fn_str", "found tanh-relu"],
        ),
        (
            json!({"activation_fn_kwargs": [], "activation_fn": "topk"}),
            vec!["activation_fn_kwargs", "an object"],
        ),
        (
            json!({"normalize_activations": "covariance_whitening"}),
            vec![
                "normalize_activations",
                "layer_norm",
                "covariance_whitening",
            ],
        ),
        (
            json!({"apply_b_dec_to_input": "yes"}),
            vec!["apply_b_dec_to_input", "true or false", "\"yes\""],
        ),
        (
            json!({"reshape_activations": "hook_q"}),
            vec!["reshape_activations", "found hook_q"],
        ),
        (
            json!({"metadata": 3}),
            vec!["metadata", "an object", "found 3"],
        ),
        (
            json!({"metadata": {"hook_name": 3}}),
            vec!["metadata.hook_name", "a text", "found 3"],
        ),
        (
            json!({"hook_layer": 2}),
            vec!["hook_layer", "1, as in blocks.1.hook_resid_post", "found 2"],
        ),
        (
            json!({"hook_layer": -2}),
            vec!["hook_layer", "from 0", "found -2"],
        ),
    ];
    for (change, parts) in cases {
        let mut config = standard();
        for (name, value) in change.as_object().unwrap() {
            config[name] = value.clone();
        }
        let error = refusal(&config, &weights(), &SaeOptions::default());
        assert_parts(&error, &["cfg.json"]);
        assert_parts(&error, &parts);
    }
}

#[test]
fn json_that_is_none_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &standard(), &weights());
    for (text, part) in [
        ("{\n\"d_in\": 2,\n}", "line 3"),
        ("[]", "expected a map"),
        ("", "EOF"),
    ] {
        fs::write(folder.path().join("cfg.json"), text).unwrap();
        let error = Sae::open(folder.path(), &SaeOptions::default())
            .unwrap_err()
            .to_string();
        assert_parts(&error, &["cfg.json", part]);
    }
}

#[test]
fn tensors_are_refused_by_name() {
    let without = |name: &str| {
        weights()
            .into_iter()
            .filter(|(known, _)| *known != name)
            .collect::<Vec<_>>()
    };
    for name in ["W_enc", "b_enc", "W_dec", "b_dec"] {
        let error = refusal(&standard(), &without(name), &SaeOptions::default());
        assert_parts(
            &error,
            &["sae_weights.safetensors", &format!("\"{name}\" is missing")],
        );
    }
    let mut transposed = without("W_enc");
    transposed.push(("W_enc", zeros(&[3, 2])));
    let error = refusal(&standard(), &transposed, &SaeOptions::default());
    assert_parts(&error, &["\"W_enc\" has shape [3, 2], expected [2, 3]"]);
    let mut integers = without("b_dec");
    integers.push(("b_dec", zeros(&[2]).to_kind(Kind::Int64)));
    let error = refusal(&standard(), &integers, &SaeOptions::default());
    assert_parts(&error, &["\"b_dec\" holds I64"]);
    let mut scaled = weights();
    scaled.push(("scaling_factor", zeros(&[3])));
    let error = refusal(&standard(), &scaled, &SaeOptions::default());
    assert_parts(
        &error,
        &[
            "finetuning_scaling_factor",
            "\"scaling_factor\"",
            "not all ones",
        ],
    );
}

#[test]
fn options_that_cannot_be_had_are_refused() {
    let scale = SaeOptions::default().activation_scale(2.0);
    assert_parts(
        &refusal(&standard(), &weights(), &scale),
        &["expected_average_only_in", "found none"],
    );
    let mut config = standard();
    config["normalize_activations"] = json!("expected_average_only_in");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = SaeOptions::default().activation_scale(scale);
        assert_parts(
            &refusal(&config, &weights(), &options),
            &["activation scale", "a positive number"],
        );
    }
    let mut config = standard();
    config["architecture"] = json!("topk");
    config["k"] = json!(2);
    let fold = SaeOptions::default().fold_decoder_norms(true);
    assert_parts(
        &refusal(&config, &weights(), &fold),
        &["decoder norms to be folded", "topk that does not"],
    );
}

#[test]
fn places_without_an_autoencoder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| {
        Sae::open(path, &SaeOptions::default())
            .unwrap_err()
            .to_string()
    };
    assert_parts(
        &open(folder.path()),
        &["sae_weights.safetensors", "sae.safetensors", "params.npz"],
    );
    assert_parts(
        &open(&folder.path().join("none")),
        &["none", "No such file"],
    );
    let path = folder.path().join("params.npz");
    fs::write(&path, "no archive").unwrap();
    assert_parts(&open(&path), &["params.npz", "not an .npz file"]);
    fs::write(folder.path().join("sae.safetensors"), "no tensors").unwrap();
    assert_parts(&open(folder.path()), &["cfg.json", "No such file"]);
}

#[test]
fn arrays_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.npz");
    let open = |arrays: &[(&str, Vec<u8>)]| {
        fs::write(&path, npz::archive(arrays)).unwrap();
        Sae::open(folder.path(), &SaeOptions::default())
    };
    let good = npz::gemma_scope();
    assert_eq!(open(&good).unwrap().d_sae(), 3);
    for i in 0..good.len() {
        let mut arrays = good.clone();
        let (name, _) = arrays.remove(i);
        let error = open(&arrays).unwrap_err().to_string();
        assert_parts(&error, &["params.npz", &format!("\"{name}\" is missing")]);
    }
    let plain = |descr: &str, shape: &str| npz::header(descr, shape);
    let nested = "(".repeat(3000);
    let cases = [
        (npz::npy(&plain("<i4", "(2, 3)"), 24), "\"w_enc\" holds <i4"),
        (npz::npy(&plain("|O", "(2, 3)"), 24), "\"w_enc\" holds |O"),
        (
            npz::npy(&plain("<f4", "(6,)"), 24),
            "\"w_enc\" has shape [6], expected [d_in, d_sae]",
        ),
        (
            npz::npy(&plain("<f4", "(0, 3)"), 0),
            "\"w_enc\" has shape [0, 3], expected [d_in, d_sae]",
        ),
        (
            npz::npy(&plain("<f4", "(2, 3)"), 20),
            "\"w_enc\" of shape [2, 3] should take",
        ),
        (
            npz::npy(&plain("<f4", "(999999999, 99999999)"), 24),
            "\"w_enc\" of shape [999999999, 99999999]",
        ),
        (
            npz::npy(&plain("<f4", "(4294967296, 4294967296)"), 24),
            "\"w_enc\": its header is not that",
        ),
        (
            npz::npy(&plain("<f4", &nested), 24),
            "\"w_enc\": its header is not that",
        ),
        (
            npz::npy(&plain("<f4", &" ".repeat(5000)), 24),
            "\"w_enc\": its header is too long",
        ),
        (
            npz::npy(&plain("<f4", "(2, 4)"), 32),
            "\"b_enc\" has shape [3], expected [4]",
        ),
        (npz::npy("{}", 24), "\"w_enc\": dict is missing key"),
        (b"no numpy".to_vec(), "\"w_enc\""),
        (Vec::new(), "\"w_enc\""),
    ];
    for (w_enc, part) in cases {
        let mut arrays = good.clone();
        arrays[0].1 = w_enc;
        let error = open(&arrays).unwrap_err().to_string();
        assert_parts(&error, &["params.npz", part]);
    }
}

#[test]
fn sparsify_coders_of_other_kinds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = [
        ("encoder.weight", zeros(&[4, 2])),
        ("encoder.bias", zeros(&[4])),
        ("W_dec", zeros(&[4, 2])),
        ("b_dec", zeros(&[2])),
    ];
    Tensor::write_safetensors(&tensors, folder.path().join("sae.safetensors")).unwrap();
    let open = |change: Value| {
        let mut config = json!({"d_in": 2, "k": 1, "num_latents": 0, "expansion_factor": 2});
        for (name, value) in change.as_object().unwrap() {
            config[name] = value.clone();
        }
        fs::write(folder.path().join("cfg.json"), config.to_string()).unwrap();
        Sae::open(folder.path(), &SaeOptions::default())
    };
    assert_eq!(open(json!({})).unwrap().d_sae(), 4);
    let refused = |change: Value| open(change).unwrap_err().to_string();
    assert_parts(&refused(json!({"k": 5})), &["cfg.json: k", "found 5"]);
    assert_parts(
        &refused(json!({"activation": "groupmax"})),
        &["activation", "found groupmax"],
    );
    assert_parts(
        &refused(json!({"skip_connection": true})),
        &["skip_connection", "found true"],
    );
    assert_parts(
        &refused(json!({"num_latents": 3})),
        &["encoder.weight", "[4, 2], expected [3, 2]"],
    );
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = standard();
    config["normalize_activations"] = json!("layer_norm");
    write(folder.path(), &config, &weights());
    let sae = Sae::open(folder.path(), &SaeOptions::default()).unwrap();
    let x = zeros(&[5, 2]);
    assert_parts(
        &sae.feature(&x, 3).unwrap_err().to_string(),
        &["feature", "below 3", "found 3"],
    );
    assert_parts(
        &sae.direction(3).unwrap_err().to_string(),
        &["feature", "below 3"],
    );
    assert_parts(
        &sae.encoder_direction(usize::MAX).unwrap_err().to_string(),
        &["feature", "below 3"],
    );
    for wrong in [zeros(&[5, 3]), zeros(&[])] {
        assert_parts(
            &sae.encode(&wrong).unwrap_err().to_string(),
            &["activations", "[.., 2] on Cpu"],
        );
    }
    assert_parts(
        &sae.decode(&zeros(&[5, 3])).unwrap_err().to_string(),
        &["decode_like", "layer_norm"],
    );
    assert_parts(
        &sae.decode_like(&x, &x).unwrap_err().to_string(),
        &["acts", "[.., 3]"],
    );
    assert_parts(
        &sae.write(&x, 0, &zeros(&[4])).unwrap_err().to_string(),
        &["delta", "[5]", "[4]"],
    );
    assert_parts(
        &top_features(&zeros(&[3]), 1).unwrap_err().to_string(),
        &["[tokens, d_sae]", "[3]"],
    );
    let nan = Tensor::from_slice2(&[[0.0, 1.0], [0.0, f64::NAN]]);
    assert_parts(
        &top_features(&nan, 1).unwrap_err().to_string(),
        &["NaN at token 1, feature 1"],
    );
}
