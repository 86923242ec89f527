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

/// A reference graph may have edges without a direction, as those of people do.
#[test]
fn every_graph_has_its_distance_from_what_was_found() {
    let (folder, file) = planted_with(|text| text);
    let references = folder.path().join("references.toml");
    let text = fs::read_to_string(&references).unwrap();
    let undirected = text.replace(
        "[\"Universalism\", \"Benevolence\"],\n]\n",
        "[\"Universalism\", \"Benevolence\"],\n    [\"Benevolence\", \"Universalism\"],\n]\n",
    );
    assert_ne!(undirected, text);
    fs::write(&references, undirected).unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = reproduce(&[Path::new("--experiment"), &file], out.path());
    assert!(run.status.success(), "{run:?}");
    let report = fs::read_to_string(out.path().join("report.md")).unwrap();
    let cells = |graph: &str| -> Vec<&str> {
        let line = report
            .lines()
            .find(|line| line.starts_with(&format!("| {graph} | ")));
        line.unwrap().split(" | ").collect()
    };
    let found = cells("discovered, chosen features");
    assert_eq!(found[2], "0", "{found:?}");
    assert!(found[3].starts_with('0') || found[3] == "none", "{found:?}");
    let classes = cells("Higher-order classes");
    assert_eq!(classes[1], "3");
    // Two pairs of the classes, of which the discovered graph has more than two.
    let shd: usize = classes[2].parse().unwrap();
    let edges: usize = found[1].parse().unwrap();
    assert!(
        shd + 4 >= edges && shd <= edges + 2,
        "{classes:?} {found:?}"
    );
}

#[test]
fn a_study_of_ones_own_reads_neither_of_the_paper_s_numbers_nor_of_a_truth() {
    let (_folder, file) = planted_with(|text| text.replace("truth = \"truth.json\"\n", ""));
    let out = tempfile::tempdir().unwrap();
    let run = reproduce(&[Path::new("--experiment"), &file], out.path());
    assert!(run.status.success(), "{run:?}");
    let report = fs::read_to_string(out.path().join("report.md")).unwrap();
    for absent in ["known", "planted,", "agrees", "| paper |", "–", "published"] {
        assert!(!report.contains(absent), "{absent:?} in {report}");
    }
    assert!(!out.path().join("figure_3_truth.svg").exists());
}

/// Names come from files of strangers, and Markdown is turned into HTML.
#[test]
fn names_are_no_markup_and_no_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/planted");
    for entry in fs::read_dir(&planted).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let text = text.replace("Conformity", "=<img src=x onerror=alert(1)>");
        let text = text.replace("title = \"", r#"title = "<script>\u001b[2J"#);
        fs::write(folder.path().join(entry.file_name()), text).unwrap();
    }
    let file = folder.path().join("experiment.toml");
    let text = fs::read_to_string(&file).unwrap();
    let name = text
        .lines()
        .find(|line| line.starts_with("name = "))
        .unwrap();
    fs::write(&file, text.replace(name, "name = \"<b>| [a](http://b)\"")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = reproduce(&[Path::new("--experiment"), &file], out.path());
    assert!(run.status.success(), "{run:?}");
    for entry in fs::read_dir(out.path()).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap_or_default();
        match ending {
            "md" => {
                let text = text.replace("\\<", "");
                assert!(!text.contains(['<', '\u{1b}']), "{path:?}: {text}");
                assert!(!text.contains("[a](http"), "{path:?}: {text}");
            }
            "csv" => assert!(!text.contains(",=") && !text.starts_with('='), "{text}"),
            _ => {}
        }
    }
    let table = fs::read_to_string(out.path().join("table_4.csv")).unwrap();
    assert!(
        table.contains(",'=<img src=x onerror=alert(1)>,"),
        "{table}"
    );
}

/// What another experiment left and this one does not have goes, and both are said.
#[test]
fn what_is_removed_and_written_over_is_said() {
    let out = tempfile::tempdir().unwrap();
    let said = |run: Output| {
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stderr).unwrap()
    };
    assert_eq!(said(reproduce(&[], out.path())), "");
    fs::write(out.path().join("mine.txt"), "").unwrap();
    let (_folder, file) = planted_with(|text| text.replace("truth = \"truth.json\"\n", ""));
    let second = said(reproduce(&[Path::new("--experiment"), &file], out.path()));
    let lines: Vec<&str> = second.lines().collect();
    assert_eq!(lines.len(), 2, "{second}");
    assert!(
        lines[0].ends_with(
            "are not of this experiment, and are removed: figure_3_truth.svg, figure_3_truth.png"
        ),
        "{second}"
    );
    assert!(lines[1].contains("are written over: results.json, report.md, figure_3.svg, "));
    assert!(!out.path().join("figure_3_truth.svg").exists());
    assert!(out.path().join("mine.txt").exists() && !second.contains("mine"));
}

/// Nor are its figures mixed with what an audit left of another one.
#[test]
fn the_audit_of_another_experiment_is_not_written_beside() {
    let out = tempfile::tempdir().unwrap();
    let audit = |sums: &[String]| {
        let inputs: Vec<_> = sums
            .iter()
            .map(|sum| serde_json::json!({ "sha256": sum }))
            .collect();
        let audit = serde_json::json!({ "manifest": { "inputs": inputs } });
        fs::write(out.path().join("audit.json"), audit.to_string()).unwrap();
    };
    audit(&["of another file".to_owned()]);
    let run = reproduce(&[], out.path());
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(
        !run.status.success() && said.contains("an audit.json that is not of Planted"),
        "{said}"
    );
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

/// A link that the user made leads where it led, and what it leads to is written over.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_report_is_written_through() {
    let out = tempfile::tempdir().unwrap();
    let (link, report) = (out.path().join("report.md"), out.path().join("mine.md"));
    fs::write(&report, "old").unwrap();
    std::os::unix::fs::symlink("mine.md", &link).unwrap();
    assert!(reproduce(&[], out.path()).status.success());
    assert!(link.is_symlink());
    assert!(
        fs::read_to_string(&report)
            .unwrap()
            .starts_with("# Planted")
    );
    // One that would have to go is refused: nobody but the user made it.
    let stale = out.path().join("table_5.md");
    std::os::unix::fs::symlink("mine.md", &stale).unwrap();
    let run = reproduce(&[], out.path());
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(
        !run.status.success() && said.contains("table_5.md: expected a file"),
        "{said}"
    );
    assert!(stale.is_symlink());
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
