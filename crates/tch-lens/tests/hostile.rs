//! Files from strangers: random ones, and good ones with something changed. Whatever is in them, opening them gives a
//! model or an autoencoder that works or an error that names the file, and nothing panics.
//!
//! TCH_LENS_FUZZ_CASES says how many files each parser is given; 2,000 where it is not set.

#[path = "common/npz.rs"]
mod npz;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{ChatTemplate, Lm, LoadError, LoadOptions};

/// One change of a file.
#[derive(Debug, Clone)]
enum Change {
    Bit(Index, u8),
    Byte(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    /// A piece of the file once more, somewhere else.
    Repeat(Index, Index, Index),
    CutOff(Index),
    /// A word or number of the file becomes another one.
    Word(Index, &'static str),
}

/// What numbers, words and brackets become: what is next to a limit, and what is of another kind.
const WORDS: [&str; 32] = [
    "0",
    "1",
    "2",
    "-1",
    "3.5",
    "1e999",
    "NaN",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999",
    "null",
    "true",
    "False",
    "\"\"",
    "[]",
    "{}",
    "[[[[[[[[",
    "((((((((",
    "'",
    "\\ud800",
    "F32",
    "BF16",
    "I64",
    "F4",
    "topk",
    "gated",
    "layer_norm",
    "k",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        2 => (at(), 0_u8..8).prop_map(|(i, bit)| Change::Bit(i, bit)),
        1 => (at(), any::<u8>()).prop_map(|(i, byte)| Change::Byte(i, byte)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(i, bytes)| Change::Insert(i, bytes)),
        1 => (at(), at()).prop_map(|(i, n)| Change::Remove(i, n)),
        1 => (at(), at(), at()).prop_map(|(i, n, to)| Change::Repeat(i, n, to)),
        1 => at().prop_map(Change::CutOff),
        6 => (at(), prop::sample::select(&WORDS[..])).prop_map(|(i, word)| Change::Word(i, word)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        // One past the end is a place too.
        let place = |i: &Index, bytes: &[u8]| i.index(bytes.len() + 1);
        let piece = |i: &Index, n: &Index, bytes: &[u8]| {
            let start = place(i, bytes);
            start..start + n.index((bytes.len() - start).min(64) + 1)
        };
        match self {
            Self::Bit(..) | Self::Byte(..) if bytes.is_empty() => {}
            Self::Bit(i, bit) => *i.get_mut(bytes) ^= 1 << bit,
            Self::Byte(i, byte) => *i.get_mut(bytes) = *byte,
            Self::Insert(i, new) => {
                let at = place(i, bytes);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Remove(i, n) => drop(bytes.drain(piece(i, n, bytes))),
            Self::Repeat(i, n, to) => {
                let piece = bytes[piece(i, n, bytes)].to_vec();
                let at = place(to, bytes);
                bytes.splice(at..at, piece);
            }
            Self::CutOff(i) => bytes.truncate(place(i, bytes)),
            Self::Word(i, word) => {
                let words = words(bytes);
                if !words.is_empty() {
                    bytes.splice(i.get(&words).clone(), word.bytes());
                }
            }
        }
    }
}

/// Where words and numbers are.
fn words(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut words: Vec<std::ops::Range<usize>> = Vec::new();
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-<>|".contains(byte);
    for (i, _) in bytes.iter().enumerate().filter(|(_, byte)| in_word(byte)) {
        match words.last_mut() {
            Some(last) if last.end == i => last.end += 1,
            _ => words.push(i..i + 1),
        }
    }
    words
}

/// Gives `open` random files and changed seeds. It writes the file, opens it, and says whether that went well.
fn survives(
    parser: &str,
    seeds: Vec<Vec<u8>>,
    open: impl Fn(usize, &[u8]) -> Result<bool, TestCaseError>,
) {
    let cases = std::env::var("TCH_LENS_FUZZ_CASES").map_or(2_000, |cases| {
        cases.parse().expect("TCH_LENS_FUZZ_CASES is a number")
    });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let random = prop::collection::vec(any::<u8>(), 0..300).prop_map(Err);
    let changed = prop::collection::vec(change(), 1..4).prop_map(Ok);
    let inputs = (any::<Index>(), prop_oneof![1 => random, 19 => changed]);
    let (opened, refused) = (Cell::new(0_u32), Cell::new(0_u32));
    let result = TestRunner::new(config).run(&inputs, |(seed, input)| {
        let seed = seed.index(seeds.len());
        let bytes = match input {
            Err(random) => random,
            Ok(changes) => changes
                .iter()
                .fold(seeds[seed].clone(), |mut bytes, change| {
                    change.apply(&mut bytes);
                    bytes
                }),
        };
        let counter = if open(seed, &bytes)? {
            &opened
        } else {
            &refused
        };
        counter.set(counter.get() + 1);
        Ok(())
    });
    println!(
        "{parser}: {} files opened, {} refused",
        opened.get(),
        refused.get()
    );
    result.unwrap_or_else(|error| panic!("{parser}: {error}"));
    assert!(refused.get() > 0, "{parser}: nothing was refused");
}

/// File systems make sure of what is written over, which takes a hundred times as long as a new file.
fn write_anew(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Whether the autoencoder opens; if it does it must work, if not the error must name the file or its folder.
fn opens(path: &Path, folder: &Path) -> Result<bool, TestCaseError> {
    match Sae::open(path, &SaeOptions::default()) {
        Ok(sae) => {
            let x = Tensor::ones([1, sae.d_in() as i64], (Kind::Float, Device::Cpu));
            prop_assert!(sae.reconstruct(&x).is_ok() || sae.is_transcoder());
            prop_assert!(sae.feature(&x, sae.d_sae() - 1).is_ok());
            Ok(true)
        }
        Err(error) => {
            let message = error.to_string();
            prop_assert!(
                message.contains(folder.to_str().unwrap()),
                "no file in: {message}"
            );
            Ok(false)
        }
    }
}

/// The autoencoders of the project's goldens: SAELens's layouts old and new, and sparsify's.
fn folders() -> Vec<PathBuf> {
    let saes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/saes/gemma1");
    let folders = fs::read_dir(&saes)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders
        .chain([saes.join("sparsify/layers.2")])
        .filter(|folder| folder.join("cfg.json").exists())
        .collect();
    folders.sort();
    assert!(
        folders.len() > 10,
        "{}: too few autoencoders",
        saes.display()
    );
    folders
}

#[test]
fn sae_settings() {
    let work = tempfile::tempdir().unwrap();
    let mut seeds = Vec::new();
    for (i, folder) in folders().iter().enumerate() {
        let copy = work.path().join(i.to_string());
        fs::create_dir(&copy).unwrap();
        for weights in ["sae_weights.safetensors", "sae.safetensors"] {
            if folder.join(weights).exists() {
                fs::copy(folder.join(weights), copy.join(weights)).unwrap();
            }
        }
        seeds.push(fs::read(folder.join("cfg.json")).unwrap());
    }
    survives("cfg.json", seeds, |seed, bytes| {
        let folder = work.path().join(seed.to_string());
        write_anew(&folder.join("cfg.json"), bytes);
        opens(&folder, &folder)
    });
}

/// A folder with the settings of a small jumprelu autoencoder and the bytes of its weights.
fn small() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("cfg.json"),
        r#"{"architecture": "jumprelu", "d_in": 2, "d_sae": 3, "hook_name": "blocks.1.hook_resid_post"}"#,
    )
    .unwrap();
    let path = folder.path().join("sae_weights.safetensors");
    let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
    let tensors = [
        ("W_enc", zeros(&[2, 3])),
        ("b_enc", zeros(&[3]).to_kind(Kind::BFloat16)),
        ("W_dec", zeros(&[3, 2])),
        ("b_dec", zeros(&[2]).to_kind(Kind::Double)),
        ("threshold", zeros(&[3]).to_kind(Kind::Half)),
    ];
    Tensor::write_safetensors(&tensors, &path).unwrap();
    let bytes = fs::read(path).unwrap();
    (folder, bytes)
}

#[test]
fn safetensors_files() {
    let (folder, bytes) = small();
    survives("safetensors, the whole file", vec![bytes], |_, bytes| {
        write_anew(&folder.path().join("sae_weights.safetensors"), bytes);
        opens(folder.path(), folder.path())
    });
}

#[test]
fn safetensors_headers() {
    let (folder, bytes) = small();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let (header, data) = bytes[8..].split_at(length);
    survives(
        "safetensors, the header",
        vec![header.to_vec()],
        |_, header| {
            // Of the right length, so that the parser gets to see it.
            let length = (header.len() as u64).to_le_bytes();
            let file = [&length, header, data].concat();
            write_anew(&folder.path().join("sae_weights.safetensors"), &file);
            opens(folder.path(), folder.path())
        },
    );
}

#[test]
fn npz_archives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.npz");
    // Deflated, and stored as numpy does by default.
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join(
        "../../fixtures/lm/saes/gemma1/gemma_scope/layer_2/width_16k/average_l0_9/params.npz",
    );
    let seeds = vec![npz::archive(&npz::gemma_scope()), fs::read(stored).unwrap()];
    survives("npz, the whole archive", seeds, |_, bytes| {
        write_anew(&path, bytes);
        opens(&path, folder.path())
    });
}

#[test]
fn npz_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.npz");
    let arrays = npz::gemma_scope();
    let seeds = arrays.iter().map(|(_, bytes)| bytes.clone()).collect();
    survives("npz, one array", seeds, |seed, bytes| {
        let mut arrays = arrays.clone();
        arrays[seed].1 = bytes.to_vec();
        write_anew(&path, &npz::archive(&arrays));
        opens(folder.path(), folder.path())
    });
}

/// The project's tiny models.
const MODELS: [&str; 6] = ["gemma1", "gemma2", "llama3", "llama31", "mistral", "qwen2"];

fn model(name: &str) -> PathBuf {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models");
    models.join(name)
}

/// Gives changed ones of that file of the models to `Lm::open`, the other files being as they should.
fn models_survive(file: &str, names: &[&str]) {
    let work = tempfile::tempdir().unwrap();
    let mut seeds = Vec::new();
    for name in names {
        let copy = work.path().join(name);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(model(name)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        seeds.push(fs::read(copy.join(file)).unwrap());
    }
    // The models are tiny: more threads would only wait for each other.
    tch::set_num_threads(1);
    survives(file, seeds, |seed, bytes| {
        let folder = work.path().join(names[seed]);
        write_anew(&folder.join(file), bytes);
        runs(&folder, file)
    });
}

/// Whether the model opens; if it does it must run, if not the error must name the file, or where it is the tensors
/// that do not fit it, them or their folder.
fn runs(folder: &Path, file: &str) -> Result<bool, TestCaseError> {
    match Lm::open(folder, &LoadOptions::default().mapped(true)) {
        Ok(lm) => {
            let rows = [vec![0, 1, 2], vec![1]];
            let rows = if lm.config().n_ctx < 3 {
                &rows[1..]
            } else {
                &rows[..]
            };
            let run = lm.forward(rows, &mut []);
            prop_assert!(run.is_ok(), "{:?}", run.err());
            Ok(true)
        }
        Err(error) => {
            let settings = matches!(
                error,
                LoadError::Json { .. }
                    | LoadError::Setting { .. }
                    | LoadError::UnknownArchitecture { .. }
            );
            let named = if settings {
                folder.join(file)
            } else {
                folder.to_owned()
            };
            let message = error.to_string();
            prop_assert!(
                message.contains(named.to_str().unwrap()),
                "no file in: {message}"
            );
            Ok(false)
        }
    }
}

#[test]
fn model_settings() {
    models_survive("config.json", &MODELS);
}

#[test]
fn generation_settings() {
    models_survive("generation_config.json", &MODELS);
}

#[test]
fn indices_of_shards() {
    models_survive("model.safetensors.index.json", &["gemma2_sharded"]);
}

/// A pipe without a writer in the place of any file: an error that names it, where waiting would have no end.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_refused() {
    let lm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
    let saes = [
        ("saes/gemma1/old_gemma_it_style", "cfg.json"),
        ("saes/gemma1/old_gemma_it_style", "sae_weights.safetensors"),
        (
            "saes/gemma1/gemma_scope/layer_2/width_16k/average_l0_9",
            "params.npz",
        ),
    ];
    let model = |file| ("models/gemma1", file);
    let files = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
        "chat_template.jinja",
        "model.safetensors",
        "model.safetensors.index.json",
    ];
    for (of, file) in files.map(model).into_iter().chain(saes) {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(lm.join(of)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        let path = folder.path().join(file);
        let is_read = path.exists() || file.starts_with("model.") || file.starts_with("chat");
        let _ = fs::remove_file(&path);
        if file.ends_with("index.json") {
            fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        }
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let (sender, opened) = std::sync::mpsc::channel();
        let is_model = of.starts_with("models");
        std::thread::spawn({
            let (folder, path) = (folder.path().to_owned(), path.clone());
            move || {
                let opened = match is_model {
                    true if file.starts_with("chat") => ChatTemplate::open(&folder).map(drop),
                    true => Lm::open(&folder, &LoadOptions::default()).map(drop),
                    false if file.ends_with("npz") => {
                        Sae::open(&path, &SaeOptions::default()).map(drop)
                    }
                    false => Sae::open(&folder, &SaeOptions::default()).map(drop),
                };
                sender.send(opened.map_err(|error| error.to_string()))
            }
        });
        let opened = opened.recv_timeout(std::time::Duration::from_secs(60));
        let opened = opened.unwrap_or_else(|_| panic!("{file}: it waits for a writer"));
        if let Err(why) = &opened {
            let words = format!("{file}: expected a regular file, found a pipe");
            assert!(why.contains(&words), "{file}: {why}");
        }
        assert!(opened.is_err() || !is_read, "{file}");
    }
}
