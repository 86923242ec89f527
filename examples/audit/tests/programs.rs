//! The program `audit` on the data in the repository writes every file, whole.

#[path = "../../reproduce/tests/written/mod.rs"]
mod written;

use std::process::Command;

/// What it writes at least.
const AUDIT: [&str; 5] = [
    "audit.json",
    "multiverse.csv.gz",
    "report.html",
    "curve_role_discovered.svg",
    "curve_sae_discovered.png",
];

#[test]
#[cfg_attr(debug_assertions, ignore = "slow: cargo xtask test --only examples")]
fn the_audit_of_the_planted_study_writes_every_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
    let (_, written) = written::run(&mut audit, &folder.path().join("audit"));
    for name in AUDIT {
        assert!(written.contains(name), "{name} was not written");
    }
}

#[test]
fn more_draws_than_tell_anything_are_refused() {
    for option in ["--draws", "--resamples"] {
        for many in ["1000000000000", "1000001", "0", "99999999999999999999999"] {
            let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
            let output = audit.args([option, many]).output().expect("audit runs");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                !output.status.success() && told.contains("from 1 to 1,000,000"),
                "{option} {many}: {told}"
            );
        }
    }
    let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
    let sets = audit.args(["--random-sets", "1000000000000"]).output();
    let told = String::from_utf8_lossy(&sets.expect("audit runs").stderr).into_owned();
    assert!(told.contains("from 0 to 10,000"), "{told}");
}
