//! The study of the organism, with fewer roles and features: what is planted is found again in its answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use study::file::{Features, StudyFile};
use value_causal::bench::RoleSet;

fn fixture() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/organism"
    ))
}

fn study() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../studies/organism.toml");
    fs::read_to_string(file).unwrap()
}

/// The features that the study steers are those that lie nearest to the planted directions.
#[test]
fn the_study_steers_what_stands_for_the_values() {
    let file: StudyFile = toml::from_str(&study()).unwrap();
    let Some(Features::List(steered)) = file.steering.map(|steering| steering.features) else {
        panic!("expected a list of features");
    };
    let text = fs::read_to_string(fixture().join("directions.json")).unwrap();
    let directions: Value = serde_json::from_str(&text).unwrap();
    let values = directions["values"].as_array().unwrap();
    let nearest = |which: &'static str| values.iter().map(move |value| &value[which]["feature"]);
    let nearest: Vec<u64> = nearest("inclined")
        .chain(nearest("disinclined"))
        .map(|feature| feature.as_u64().unwrap())
        .collect();
    assert_eq!(steered, nearest);
}

#[test]
fn the_study_finds_what_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, n) in [("roles_train.json", 20), ("roles_test.json", 1)] {
        let roles = RoleSet::from_path(fixture().join(name)).unwrap();
        let few = roles.split_at(n).0;
        few.write_json(folder.path().join(name)).unwrap();
    }
    let mut text = study();
    let beside = |name: &str| fixture().join(name).to_str().unwrap().to_owned();
    for name in [
        "model",
        "sae",
        "questionnaire.csv",
        "definitions.csv",
        "template.txt",
        "references.toml",
        "truth.json",
    ] {
        let (short, whole) = (format!("\"{name}\""), format!("{:?}", beside(name)));
        assert_eq!(text.matches(&short).count(), 1, "{name}");
        text = text.replace(&short, &whole);
    }
    let all = text.find("features = [").unwrap();
    let end = all + text[all..].find(']').unwrap() + 1;
    let listed: Vec<&str> = text[all..end].split(['[', ',']).skip(1).take(2).collect();
    let few = format!("features = [{}]", listed.join(","));
    text.replace_range(all..end, &few);
    for (from, to) in [("train = 1.0", "train = 0.5"), ("roles = 10", "roles = 2")] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let file = folder.path().join("study.toml");
    fs::write(&file, text).unwrap();
    let out = folder.path().join("out");
    let run = Command::new(env!("CARGO_BIN_EXE_run_study"))
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");

    let found = fs::read_to_string(out.join("study.json")).unwrap();
    let mut found: BTreeMap<String, Value> = serde_json::from_str(&found).unwrap();
    let orientations = found.remove("orientations").unwrap();
    let mut agreement = Vec::new();
    for (value, orientation) in orientations.as_object().unwrap() {
        let items = |kind: &str| orientation[kind]["items"].as_u64().unwrap();
        assert_eq!(items("plain") + items("reversed"), items("all"), "{value}");
        let reliability = orientation["all"]["reliability"].as_f64();
        assert!(reliability.is_some_and(|r| r < 1.0), "{orientation}");
        agreement.extend(orientation["plain_with_reversed"].as_f64());
    }
    // It answers by its values, whichever way an item is keyed.
    let agreement = agreement.iter().sum::<f64>() / agreement.len() as f64;
    assert!(agreement > 0.3, "{orientations}");
    // A study this small may well not tell; that it says which is enough.
    let (verdict, sentence) = (found.remove("verdict"), found.remove("verdict_sentence"));
    let words = ["graph", "no_graph", "cannot_tell"];
    assert!(verdict.is_some_and(|verdict| words.iter().any(|word| verdict == *word)));
    let sentence = sentence.unwrap();
    let number = |key: &str| found[key].as_f64().unwrap();
    let keys: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = [
        "answers",
        "answers_per_second",
        "arrowhead_f1",
        "discovered_expected",
        "discovered_unexpected",
        "obedience",
        "planted_expected",
        "planted_unexpected",
        "shd",
        "skeleton_f1",
    ];
    assert_eq!(keys, expected);
    assert!(number("obedience") >= 0.95, "{found:?}");
    assert!(number("planted_expected") >= 0.8, "{found:?}");
    assert!(number("planted_unexpected") <= 0.15, "{found:?}");
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains(sentence.as_str().unwrap()), "{report}");
    for section in [
        "## The study",
        "## Found and planted",
        "| planted |",
        "So has table 1 here, and table 4 is left out.",
    ] {
        assert!(report.contains(section), "{section}: {report}");
    }
    let said = String::from_utf8(run.stdout).unwrap();
    let pictures = said.lines().filter(|line| line.ends_with(".png"));
    let there = pictures.filter(|line| Path::new(line).is_file());
    assert_eq!(there.count(), 8, "{said}");
}
