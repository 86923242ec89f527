//! The study of the organism, from the first answer to the report, is that of before.

#[path = "../../golden.rs"]
mod golden;

use golden::{here, hold, run};

#[test]
#[cfg_attr(debug_assertions, ignore = "200,304 answers")]
fn the_study_of_the_organism_is_as_before() {
    let (study, data) = (
        here("../studies/organism.toml"),
        here("../../fixtures/organism"),
    );
    let arguments = [study.as_ref(), "--data".as_ref(), data.as_ref()];
    hold(
        "organism",
        &run("organism", env!("CARGO_BIN_EXE_run_study"), &arguments),
    );
}
