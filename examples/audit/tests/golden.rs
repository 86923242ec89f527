//! The audits of the planted study and of the released measurements are those of before. Few draws make them quick, and
//! take every step all the same.

#[path = "../../golden.rs"]
mod golden;

use std::ffi::OsStr;

use golden::{gemma, hold, run};

fn audited(name: &str, study: &[&OsStr]) {
    let few = ["--draws", "20", "--resamples", "10", "--random-sets", "1"].map(OsStr::new);
    let arguments = [study, &few].concat();
    hold(name, &run(name, env!("CARGO_BIN_EXE_audit"), &arguments));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "a minute in a debug build: cargo xtask test --only examples"
)]
fn the_planted_study_is_audited_as_before() {
    audited("planted", &[]);
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "a minute in a debug build: cargo xtask test --only examples"
)]
fn the_released_measurements_are_audited_as_before() {
    let Some([experiment, data]) = gemma() else {
        return;
    };
    let study = [
        "--experiment".as_ref(),
        experiment.as_os_str(),
        "--data".as_ref(),
        data.as_os_str(),
    ];
    audited("gemma", &study);
}
