use std::fs;
use std::path::Path;

use couple::ObjectiveFile;
use serde_json::Value;
use value_causal::bench::Questionnaire;

use crate::planted::{Allowed, Planted};
use crate::{Case, STUDY, fixture};

/// The objectives of the example, of which only these names are kept.
fn objectives(names: &[&str]) -> String {
    let text = fs::read_to_string(example()).unwrap();
    let text = text.replace("\"organism.toml\"", "\"study.toml\"");
    let (before, all) = text.split_once("[[objective]]").unwrap();
    let kept = all
        .split("[[objective]]")
        .filter(|one| names.iter().any(|name| one.contains(&format!("{name:?}"))));
    let kept: Vec<&str> = kept.collect();
    assert_eq!(kept.len(), names.len());
    format!("{before}[[objective]]{}", kept.join("[[objective]]"))
}

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../studies/organism_objectives.toml")
}

/// What is wrong with `couple.json`, held against the planted truth on the items that were asked: verdicts, and whether the
/// deviation is at most half of that by instruction alone, over the objectives of each of `means`.
fn problems(
    found: &Value,
    file: &ObjectiveFile,
    items: &Questionnaire,
    means: &[&str],
) -> Vec<String> {
    let planted = Planted::read();
    let roles: Vec<&str> = file
        .roles
        .iter()
        .flat_map(|roles| roles.names.iter().map(String::as_str))
        .collect();
    let outcomes = found["objectives"].as_array().unwrap();
    assert_eq!(outcomes.len(), file.objectives.len());
    let mut problems = Vec::new();
    for (wanted, outcome) in file.objectives.iter().zip(outcomes) {
        let expected = match planted.allows(wanted, items, &roles) {
            Allowed::ByOne => "met",
            Allowed::ByTwo => panic!(
                "{}: whether two at once can be had is not planted",
                wanted.name
            ),
            Allowed::No => "none",
        };
        let verdict = outcome["verdict"].as_str().unwrap();
        let is_met = outcome["plan"]["held"]["met"].as_bool().unwrap();
        if verdict != expected || is_met != (verdict == "met") {
            problems.push(format!(
                "{}: expected {expected}, found {verdict} ({outcome})",
                wanted.name
            ));
        }
    }
    for over in means {
        let mean = |key: &str| found[*over][key].as_f64().unwrap();
        let (after, instructed) = (mean("after"), mean("by_instruction"));
        if after > 0.5 * instructed {
            problems.push(format!(
                "{over}: expected at most half of {instructed}, found {after}"
            ));
        }
    }
    problems
}

fn training_items(share: f64) -> Questionnaire {
    let all = Questionnaire::from_path(fixture("questionnaire.csv")).unwrap();
    all.split(share, 1).unwrap().train
}

#[test]
fn plans_meet_what_the_planted_truth_allows_and_a_run_goes_on_where_it_was() {
    let names = [
        "Busy and orderly",
        "Humble without power",
        "Courage at home",
    ];
    let text = objectives(&names)
        .replace("names = [\"Maria Almeida\", \"Elena Hughes\", \"Jakob Garcia\"]", "names = [\"Maria Almeida\"]")
        .replace("[instructions]\n", "[instructions]\nvalues = [\"Achievement\", \"Conformity\", \"Courage\", \"Humility\", \"Power\"]\n")
        .replace("[steers]\n", "[steers]\nvalues = [\"Achievement\", \"Humility\", \"Power\"]\n");
    let case = Case::new(&text, STUDY);
    let items = training_items(0.34);
    let table = case.path("train.csv");
    Planted::read().table(&items).write_csv(&table).unwrap();
    let table = ["--table", table.to_str().unwrap()];
    let said = case.finish(&table);
    let file = ObjectiveFile::parse(&text).unwrap();
    let found = case.found();
    assert_eq!(problems(&found, &file, &items, &["mean_of_met"]), [""; 0]);
    // The fitted model knows that the second takes two, and that nothing is enough for the third.
    let set = found["objectives"][1]["proposal"]["set"]
        .as_array()
        .unwrap();
    let set: Vec<&str> = set
        .iter()
        .map(|set| set["value"].as_str().unwrap())
        .collect();
    assert_eq!(set, ["Humility", "Power"]);
    assert!(found["objectives"][2]["proposal"].is_null());
    assert!(said.contains("Courage at home: none; "), "{said}");
    let report = fs::read_to_string(case.path("out/couple.md")).unwrap();
    for words in [
        "| Courage at home | none | none |",
        "## Busy and orderly",
        "| wanted |",
        "by instruction",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    for picture in ["couple.svg", "couple.png", "objective_3.svg"] {
        assert!(case.path("out").join(picture).is_file(), "{picture}");
    }

    // Nothing is asked again, and all is the same.
    let again = case.finish(&table);
    let all_there = again
        .lines()
        .filter(|line| line.contains(" answer"))
        .all(|line| line.contains("of them there already"));
    assert!(all_there, "{again}");
    assert_eq!(case.found(), found);
    // Another target needs no new measurement of single levers.
    let other = text.replace(
        "values.Conformity = { target = 1.0",
        "values.Conformity = { target = 0.9",
    );
    assert_ne!(other, text);
    fs::write(case.path("objectives.toml"), other).unwrap();
    let changed = case.finish(&table);
    assert!(
        changed
            .lines()
            .next()
            .unwrap()
            .contains("of them there already"),
        "{changed}"
    );
}

#[test]
fn what_cannot_be_done_to_this_model_is_refused_before_it_is_asked() {
    let unsteered = {
        let (before, after) = STUDY.split_once("[steering]").unwrap();
        format!(
            "{before}[judging]{}",
            after.split_once("[judging]").unwrap().1
        )
    };
    let text = objectives(&["Power alone"]);
    for (study, from, to, expected) in [
        (
            unsteered.as_str(),
            "",
            "",
            "objectives.toml: features: expected a study with [steering], found none",
        ),
        (
            STUDY,
            "\"Elena Hughes\"",
            "\"Elena\"",
            "objectives.toml: roles.names: expected a role of the study, found \"Elena\"",
        ),
        (
            STUDY,
            "values.Power",
            "values.Pwoer",
            "objective \"Power alone\": expected values of the study (Achievement",
        ),
        (
            STUDY,
            "others =",
            "role = \"Ann\"\nothers =",
            "objective \"Power alone\": role: expected a role of the study, found \"Ann\"",
        ),
        (
            STUDY,
            "[steers]",
            "[prices]\n\"inclined: Pwoer\" = 1.0\n[steers]",
            "prices: expected the name of something that may be done, such as \"as Maria Almeida\", found \"inclined: Pwoer\"",
        ),
        (
            STUDY,
            "[steers]",
            "[steers]\nvalues = [\"Joy\"]",
            "steers.values: expected values of the study (Achievement",
        ),
        (
            STUDY,
            "[instructions]",
            "[instructions]\nvalues = [\"Joy\"]",
            "instructions.values: expected values of the study (Achievement",
        ),
        (STUDY, "[features]", "[features]\nnumbers = [4000]", "4000"),
        (
            STUDY,
            "\"study.toml\"",
            "\"nothing.toml\"",
            "nothing.toml: ",
        ),
        (STUDY, "most = 2", "most = 9", "possibilities"),
    ] {
        assert!(text.contains(from), "{from}");
        let case = Case::new(&text.replacen(from, to, 1), study);
        let output = case.run(&[]);
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && why.contains(expected),
            "{expected}: {why}"
        );
        assert!(!case.path("out").exists(), "{expected}");
    }
}

#[test]
#[ignore = "minutes: cargo test --release -p couple --test couple -- --ignored"]
fn all_objectives_of_the_example_are_met_where_they_can_be() {
    let text = fs::read_to_string(example())
        .unwrap()
        .replace("\"organism.toml\"", "\"study.toml\"");
    let study = fs::read_to_string(example().with_file_name("organism.toml")).unwrap();
    let (study, _) = study.split_once("[analysis]").unwrap();
    let case = Case::new(&text, study);
    let items = training_items(0.7);
    let table = case.path("train.csv");
    Planted::read().table(&items).write_csv(&table).unwrap();
    println!("{}", case.finish(&["--table", table.to_str().unwrap()]));
    println!(
        "{}",
        fs::read_to_string(case.path("out/couple.md")).unwrap()
    );
    let file = ObjectiveFile::parse(&text).unwrap();
    assert_eq!(
        problems(&case.found(), &file, &items, &["mean", "mean_of_met"]),
        [""; 0]
    );
}
