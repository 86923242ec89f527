//! Agreement with causal-learn and with long arithmetic on stored answers.
//!
//! Reads the project's own answers in `fixtures/pc`, which must be there, and the folder named by
//! CAUSAL_PC_ORACLES if it is set. Each folder holds `dags.json`, `finite/index.json` with CSV files
//! beside it, `fisherz_queries.json` and `discrete_queries.json`, and may hold runs on the released
//! table in `real`; `fixtures/pc/README.md` says what is in them.

mod dags;
mod queries;
mod runs;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The folders of answers.
fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pc");
    let mut folders = vec![own];
    match std::env::var_os("CAUSAL_PC_ORACLES") {
        Some(path) => folders.push(path.into()),
        None => println!("CAUSAL_PC_ORACLES is not set: only the project's own answers are read"),
    }
    folders
}

/// A file of answers; no test passes without it.
fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// As [`read`], of a list that must not be empty.
fn read_list<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let list: Vec<T> = read(path);
    assert!(!list.is_empty(), "{}: an empty list", path.display());
    list
}
