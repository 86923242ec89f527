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
    for (option, most) in [("--draws", "100,000"), ("--resamples", "1,000,000")] {
        for many in ["1000000000000", "1000001", "0", "99999999999999999999999"] {
            let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
            let output = audit.args([option, many]).output().expect("audit runs");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                !output.status.success() && told.contains(&format!("from 1 to {most} ")),
                "{option} {many}: {told}"
            );
        }
    }
    let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
    let sets = audit.args(["--random-sets", "1000000000000"]).output();
    let told = String::from_utf8_lossy(&sets.expect("audit runs").stderr).into_owned();
    assert!(told.contains("from 0 to 10,000"), "{told}");
}

/// Figures and report of other measurements lie there.
#[test]
fn an_audit_does_not_mix_with_the_files_of_another_experiment() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let run = || {
        let mut audit = Command::new(env!("CARGO_BIN_EXE_audit"));
        let small = [
            "--draws",
            "2",
            "--resamples",
            "2",
            "--random-sets",
            "0",
            "--minutes",
            "0",
        ];
        let run = audit.args(small).arg("--out").arg(out.path()).output();
        String::from_utf8_lossy(&run.expect("audit runs").stderr).into_owned()
    };
    let planted = reproduce::Arguments {
        experiment: None,
        data: None,
        out: out.path().to_owned(),
    };
    let loaded = planted.load().expect("the planted study");
    let mut results = serde_json::to_value(
        reproduce::results::Results::compute(&loaded.experiment, &loaded.study).expect("results"),
    )
    .expect("JSON");
    let write = |results: &serde_json::Value| {
        std::fs::write(out.path().join("results.json"), results.to_string()).expect("written");
    };
    write(&results);
    assert!(
        run().contains("the audit would take"),
        "its own results are no hindrance"
    );
    results["published_subset"]["train_rows"] = 12.into();
    write(&results);
    let said = run();
    assert!(
        said.contains("a results.json that is not of Planted"),
        "{said}"
    );
}
