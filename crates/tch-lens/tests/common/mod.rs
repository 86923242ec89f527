//! Checkpoints with known answers: the project's own, and those that the variable TCH_LENS_GOLDENS names.

#![allow(dead_code)] // each test file uses its part

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tch_lens::tch::{Device, Kind, Tensor};

/// The folders of goldens that there are: `fixtures/lm`, which must be there, and the one that the variable names.
pub fn folders() -> Vec<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
    // A test program that was built on another machine is run in the workspace's folder.
    let own = match built.exists() {
        true => built,
        false => PathBuf::from("fixtures/lm"),
    };
    assert!(
        own.join("manifest.json").exists(),
        "{} is missing",
        own.display()
    );
    let mut folders = vec![own];
    // The models are tiny: more threads would only wait for each other.
    tch::set_num_threads(1);
    match std::env::var_os("TCH_LENS_GOLDENS") {
        Some(folder) => folders.push(folder.into()),
        None => println!("TCH_LENS_GOLDENS is not set: only the project's own goldens are tested"),
    }
    folders
}

/// A folder of goldens with its manifest.
pub struct Goldens {
    pub folder: PathBuf,
    pub manifest: Value,
}

impl Goldens {
    pub fn open(folder: PathBuf) -> Self {
        let text = std::fs::read_to_string(folder.join("manifest.json")).expect("manifest.json");
        Self {
            manifest: serde_json::from_str(&text).expect("manifest.json"),
            folder,
        }
    }

    pub fn all() -> Vec<Self> {
        folders().into_iter().map(Self::open).collect()
    }

    /// The golden files whose name ends in `_{kind}.safetensors`: the name before it, the file's entry in the manifest
    /// and its tensors.
    pub fn of_kind(&self, kind: &str) -> Vec<(String, Value, HashMap<String, Tensor>)> {
        let suffix = format!("_{kind}.safetensors");
        let files = self.manifest["files"].as_object().expect("files");
        files
            .iter()
            .filter_map(|(path, entry)| {
                let name = path.strip_prefix("goldens/")?.strip_suffix(&suffix)?;
                let tensors =
                    Tensor::read_safetensors(self.folder.join(path)).expect("a golden file");
                Some((
                    name.to_owned(),
                    entry.clone(),
                    tensors.into_iter().collect(),
                ))
            })
            .collect()
    }

    /// Whether these are the project's own.
    pub fn is_own(&self) -> bool {
        self.folder.ends_with("fixtures/lm")
    }

    /// The tensors of one golden file.
    pub fn tensors(&self, name: &str) -> HashMap<String, Tensor> {
        let path = self.folder.join(format!("goldens/{name}.safetensors"));
        Tensor::read_safetensors(path)
            .expect("a golden file")
            .into_iter()
            .collect()
    }

    pub fn tolerance(&self, name: &str) -> (f64, f64) {
        let entry = &self.manifest["tolerance"][name];
        (
            entry["atol"].as_f64().expect("atol"),
            entry["rtol"].as_f64().expect("rtol"),
        )
    }
}

/// The rows of a left-padded golden batch, without their padding.
pub fn rows(ids: &Tensor, mask: &Tensor) -> Vec<Vec<i64>> {
    let ids = Vec::<Vec<i64>>::try_from(ids).expect("ids");
    let mask = Vec::<Vec<i64>>::try_from(mask).expect("mask");
    ids.into_iter()
        .zip(mask)
        .map(|(ids, mask)| {
            ids.into_iter()
                .zip(mask)
                .filter(|(_, real)| *real == 1)
                .map(|(id, _)| id)
                .collect()
        })
        .collect()
}

/// Fails where `found` is farther from `expected` than `atol + rtol * |expected|`.
pub fn assert_close(found: &Tensor, expected: &Tensor, (atol, rtol): (f64, f64), what: &str) {
    assert_eq!(found.size(), expected.size(), "{what}: shape");
    let precise = |x: &Tensor| x.to_device(Device::Cpu).to_kind(Kind::Double);
    let (found, expected) = (precise(found), precise(expected));
    let excess = (&found - &expected).abs() - (expected.abs() * rtol + atol);
    let worst = excess.max().double_value(&[]);
    assert!(
        worst <= 0.0,
        "{what}: off by {worst} beyond the tolerance (largest difference {})",
        (&found - &expected).abs().max()
    );
}
