//! Layouts in which others publish, and transcoders: `fixtures/lm/layouts`, with what sae-lens computes (of sparsify's
//! transcoder sparsify's formula), and where each is read and steered.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{HookPoint, Lm, LoadOptions, Request, Steer, SteeringDirection, Stop};

use crate::common::{assert_close, folders};

const NEAR: (f64, f64) = (5e-5, 5e-5);

fn folder() -> PathBuf {
    folders()[0].join("layouts")
}

fn open(path: &str) -> Sae {
    let opened = Sae::open(folder().join(path), &SaeOptions::default());
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// By layout: what is opened, where it reads, and where a transcoder writes.
const PLACES: [(&str, &str, Option<&str>); 15] = [
    (
        "gemma-scope-2-270m-it/resid_post/layer_2_width_16k_l0_small",
        "blocks.2.hook_resid_post",
        None,
    ),
    (
        "gemma-scope-2-270m-it/attn_out/layer_2_width_16k_l0_small",
        "blocks.2.attn.hook_z",
        None,
    ),
    (
        "gemma-scope-2-270m-it/mlp_out/layer_2_width_16k_l0_small",
        "blocks.2.hook_mlp_out",
        None,
    ),
    (
        "gemma-scope-2-270m-it/transcoder/layer_2_width_16k_l0_small",
        "blocks.2.mlp.hook_in",
        Some("blocks.2.hook_mlp_out"),
    ),
    (
        "gemma-scope-2-270m-it/transcoder/layer_2_width_16k_l0_small_affine",
        "blocks.2.mlp.hook_in",
        Some("blocks.2.hook_mlp_out"),
    ),
    (
        "gemma-scope-2b-pt-transcoders/layer_2/width_16k/average_l0_9",
        "blocks.2.ln2.hook_normalized",
        Some("blocks.2.hook_mlp_out"),
    ),
    (
        "Llama3_1-8B-Base-LXR-8x/Llama3_1-8B-Base-L2R-8x",
        "blocks.2.hook_resid_post",
        None,
    ),
    (
        "Llama-Scope-R1-Distill/400M-Slimpajama-400M-OpenR1-Math-220k/L2R",
        "blocks.2.hook_resid_post",
        None,
    ),
    (
        "qwen3-4b-transcoders/layer_2.safetensors",
        "blocks.2.mlp.hook_in",
        Some("blocks.2.hook_mlp_out"),
    ),
    (
        "sparsify/layers.2.mlp",
        "blocks.2.mlp.hook_in",
        Some("blocks.2.hook_mlp_out"),
    ),
    (
        "dictionary_learning/AutoEncoder",
        "blocks.2.hook_resid_post",
        None,
    ),
    (
        "dictionary_learning/AutoEncoderTopK",
        "blocks.2.hook_resid_post",
        None,
    ),
    (
        "dictionary_learning/BatchTopKSAE",
        "blocks.2.hook_resid_post",
        None,
    ),
    ("qwen_scope/layer2", "blocks.2.hook_resid_post", None),
    (
        "saelens/jumprelu_skip_transcoder",
        "blocks.2.mlp.hook_in",
        Some("blocks.2.hook_mlp_out"),
    ),
];

#[test]
fn features_and_predictions_are_those_of_the_publishers() {
    let expected = Tensor::read_safetensors(folder().join("expected.safetensors")).unwrap();
    let expected: HashMap<String, Tensor> = expected.into_iter().collect();
    let paths: BTreeSet<&str> = expected
        .keys()
        .filter_map(|key| Some(key.split_once('|')?.0))
        .collect();
    assert_eq!(paths.len(), 17, "{paths:?}");
    for path in paths {
        let of = |what: &str| &expected[&format!("{path}|{what}")];
        let (sae, x) = (open(path), of("x"));
        let acts = sae.encode(x).unwrap();
        assert_close(&acts, of("acts"), NEAR, &format!("{path}, features"));
        assert_close(&sae.predict(x).unwrap(), of("out"), NEAR, path);
        let decoded = sae.decode_like(&acts, x).unwrap();
        assert_close(&decoded, of("out"), NEAR, path);
        let alone = sae.feature(x, 7).unwrap();
        assert_close(
            &alone,
            &of("acts").select(1, 7),
            NEAR,
            &format!("{path}, feature 7"),
        );
        assert_eq!(sae.reconstruct(x).is_err(), sae.is_transcoder(), "{path}");
    }
}

#[test]
fn files_say_where_they_belong() {
    let model = folders()[0].join("models/gemma1");
    let config = tch_lens::ModelConfig::open(model).unwrap();
    for (path, read, written) in PLACES {
        let sae = open(path);
        assert_eq!(sae.hook_name(), Some(read), "{path}");
        assert_eq!(sae.hook_name_out(), written.or(Some(read)), "{path}");
        assert_eq!(
            (sae.hook_layer(), sae.is_transcoder()),
            (Some(2), written.is_some()),
            "{path}"
        );
        let at = |name| HookPoint::parse(name, config.n_layers).unwrap();
        sae.reads_at(&config, at(read)).unwrap();
        assert_eq!(
            sae.fits(&config, at(read)).is_err(),
            written.is_some(),
            "{path}"
        );
        let elsewhere = HookPoint::ResidMid(2);
        assert!(sae.reads_at(&config, elsewhere).is_err(), "{path}");
        assert!(sae.writes_at(&config, elsewhere).is_err(), "{path}");
        if let Some(written) = written {
            assert!(sae.reads_at(&config, at(written)).is_err(), "{path}");
            assert!(sae.writes_at(&config, at(read)).is_err(), "{path}");
        }
    }
}

/// What a transcoder predicts is added up along its features, which steer at its output alone.
#[test]
fn transcoders_read_before_the_mlp_and_steer_behind_it() {
    let lm = Lm::open(folders()[0].join("models/gemma1"), &LoadOptions::default()).unwrap();
    let rows = vec![vec![2, 70, 71, 72, 73]];
    let (read, written) = ("blocks.2.mlp.hook_in", "blocks.2.hook_mlp_out");
    let skip = Rc::new(open(
        "gemma-scope-2-270m-it/transcoder/layer_2_width_16k_l0_small_affine",
    ));
    let forward = lm.run_with_cache(&rows, &[read, written], &mut []).unwrap();
    let x = &forward.activations[&lm.hook_point(read).unwrap()];
    let acts = skip.encode(x).unwrap();
    assert_eq!(acts.size(), [1, 5, 32]);
    let prediction = skip.predict(x).unwrap();
    assert_eq!(
        prediction.size(),
        forward.activations[&lm.hook_point(written).unwrap()].size()
    );
    let without = skip.decode(&acts).unwrap_err().to_string();
    assert!(without.contains("see decode_like"), "{without}");

    let direction = SteeringDirection::feature(&skip, 3).unwrap();
    let run = |point: &str, dose: f64| {
        let steer = Steer::add(lm.hook_point(point).unwrap(), &direction, dose);
        let request = Request::new(rows[0].clone())
            .steer(steer)
            .stop(Stop::after(1));
        lm.generate_with_cache(vec![request], &[written], &mut [])
    };
    let out = |dose: f64| {
        let pass = &run(written, dose).unwrap().passes[0];
        pass.activations[&lm.hook_point(written).unwrap()].shallow_clone()
    };
    let moved = (out(1.5) - out(0.0)).to_kind(Kind::Float);
    let expected = (skip.direction(3).unwrap() * 1.5).expand_as(&moved);
    assert_close(
        &moved,
        &expected,
        (1e-4, 1e-4),
        "steered by a feature's row of W_dec",
    );
    let error = run(read, 1.5).map(drop).unwrap_err().to_string();
    assert!(
        error.contains(
            "was trained at blocks.2.hook_mlp_out, and is asked for at blocks.2.mlp.hook_in"
        ),
        "{error}"
    );
}

#[test]
fn pickled_files_are_refused_with_the_way_to_convert_them() {
    let made = tempfile::tempdir().unwrap();
    for name in ["ae.pt", "layer2.sae.pt"] {
        let folder = made.path().join(name.replace('.', "_"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(name), b"PK").unwrap();
        for path in [folder.clone(), folder.join(name)] {
            let error = Sae::open(path, &SaeOptions::default())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(name) && error.contains("scripts/sae_layouts/convert.py"),
                "{error}"
            );
        }
    }
}

/// A copy of a folder of the fixture with one setting of a file changed, and what opening it says.
fn refusal(path: &str, file: &str, edit: impl Fn(&mut serde_json::Value)) -> String {
    let made = tempfile::tempdir().unwrap();
    let (from, to) = (folder().join(path), made.path().join("layers.2.mlp"));
    for name in std::fs::read_dir(&from).unwrap() {
        let name = name.unwrap().file_name();
        let inner = from.join(&name);
        std::fs::create_dir_all(&to).unwrap();
        if inner.is_dir() {
            std::fs::create_dir(to.join(&name)).unwrap();
            let weights = "final.safetensors";
            std::fs::copy(inner.join(weights), to.join(&name).join(weights)).unwrap();
        } else {
            std::fs::copy(inner, to.join(&name)).unwrap();
        }
    }
    let text = std::fs::read(to.join(file)).unwrap();
    let mut settings: serde_json::Value = serde_json::from_slice(&text).unwrap();
    edit(&mut settings);
    std::fs::write(to.join(file), settings.to_string()).unwrap();
    let opened = Sae::open(&to, &SaeOptions::default());
    opened.map(drop).unwrap_err().to_string()
}

#[test]
fn settings_that_cannot_be_are_named() {
    let llama_scope = "Llama3_1-8B-Base-LXR-8x/Llama3_1-8B-Base-L2R-8x";
    let gemma_scope = "gemma-scope-2-270m-it/resid_post/layer_2_width_16k_l0_small";
    let saelens = "saelens/jumprelu_skip_transcoder";
    type Edit = fn(&mut serde_json::Value);
    let cases: [(&str, &str, Edit, &str); 9] = [
        (
            llama_scope,
            "hyperparams.json",
            |c| c["dataset_average_activation_norm"]["in"] = 0.into(),
            "dataset_average_activation_norm.in: expected a number above 0",
        ),
        (
            llama_scope,
            "hyperparams.json",
            |c| c["act_fn"] = "topk".into(),
            "act_fn: expected jumprelu, found topk",
        ),
        (
            llama_scope,
            "hyperparams.json",
            |c| c["norm_activation"] = "token-wise".into(),
            "norm_activation: expected dataset-wise, found token-wise",
        ),
        (
            llama_scope,
            "hyperparams.json",
            |c| c["hook_point_out"] = "blocks.2.hook_mlp_out".into(),
            "hook_point_out: expected blocks.2.hook_resid_post, as hook_point_in",
        ),
        (
            llama_scope,
            "hyperparams.json",
            |c| c["d_sae"] = 33.into(),
            "\"encoder.weight\" has shape [32, 20], expected [33, 20]",
        ),
        (
            gemma_scope,
            "config.json",
            |c| c["architecture"] = "topk".into(),
            "architecture: expected jump_relu, found topk",
        ),
        (
            saelens,
            "cfg.json",
            |c| c["apply_b_dec_to_input"] = true.into(),
            "apply_b_dec_to_input: expected false",
        ),
        (
            saelens,
            "cfg.json",
            |c| drop(c.as_object_mut().unwrap().remove("d_out")),
            "d_out: expected a whole number",
        ),
        (
            "sparsify/layers.2.mlp",
            "cfg.json",
            |c| c["transcode"] = false.into(),
            "skip_connection: expected false, as it is no transcoder",
        ),
    ];
    for (path, file, edit, words) in cases {
        let error = refusal(path, file, edit);
        assert!(error.contains(file) || error.contains("tensor"), "{error}");
        assert!(error.contains(words), "{words}: {error}");
    }
}
