//! What the program `reproduce` leaves in a folder, and what its report says to whom.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn reproduce(arguments: &[&Path], out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reproduce"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

/// The planted study in a folder, its experiment file changed.
fn planted_with(change: impl Fn(String) -> String) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/planted");
    for entry in fs::read_dir(planted).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let file = folder.path().join("experiment.toml");
    fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    (folder, file)
}

#[test]
fn the_planted_study_is_compared_with_its_truth() {
    let out = tempfile::tempdir().unwrap();
    let run = reproduce(&[], out.path());
    assert!(run.status.success(), "{run:?}");
    let report = fs::read_to_string(out.path().join("report.md")).unwrap();
    assert!(report.contains("## Found and planted") && !report.contains("| paper |"));
    let listed = String::from_utf8(run.stdout).unwrap();
    let files = listed
        .lines()
        .filter(|line| Path::new(line).is_file())
        .count();
    assert_eq!(files, fs::read_dir(out.path()).unwrap().count());
}

#[test]
fn a_study_of_ones_own_reads_neither_of_the_paper_s_numbers_nor_of_a_truth() {
    let (_folder, file) = planted_with(|text| text.replace("truth = \"truth.json\"\n", ""));
    let out = tempfile::tempdir().unwrap();
    let run = reproduce(&[Path::new("--experiment"), &file], out.path());
    assert!(run.status.success(), "{run:?}");
    let report = fs::read_to_string(out.path().join("report.md")).unwrap();
    for absent in ["known", "planted,", "agrees", "| paper |", "–"] {
        assert!(!report.contains(absent), "{absent:?} in {report}");
    }
    assert!(!out.path().join("figure_3_truth.svg").exists());
}

/// A run that fails over an earlier one's files leaves no report, which would make them look whole.
#[test]
fn a_failed_run_takes_the_earlier_report_away() {
    let out = tempfile::tempdir().unwrap();
    assert!(reproduce(&[], out.path()).status.success());
    let blocked = out.path().join("figure_4.svg");
    fs::remove_file(&blocked).unwrap();
    fs::create_dir(&blocked).unwrap();
    let run = reproduce(&[], out.path());
    assert!(!run.status.success());
    let message = String::from_utf8(run.stderr).unwrap();
    assert!(message.contains("figure_4.svg: "), "{message}");
    assert!(!out.path().join("report.md").exists());
    assert!(out.path().join("results.json").exists());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let run = reproduce(&[], &file);
    assert!(!run.status.success());
    let message = String::from_utf8(run.stderr).unwrap();
    assert!(message.contains("expected a folder"), "{message}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

/// As after `| head`. The files are written nevertheless.
#[test]
fn a_closed_pipe_ends_a_program_quietly() {
    let out = tempfile::tempdir().unwrap();
    let folder = ["--out".as_ref(), out.path()];
    for program in [
        env!("CARGO_BIN_EXE_reproduce"),
        env!("CARGO_BIN_EXE_table_1"),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        let ended = command.args(folder).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(141), ""), "{program}");
    }
    assert!(out.path().join("report.md").is_file());
}
