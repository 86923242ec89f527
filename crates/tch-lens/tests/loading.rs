//! Checkpoints as they are found: other names, other files, settings left out or against the weights.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Lm, LoadOptions, Precision};

const WEIGHTS: &str = "model.safetensors";
const ROWS: [&[i64]; 2] = [&[2, 10, 50, 60, 70, 80], &[2, 33, 44]];

/// A copy of one of the project's tiny models.
struct Checkpoint {
    folder: tempfile::TempDir,
    tensors: Vec<(String, Tensor)>,
}

impl Checkpoint {
    fn of(model: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models");
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(from.join(model)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        tch::set_num_threads(1);
        let tensors = Tensor::read_safetensors(folder.path().join(WEIGHTS)).unwrap();
        Self { folder, tensors }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn config(&self, edit: impl FnOnce(&mut Map<String, Value>)) {
        let path = self.path("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(config.as_object_mut().unwrap());
        fs::write(path, config.to_string()).unwrap();
    }

    /// Writes the tensors again under other names; those without one are left out.
    fn renamed(&mut self, name: impl Fn(&str) -> Option<String>) {
        let tensors = self.tensors.drain(..);
        self.tensors = tensors
            .filter_map(|(old, tensor)| Some((name(&old)?, tensor)))
            .collect();
        self.write();
    }

    fn write(&self) {
        Tensor::write_safetensors(&self.tensors, self.path(WEIGHTS)).unwrap();
    }

    fn open(&self) -> Result<Lm, String> {
        Lm::open(self.folder.path(), &LoadOptions::default()).map_err(|error| error.to_string())
    }

    fn logits(&self) -> Tensor {
        logits(&self.open().unwrap())
    }
}

fn logits(lm: &Lm) -> Tensor {
    let rows = ROWS.map(<[i64]>::to_vec);
    let logits = lm.forward(&rows, &mut []).unwrap();
    let rows = ROWS.iter().enumerate();
    let real = rows.map(|(row, ids)| logits.get(row as i64).narrow(0, 0, ids.len() as i64));
    Tensor::cat(&real.collect::<Vec<_>>(), 0).to_kind(Kind::Float)
}

#[test]
fn an_output_layer_in_the_file_goes_before_the_setting_that_ties_it() {
    let mut checkpoint = Checkpoint::of("gemma1");
    let tied = checkpoint.logits();
    let embedding = &checkpoint
        .tensors
        .iter()
        .find(|(name, _)| name.contains("embed"))
        .unwrap()
        .1;
    let (same, other) = (embedding.copy(), embedding.flip([0]).contiguous());

    checkpoint.tensors.push(("lm_head.weight".to_owned(), same));
    checkpoint.write();
    let lm = checkpoint.open().unwrap();
    assert!(lm.config().tied_embeddings, "the same numbers twice");
    assert_eq!(logits(&lm), tied);

    checkpoint.tensors.pop();
    checkpoint
        .tensors
        .push(("lm_head.weight".to_owned(), other));
    checkpoint.write();
    let lm = checkpoint.open().unwrap();
    assert!(!lm.config().tied_embeddings);
    let flipped = tied.flip([1]);
    assert!((logits(&lm) - &flipped).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn tensors_are_found_under_the_names_of_other_classes() {
    let prefixes = ["", "language_model.model.", "model.language_model."];
    for model in ["gemma1", "llama3"] {
        let expected = Checkpoint::of(model).logits();
        for prefix in prefixes {
            let mut checkpoint = Checkpoint::of(model);
            checkpoint.renamed(|name| {
                let rest = name.strip_prefix("model.");
                Some(rest.map_or(name.to_owned(), |rest| format!("{prefix}{rest}")))
            });
            assert_eq!(checkpoint.logits(), expected, "{model}, {prefix:?}");
        }
    }
    let expected = Checkpoint::of("gemma1").logits();
    let mut checkpoint = Checkpoint::of("gemma1");
    checkpoint.renamed(|name| {
        let head = name == "model.embed_tokens.weight";
        Some(if head { "lm_head.weight" } else { name }.to_owned())
    });
    assert_eq!(
        checkpoint.logits(),
        expected,
        "the embedding as the output layer"
    );
}

#[test]
fn without_a_dtype_in_the_settings_that_of_the_weights_counts() {
    let stored = [
        ("gemma1_bf16", None, Kind::BFloat16),
        ("gemma1", None, Kind::Float),
        ("gemma1", Some(Kind::Half), Kind::Float), // on a CPU
        ("gemma1", Some(Kind::Double), Kind::Float),
    ];
    for (model, kind, expected) in stored {
        let mut checkpoint = Checkpoint::of(model);
        checkpoint.config(|config| {
            config.remove("torch_dtype");
            config.remove("dtype");
        });
        if let Some(kind) = kind {
            for (_, tensor) in &mut checkpoint.tensors {
                *tensor = tensor.to_kind(kind);
            }
            checkpoint.write();
        }
        let lm = checkpoint.open().unwrap();
        assert_eq!(lm.kind(), expected, "{model} as {kind:?}");
        let options = LoadOptions::default().precision(Precision::Bf16);
        let lm = Lm::open(checkpoint.folder.path(), &options).unwrap();
        assert_eq!(lm.kind(), Kind::BFloat16);
    }
}

#[test]
fn what_cannot_be_opened_is_refused_with_what_there_is() {
    type Change = fn(&Checkpoint);
    let cases: [(&str, Change, &[&str]); 6] = [
        (
            "bin",
            |c| fs::rename(c.path(WEIGHTS), c.path("pytorch_model.bin")).unwrap(),
            &[
                "has its weights in pytorch_model.bin",
                "not safetensors",
                WEIGHTS,
            ],
        ),
        (
            "shards",
            |c| {
                let first = c.path("model-00001-of-00002.safetensors");
                fs::copy(c.path(WEIGHTS), first).unwrap();
                let second = c.path("model-00002-of-00002.safetensors");
                fs::rename(c.path(WEIGHTS), second).unwrap();
            },
            &[
                "model-00001-of-00002.safetensors, model-00002",
                "model.safetensors.index.json",
            ],
        ),
        (
            "gguf",
            |c| fs::rename(c.path(WEIGHTS), c.path("model-q4.gguf")).unwrap(),
            &["has model-q4.gguf", "not quantised"],
        ),
        (
            "none",
            |c| fs::remove_file(c.path(WEIGHTS)).unwrap(),
            &["has neither model.safetensors nor"],
        ),
        (
            "quantised",
            |c| {
                let settings = json!({"quant_method": "gptq", "bits": 4});
                c.config(|config| drop(config.insert("quantization_config".into(), settings)));
            },
            &[
                "quantization_config",
                "not quantised",
                "quant_method \"gptq\"",
            ],
        ),
        (
            "no output layer",
            |c| c.config(|config| drop(config.insert("tie_word_embeddings".into(), false.into()))),
            &["has no \"lm_head.weight\"", "tie_word_embeddings"],
        ),
    ];
    for (name, change, words) in cases {
        let checkpoint = Checkpoint::of("gemma1");
        change(&checkpoint);
        let error = checkpoint.open().unwrap_err();
        let folder = checkpoint.folder.path().display().to_string();
        assert!(error.contains(&folder), "{name}: {error}");
        assert!(
            words.iter().all(|word| error.contains(word)),
            "{name}: {error}"
        );
    }
    let checkpoint = Checkpoint::of("gemma1");
    let file = checkpoint.path(WEIGHTS);
    let error = Lm::open(&file, &LoadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(WEIGHTS) && error.contains("expected the folder"),
        "{error}"
    );
}

#[test]
fn caps_that_the_settings_leave_out_are_those_of_the_family() {
    let checkpoint = Checkpoint::of("gemma2");
    let caps = |value: Option<Value>| {
        checkpoint.config(|config| {
            for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
                match &value {
                    Some(value) => drop(config.insert(key.into(), value.clone())),
                    None => drop(config.remove(key)),
                }
            }
        });
        let lm = checkpoint.open().unwrap();
        (lm.config().attention_soft_cap, lm.config().logit_soft_cap)
    };
    assert_eq!(caps(None), (Some(50.0), Some(30.0)));
    assert_eq!(caps(Some(Value::Null)), (None, None));
    assert_eq!(caps(Some(5.0.into())), (Some(5.0), Some(5.0)));
}

#[test]
fn numbers_that_32_bits_cannot_hold_are_refused() {
    let checkpoint = Checkpoint::of("llama3");
    for theta in [1e308, 1e-60, f64::NAN] {
        let options = LoadOptions::default().rope_theta(theta);
        let error = Lm::open(checkpoint.folder.path(), &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains("rope_theta"), "{error}");
    }
    checkpoint.config(|config| drop(config.insert("rms_norm_eps".into(), 1e-300.into())));
    let error = checkpoint.open().unwrap_err();
    assert!(
        error.contains("rms_norm_eps") && error.contains("32 bits"),
        "{error}"
    );
}
