//! A real model, SmolLM2-135M-Instruct, beside transformers in 32 bits. `scripts/real_models/setup.py` makes the folder
//! that the variable `TCH_LENS_SMOLLM2` names. `smollm2.json` was written by `scripts/real_models/goldens.py`; the folder in
//! which the same program keeps all that it computes may be named by `TCH_LENS_SMOLLM2_GOLDENS`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Engine, EngineOptions, Lm, LoadOptions, Precision, Request, Stop};

fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {variable} is not set");
    }
    folder
}

fn model() -> Option<Lm> {
    let options = LoadOptions::default().precision(Precision::F32);
    Some(Lm::open(folder("TCH_LENS_SMOLLM2")?, &options).unwrap())
}

fn json(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn ids(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// How far log-probabilities are from what transformers says, at most.
const TOLERANCE: f64 = 1e-3;

/// Asks everything at once. Gives the places at which tokens that were written differ, and how far the log-probabilities
/// differ at most.
fn compare(lm: &Lm, expected: &Value) -> (Vec<(usize, usize)>, f64) {
    let candidates: Vec<String> = serde_json::from_value(expected["candidates"].clone()).unwrap();
    let text = |entry: &Value| entry["prompt"].as_str().unwrap().to_owned();
    let written = expected["written"].as_array().unwrap();
    let scored = expected["scored"].as_array().unwrap();
    let to_write = written.iter().map(|entry| {
        let stop = Stop::after(ids(&entry["tokens"]).len());
        Request::new(text(entry)).stop(stop)
    });
    let to_score = scored
        .iter()
        .map(|entry| Request::new(text(entry)).score(candidates.clone()));
    let requests = to_write.chain(to_score).enumerate();
    let requests = requests.map(|(number, request)| request.tag(number));
    let (mut differ, mut farthest) = (Vec::new(), 0.0_f64);
    let mut ended = 0;
    for completion in Engine::new(lm, EngineOptions::default()).run(requests) {
        let completion = completion.unwrap();
        ended += 1;
        if let Some(entry) = written.get(completion.tag) {
            let same = completion.tokens.iter().zip(ids(&entry["tokens"]));
            if let Some(at) = same
                .into_iter()
                .position(|(found, expected)| *found != expected)
            {
                differ.push((completion.tag, at));
            }
            continue;
        }
        let expected = numbers(&scored[completion.tag - written.len()]["log_probabilities"]);
        assert_eq!(completion.log_probabilities.len(), expected.len());
        for (found, expected) in completion.log_probabilities.iter().zip(expected) {
            farthest = farthest.max((found - expected).abs());
        }
    }
    assert_eq!(ended, written.len() + scored.len());
    (differ, farthest)
}

#[test]
fn it_answers_as_stored() {
    let Some(lm) = model() else { return };
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_model/smollm2.json");
    let (differ, farthest) = compare(&lm, &json(&own));
    assert_eq!(differ, [], "prompts and the tokens at which they differ");
    assert!(farthest < TOLERANCE, "{farthest}");
    println!("log-probabilities differ by at most {farthest:.1e}");
}

#[test]
fn it_answers_as_transformers_does() {
    let (Some(lm), Some(goldens)) = (model(), folder("TCH_LENS_SMOLLM2_GOLDENS")) else {
        return;
    };
    let expected = json(&goldens.join("answers.json"));
    let (differ, farthest) = compare(&lm, &expected);
    for &(prompt, at) in &differ {
        let gap = numbers(&expected["written"][prompt]["gaps"])[at];
        println!(
            "prompt {prompt} differs from token {at} on, where the best two are {gap:.1e} apart"
        );
        assert!(gap < 1e-3, "prompt {prompt}, token {at}: {gap}");
    }
    println!("log-probabilities differ by at most {farthest:.1e}");
    assert!(farthest < TOLERANCE, "{farthest}");

    let all = Tensor::read_safetensors(goldens.join("logits.safetensors")).unwrap();
    let named = |name: &str| &all.iter().find(|(found, _)| found == name).unwrap().1;
    let rows = Vec::<Vec<i64>>::try_from(named("ids")).unwrap();
    let every = expected["every"].as_i64().unwrap();
    let mut farthest = 0.0_f64;
    for (row, expected) in rows.iter().enumerate() {
        let logits = lm.forward(std::slice::from_ref(expected), &mut []).unwrap();
        let logits = logits.get(0).slice(0, every - 1, None, every);
        let off = (logits - named("logits").get(row as i64)).abs().max();
        farthest = farthest.max(off.to_kind(Kind::Double).double_value(&[]));
    }
    println!(
        "logits of {} prompts differ by at most {farthest:.1e}",
        rows.len()
    );
    assert!(farthest < 2e-3, "{farthest}");
}
