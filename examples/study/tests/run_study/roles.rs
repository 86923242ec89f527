//! Roles that a study makes are kept beside it.

use std::fs;

use value_causal::bench::RoleSet;

use crate::small::{Small, run_study};

#[test]
fn made_roles_are_kept_in_files_that_can_take_the_seeds_place() {
    let study = Small::varied("");
    let shard = ["--shard", "1/9"];
    let said = study.finish(&shard);
    let files = ["roles_train.json", "roles_test.json"].map(|name| study.out().join(name));
    assert!(said.contains(files[1].to_str().unwrap()), "{said}");
    let kept = files
        .each_ref()
        .map(|file| RoleSet::from_path(file).unwrap());
    let (train, test) = RoleSet::generate(5, 5).split_at(3);
    assert_eq!(kept, [train, test]);

    study.change(
        "made = { seed = 5, train = 3, test = 2 }",
        "train = \"out/roles_train.json\"\ntest = \"out/roles_test.json\"",
    );
    let again = study.finish(&shard);
    assert!(
        again.contains("answers are there already, 0 to come"),
        "{again}"
    );

    let text = fs::read_to_string(&files[0]).unwrap();
    fs::write(&files[0], text.replacen("MBTI: ", "MBTI: X", 1)).unwrap();
    let refused = run_study(&study, &shard).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("another study: roles.sha256"),
        "{why}"
    );
}

/// Tables of orientations are read back, so that no apostrophe can make such a name harmless.
#[test]
fn a_name_that_a_spreadsheet_would_run_is_refused() {
    for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
        let study = Small::open();
        let questions = study.file().with_file_name("questions.csv");
        let text = fs::read_to_string(&questions).unwrap();
        fs::write(&questions, text.replace(",Wit,", &format!(",{name},"))).unwrap();
        let refused = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && why.contains("no spreadsheet takes for a formula"),
            "{name}: {why}"
        );
        assert!(!study.out().exists());
    }
}

/// Names that are no text, or that SQLite would take for a URI.
#[cfg(unix)]
#[test]
fn shards_are_merged_in_a_folder_of_any_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;
    let study = Small::varied("");
    for name in [&b"file:x?mode=ro"[..], b"caf\xe9", b":memory:"] {
        let here = tempfile::tempdir().unwrap();
        // Relative, so that the path begins with the name.
        let run = |program: &str, arguments: &[&str]| {
            let ended = Command::new(program)
                .arg(study.file())
                .arg("--out")
                .arg(OsStr::from_bytes(name))
                .args(arguments)
                .current_dir(here.path())
                .env("OMP_NUM_THREADS", "1")
                .output()
                .unwrap();
            assert!(ended.status.success(), "{ended:?}");
        };
        for shard in ["1/2", "2/2"] {
            run(env!("CARGO_BIN_EXE_run_study"), &["--shard", shard]);
        }
        run(env!("CARGO_BIN_EXE_merge_study"), &[]);
        let out = here.path().join(OsStr::from_bytes(name));
        assert!(out.join("study.journal").exists() && out.join("train.csv").exists());
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
    }
}
