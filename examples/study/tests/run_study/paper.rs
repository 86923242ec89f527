//! The paper's study files: what they plan is what was released.

use std::fs;
use std::path::{Path, PathBuf};

use study::file::StudyFile;
use study::{Materials, Plan, describe};
use value_causal::bench::journal::Shard;

const STUDIES: [&str; 2] = ["gemma-2b-it.toml", "llama3-8b-it.toml"];

fn study(name: &str) -> StudyFile {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../studies");
    StudyFile::read(&folder.join(name)).unwrap()
}

#[test]
fn the_files_are_read() {
    for name in STUDIES {
        assert_eq!(study(name).steering.unwrap().dose, 100.0, "{name}");
    }
}

#[test]
fn the_plan_has_the_released_numbers() {
    let folders = ["VALUEBENCH_DATA", "VALUE_CAUSAL_PLAYERS"].map(std::env::var_os);
    let [Some(valuebench), Some(players)] = folders else {
        eprintln!("skipped: VALUEBENCH_DATA and VALUE_CAUSAL_PLAYERS do not name two folders");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    for (folder, names) in [
        (
            valuebench,
            ["value_orientation.csv", "value_definitions.csv"],
        ),
        (players, ["players100.json", "players25.json"]),
    ] {
        for name in names {
            fs::copy(PathBuf::from(&folder).join(name), data.path().join(name)).unwrap();
        }
    }
    let references = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/references.toml");
    fs::copy(references, data.path().join("references.toml")).unwrap();
    let features: Vec<u64> = (0..24).collect();
    for name in STUDIES {
        let study = study(name);
        let materials = Materials::read(&study, data.path()).unwrap();
        let plan = Plan::new(&study, &materials, &features).unwrap();
        let said = describe(&study, &plan, Shard::WHOLE);
        for line in [
            "values        17 (",
            "items         366",
            "train         2525 settings, 272700 answers",
            "test          650 settings, 73450 answers",
            "raise         26 settings, 2938 answers",
            "in all        3227 settings, 352026 answers",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let last = plan.design.rows().len() - 1;
        let item = plan.design.rows()[last].items[0];
        let question = value_causal::bench::journal::Question { row: last, item };
        let prompt = plan.prompt(question).unwrap();
        assert!(
            prompt
                .text
                .contains("You are disinclined to the the value of")
        );
        assert_eq!(prompt.steered_text(), " your values");
    }
}
