//! The program `pc`, run as its users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pc/finite")
}

fn pc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pc"))
        .args(arguments)
        .output()
        .expect("pc runs")
}

/// What it prints, if all went well.
fn printed(arguments: &[&str]) -> String {
    let output = pc(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What it complains of.
fn complaint(arguments: &[&str]) -> String {
    let output = pc(arguments);
    assert!(!output.status.success(), "{arguments:?} should fail");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&printed(&arguments)).expect("JSON")
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

/// `[a, b]` as `["Va", "Vb"]`, in one order.
fn named_pairs(pairs: &Value) -> Vec<(String, String)> {
    let pairs = pairs.as_array().expect("a list").iter();
    let mut named: Vec<_> = pairs
        .map(|pair| (format!("V{}", pair[0]), format!("V{}", pair[1])))
        .collect();
    named.sort();
    named
}

fn pairs(found: &Value) -> Vec<(String, String)> {
    let name = |end: &Value| end.as_str().expect("a name").to_owned();
    let pairs = found.as_array().expect("a list").iter();
    let mut pairs: Vec<_> = pairs.map(|pair| (name(&pair[0]), name(&pair[1]))).collect();
    pairs.sort();
    pairs
}

#[test]
fn the_preset_gives_what_causal_learn_gives() {
    let index = std::fs::read_to_string(fixtures().join("index.json")).expect("the index");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let mut n_runs = 0;
    for set in index.as_array().expect("a list") {
        let file = fixtures().join(set["file"].as_str().expect("a name"));
        let file = file.to_str().expect("UTF-8");
        for run in set["runs"].as_array().expect("a list") {
            let (test, alpha) = (
                run["test"].as_str().expect("a test"),
                run["alpha"].to_string(),
            );
            let found = json(&[
                file,
                "--test",
                test,
                "--alpha",
                &alpha,
                "--preset",
                "causal-learn",
            ]);
            for kind in ["directed", "undirected", "bidirected"] {
                assert_eq!(
                    pairs(&found[kind]),
                    named_pairs(&run[kind]),
                    "{file} {test} {alpha}"
                );
            }
            assert_eq!(
                found["n_tests"], run["n_distinct_tests"],
                "{file} {test} {alpha}"
            );
            let n_sets = run["sepsets"].as_array().map(Vec::len);
            assert_eq!(
                found["separating_sets"].as_array().map(Vec::len),
                n_sets,
                "{file} {test}"
            );
            n_runs += 1;
        }
    }
    assert!(n_runs >= 80, "{n_runs}");
}

#[test]
fn text_and_json_say_the_same() {
    let file = fixtures().join("cont_09.csv");
    let file = file.to_str().expect("UTF-8");
    let (text, json) = (printed(&[file]), json(&[file]));
    for (arrow, kind) in [
        (" -> ", "directed"),
        (" -- ", "undirected"),
        (" <-> ", "bidirected"),
    ] {
        let lines = text.lines().filter_map(|line| line.split_once(arrow));
        let mut lines: Vec<_> = lines.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        lines.sort();
        assert_eq!(lines, pairs(&json[kind]));
    }
    let seconds = text
        .lines()
        .find_map(|line| line.strip_prefix("time_s "))
        .expect("a time");
    assert!(seconds.parse::<f64>().expect("a number") > 0.0);
    assert!(json["time_s"].as_f64().expect("a number") > 0.0);
}

#[test]
fn every_test_and_every_rule_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = fixtures().join("disc_06.csv");
    let table = table.to_str().expect("UTF-8");
    let tests = [
        "fisherz",
        "spearman",
        "nonparanormal",
        "gsq",
        "chisq",
        "mixed",
    ];
    for test in tests {
        let rules = [
            "separating-set",
            "conservative",
            "majority",
            "max-p",
            "definite-max-p",
        ];
        for rule in rules {
            let one = printed(&[table, "--test", test, "--collider", rule]);
            let two = printed(&[table, "--test", test, "--collider", rule, "--threads", "2"]);
            let edges = |text: &str| {
                text.lines()
                    .take_while(|l| !l.starts_with("n_tests"))
                    .count()
            };
            assert_eq!(edges(&one), edges(&two), "{test} {rule}");
        }
        let resampled = json(&[table, "--test", test, "--bootstrap", "5", "--seed", "3"]);
        assert_eq!(resampled["bootstrap"]["n_resamples"], 5, "{test}");
    }
    let matrix = written(
        &folder,
        "corr.csv",
        "a,b,c\n1,0.5,0.4\n0.5,1,0.2\n0.4,0.2,1\n",
    );
    let found = json(&[&matrix, "--correlation-of", "500"]);
    assert_eq!(pairs(&found["undirected"]).len(), 2);
}

#[test]
fn knowledge_is_obeyed_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = fixtures().join("cont_09.csv");
    let table = table.to_str().expect("UTF-8");
    let known = written(
        &folder,
        "known.toml",
        "forbidden = [[\"V0\", \"V7\"], [\"V7\", \"V0\"]]\nrequired = [[\"V5\", \"V4\"]]\n",
    );
    let [dot, svg] = ["graph.dot", "graph.svg"].map(|name| folder.path().join(name));
    let [dot, svg] = [&dot, &svg].map(|path| path.to_str().expect("UTF-8"));
    let found = json(&[
        table,
        "--knowledge",
        &known,
        "--dot",
        dot,
        "--svg",
        svg,
        "--explain",
    ]);
    let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(pairs(&found["directed"]).contains(&edge("V5", "V4")));
    for kind in ["directed", "undirected", "bidirected"] {
        let pairs = pairs(&found[kind]);
        assert!(!pairs.contains(&edge("V0", "V7")) && !pairs.contains(&edge("V7", "V0")));
    }
    let arrows = found["explanation"]["arrows"].as_array().expect("a list");
    assert_eq!(
        arrows.len(),
        found["directed"].as_array().expect("a list").len()
    );
    assert!(
        std::fs::read_to_string(dot)
            .expect("a file")
            .starts_with("digraph")
    );
    assert!(
        std::fs::read_to_string(svg)
            .expect("a file")
            .starts_with("<svg")
    );
}

#[test]
fn everything_is_explained() {
    let file = fixtures().join("cont_09.csv");
    let file = file.to_str().expect("UTF-8");
    let arguments = [file, "--explain", "--collider", "separating-set"];
    let (text, json) = (printed(&arguments), json(&arguments));
    let removed = &json["explanation"]["removed_edges"];
    let separated = json["separating_sets"].as_array().expect("a list");
    for (removed, separated) in removed.as_array().expect("a list").iter().zip(separated) {
        assert_eq!(removed["pair"][0], separated[0]);
        assert_eq!(removed["pair"][1], separated[1]);
        assert_eq!(removed["sets"], separated[2]);
        assert!(removed["p_value"].as_f64().expect("a number") > 0.05);
        assert_eq!(
            removed["sets"][0].as_array().map(Vec::len),
            removed["depth"].as_u64().map(|d| d as usize)
        );
    }
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count(": no edge, independent given {"), separated.len());
    let arrows = json["explanation"]["arrows"].as_array().expect("a list");
    assert!(!arrows.is_empty());
    for arrow in arrows {
        let [from, to, reason] =
            ["from", "to", "reason"].map(|key| arrow[key].as_str().expect("text"));
        assert_eq!(count(&format!("{from} -> {to}: {reason}")), 1, "{arrow}");
    }
}

#[test]
fn complaints_name_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |text: &str| written(&folder, "table.csv", text);
    let word = complaint(&[&file("a,b\n1,2\n3,x\n")]);
    assert!(
        word.contains("table.csv: line 3, column \"b\": expected a number, found \"x\""),
        "{word}"
    );
    let missing = complaint(&[&file("a,b\n1,2\n3,\n")]);
    assert!(missing.contains("line 3, column \"b\""), "{missing}");
    let constant = complaint(&[&file("a,b\n1,2\n3,2\n2,2\n5,2\n4,2\n")]);
    assert!(
        constant.contains('b') && constant.contains("constant"),
        "{constant}"
    );
    let level = complaint(&[&file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n"), "--alpha", "1.5"]);
    assert!(level.contains("1.5"), "{level}");
    let known = written(&folder, "known.toml", "required = [[\"a\", \"z\"]]\n");
    let unknown = complaint(&[
        &file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n"),
        "--knowledge",
        &known,
    ]);
    assert!(
        unknown.contains("known.toml") && unknown.contains("\"z\""),
        "{unknown}"
    );
    let table = file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n");
    for (arguments, expected) in [
        (
            ["--test", "gsq", "--correlation-of", "100"].as_slice(),
            "--correlation-of does not go with --test gsq",
        ),
        (
            &["--categorical", "a"],
            "--categorical does not go with --test fisherz",
        ),
        (
            &["--test", "mixed", "--dof", "all-cells"],
            "--dof does not go with --test mixed",
        ),
        (&["--threads", "0"], "--threads"),
        (&["--cut", "2"], "between 0 and 1"),
    ] {
        let word = complaint(&[&[table.as_str()], arguments].concat());
        assert!(word.contains(expected), "{word}");
    }
    let absent = complaint(&["no such file.csv"]);
    assert!(absent.contains("no such file.csv"), "{absent}");
}

/// As after `| head`.
#[test]
fn a_closed_pipe_ends_a_program_quietly() {
    let table = fixtures().join("cont_09.csv");
    let dags = ["--graphs", "1", "--variables", "4"].map(Path::new);
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_synthetic_dags"), &dags[..]),
        (env!("CARGO_BIN_EXE_pc"), &[&*table]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        let ended = command.args(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(141), ""), "{program}");
    }
}
