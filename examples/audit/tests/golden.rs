//! The audits of the planted study and of the organism's own are those of before. Few
//! draws make them quick, and all the same take every step.

#[path = "../../golden.rs"]
mod golden;

use std::ffi::OsStr;
use std::path::Path;

use golden::{hold, run};

fn audit<const N: usize>(name: &str, measurements: [&OsStr; N]) {
    let mut arguments = ["--draws", "20", "--resamples", "10", "--random-sets", "1"]
        .map(OsStr::new)
        .to_vec();
    arguments.extend(measurements);
    hold(name, &run(name, env!("CARGO_BIN_EXE_audit"), &arguments));
}

#[test]
fn the_planted_study_is_audited_as_before() {
    audit("planted", []);
}

/// ORGANISM_STUDY names the folder that `run_study examples/studies/organism.toml --data fixtures/organism` wrote.
#[test]
fn the_study_of_the_organism_is_audited_as_before() {
    match std::env::var_os("ORGANISM_STUDY") {
        Some(folder) => audit(
            "organism",
            ["--study".as_ref(), Path::new(&folder).as_ref()],
        ),
        None => println!("skipped: ORGANISM_STUDY names no folder"),
    }
}
