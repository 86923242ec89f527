//! Opening a checkpoint of 2 GB takes its size in memory and not twice that. Writes such checkpoints on the spot, so it
//! is asked for: `cargo test --release -p tch-lens --test memory -- --ignored --nocapture`.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::{env, iter};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tch_lens::{Lm, LoadOptions, ModelConfig, Precision};

/// Where the child finds its checkpoint, and how it opens it.
const FOLDER: &str = "TCH_LENS_MEMORY_FOLDER";
const HOW: &str = "TCH_LENS_MEMORY_HOW";

/// Numbers of a checkpoint, written again and again.
const BLOCK: usize = 1 << 22;

fn room(folder: &Path) -> u64 {
    let df = Command::new("df")
        .args(["--output=avail", "--block-size=1"])
        .arg(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(df.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

/// Small random numbers in that many bytes each.
fn numbers(size: usize) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut bytes = Vec::with_capacity(BLOCK * size);
    for _ in 0..BLOCK {
        // Sign and mantissa at random, the exponent that of 2^-7.
        let number = (rng.random::<u32>() & 0x807f_ffff) | 0x3c00_0000;
        bytes.extend_from_slice(&number.to_le_bytes()[4 - size..]);
    }
    bytes
}

/// A Llama of that many layers with random weights; gives the bytes of the weights.
fn write_checkpoint(folder: &Path, dtype: &str, size: usize, layers: usize) -> usize {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models");
    for file in [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
    ] {
        fs::copy(models.join("llama3").join(file), folder.join(file)).unwrap();
    }
    let name = if size == 2 { "bfloat16" } else { "float32" };
    let config = json!({
        "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": layers,
        "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32000, "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "torch_dtype": name
    })
    .to_string();
    fs::write(folder.join("config.json"), &config).unwrap();
    let config = ModelConfig::from_json(&config, Path::new("config.json")).unwrap();
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape) in config.tensors() {
        let start = end;
        end += size * shape.iter().product::<i64>() as usize;
        header.insert(
            name,
            json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
        );
    }
    let mut header = Value::Object(header).to_string();
    header.extend(iter::repeat_n(
        ' ',
        header.len().next_multiple_of(8) - header.len(),
    ));
    let mut file = BufWriter::new(File::create(folder.join("model.safetensors")).unwrap());
    file.write_all(&(header.len() as u64).to_le_bytes())
        .unwrap();
    file.write_all(header.as_bytes()).unwrap();
    let block = numbers(size);
    let mut left = end;
    while left > 0 {
        let n = left.min(block.len());
        file.write_all(&block[..n]).unwrap();
        left -= n;
    }
    file.flush().unwrap();
    end
}

fn options(how: &str) -> LoadOptions {
    match how {
        "copied" => LoadOptions::default(),
        "mapped" => LoadOptions::default().mapped(true),
        "widened" => LoadOptions::default().precision(Precision::F32),
        other => panic!("{other}"),
    }
}

/// The most memory that a child has while it opens the checkpoint and reads a few tokens, in bytes.
fn peak(folder: &Path, how: &str) -> u64 {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(HOW, how)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&child.stdout).into_owned();
    let err = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{out}\n{err}");
    let peak = out.lines().find_map(|line| line.split_once("VmHWM:"));
    let kib = peak.and_then(|(_, kib)| kib.trim().strip_suffix(" kB"));
    kib.unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "run by the test below in processes of its own"]
fn child() {
    let (Some(folder), Ok(how)) = (env::var_os(FOLDER), env::var(HOW)) else {
        return;
    };
    let lm = Lm::open(folder, &options(&how)).unwrap();
    let logits = lm.forward(&[vec![1, 2, 3, 4]], &mut []).unwrap();
    assert_eq!(logits.size(), [1, 4, 32000]);
    assert_eq!(logits.isfinite().all().int64_value(&[]), 1);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{}",
        status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap()
    );
}

#[test]
#[ignore = "writes 2 GB and takes 5 GB of memory"]
fn a_checkpoint_is_never_in_memory_twice() {
    for (dtype, size, layers, ways) in [
        ("BF16", 2, 14, &["copied", "mapped", "widened"][..]),
        ("F32", 4, 7, &["copied", "mapped"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let free = room(folder.path());
        assert!(
            free > 3_000_000_000,
            "{}: {free} bytes free",
            folder.path().display()
        );
        let stored = write_checkpoint(folder.path(), dtype, size, layers);
        assert!(stored > 2_000_000_000, "{stored}");
        for &how in ways {
            let weights = if how == "widened" { 2 * stored } else { stored };
            let peak = peak(folder.path(), how);
            let limit = weights as f64 * 1.15 + 400e6;
            println!("{dtype}, {how}: weights {weights} bytes, peak {peak}, at most {limit:.0}");
            assert!(
                (peak as f64) < limit,
                "{dtype}, {how}: {peak} bytes of {weights}"
            );
        }
    }
}
