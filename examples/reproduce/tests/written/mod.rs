//! What a program says that it wrote, and whether it did.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace, in which the programs are started.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a program with `--out`, and returns what it said and the names of the files in `out` that
/// it names, one in a line. Each of them must be whole.
pub fn run(command: &mut Command, out: &Path) -> (String, BTreeSet<String>) {
    let command = command.current_dir(root()).arg("--out").arg(out);
    println!("{command:?}");
    let done = command.output().expect("the program starts");
    let (said, complaints) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    println!("{said}{complaints}");
    assert!(done.status.success(), "{}", done.status);
    let written = named(&said, out);
    assert!(!written.is_empty(), "it names no file in {}", out.display());
    let damaged: Vec<String> = written
        .iter()
        .filter_map(|name| damage(&out.join(name)))
        .collect();
    assert_eq!(damaged, [""; 0]);
    (said, written)
}

fn named(said: &str, out: &Path) -> BTreeSet<String> {
    let name = |line| {
        Some(
            Path::new(line)
                .strip_prefix(out)
                .ok()?
                .display()
                .to_string(),
        )
    };
    said.lines().filter_map(name).collect()
}

/// Why a file is not what its name promises, if it is not.
fn damage(path: &Path) -> Option<String> {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let problem = match fs::read(path) {
        Err(error) => error.to_string(),
        Ok(bytes) if is_whole(&extension, &bytes) => return None,
        Ok(bytes) => format!("its {} bytes are no whole {extension} file", bytes.len()),
    };
    Some(format!("{}: {problem}", path.display()))
}

/// Whether a file of that extension begins and ends as it should.
fn is_whole(extension: &str, bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).map(str::trim);
    match extension {
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"),
        "svg" => text.is_ok_and(|text| text.contains("<svg") && text.ends_with("</svg>")),
        // A header of 10 bytes; at the end the checksum and the size of what was packed.
        "gz" => bytes.starts_with(b"\x1f\x8b\x08") && bytes.len() > 18 && !bytes.ends_with(&[0; 4]),
        "json" => serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
        _ => text.is_ok_and(|text| !text.is_empty()),
    }
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
    assert!(damage(Path::new("no/such/file.md")).is_some());
}

#[test]
fn named_files_are_read_from_what_a_program_prints() {
    let said = "/o/a.svg\nStudy: 2 files in 0.1 s; start with report.md\n/o/b.md\n/p/c.md\n";
    assert_eq!(
        named(said, Path::new("/o")),
        ["a.svg", "b.md"].map(str::to_owned).into()
    );
}
