//! Experiment files and measurements that are refused, each with the words that the user reads.

use std::fs;
use std::path::{Path, PathBuf};

use reproduce::Arguments;

/// The planted study in a folder of its own, with one replacement in one file.
fn spoiled(file: &str, old: &str, new: &str) -> (tempfile::TempDir, Arguments) {
    let folder = tempfile::tempdir().unwrap();
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/planted");
    for entry in fs::read_dir(planted).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} does not contain {old:?}");
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    let arguments = Arguments {
        experiment: Some(folder.path().join("experiment.toml")),
        data: None,
        out: PathBuf::new(),
    };
    (folder, arguments)
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let experiment = "experiment.toml";
    for (file, old, new, expected) in [
        (
            experiment,
            "alpha = 0.05",
            "alpha = 1.5",
            "experiment.toml: alpha must lie between 0 and 1, found 1.5",
        ),
        (
            experiment,
            "alpha = 0.05",
            "alpha = nan",
            "alpha must lie between 0 and 1, found NaN",
        ),
        (
            experiment,
            "alpha = 0.05",
            "alpha = \"0.05\"",
            "line 5, column 9",
        ),
        (experiment, "alpha = 0.05", "", "missing field `alpha`"),
        (
            experiment,
            "alpha = 0.05",
            "alpha = 0.05\nlevel = 1",
            "unknown field `level`",
        ),
        (
            experiment,
            "[files]",
            "[files",
            "experiment.toml: TOML parse error at line 9",
        ),
        (experiment, "train.csv", "absent.csv", "absent.csv"),
        (
            experiment,
            "references.toml",
            "absent.toml",
            "absent.toml: cannot be read",
        ),
        (
            experiment,
            "truth = \"truth.json\"",
            "truth = \"absent.json\"",
            "absent.json: cannot be read",
        ),
        (
            experiment,
            "1001, ",
            "1001, 1001, ",
            "features.published names feature 1001 twice",
        ),
        (
            experiment,
            "1001, ",
            "42, ",
            "train.csv: expected rows of feature 42, found those of [1001, 1002,",
        ),
        (
            experiment,
            "Greta Hill",
            "Nobody",
            "test.csv: expected a row for Nobody, unsteered, found none",
        ),
        (
            experiment,
            "role = \"first\"",
            "role = \"Nobody\"",
            "expected a row for Nobody, unsteered",
        ),
        (
            experiment,
            "Face = 1009\n",
            "",
            "choices.raise and choices.lower must name the same values",
        ),
        (
            experiment,
            "Face = 1009\n",
            "Face = 7\n",
            "test.csv: expected rows of feature 7, found those of [1001, 1002,",
        ),
        (
            experiment,
            "reference = \"guess\"",
            "reference = \"oracle\"",
            "figures names the reference graph \"oracle\"; references.toml has guess, first_sight, second_sight, higher_order",
        ),
        (
            "references.toml",
            "key = \"first_sight\"",
            "key = \"guess\"",
            "two graphs have the key \"guess\"",
        ),
        (
            "references.toml",
            "[\"Security\", \"Conformity\"]",
            "[\"Safety\", \"Conformity\"]",
            "guess names the value \"Safety\"; the file has Achievement",
        ),
        (
            "references.toml",
            "[\"Security\", \"Conformity\"]",
            "[\"Security\"]",
            "references.toml: TOML parse error",
        ),
        (
            "truth.json",
            "\"edges\"",
            "\"edge\"",
            "truth.json: missing field `edges`",
        ),
        (
            "truth.json",
            "\"Security\"",
            "\"Safety\"",
            "truth names the value \"Safety\"",
        ),
        (
            "test.csv",
            "Achievement,Achievement:scstd",
            "Ambition,Ambition:scstd",
            "test.csv: expected the values of train.csv in the same order",
        ),
        ("train.csv", "steer_dim", "feature", "train.csv"),
        (
            experiment,
            "Greta Hill",
            "",
            "baselines.sae is empty; name a role",
        ),
        (
            "references.toml",
            "key = \"guess\"",
            "key = \"discovered\"",
            "references.toml: no graph may have the key \"discovered\"",
        ),
        (
            "references.toml",
            "[\"Security\", \"Conformity\"]",
            "[\"Security\", \"Security\"]",
            "references.toml: guess: an edge goes from \"Security\" to itself",
        ),
        (
            "references.toml",
            "[\"Tradition\", \"Conformity\"]",
            "[\"Security\", \"Conformity\"]",
            "references.toml: guess: \"Security\" -> \"Conformity\" stands twice",
        ),
        (
            "truth.json",
            "\"effect\": \"Conformity\"",
            "\"effect\": \"Security\"",
            "truth.json: an edge goes from \"Security\" to itself",
        ),
        (
            "truth.json",
            "\"cause\": \"Security\",\n      \"effect\": \"Face\"",
            "\"cause\": \"Conformity\",\n      \"effect\": \"Security\"",
            "truth.json: expected a graph without cycles, found one through \"",
        ),
        (
            "test_raise.csv",
            ",Greta Hill,",
            ",Somebody,",
            "test_raise.csv: expected a row for Greta Hill, unsteered, found none",
        ),
        (
            "test.csv",
            "1012,Greta Hill",
            "1013,Greta Hill",
            "test.csv: expected the features of train.csv ([1001, 1002,",
        ),
    ] {
        let (_folder, arguments) = spoiled(file, old, new);
        let message = match arguments.load() {
            Ok(_) => panic!("{file} with {new:?} for {old:?} was accepted"),
            Err(error) => error.to_string(),
        };
        assert!(
            message.contains(expected),
            "{file}, {new:?}: {message}\nexpected: {expected}"
        );
    }
}

#[test]
fn a_study_without_faults_is_accepted() {
    let (_folder, arguments) = spoiled("experiment.toml", "Planted", "Planted");
    assert_eq!(
        arguments
            .load()
            .map(|loaded| loaded.study.train.n_settings())
            .unwrap(),
        1313
    );
}

#[test]
fn measurements_that_are_not_beside_the_experiment_file_are_asked_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments = Arguments {
        experiment: Some(folder.join("../experiments/llama3-8b-it.toml")),
        data: None,
        out: PathBuf::new(),
    };
    let message = arguments.load().err().unwrap().to_string();
    assert!(message.contains("ans_llama_train_formal.csv"), "{message}");
    assert!(
        message.ends_with("name the measured files' folder with --data"),
        "{message}"
    );
}
