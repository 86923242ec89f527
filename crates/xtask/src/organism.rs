//! The study of the organism, whose values have a planted graph: what it finds in live answers must be what is planted.

use crate::command::Failure;
use crate::{examples, reproduce};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// What a number of the study must be.
#[derive(Clone, Copy)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}
use Limit::{AtLeast, AtMost};

/// The keys of `study.json`, all of them and no other, each with what its number must be.
const KEYS: [(&str, Limit); 10] = [
    ("skeleton_f1", AtLeast(0.9)),
    ("arrowhead_f1", AtLeast(0.8)),
    ("shd", AtLeast(0.0)),
    ("answers", AtLeast(1.0)),
    ("answers_per_second", AtLeast(f64::MIN_POSITIVE)),
    ("planted_expected", AtLeast(0.8)),
    ("planted_unexpected", AtMost(0.15)),
    ("discovered_expected", AtLeast(0.0)),
    ("discovered_unexpected", AtLeast(0.0)),
    ("obedience", AtLeast(0.95)),
];

/// By how much a rate with the graph that was found may differ from that with the planted one.
const DISCOVERED_WITHIN: f64 = 0.1;
/// A random graph of the planted one's shape may foretell at most this share of what the planted one does.
const RANDOM_SHARE: f64 = 0.5;

/// Tables with a row for each setting of the part of that name.
const TABLES: [(&str, &str); 2] = [("train", "train.csv"), ("test", "test.csv")];

/// Runs the study as `cargo xtask reproduce` does and compares what it writes with what is planted.
///
/// Returns every failure: the program fails, a file is missing or not whole, a number is not what it must be.
pub fn check(root: &Path) -> Vec<Failure> {
    let mut failures = Vec::new();
    match tempfile::tempdir() {
        Ok(folder) => check_in(root, &folder.path().join("study"), &mut failures),
        Err(error) => failures.push(Failure::told(format!("no temporary folder: {error}"))),
    }
    failures
}

fn check_in(root: &Path, out: &Path, failures: &mut Vec<Failure>) {
    let cmd = reproduce::of_organism(root).dir(root);
    let (said, written) = examples::said_and_written(cmd, "run_study", out, failures);
    if written.is_empty() {
        return; // Told already.
    }
    failures.extend(examples::missing(&written));
    let mut read = |name: &str| {
        let read = fs::read_to_string(out.join(name));
        read.map_err(|error| failures.push(Failure::told(format!("{name}: {error}"))))
            .unwrap_or_default()
    };
    let (study, run) = (read("study.json"), read("run.json"));
    let tables = TABLES.map(|(part, name)| (part, name, read(name)));
    let mut problems = of_study(&study, &run);
    problems.extend(of_plan(&said, &study, &tables));
    failures.extend(problems.into_iter().map(Failure::told));
}

/// What is wrong with `study.json` and `run.json`.
fn of_study(study: &str, run: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let found = members(study);
    for (key, limit) in KEYS {
        let (is_kept, expected) = match limit {
            AtLeast(least) => (
                number(&found, key).is_some_and(|n| n >= least),
                format!("at least {least}"),
            ),
            AtMost(most) => (
                number(&found, key).is_some_and(|n| n <= most),
                format!("at most {most}"),
            ),
        };
        if !is_kept {
            problems.push(told("study.json", key, &expected, &found));
        }
    }
    for key in found.keys() {
        if !KEYS.iter().any(|(known, _)| known == key) {
            problems.push(told("study.json", key, "no such key", &found));
        }
    }
    for side in ["expected", "unexpected"] {
        let (key, planted) = (format!("discovered_{side}"), format!("planted_{side}"));
        if let (Some(discovered), Some(planted)) = (number(&found, &key), number(&found, &planted))
            && (discovered - planted).abs() > DISCOVERED_WITHIN
        {
            let expected = format!("{planted}, give or take {DISCOVERED_WITHIN}");
            problems.push(told("study.json", &key, &expected, &found));
        }
    }
    let chance = members(run);
    if let Some(planted) = number(&found, "planted_expected") {
        let (key, most) = ("relabelled_expected", RANDOM_SHARE * planted);
        if number(&chance, key).is_none_or(|n| n > most) {
            problems.push(told("run.json", key, &format!("at most {most}"), &chance));
        }
    }
    if let Some(planted) = number(&found, "planted_unexpected") {
        let key = "relabelled_unexpected";
        if number(&chance, key).is_none_or(|n| n <= planted) {
            let expected = format!("more than {planted}");
            problems.push(told("run.json", key, &expected, &chance));
        }
    }
    problems
}

/// What was written and differs from what the program said beforehand that it would do.
fn of_plan(said: &str, study: &str, tables: &[(&str, &str, String)]) -> Vec<String> {
    let mut problems = Vec::new();
    let found = members(study);
    match planned(said, "in all") {
        Some((_, answers)) if number(&found, "answers") == Some(answers as f64) => {}
        Some((_, answers)) => {
            let expected = format!("{answers}, as planned");
            problems.push(told("study.json", "answers", &expected, &found));
        }
        None => problems.push("run_study did not say how many answers it plans".to_owned()),
    }
    for (part, name, table) in tables {
        let rows = table.lines().count().saturating_sub(1);
        match planned(said, part) {
            Some((settings, _)) if settings == rows => {}
            Some((settings, _)) => problems.push(format!(
                "{name}: expected {settings} rows, one for each setting planned, found {rows}"
            )),
            None => problems.push(format!(
                "run_study did not say how many settings of {part} it plans"
            )),
        }
    }
    problems
}

/// Settings and answers in the plan's line of that name: `  test  41 settings, 5904 answers`.
fn planned(said: &str, name: &str) -> Option<(usize, usize)> {
    let numbers = said
        .lines()
        .find_map(|line| line.strip_prefix("  ")?.strip_prefix(name))?;
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

fn told(file: &str, key: &str, expected: &str, members: &Map<String, Value>) -> String {
    let found = members
        .get(key)
        .map_or("nothing".to_owned(), Value::to_string);
    format!("{file}: {key}: expected {expected}, found {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = r#"{"skeleton_f1": 1.0, "arrowhead_f1": 0.8, "shd": 0, "answers": 30,
        "answers_per_second": 9.5, "planted_expected": 0.95, "planted_unexpected": 0.01,
        "discovered_expected": 0.9, "discovered_unexpected": 0.1, "obedience": 0.99}"#;
    const RUN: &str = r#"{"relabelled_expected": 0.14, "relabelled_unexpected": 0.13}"#;
    const SAID: &str = "Organism: model on cpu\n  values        12 (Power, Security)\n  train         2 settings, 20 answers\n  \
         test          1 settings, 5 answers\n  instructed    3 settings, 5 answers\n  in all        6 settings, 30 answers\n";

    fn study(from: &str, to: &str) -> Vec<String> {
        assert!(STUDY.contains(from));
        of_study(&STUDY.replace(from, to), RUN)
    }

    #[test]
    fn a_study_that_finds_what_is_planted_passes() {
        assert_eq!(of_study(STUDY, RUN), [""; 0]);
    }

    #[test]
    fn each_number_beyond_its_limit_is_told() {
        for (from, to, expected) in [
            (
                "\"skeleton_f1\": 1.0",
                "\"skeleton_f1\": 0.89",
                "skeleton_f1: expected at least 0.9, found 0.89",
            ),
            (
                "\"arrowhead_f1\": 0.8",
                "\"arrowhead_f1\": null",
                "arrowhead_f1: expected at least 0.8, found null",
            ),
            (
                "\"obedience\": 0.99",
                "\"obedience\": 0.94",
                "obedience: expected at least 0.95, found 0.94",
            ),
            (
                "\"shd\": 0, ",
                "",
                "shd: expected at least 0, found nothing",
            ),
            (
                "\"planted_unexpected\": 0.01",
                "\"planted_unexpected\": 0.16",
                "planted_unexpected: expected at most 0.15, found 0.16",
            ),
            (
                "\"discovered_expected\": 0.9",
                "\"discovered_expected\": 0.8",
                "discovered_expected: expected 0.95, give or take 0.1, found 0.8",
            ),
            (
                "\"discovered_unexpected\": 0.1",
                "\"discovered_unexpected\": 0.12",
                "discovered_unexpected: expected 0.01, give or take 0.1, found 0.12",
            ),
            (
                "\"shd\": 0",
                "\"shd\": 0, \"sdh\": 1",
                "sdh: expected no such key, found 1",
            ),
        ] {
            let problems = study(from, to);
            assert!(
                problems.contains(&format!("study.json: {expected}")),
                "{problems:?}"
            );
        }
        let low = study("\"planted_expected\": 0.95", "\"planted_expected\": 0.79");
        assert_eq!(
            low[0],
            "study.json: planted_expected: expected at least 0.8, found 0.79"
        );
        assert_eq!(
            study("0.95", "\"0.95\""),
            ["study.json: planted_expected: expected at least 0.8, found \"0.95\""]
        );
    }

    #[test]
    fn what_is_no_study_lacks_every_key() {
        assert_eq!(of_study("[]", RUN).len(), KEYS.len());
        assert_eq!(of_study("", RUN).len(), KEYS.len());
    }

    #[test]
    fn a_random_graph_must_do_worse() {
        for (from, to, expected) in [
            (
                "0.14",
                "0.5",
                "relabelled_expected: expected at most 0.475, found 0.5",
            ),
            (
                "0.13",
                "0.01",
                "relabelled_unexpected: expected more than 0.01, found 0.01",
            ),
            (
                "0.14",
                "null",
                "relabelled_expected: expected at most 0.475, found null",
            ),
        ] {
            let problems = of_study(STUDY, &RUN.replace(from, to));
            assert_eq!(problems, [format!("run.json: {expected}")]);
        }
    }

    #[test]
    fn answers_and_rows_are_as_many_as_planned() {
        let tables = |test: &str| {
            [
                ("train", "train.csv", "head\na\nb\n".to_owned()),
                ("test", "test.csv", test.to_owned()),
            ]
        };
        assert_eq!(of_plan(SAID, STUDY, &tables("head\na\n")), [""; 0]);
        assert_eq!(
            of_plan(SAID, &STUDY.replace("30", "29"), &tables("head\n")),
            [
                "study.json: answers: expected 30, as planned, found 29",
                "test.csv: expected 1 rows, one for each setting planned, found 0"
            ]
        );
        assert_eq!(of_plan("", STUDY, &tables("head\na\n")).len(), 3);
    }
}
