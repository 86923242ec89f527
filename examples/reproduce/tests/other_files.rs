//! Measurements that are laid out otherwise than the planted study's own files.

use std::fs;
use std::path::{Path, PathBuf};

use reproduce::Arguments;
use reproduce::results::Results;

/// Results of the planted study after every line of its measured files went through `change`,
/// which may drop it.
fn results_after(change: impl Fn(usize, &str) -> Option<String>) -> Results {
    let folder = tempfile::tempdir().unwrap();
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/planted");
    for entry in fs::read_dir(planted).unwrap() {
        let path = entry.unwrap().path();
        let mut text = fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let lines = text.lines().enumerate();
            text = lines.filter_map(|(i, line)| change(i, line)).collect();
        }
        fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    let arguments = Arguments {
        experiment: Some(folder.path().join("experiment.toml")),
        data: Some(folder.path().to_owned()),
        out: PathBuf::new(),
    };
    let loaded = arguments.load().unwrap();
    Results::compute(&loaded.experiment, &loaded.study).unwrap()
}

fn json(results: &Results) -> serde_json::Value {
    serde_json::to_value(results).unwrap()
}

#[test]
fn features_written_as_floats_windows_line_ends_and_missing_columns_change_nothing() {
    let as_they_are = results_after(|_, line| Some(format!("{line}\n")));
    let otherwise = results_after(|i, line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells.truncate(cells.len() - 2); // stds and scstds
        let mut kept: Vec<String> = cells[..2].iter().map(|cell| (*cell).to_owned()).collect();
        kept.extend(cells[2..].iter().step_by(2).map(|cell| (*cell).to_owned()));
        if i > 0 && !kept[0].is_empty() {
            kept[0] += ".0";
        }
        Some(kept.join(",") + "\r\n")
    });
    assert_eq!(json(&as_they_are), json(&otherwise));
}

#[test]
fn without_the_empty_role_two_comparisons_are_left() {
    let is_empty_role = |line: &str| line.split(',').nth(1) == Some("");
    let results = results_after(|_, line| (!is_empty_role(line)).then(|| format!("{line}\n")));
    let effects = results.all_features.steering_effects;
    let keys: Vec<_> = effects.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["role_base_first_role", "sae_role_greta_hill"]);
}
