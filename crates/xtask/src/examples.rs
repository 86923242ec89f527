//! The example programs, run on the data in the repository: each must write what it says it writes.

use crate::command::{Cmd, Failure};
use crate::workspace::Workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The variable with the folder of the paper's released tables.
const RELEASED: &str = "VALUE_CAUSAL_RELEASED";
/// The experiment that reads them.
const EXPERIMENT: &str = "examples/experiments/gemma-2b-it.toml";

/// Figures and tables that every reproduction writes; table 4 or 5 comes with them, as the model
/// has it.
const FIGURES: &[&str] = &["figure_3", "figure_4", "figure_5", "figure_6", "figure_7"];
const TABLES: &[&str] = &["table_1", "table_3"];

/// What the audit writes at least.
const AUDIT: &[&str] = &[
    "audit.json",
    "multiverse.csv.gz",
    "report.html",
    "curve_role_discovered.svg",
    "curve_sae_discovered.png",
];

/// The data made by a program, and the program.
const PLANTED: (&str, &str) = ("fixtures/planted", "plant");

/// Runs the reproduction on the embedded study and, where they are given, on the released tables;
/// every program for a single figure or table, which must write the same files; the audit; and the
/// maker of the embedded study, which must draw it again to the byte.
///
/// Returns every failure: a program that fails, and each file that is missing, not whole or
/// another.
pub fn check(workspace: &Workspace) -> Vec<Failure> {
    let mut failures = Vec::new();
    match tempfile::tempdir() {
        Ok(folder) => check_in(workspace, folder.path(), &mut failures),
        Err(error) => failures.push(Failure::told(format!("no temporary folder: {error}"))),
    }
    failures
}

fn check_in(workspace: &Workspace, folder: &Path, failures: &mut Vec<Failure>) {
    let embedded = folder.join("embedded");
    let written = run(workspace, "reproduce", &embedded, &[], failures);
    failures.extend(missing(&written));
    for stem in written.iter().filter_map(|name| name.strip_suffix(".svg")) {
        if workspace
            .package("examples")
            .is_some_and(|package| package.has_target("bin", stem))
        {
            let alone = folder.join(stem);
            let names = run(workspace, stem, &alone, &[], failures);
            failures.extend(
                names
                    .iter()
                    .filter_map(|name| different(&embedded, &alone, name)),
            );
        }
    }
    if let Some(data) = std::env::var_os(RELEASED) {
        let data = data.to_string_lossy().into_owned();
        let args = ["--experiment", EXPERIMENT, "--data", &data];
        let written = run(
            workspace,
            "reproduce",
            &folder.join("released"),
            &args,
            failures,
        );
        failures.extend(missing(&written));
    }
    let audited = run(workspace, "audit", &folder.join("audit"), &[], failures);
    let unwritten = AUDIT.iter().filter(|name| !audited.contains(**name));
    failures.extend(unwritten.map(|name| Failure::told(format!("audit did not write {name}"))));
    if let Err(failure) = plant_again(workspace, &folder.join("planted"), failures) {
        failures.push(failure);
    }
}

/// Draws the embedded study into `out` and compares each file with the one in the repository.
fn plant_again(
    workspace: &Workspace,
    out: &Path,
    failures: &mut Vec<Failure>,
) -> Result<(), Failure> {
    let (fixture, program) = PLANTED;
    command(program).dir(&workspace.root).arg(out).run()?;
    let unreadable = |error| Failure::told(format!("{}: {error}", out.display()));
    let mut n_files = 0;
    for entry in fs::read_dir(out).map_err(unreadable)? {
        let name = entry
            .map_err(unreadable)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        failures.extend(different(&workspace.root.join(fixture), out, &name));
        n_files += 1;
    }
    match n_files {
        0 => Err(Failure::told(format!("{program} wrote no file"))),
        _ => Ok(()),
    }
}

/// Runs one program and returns the names of the files that it says it wrote, having looked at
/// each.
fn run(
    workspace: &Workspace,
    program: &str,
    out: &Path,
    args: &[&str],
    failures: &mut Vec<Failure>,
) -> BTreeSet<String> {
    let cmd = command(program).dir(&workspace.root).args(args);
    said_and_written(cmd, program, out, failures).1
}

/// The same for the command of a program, to which the folder `out` is added; with all that it said.
pub fn said_and_written(
    cmd: Cmd,
    program: &str,
    out: &Path,
    failures: &mut Vec<Failure>,
) -> (String, BTreeSet<String>) {
    let cmd = cmd.arg("--out").arg(out);
    println!("$ {cmd}");
    let said = match cmd.read() {
        Ok(said) => said,
        Err(failure) => {
            failures.push(failure);
            return (String::new(), BTreeSet::new());
        }
    };
    print!("{said}");
    let written = names(&said, out);
    if written.is_empty() {
        failures.push(Failure::told(format!(
            "{program} named no file that it wrote into {}",
            out.display()
        )));
    }
    failures.extend(written.iter().filter_map(|name| damaged(&out.join(name))));
    (said, written)
}

/// The command that builds and runs an example program.
pub fn command(program: &str) -> Cmd {
    command_with(program, &[])
}

/// The same with features of the package.
pub fn command_with(program: &str, features: &[&str]) -> Cmd {
    let cmd = Cmd::cargo().args([
        "run",
        "--release",
        "--package",
        "examples",
        "--bin",
        program,
    ]);
    features
        .iter()
        .fold(cmd, |cmd, feature| cmd.args(["--features", feature]))
        .arg("--")
}

/// The files in `out` that a program named, one in a line.
fn names(said: &str, out: &Path) -> BTreeSet<String> {
    let name = |line| {
        Path::new(line)
            .strip_prefix(out)
            .ok()
            .map(|name| name.to_string_lossy().into_owned())
    };
    said.lines().filter_map(name).collect()
}

/// What a reproduction should have written and has not.
pub fn missing(written: &BTreeSet<String>) -> Option<Failure> {
    if written.is_empty() {
        return None; // Told already.
    }
    let whole_table = if written.contains("table_5.csv") {
        "table_5"
    } else {
        "table_4"
    };
    let with = |stems: &[&str], extensions: &[&str]| -> Vec<String> {
        stems
            .iter()
            .flat_map(|stem| extensions.iter().map(move |ext| format!("{stem}.{ext}")))
            .collect()
    };
    let tables = [TABLES, &[whole_table]].concat();
    let mut expected = vec!["results.json".to_owned(), "report.md".to_owned()];
    expected.extend(with(FIGURES, &["svg", "png"]));
    expected.extend(with(&tables, &["svg", "png", "csv", "md"]));
    expected.retain(|name| !written.contains(name));
    (!expected.is_empty())
        .then(|| Failure::told(format!("reproduce did not write {}", expected.join(", "))))
}

/// Why a file is not what its name promises, if it is not.
fn damaged(path: &Path) -> Option<Failure> {
    let problem = match fs::read(path) {
        Err(error) => error.to_string(),
        Ok(bytes) if bytes.is_empty() => "it is empty".to_owned(),
        Ok(bytes) if is_whole(&extension(path), &bytes) => return None,
        Ok(bytes) => format!(
            "its {} bytes are no whole {} file",
            bytes.len(),
            extension(path)
        ),
    };
    Some(Failure::told(format!("{}: {problem}", path.display())))
}

fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Whether a file of that extension begins and ends as it should.
fn is_whole(extension: &str, bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).map(str::trim);
    match extension {
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"),
        "svg" => text.is_ok_and(|text| text.contains("<svg") && text.ends_with("</svg>")),
        // A header of 10 bytes; at the end the checksum and the size of what was packed, of four bytes each.
        "gz" => bytes.starts_with(b"\x1f\x8b\x08") && bytes.len() > 18 && !bytes.ends_with(&[0; 4]),
        "json" => serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
        _ => text.is_ok_and(|text| !text.is_empty()),
    }
}

/// Says so if the file `name` is not the same in both folders.
fn different(expected: &Path, found: &Path, name: &str) -> Option<Failure> {
    let (expected, found) = (expected.join(name), found.join(name));
    let read = |path: &Path| fs::read(path).ok();
    let same = read(&expected).is_some() && read(&expected) == read(&found);
    let (expected, found) = (expected.display(), found.display());
    (!same).then(|| Failure::told(format!("{found} should be the same file as {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> BTreeSet<String> {
        let mut names: BTreeSet<String> = ["results.json", "report.md"].map(str::to_owned).into();
        names.extend(
            FIGURES
                .iter()
                .flat_map(|stem| [format!("{stem}.svg"), format!("{stem}.png")]),
        );
        for stem in TABLES.iter().chain(&["table_4"]) {
            names
                .extend(["svg", "png", "csv", "md"].map(|extension| format!("{stem}.{extension}")));
        }
        names
    }

    #[test]
    fn named_files_are_read_from_what_a_program_prints() {
        let said = "/o/a.svg\nStudy: 2 files in 0.1 s; start with report.md\n/o/b.md\n/p/c.md\n";
        assert_eq!(
            names(said, Path::new("/o")),
            ["a.svg", "b.md"].map(str::to_owned).into()
        );
    }

    #[test]
    fn a_file_that_was_not_written_is_named() {
        assert!(missing(&all()).is_none());
        let mut few = all();
        few.remove("figure_5.png");
        few.remove("table_4.md");
        let text = missing(&few).expect("two are missing").to_string();
        assert!(text.contains("figure_5.png, table_4.md"), "{text}");
        let other: BTreeSet<String> = all()
            .iter()
            .map(|name| name.replace("table_4", "table_5"))
            .collect();
        assert!(missing(&other).is_none());
    }

    #[test]
    fn files_must_be_whole() {
        assert!(is_whole("svg", b"<?xml version=\"1.0\"?><svg></svg>\n"));
        assert!(!is_whole("svg", b"<svg><g>"));
        assert!(is_whole(
            "png",
            b"\x89PNG\r\n\x1a\n...\0\0\0\0IEND\xaeB`\x82"
        ));
        assert!(!is_whole("png", b"\x89PNG\r\n\x1a\n..."));
        assert!(is_whole("json", b"{}\n"));
        assert!(!is_whole("json", b"{\"a\": "));
        assert!(!is_whole("md", b" \n"));
        let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xffdata\x01\x02\x03\x04\x05\0\0\0";
        assert!(is_whole("gz", packed));
        assert!(!is_whole("gz", &packed[..14]));
    }

    #[test]
    fn empty_missing_and_differing_files_are_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            fs::create_dir_all(folder.path().join("a")).expect("a folder");
            fs::write(folder.path().join(name), text).expect("a file");
        };
        write("x.md", "");
        write("y.md", "one");
        write("a/y.md", "two");
        let told =
            |name: &str| damaged(&folder.path().join(name)).map(|failure| failure.to_string());
        assert!(told("x.md").is_some_and(|text| text.ends_with("it is empty")));
        assert!(told("none.md").is_some());
        assert!(told("y.md").is_none());
        assert!(different(folder.path(), &folder.path().join("a"), "y.md").is_some());
        assert!(different(folder.path(), folder.path(), "y.md").is_none());
        assert!(different(folder.path(), folder.path(), "none.md").is_some());
    }
}
