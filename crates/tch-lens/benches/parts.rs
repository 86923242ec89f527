//! What the parts of generating cost, on the CPU: passes by rows, steering, prefixes, SAEs, choosing, tokenizing.
//!
//! `cargo bench -p tch-lens`; the threads are libtorch's default.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch_lens::sae::{Sae, SaeOptions, top_features};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Dose, Engine, EngineOptions, Gate, HookPoint, Lm, ModelConfig, Passes, Precision, Probe,
    Reading, Request, Sampler, Sampling, Steer, SteeringDirection, Stop, Tokenizer, next_tokens,
};

/// Two layers of the width of a model of 200 million parameters.
fn model(precision: Precision) -> Lm {
    let config = r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 1024,
        "num_hidden_layers": 2, "num_attention_heads": 16, "num_key_value_heads": 4, "intermediate_size": 2816,
        "vocab_size": 2000, "max_position_embeddings": 8192, "hidden_act": "silu", "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0, "attention_bias": false, "tie_word_embeddings": false, "bos_token_id": 1,
        "eos_token_id": 2}"#;
    let config = ModelConfig::from_json(config, Path::new("config.json")).unwrap();
    Lm::random(config, precision, Device::Cpu, 0).unwrap()
}

fn prompt(row: i64, tokens: i64) -> Vec<i64> {
    let common = tokens * 3 / 4;
    (0..tokens)
        .map(|at| 3 + (at * 7 + if at < common { 0 } else { row }) % 1900)
        .collect()
}

fn request(row: i64, tokens: i64, new_tokens: usize) -> Request<i64> {
    let stop = Stop::after(new_tokens).ids([]);
    Request::new(prompt(row, tokens)).stop(stop).tag(row)
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/lm")
        .join(path)
}

fn passes(criterion: &mut Criterion) {
    for (name, precision) in [("f32", Precision::F32), ("bf16", Precision::Bf16)] {
        let lm = model(precision);
        let mut group = criterion.benchmark_group(format!("passes of two layers, {name}"));
        group.sample_size(10);
        for rows in [1, 8, 64] {
            // Sixteen passes over one token, the prompt's included.
            group.throughput(Throughput::Elements(16 * rows as u64));
            group.bench_function(BenchmarkId::new("decode", rows), |bencher| {
                bencher.iter(|| {
                    let requests = (0..rows).map(|row| request(row, 1, 16)).collect();
                    black_box(lm.generate(requests, &mut []).unwrap())
                });
            });
        }
        let rows: Vec<Vec<i64>> = (0..8).map(|row| prompt(row, 128)).collect();
        group.throughput(Throughput::Elements(8 * 128));
        group.bench_function("prompt, 8 of 128", |bencher| {
            bencher.iter(|| black_box(lm.forward(&rows, &mut []).unwrap()));
        });
        group.bench_function("prompt, 8 of 128, one hook point read", |bencher| {
            let read = ["blocks.1.hook_resid_post"];
            bencher.iter(|| black_box(lm.run_with_cache(&rows, &read, &mut []).unwrap()));
        });
    }
}

fn engine(criterion: &mut Criterion) {
    let lm = model(Precision::F32);
    let vector = Tensor::randn([1024], (Kind::Float, Device::Cpu));
    let direction = SteeringDirection::vector(&vector).unwrap();
    let steer =
        Steer::add(HookPoint::ResidPost(0), &direction, 3.0).at_tokens(std::iter::once(4..6));
    let mut group = criterion.benchmark_group("engine, 64 requests of 128 tokens, 8 new");
    group.sample_size(10);
    group.throughput(Throughput::Elements(64));
    for (name, shares) in [("prefixes shared", true), ("prefixes not shared", false)] {
        let options = EngineOptions::default().max_rows(64).share_prefixes(shares);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let steered = (0..64).map(|row| request(row, 128, 8).steer(steer.clone()));
                let done = Engine::new(&lm, options.clone()).run(steered);
                black_box(done.collect::<Result<Vec<_>, _>>().unwrap())
            });
        });
    }
}

/// One of twelve changes, each with a dose of its own.
fn other_steer(row: usize, model: &ModelConfig) -> Steer {
    let options = (Kind::Float, Device::Cpu);
    let width = model.d_model as i64;
    let dose = 0.5 + row as f64 / 64.0;
    let vector = Tensor::randn([width], options);
    let line = SteeringDirection::vector(&vector).unwrap();
    let point = HookPoint::ResidPost(row % 2);
    match row % 12 {
        0 => Steer::add(point, &line, dose),
        1 => Steer::add(point, &line, Dose::OfNorm(dose)),
        2 => Steer::scale(point, &line, dose),
        3 => Steer::clamp(point, &line, dose),
        4 => Steer::at_least(point, &line, dose),
        5 => Steer::at_most(point, &line, -dose),
        6 => Steer::at_least(point, &line, dose).measured_once(),
        7 => {
            let probe = Probe::new(&vector, 0.1).unwrap();
            let gate = Gate::probe(HookPoint::ResidPost(0), &probe, 0.5).unwrap();
            Steer::add(HookPoint::ResidPost(1), &line, dose).gate(gate)
        }
        8 => {
            let other = Tensor::randn([width], options);
            let plane = SteeringDirection::plane(&vector, &other).unwrap();
            Steer::turn(point, &plane, 90.0 * dose)
        }
        9 => {
            let d_head = Tensor::randn([model.d_head as i64], options);
            let head = SteeringDirection::head(row % model.n_heads, &d_head).unwrap();
            Steer::add(HookPoint::Z(row % 2), &head, dose)
        }
        10 => {
            let neurons = (0..50).map(|n| (n * 7, dose));
            let neurons = SteeringDirection::numbers(neurons).unwrap();
            Steer::add(HookPoint::MlpGate(row % 2), &neurons, dose)
        }
        _ => Steer::ablate(point, &line),
    }
    .passes(Passes::Every)
}

/// A batch in which every row has another method and dose, beside the same batch unsteered.
fn mixed(criterion: &mut Criterion) {
    let lm = model(Precision::F32);
    let steers: Vec<Steer> = (0..48).map(|row| other_steer(row, lm.config())).collect();
    let mut group = criterion.benchmark_group("batch of 48 rows of 64 tokens, 16 new");
    group.sample_size(10);
    group.throughput(Throughput::Elements(48));
    for (name, steered) in [
        ("unsteered", false),
        ("another method and dose in each row", true),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let requests = steers.iter().zip(0..).map(|(steer, row)| {
                    let request = request(row, 64, 16);
                    if steered {
                        request.steer(steer.clone())
                    } else {
                        request
                    }
                });
                black_box(lm.generate(requests.collect(), &mut []).unwrap())
            });
        });
    }
}

/// Probes of 24 layers from 400 prompts of a model of 135 million parameters, activations included.
fn probes(criterion: &mut Criterion) {
    let config = r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 576,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536,
        "vocab_size": 49152, "max_position_embeddings": 8192, "hidden_act": "silu", "rms_norm_eps": 1e-5,
        "rope_theta": 100000.0, "attention_bias": false, "tie_word_embeddings": true, "bos_token_id": 1,
        "eos_token_id": 2}"#;
    let config = ModelConfig::from_json(config, Path::new("config.json")).unwrap();
    let lm = Lm::random(config, Precision::F32, Device::Cpu, 0).unwrap();
    let prompts: Vec<Reading> = (0..400).map(|row| Reading::new(prompt(row, 24))).collect();
    let points: Vec<HookPoint> = (3..27).map(HookPoint::ResidPost).collect();
    let names: Vec<String> = points.iter().map(ToString::to_string).collect();
    let labels: Vec<bool> = (0..400).map(|row| row % 2 == 0).collect();
    let mut group = criterion.benchmark_group("probes of 24 layers of width 576");
    group.sample_size(10);
    group.bench_function("400 prompts of 24 tokens read and fitted", |bencher| {
        bencher.iter(|| {
            let read = lm.read(&prompts, &names).unwrap();
            let fit = |point| Probe::fit(&read.activations[point], &labels, 1.0).unwrap();
            black_box(points.iter().map(fit).collect::<Vec<_>>())
        });
    });
}

fn sae(criterion: &mut Criterion) {
    let folder = fixture("saes/gemma1/standard_apply");
    let sae = Sae::open(&folder, &SaeOptions::default()).unwrap();
    let x = Tensor::randn([1024, sae.d_in() as i64], (Kind::Float, Device::Cpu));
    let acts = sae.encode(&x).unwrap();
    let mut group =
        criterion.benchmark_group(format!("sae of {} features on {}", sae.d_sae(), sae.d_in()));
    group.throughput(Throughput::Elements(1024));
    group.bench_function("encode", |b| {
        b.iter(|| black_box(sae.encode(&x).unwrap()));
    });
    group.bench_function("decode", |b| {
        b.iter(|| black_box(sae.decode(&acts).unwrap()));
    });
    group.bench_function("top 24", |b| {
        b.iter(|| black_box(top_features(&acts, 24).unwrap()));
    });
}

fn choosing(criterion: &mut Criterion) {
    let logits = Tensor::randn([64, 32_000], (Kind::Float, Device::Cpu));
    let settings = [
        ("greedy", Sampling::greedy()),
        ("top-p 0.9", Sampling::random().top_p(0.9).unwrap()),
        (
            "repetition penalty",
            Sampling::greedy().repetition_penalty(1.1).unwrap(),
        ),
    ];
    let mut group = criterion.benchmark_group("choosing, 64 rows of 32,000");
    group.sample_size(20);
    for (name, sampling) in settings {
        group.bench_function(name, |bencher| {
            let mut samplers: Vec<Sampler> = (0..64)
                .map(|row| Sampler::new(&sampling, row, &prompt(row as i64, 128)))
                .collect();
            bencher.iter(|| {
                let mut rows: Vec<&mut Sampler> = samplers.iter_mut().collect();
                black_box(next_tokens(&logits, &mut rows).unwrap())
            });
        });
    }
}

fn tokenizing(criterion: &mut Criterion) {
    let tokenizer = Tokenizer::open(&fixture("models/llama3")).unwrap();
    let text = "Would someone with your values worry about what others think of them? ".repeat(16);
    let ids = tokenizer.encode(&text).unwrap();
    let mut group = criterion.benchmark_group("tokenizer");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("encode", |b| {
        b.iter(|| black_box(tokenizer.encode(&text).unwrap()));
    });
    group.bench_function("decode", |b| {
        b.iter(|| black_box(tokenizer.decode(&ids, true).unwrap()));
    });
}

criterion_group!(
    benches, passes, engine, mixed, probes, sae, choosing, tokenizing
);
criterion_main!(benches);
