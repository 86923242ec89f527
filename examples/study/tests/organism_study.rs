//! The study of the organism, whose values have a planted graph: what it finds in live answers must
//! be what is planted.

#[path = "../../reproduce/tests/written/mod.rs"]
mod written;

use serde_json::{Map, Value};
use std::fs;
use std::process::Command;

/// The keys of `study.json` that hold a number, all of them and no other, each with the least and the most that it may be.
const KEYS: [(&str, f64, f64); 10] = [
    ("skeleton_f1", 0.9, f64::INFINITY),
    ("arrowhead_f1", 0.8, f64::INFINITY),
    ("shd", 0.0, f64::INFINITY),
    ("answers", 1.0, f64::INFINITY),
    ("answers_per_second", f64::MIN_POSITIVE, f64::INFINITY),
    ("planted_expected", 0.8, f64::INFINITY),
    ("planted_unexpected", 0.0, 0.15),
    ("discovered_expected", 0.0, f64::INFINITY),
    ("discovered_unexpected", 0.0, f64::INFINITY),
    ("obedience", 0.95, f64::INFINITY),
];

/// The keys of `study.json` whose members are words.
const WORDS: [&str; 2] = ["verdict", "verdict_sentence"];

/// By how much a rate with the graph that was found may differ from that with the planted one.
const DISCOVERED_WITHIN: f64 = 0.1;
/// A random graph of the planted one's shape may predict at most this share of what the planted one
/// does.
const RANDOM_SHARE: f64 = 0.5;

#[test]
#[ignore = "minutes: cargo xtask test --only study"]
fn the_study_finds_what_is_planted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("study");
    let mut study = Command::new(env!("CARGO_BIN_EXE_run_study"));
    study.args([
        "examples/studies/organism.toml",
        "--data",
        "fixtures/organism",
    ]);
    // The network is so small that a second thread gains next to nothing.
    let (said, written) = written::run(study.env("OMP_NUM_THREADS", "1"), &out);
    for name in [
        "results.json",
        "report.md",
        "figure_3.svg",
        "figure_7.png",
        "table_1.csv",
    ] {
        assert!(written.contains(name), "{name} was not written");
    }
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("it was written");
    let (study, run) = (read("study.json"), read("run.json"));
    let mut problems = of_study(&study, &run);
    for (part, table) in [("train", "train.csv"), ("test", "test.csv")] {
        let n_rows = read(table).lines().count() - 1;
        let planned = planned(&said, part).map(|(settings, _)| settings);
        if planned != Some(n_rows) {
            problems.push(format!(
                "{table}: planned {planned:?} settings, found {n_rows} rows"
            ));
        }
    }
    let n_answers = number(&members(&study), "answers");
    let planned = planned(&said, "in all").map(|(_, answers)| answers as f64);
    if planned != n_answers {
        problems.push(format!("planned {planned:?} answers, found {n_answers:?}"));
    }
    assert_eq!(problems, [""; 0]);
}

/// What is wrong with `study.json` and `run.json`.
fn of_study(study: &str, run: &str) -> Vec<String> {
    let (found, chance) = (members(study), members(run));
    let mut problems = Vec::new();
    let mut demand = |members: &Map<String, Value>, key: &str, least: f64, most: f64| {
        if number(members, key).is_none_or(|n| !(least..=most).contains(&n)) {
            let found = members
                .get(key)
                .map_or("nothing".to_owned(), Value::to_string);
            problems.push(format!("{key}: expected {least} to {most}, found {found}"));
        }
    };
    for (key, least, most) in KEYS {
        demand(&found, key, least, most);
    }
    let orientations = found.get("orientations").and_then(Value::as_object);
    let orientations = orientations.into_iter().flat_map(Map::values);
    let of_all = orientations.filter_map(|orientation| orientation["all"].as_object());
    let n_values = of_all
        .inspect(|all| demand(all, "reliability", 0.3, 1.0))
        .count();
    let planted = |key: &str| number(&found, key).unwrap_or(f64::NAN);
    for side in ["expected", "unexpected"] {
        let planted = planted(&format!("planted_{side}"));
        let (least, most) = (planted - DISCOVERED_WITHIN, planted + DISCOVERED_WITHIN);
        demand(&found, &format!("discovered_{side}"), least, most);
    }
    let most = RANDOM_SHARE * planted("planted_expected");
    demand(&chance, "relabelled_expected", 0.0, most);
    let least = planted("planted_unexpected").next_up();
    demand(&chance, "relabelled_unexpected", least, f64::INFINITY);
    if n_values == 0 {
        problems.push("orientations: expected one for each value, found none".to_owned());
    }
    let verdict = found.get("verdict");
    if verdict.is_none_or(|verdict| verdict != "graph") {
        problems.push(format!(
            "verdict: expected that a graph can be seen, found {verdict:?}"
        ));
    }
    let unknown = found
        .iter()
        .filter(|(_, value)| !value.is_object())
        .map(|(key, _)| key)
        .filter(|key| {
            !WORDS.contains(&key.as_str()) && KEYS.iter().all(|(known, ..)| known != key)
        });
    problems.extend(unknown.map(|key| format!("{key}: there is no such key")));
    problems
}

/// Settings and answers in the plan's line of that name: `  test  41 settings, 5904 answers`.
fn planned(said: &str, name: &str) -> Option<(usize, usize)> {
    let mut lines = said.lines();
    let numbers = lines.find_map(|line| line.strip_prefix("  ")?.strip_prefix(name))?;
    let (settings, answers) = numbers.split_once(" settings, ")?;
    let answers = answers.strip_suffix(" answers")?;
    Some((settings.trim().parse().ok()?, answers.parse().ok()?))
}

/// Nothing where the text is no JSON object: then every key is missing.
fn members(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

fn number(members: &Map<String, Value>, key: &str) -> Option<f64> {
    members.get(key)?.as_f64()
}

#[test]
fn each_number_beyond_its_limit_is_told() {
    const STUDY: &str = r#"{"skeleton_f1": 1.0, "arrowhead_f1": 0.8, "shd": 0, "answers": 30,
        "answers_per_second": 9.5, "planted_expected": 0.95, "planted_unexpected": 0.01,
        "discovered_expected": 0.9, "discovered_unexpected": 0.1, "obedience": 0.99, "verdict": "graph",
        "orientations": {"Power": {"all": {"reliability": 0.75}}}}"#;
    const RUN: &str = r#"{"relabelled_expected": 0.14, "relabelled_unexpected": 0.13}"#;
    assert_eq!(of_study(STUDY, RUN), [""; 0]);
    for (from, to, key) in [
        (
            "\"skeleton_f1\": 1.0",
            "\"skeleton_f1\": 0.89",
            "skeleton_f1",
        ),
        (
            "\"arrowhead_f1\": 0.8",
            "\"arrowhead_f1\": null",
            "arrowhead_f1",
        ),
        (
            "\"obedience\": 0.99",
            "\"obedience\": \"0.99\"",
            "obedience",
        ),
        ("\"shd\": 0, ", "", "shd"),
        (
            "\"planted_unexpected\": 0.01",
            "\"planted_unexpected\": 0.16",
            "planted_unexpected",
        ),
        (
            "\"planted_expected\": 0.95",
            "\"planted_expected\": 0.79",
            "planted_expected",
        ),
        (
            "\"discovered_expected\": 0.9",
            "\"discovered_expected\": 0.8",
            "discovered_expected",
        ),
        (
            "\"discovered_unexpected\": 0.1",
            "\"discovered_unexpected\": 0.12",
            "discovered_unexpected",
        ),
        ("\"shd\": 0", "\"shd\": 0, \"sdh\": 1", "sdh"),
        ("\"graph\"", "\"no_graph\"", "verdict"),
        ("0.75", "0.25", "reliability"),
        ("\"all\"", "\"plain\"", "orientations"),
    ] {
        assert!(STUDY.contains(from));
        let problems = of_study(&STUDY.replace(from, to), RUN);
        assert!(
            problems.iter().any(|problem| problem.starts_with(key)),
            "{problems:?}"
        );
    }
    for (from, to) in [("0.14", "0.5"), ("0.13", "0.01"), ("0.14", "null")] {
        assert_eq!(
            of_study(STUDY, &RUN.replace(from, to)).len(),
            1,
            "{from} to {to}"
        );
    }
    assert!(of_study("[]", RUN).len() >= KEYS.len());
    let said = "  train         2 settings, 20 answers\n  in all        6 settings, 30 answers\n";
    assert_eq!(planned(said, "in all"), Some((6, 30)));
    assert_eq!(
        (planned(said, "train"), planned(said, "test")),
        (Some((2, 20)), None)
    );
}
