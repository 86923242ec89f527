//! The figures, tables and report of the planted study and of the released measurements are those of before.

#[path = "../../golden.rs"]
mod golden;

use std::ffi::OsStr;

use golden::{gemma, here, hold, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_reproduce");

#[test]
fn the_planted_study_is_reproduced_as_before() {
    hold("planted", &run("planted", PROGRAM, &[]));
}

#[test]
fn the_tables_of_a_real_model_are_reproduced_as_before() {
    let folder = here("../../fixtures/smollm2");
    let experiment = folder.join("experiment.toml");
    let [of, from] = ["--experiment", "--data"].map(OsStr::new);
    let arguments = [of, experiment.as_ref(), from, folder.as_ref()];
    hold("smollm2", &run("smollm2", PROGRAM, &arguments));
}

#[test]
fn the_released_measurements_are_reproduced_as_before() {
    if let Some([experiment, data]) = gemma() {
        let [of, from] = ["--experiment", "--data"].map(OsStr::new);
        let arguments = [of, experiment.as_ref(), from, data.as_ref()];
        hold("gemma", &run("gemma", PROGRAM, &arguments));
    }
}
