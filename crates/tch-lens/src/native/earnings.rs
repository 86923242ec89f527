//! What each part of this folder earns, measured: the same work with it and without it, in turns.
//!
//! `cargo test --release -p tch-lens --lib earnings -- --ignored --nocapture`, on a machine that does nothing else. A part
//! that earns less than 15 % in what it is for is to go.

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use tch::Device;

use crate::{Engine, EngineOptions, Lm, ModelConfig, Precision, Request, Stop};

/// What can be left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    FewRows,
    ManyRows,
    Attention,
}

thread_local! {
    static OFF: Cell<Option<Part>> = const { Cell::new(None) };
}

/// Whether the part is left out at present.
pub(super) fn is_off(part: Part) -> bool {
    OFF.get() == Some(part)
}

/// The least seconds of several runs with and without the part: of nine, or of three that take long.
fn measure(part: Part, mut work: impl FnMut()) -> (f64, f64) {
    let mut least = [f64::INFINITY; 2];
    let begun = Instant::now();
    for run in 0..9 {
        if run >= 3 && begun.elapsed().as_secs() >= 5 {
            break;
        }
        for (off, least) in [None, Some(part)].into_iter().zip(&mut least) {
            OFF.set(off);
            let start = Instant::now();
            work();
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    OFF.set(None);
    (least[0], least[1])
}

fn report(what: &str, (with, without): (f64, f64)) {
    println!(
        "{what:<58} with {:8.2} ms, without {:8.2} ms: {:.2} times",
        with * 1e3,
        without * 1e3,
        without / with
    );
}

/// Two layers of the width of a model of 200 million parameters.
fn model(precision: Precision) -> Lm {
    let config = r#"{"model_type": "llama", "hidden_size": 1024, "num_hidden_layers": 2, "num_attention_heads": 16,
        "num_key_value_heads": 4, "intermediate_size": 2816, "vocab_size": 2000, "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5}"#;
    let config = ModelConfig::from_json(config, Path::new("config.json")).unwrap();
    Lm::random(config, precision, Device::Cpu, 0).unwrap()
}

fn requests(rows: i64, tokens: i64, new_tokens: usize) -> impl Iterator<Item = Request> {
    (0..rows).map(move |row| {
        // All but the last token is shared.
        let prompt: Vec<i64> = (1..=tokens)
            .map(|at| 3 + (at * 7 + if at < tokens { 0 } else { row }) % 1900)
            .collect();
        Request::new(prompt).stop(Stop::after(new_tokens).ids([]))
    })
}

fn generate(lm: &Lm, (rows, tokens, new_tokens): (i64, i64, usize)) {
    let run = Engine::new(lm, EngineOptions::default()).run(requests(rows, tokens, new_tokens));
    black_box(run.collect::<Result<Vec<_>, _>>().unwrap());
}

/// What `part` earns in generating so many rows, after so many tokens, of so many new ones each.
fn of_generating(part: Part, what: &str, cases: &[(i64, i64, usize)]) {
    tch::set_num_threads(1);
    for precision in [Precision::F32, Precision::Bf16] {
        let lm = model(precision);
        for &case in cases {
            let (rows, tokens, new_tokens) = case;
            let found = measure(part, || generate(&lm, case));
            let name = format!("{what}, {precision}: {rows} rows, {tokens} + {new_tokens} tokens");
            report(&name, found);
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn products_of_few_rows() {
    let cases = [(1, 1, 8), (8, 1, 8), (24, 1, 8)];
    of_generating(Part::FewRows, "products", &cases);
}

#[test]
#[ignore = "a measurement"]
fn products_of_many_rows() {
    let cases = [(32, 1, 4), (64, 1, 4)];
    of_generating(Part::ManyRows, "products", &cases);
}

#[test]
#[ignore = "a measurement"]
fn attention() {
    let cases = [
        (64, 1, 100),
        (64, 33, 16),
        (64, 65, 16),
        (64, 101, 100),
        (64, 257, 16),
    ];
    of_generating(Part::Attention, "attention", &cases);
}
