//! Checkpoints of each architecture against what transformers computed: those of `fixtures/lm/architectures`, and those of
//! the folder that TCH_LENS_ARCHITECTURES names.
//!
//! Such a folder has `rows.json`, a list of rows of token ids, and for each model a folder with its checkpoint and
//! `NAME.expected.safetensors`: `rowI`, the logits of row I alone; `paddedI`, those in a batch of all rows; `resid_N`, the
//! residual stream of row 0 after layer N; `act.NAME`, other hook points of row 0; `greedy`, 24 tokens that follow row 1;
//! `bf16_off`, the root mean square by which each row's logits were off in bfloat16.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::assert_close;
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Engine, EngineOptions, Lm, LoadOptions, Precision, Request, Stop};

const NEAR: (f64, f64) = (2e-4, 2e-4);
/// Logits in bfloat16 are off from those in 32 bits, as a root mean square, by at most so many times what transformers' own
/// are off.
const BF16_TIMES: f64 = 2.0;
/// Where the goldens do not say by how much those are off: by this share of the logits' root mean square.
const BF16_SHARE: f64 = 0.03;
const N_NEW: usize = 12;

struct Model {
    name: String,
    folder: PathBuf,
    rows: Vec<Vec<i64>>,
    expected: HashMap<String, Tensor>,
}

impl Model {
    fn open(&self, options: &LoadOptions) -> Lm {
        Lm::open(&self.folder, options).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn of_row(&self, x: &Tensor, row: usize) -> Tensor {
        x.get(row as i64).narrow(0, 0, self.rows[row].len() as i64)
    }
}

/// Every model with known answers.
fn models() -> Vec<Model> {
    let mut folders = vec![common::folders()[0].join("architectures")];
    match std::env::var_os("TCH_LENS_ARCHITECTURES") {
        Some(folder) => folders.push(folder.into()),
        None => println!("TCH_LENS_ARCHITECTURES is not set: only the project's own are tested"),
    }
    folders
        .iter()
        .flat_map(|folder| models_in(folder))
        .collect()
}

fn models_in(folder: &Path) -> Vec<Model> {
    let rows = fs::read(folder.join("rows.json")).expect("rows.json");
    let rows: Vec<Vec<i64>> = serde_json::from_slice(&rows).expect("rows.json");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder of models")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".expected.safetensors")?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{}", folder.display());
    let model = |name: String| {
        let expected = folder.join(format!("{name}.expected.safetensors"));
        let expected = Tensor::read_safetensors(expected).expect("a golden file");
        Model {
            folder: folder.join(&name),
            name,
            rows: rows.clone(),
            expected: expected.into_iter().collect(),
        }
    };
    names.into_iter().map(model).collect()
}

#[test]
fn logits_and_activations() {
    for model in models() {
        let lm = model.open(&LoadOptions::default());
        let layers = 0..lm.config().n_layers;
        let mut names: HashMap<String, String> = layers
            .map(|layer| {
                (
                    format!("resid_{layer}"),
                    format!("blocks.{layer}.hook_resid_post"),
                )
            })
            .collect();
        for key in model.expected.keys() {
            if let Some(name) = key.strip_prefix("act.") {
                names.insert(key.clone(), name.to_owned());
            }
        }
        let names: Vec<_> = names
            .into_iter()
            .filter(|(key, _)| model.expected.contains_key(key))
            .collect();
        let points: Vec<&String> = names.iter().map(|(_, point)| point).collect();
        let together = lm.run_with_cache(&model.rows, &points, &mut []).unwrap();
        for (row, ids) in model.rows.iter().enumerate() {
            let what = |key: &str| format!("{}, row {row}, {key}", model.name);
            let expected = &model.expected[&format!("row{row}")];
            let alone = lm.forward(std::slice::from_ref(ids), &mut []).unwrap();
            assert_close(&alone.get(0), expected, NEAR, &what("alone"));
            let padded = model.expected.get(&format!("padded{row}"));
            let found = model.of_row(&together.logits, row);
            assert_close(
                &found,
                padded.unwrap_or(expected),
                NEAR,
                &what("in a batch"),
            );
        }
        for (key, point) in &names {
            let found = &together.activations[&lm.hook_point(point).unwrap()];
            let what = format!("{}, {point}", model.name);
            assert_close(&model.of_row(found, 0), &model.expected[key], NEAR, &what);
        }
    }
}

#[test]
fn bf16_is_as_near_as_that_of_transformers() {
    for model in models() {
        let lm = model.open(&LoadOptions::default().precision(Precision::Bf16));
        let found = lm.forward(&model.rows, &mut []).unwrap();
        for row in 0..model.rows.len() {
            let expected = &model.expected[&format!("row{row}")];
            let square = |x: Tensor| x.square().mean(Kind::Double).sqrt().double_value(&[]);
            let off = square(model.of_row(&found, row).to_kind(Kind::Float) - expected);
            let most = match model.expected.get("bf16_off") {
                Some(theirs) => BF16_TIMES * theirs.double_value(&[row as i64]),
                None => BF16_SHARE * square(expected.shallow_clone()),
            };
            assert!(
                off < most,
                "{}, row {row}: off by {off}, at most {most}",
                model.name
            );
        }
    }
}

#[test]
fn greedy_tokens() {
    for model in models() {
        let Some(expected) = model.expected.get("greedy") else {
            continue;
        };
        let expected = Vec::<i64>::try_from(expected).unwrap();
        let lm = model.open(&LoadOptions::default());
        let request = |row: usize| {
            let stop = Stop::after(expected.len()).ids([]);
            Request::new(model.rows[row].clone()).stop(stop).tag(row)
        };
        let plain = lm.generate(vec![request(0), request(1)], &mut []).unwrap();
        assert_eq!(plain[1].tokens, expected, "{}", model.name);
        let engine = Engine::new(&lm, EngineOptions::default());
        for completion in engine.run([request(1), request(0), request(1)]) {
            let completion = completion.unwrap();
            let plain = &plain[completion.tag].tokens;
            assert_eq!(completion.tokens, *plain, "{}, engine", model.name);
        }
    }
}

/// Beginnings longer and shorter than the windows, shared by rows of other lengths: each token that the engine gives is the
/// best after the whole text before it.
#[test]
fn shared_beginnings_change_nothing() {
    for model in models() {
        let lm = model.open(&LoadOptions::default());
        let row = &model.rows[0];
        let prompts: Vec<Vec<i64>> = [3, row.len() - 4]
            .iter()
            .flat_map(|&shared| {
                (1..4).map(move |own| {
                    let others = row.iter().rev().skip(shared % 5 + own).take(2 * own);
                    row[..shared].iter().chain(others).copied().collect()
                })
            })
            .collect();
        let requests = prompts.iter().enumerate().map(|(number, prompt)| {
            let stop = Stop::after(N_NEW).ids([]);
            Request::new(prompt.clone()).stop(stop).tag(number)
        });
        let options = EngineOptions::default().least_prefix(3).max_rows(4);
        let mut run = Engine::new(&lm, options).run(requests);
        for completion in run.by_ref() {
            let completion = completion.unwrap();
            let prompt = &prompts[completion.tag];
            let whole = [prompt.as_slice(), &completion.tokens].concat();
            assert_eq!(completion.tokens.len(), N_NEW);
            let logits = lm.forward(&[whole], &mut []).unwrap().get(0);
            let logits = logits.narrow(0, prompt.len() as i64 - 1, N_NEW as i64);
            let best = logits.amax([-1].as_slice(), false);
            let chosen = Tensor::from_slice(&completion.tokens).unsqueeze(-1);
            let chosen = logits.gather(1, &chosen, false).squeeze_dim(1);
            let short = (best - chosen).max().double_value(&[]);
            assert!(
                short < 1e-3,
                "{}, prompt {}: {short}",
                model.name,
                completion.tag
            );
        }
        assert!(run.progress().shared_tokens > 0, "{}", model.name);
    }
}
