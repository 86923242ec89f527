//! What programs write, held against hashes that are kept beside their tests: who changes an output learns of it here.
//!
//! Where a change is meant, `RENEW_GOLDEN=1 cargo test -p PACKAGE --test golden` writes the hashes anew, and the difference of
//! the lists says which outputs changed. The outputs stay in `golden` within the folder that Cargo gives tests.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// Writes the hashes in the place of comparing them.
const RENEW: &str = "RENEW_GOLDEN";

/// Lines that tell of a version, a machine or a time. What stands before these words counts, what follows does not.
const UNLIKE: [&str; 5] = [
    "\"version\": ",
    "\"platform\": ",
    "\"answers_per_second\": ",
    "| search time, ms | ",
    "Made by value-causal's ",
];

pub fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// An empty folder for the outputs of this name.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("golden")
        .join(env!("CARGO_PKG_NAME"))
        .join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a program that writes into the empty folder of this name.
pub fn run(name: &str, program: &str, arguments: &[&OsStr]) -> PathBuf {
    let out = empty_folder(name);
    let mut command = Command::new(program);
    command.args(arguments).arg("--out").arg(&out);
    // As many threads as this give sums of many numbers one order.
    command.env("OMP_NUM_THREADS", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    out
}

/// Every file of a folder by its path within it, journals aside: these hold times.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false if path.extension() == Some(OsStr::new("journal")) => {}
            false => files.push(path),
        }
    }
    files
}

/// What counts of a file.
fn content(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension() == Some(OsStr::new("gz")) {
        let mut unpacked = Vec::new();
        GzDecoder::new(&*bytes).read_to_end(&mut unpacked).unwrap();
        return unpacked;
    }
    let json = path.extension() == Some(OsStr::new("json"));
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        return bytes;
    };
    let lines = text.lines().map(|line| match json {
        true => rounded(alike(line)) + "\n",
        false => alike(line).to_owned() + "\n",
    });
    lines.collect::<String>().into()
}

/// With its fractions rounded to six decimals: the last ones hang on the processor, whose instructions a product of matrices
/// takes, and on the order in which threads add.
fn rounded(line: &str) -> String {
    let is_of_number = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    let words = line.split_inclusive(|c| !is_of_number(c));
    let rounded = words.map(|word| {
        let number = word.trim_end_matches(|c| !is_of_number(c));
        let end = &word[number.len()..];
        match number.parse::<f64>() {
            // Adding 0 makes a 0 of a -0.
            Ok(value) if number.contains('.') => {
                format!("{:.6}{end}", (value * 1e6).round() / 1e6 + 0.0)
            }
            _ => word.to_owned(),
        }
    });
    rounded.collect()
}

fn alike(line: &str) -> &str {
    let told = UNLIKE
        .iter()
        .find_map(|words| Some(line.find(words)? + words.len()));
    &line[..told.unwrap_or(line.len())]
}

/// The hashes of a folder, by file.
fn hashes(folder: &Path) -> BTreeMap<String, String> {
    let hash = |path: PathBuf| {
        let hash = Sha256::digest(content(&path));
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let within = path.strip_prefix(folder).unwrap();
        (within.to_str().unwrap().replace('\\', "/"), hash)
    };
    files(folder).into_iter().map(hash).collect()
}

/// Holds the outputs in a folder against the list of this name, or writes that.
pub fn hold(name: &str, out: &Path) {
    let list = here("tests/golden").join(format!("{name}.sha256"));
    let found = hashes(out);
    if std::env::var_os(RENEW).is_some() {
        let lines = found.iter().map(|(file, hash)| format!("{hash}  {file}\n"));
        fs::write(&list, lines.collect::<String>()).unwrap();
        return;
    }
    let kept = fs::read_to_string(&list).unwrap();
    let kept: BTreeMap<String, String> = kept
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, file)| (file.to_owned(), hash.to_owned()))
        .collect();
    let names = kept.keys().chain(found.keys());
    let mut differ: Vec<&String> = names
        .filter(|file| kept.get(*file) != found.get(*file))
        .collect();
    differ.sort();
    differ.dedup();
    assert!(
        differ.is_empty(),
        "{differ:?} in {} are not those of {}; {RENEW}=1 writes it anew",
        out.display(),
        list.display()
    );
}

/// The experiment file and the folder of the released measurements, where they are.
pub fn gemma() -> Option<[PathBuf; 2]> {
    let data = std::env::var_os("VALUE_CAUSAL_RELEASED").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: VALUE_CAUSAL_RELEASED names no folder");
    }
    Some([here("../experiments/gemma-2b-it.toml"), data?])
}
