//! What the engine does when memory really runs out: each case runs in a process of its own whose address space is
//! limited once its model is there.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use tch_lens::tch::Device;
use tch_lens::{Engine, EngineOptions, Error, Lm, ModelConfig, Precision, Request, Stop};

/// What a child may take beyond what it has when it begins.
const ROOM: u64 = 400_000_000;

/// Runs an ignored test of this file in a process of its own.
fn in_a_child(test: &str) {
    if let Err(error) = Command::new("prlimit").arg("--version").output() {
        println!("skipped: prlimit, which limits a process, cannot be run: {error}");
        return;
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("TCH_LENS_LIMITED", "1")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr),
    );
    println!("{out}");
    assert!(child.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "{out}");
}

/// Whether this process is such a child; run by hand, the tests would limit those beside them.
fn is_child() -> bool {
    env::var_os("TCH_LENS_LIMITED").is_some()
}

fn limit_address_space() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib: u64 = size
        .and_then(|size| size.trim().strip_suffix(" kB"))
        .unwrap()
        .parse()
        .unwrap();
    let limited = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string()])
        .arg(format!("--as={}", kib * 1024 + ROOM))
        .status()
        .unwrap();
    assert!(limited.success());
}

/// Wide in the MLP, so that a long prompt takes 192 KiB per token for a moment, and 1 KiB for keys and values.
fn model() -> Lm {
    let config = r#"{"model_type": "llama", "hidden_size": 32, "intermediate_size": 16384, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 400,
        "max_position_embeddings": 16777216, "rms_norm_eps": 1e-5}"#;
    let config = ModelConfig::from_json(config, Path::new("config.json")).unwrap();
    tch::set_num_threads(1);
    Lm::random(config, Precision::F32, Device::Cpu, 7).unwrap()
}

fn requests() -> Vec<Request<usize>> {
    (0..80_usize)
        .map(|number| {
            // Short ones that run for a while, then long ones that do not fit beside one another.
            let (prompt, new) = if number < 40 {
                (3, 4 + number % 30)
            } else {
                (120, 5)
            };
            let prompt: Vec<i64> = (0..prompt)
                .map(|i| (number as i64 * 37 + i * 11) % 400)
                .collect();
            Request::new(prompt)
                .stop(Stop::after(new).ids([]))
                .tag(number)
        })
        .collect()
}

#[test]
#[ignore = "limits its process: run by the test below"]
fn limited_and_lossless() {
    if !is_child() {
        return;
    }
    let lm = model();
    let expected: Vec<_> = requests()
        .into_iter()
        .map(|request| lm.generate(vec![request], &mut []).unwrap().remove(0))
        .collect();
    limit_address_space();
    let options = EngineOptions::default().max_rows(64).prompt_tokens(1 << 20);
    let mut run = Engine::new(&lm, options).run(requests());
    let mut found: Vec<_> = run.by_ref().map(Result::unwrap).collect();
    let progress = run.progress();
    println!("{progress:?}");
    assert!(progress.halvings > 0, "memory sufficed: {progress:?}");
    assert_eq!((progress.taken, progress.ended), (80, 80));
    found.sort_by_key(|completion| completion.tag);
    assert_eq!(found, expected);
}

#[test]
fn the_batch_is_halved_and_nothing_is_lost() {
    in_a_child("limited_and_lossless");
}

#[test]
#[ignore = "limits its process: run by the test below"]
fn limited_below_one_row() {
    if !is_child() {
        return;
    }
    let lm = model();
    limit_address_space();
    let short = || Request::new(vec![1, 2]).stop(Stop::after(3).ids([]));
    // 1 KiB of keys and values for each of 16 million tokens.
    let long = Request::new(vec![1, 2]).stop(Stop::after(16_000_000).ids([]));
    let mut run =
        Engine::new(&lm, EngineOptions::default().max_rows(2)).run([short(), short(), long]);
    let items: Vec<_> = run.by_ref().collect();
    let (last, before) = items.split_last().unwrap();
    assert!(
        before.len() == 2 && before.iter().all(Result::is_ok),
        "{items:?}"
    );
    let Err(Error::OutOfMemory {
        rows,
        tokens,
        source,
    }) = last
    else {
        panic!("{last:?}");
    };
    assert_eq!(*rows, 1);
    assert!(*tokens >= 16_000_000, "{tokens}");
    // One line without libtorch's backtrace.
    let said = source.to_string();
    assert!(
        said.starts_with("there is not enough memory for another ") && said.ends_with(" bytes"),
        "{said}"
    );
    assert!(run.next().is_none());
}

#[test]
fn one_row_that_does_not_fit_is_an_error() {
    in_a_child("limited_below_one_row");
}
