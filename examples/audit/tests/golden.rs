//! The audit of the planted study is that of before. Few draws make it quick, and take every step all the same.

#[path = "../../golden.rs"]
mod golden;

use golden::{hold, run};

#[test]
fn the_planted_study_is_audited_as_before() {
    let few = ["--draws", "20", "--resamples", "10", "--random-sets", "1"];
    let program = env!("CARGO_BIN_EXE_audit");
    hold("planted", &run("planted", program, &few.map(AsRef::as_ref)));
}
