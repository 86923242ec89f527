//! Whole studies on questionnaires whose values lie mixed in the file and differ in their number of items, from the first
//! prompt to the report: the organism asked with its own items in another order, and with ValueBench's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use value_causal::bench::{OrientationTable, RoleSet};

const OWN: &str = r#"
name = "Mixed"

[model]
folder = "ORGANISM/model"

[questionnaire]
file = "questions.csv"
train = 0.7
seed = 1

[roles]
train = "ORGANISM/roles_train.json"
test = "ORGANISM/roles_test.json"

[prompt.template]
file = "ORGANISM/template.txt"

[steering]
sae = "ORGANISM/sae"
features = [83, 109]
mode = "add"
dose = 12.0

[instructions]
ask = "own"

[judging]
max_new_tokens = 12
open = "unsure"

[analysis]
references = "ORGANISM/references.toml"

[analysis.figures]
reference = "guess"
self_generated = ["first_sight", "second_sight"]
hierarchy = "higher_order"
"#;

fn organism() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism")
}

/// The first roles of a file, as a file in `folder`.
fn few(file: &Path, n: usize, folder: &Path, name: &str) {
    let few = RoleSet::from_path(file).unwrap().split_at(n).0;
    few.write_json(folder.join(name)).unwrap();
}

/// Runs the study in `folder` to its end; again it makes the same.
fn finished(folder: &Path) -> String {
    let run = || {
        let output = Command::new(env!("CARGO_BIN_EXE_run_study"))
            .arg(folder.join("study.toml"))
            .arg("--out")
            .arg(folder.join("out"))
            .env("OMP_NUM_THREADS", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        fs::read(folder.join("out/results.json")).unwrap()
    };
    assert_eq!(run(), run());
    let found = fs::read_to_string(folder.join("out/study.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    assert!(found["answers"].as_u64() > Some(1000), "{found}");
    fs::read_to_string(folder.join("out/report.md")).unwrap()
}

fn values(folder: &Path, table: &str) -> Vec<String> {
    let table = OrientationTable::from_path(folder.join("out").join(table)).unwrap();
    table.values().to_vec()
}

#[test]
fn a_study_of_mixed_values_is_finished() {
    let (folder, organism) = (tempfile::tempdir().unwrap(), organism());
    let folder = folder.path();
    let text = OWN
        .replace("ORGANISM/roles_train", "train")
        .replace("ORGANISM/roles_test", "test")
        .replace("ORGANISM", organism.to_str().unwrap());
    fs::write(folder.join("study.toml"), text).unwrap();
    few(&organism.join("roles_train.json"), 12, folder, "train.json");
    few(&organism.join("roles_test.json"), 6, folder, "test.json");
    // Every seventh line in turn, and of some values fewer items.
    let csv = fs::read_to_string(organism.join("questionnaire.csv")).unwrap();
    let (header, items) = csv.split_once('\n').unwrap();
    let items: Vec<&str> = items.lines().collect();
    let mixed = (0..7).flat_map(|first| items.iter().skip(first).step_by(7));
    let mixed = mixed.enumerate().filter(|(place, _)| place % 11 != 3);
    let lines: Vec<&str> = mixed.map(|(_, line)| *line).collect();
    fs::write(
        folder.join("questions.csv"),
        format!("{header}\n{}\n", lines.join("\n")),
    )
    .unwrap();

    let report = finished(folder);
    assert!(report.contains("figure_3.svg"), "{report}");
    let train = values(folder, "train.csv");
    for table in ["test.csv", "test_raise.csv", "test_lower.csv"] {
        assert_eq!(values(folder, table), train, "{table}");
    }
}

/// The model was never taught these questions, so that some values hardly vary.
#[test]
fn a_study_on_valuebench_is_finished() {
    let folders = ["VALUEBENCH_DATA", "VALUE_CAUSAL_PLAYERS"].map(std::env::var_os);
    let [Some(valuebench), Some(players)] = folders.map(|folder| folder.map(PathBuf::from)) else {
        println!("skipped: VALUEBENCH_DATA and VALUE_CAUSAL_PLAYERS do not name two folders");
        return;
    };
    let (folder, organism) = (tempfile::tempdir().unwrap(), organism());
    let folder = folder.path();
    let definitions = valuebench.join("value_definitions.csv");
    let text = OWN
        .replace("ORGANISM/roles_train", "train")
        .replace("ORGANISM/roles_test", "test")
        .replace(
            "\"questions.csv\"",
            &format!("\"value_orientation.csv\"\ndefinitions = {definitions:?}\nat_least = 20"),
        )
        .replace(
            "[prompt.template]\nfile = \"ORGANISM/template.txt\"",
            "[prompt]\ntemplate = \"plain\"",
        )
        .replace("ORGANISM/references.toml", "references.toml")
        .replace("ORGANISM", organism.to_str().unwrap())
        .replace("\"guess\"", "\"gpt4o_schwartz\"")
        .replace(
            "[\"first_sight\", \"second_sight\"]",
            "[\"gemma_gen\", \"llama_gen\"]",
        )
        .replace("\"higher_order\"", "\"valuebench_hierarchy\"");
    fs::write(folder.join("study.toml"), text).unwrap();
    few(&players.join("players100.json"), 12, folder, "train.json");
    few(&players.join("players25.json"), 6, folder, "test.json");
    for (from, name) in [
        (
            valuebench.join("value_orientation.csv"),
            "value_orientation.csv",
        ),
        (
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/references.toml"),
            "references.toml",
        ),
    ] {
        fs::copy(from, folder.join(name)).unwrap();
    }

    let report = finished(folder);
    assert_eq!(values(folder, "train.csv").len(), 17);
    assert_eq!(values(folder, "train.csv"), values(folder, "test.csv"));
    assert!(report.contains("hardly vary"), "{report}");
    let found = fs::read_to_string(folder.join("out/results.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let edges = found["published_subset"]["pc_edges"].as_array().unwrap();
    let left_out = found["left_out"].as_array().unwrap();
    assert!(!left_out.is_empty() && !edges.is_empty(), "{found}");
    for left in left_out {
        let joined = |edge: &Value| edge[0] == left["value"] || edge[1] == left["value"];
        assert!(!edges.iter().any(joined), "{left} has an edge");
    }
}
