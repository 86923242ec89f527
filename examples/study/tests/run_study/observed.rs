//! Studies without steering or without instructions: the verdict, and the graph that rows alone tell.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use value_causal::bench::{OrientationTable, RoleSet, Setting};
use value_causal::discovery::ci::{FisherZ, FisherZOptions};
use value_causal::discovery::{Alpha, PcOptions, pc};

/// With answers that are written and read off, or only written.
const STUDY: &str = r#"
name = "Rows alone"

[model]
folder = "ORGANISM/model"

[questionnaire]
file = "ORGANISM/questionnaire.csv"
values = ["Power", "Security", "Courage", "Tradition"]
undivided = true

[roles]
train = "train.json"
test = "ORGANISM/roles_test.json"

[prompt.template]
file = "ORGANISM/template.txt"

[sampling]
train = 1.0
"#;

const STEERING: &str = r#"
[steering]
sae = "ORGANISM/sae"
features = [83, 109]
mode = "add"
dose = 12.0
"#;

const ANALYSIS: &str = r#"
[analysis]
test = "fisher-z"
references = "references.toml"
PUBLISHED

[analysis.figures]
reference = "none"
self_generated = ["none", "none"]
hierarchy = "none"
"#;

const NO_GRAPH: &str =
    "[[reference]]\nkey = \"none\"\ntitle = \"None\"\nshort = \"none\"\nedges = []\n";

/// Runs the study of a text in `folder` to its end, and gives its report and `study.json`.
fn finished(folder: &Path, text: &str) -> (String, Value) {
    let organism = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism");
    let text = text.replace("ORGANISM", organism.to_str().unwrap());
    fs::write(folder.join("study.toml"), text).unwrap();
    fs::write(folder.join("references.toml"), NO_GRAPH).unwrap();
    let roles = RoleSet::from_path(organism.join("roles_train.json")).unwrap();
    roles
        .split_at(40)
        .0
        .write_json(folder.join("train.json"))
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_run_study"))
        .arg(folder.join("study.toml"))
        .arg("--out")
        .arg(folder.join("out"))
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("a verdict and a graph are made of the rows"),
        "{told}"
    );
    let read = |name: &str| fs::read_to_string(folder.join("out").join(name)).unwrap();
    (
        read("report.md"),
        serde_json::from_str(&read("study.json")).unwrap(),
    )
}

/// That the report opens with the verdict, and tells the graph that PC finds in these training rows and no other.
fn assert_tells(folder: &Path, report: &str, found: &Value, rows: impl Fn(&Setting) -> bool) {
    let sentence = found["verdict_sentence"].as_str().unwrap();
    assert!(["graph", "no_graph", "cannot_tell"].contains(&found["verdict"].as_str().unwrap()));
    assert!(report.contains(sentence), "{sentence}: {report}");
    let out = folder.join("out");
    let train = OrientationTable::from_path(out.join("train.csv")).unwrap();
    let rows = train.select(rows);
    let options = FisherZOptions::like_causal_learn().names(rows.values());
    let test = FisherZ::with_options(rows.matrix(), options).unwrap();
    let graph = pc(
        &test,
        &PcOptions::like_causal_learn(Alpha::new(0.05).unwrap()),
    )
    .unwrap()
    .graph;
    let edges = format!("PC finds {} edges at level 0.05", graph.n_edges());
    assert!(
        graph.n_edges() > 0 && report.contains(&edges),
        "{edges}: {report}"
    );
    let picture = fs::read_to_string(out.join("graph.svg")).unwrap();
    assert!(
        train
            .values()
            .iter()
            .all(|value| picture.contains(value.as_str()))
    );
    assert!(
        fs::read(out.join("graph.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    assert!(!out.join("results.json").exists() && !out.join("figure_3.svg").exists());
}

#[test]
fn a_study_without_steering_has_its_verdict_and_graph_and_what_its_answers_tell() {
    let folder = tempfile::tempdir().unwrap();
    let judging = r#"
[instructions]
ask = "own"

[judging]
mode = "both"
written_roles = 10
max_new_tokens = 24
open = "unsure"
centre = "items"

[judging.likelihood]
yes = [" yes"]
no = [" no"]
after = " I do.\nAnswer:"
"#;
    let text = [STUDY, judging, &ANALYSIS.replace("PUBLISHED", "")].concat();
    let (report, found) = finished(folder.path(), &text);
    assert_tells(folder.path(), &report, &found, |_| true);
    for section in ["## Written and read off\n\n10 roles", "## Raw and centred"] {
        assert!(report.contains(section), "{section}: {report}");
    }
    for table in ["test_raise.csv", "test_lower.csv", "train_centred.csv"] {
        assert!(folder.path().join("out").join(table).exists(), "{table}");
    }
    // Undivided: training and test roles are asked the same.
    let [train, test] = ["train", "test"].map(|part| {
        let items = fs::read_to_string(folder.path().join("out/items.csv")).unwrap();
        let of_part = items.lines().filter(|line| line.starts_with(part));
        of_part
            .map(|line| line.split(',').nth(3).unwrap().to_owned())
            .collect::<Vec<_>>()
    });
    assert!(train == test && !train.is_empty());
}

#[test]
fn a_study_without_instructions_has_its_verdict_and_the_graph_of_its_published_rows() {
    let folder = tempfile::tempdir().unwrap();
    let judging = "[judging]\nmax_new_tokens = 24\nopen = \"unsure\"\n";
    let analysis = ANALYSIS.replace("PUBLISHED", "published = [109]");
    let text = [STUDY, STEERING, judging, &analysis].concat();
    let (report, found) = finished(folder.path(), &text);
    assert_tells(folder.path(), &report, &found, |row| {
        row.feature() != Some(83)
    });
    assert!(!folder.path().join("out/test_raise.csv").exists());
}
