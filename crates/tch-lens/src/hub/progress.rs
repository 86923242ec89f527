//! How far the download of a file is.

use std::fmt;
use std::io::{Write, stderr};

/// How far the download of a file is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The repository and its revision: `org/name`.
    pub repository: &'a str,
    /// The file there.
    pub file: &'a str,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that it has.
    pub of: u64,
    /// Whether it has just begun, or been taken up.
    pub begins: bool,
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (repository, file, of) = (self.repository, self.file, Bytes(self.of));
        match self.done {
            0 => write!(f, "{repository}: {file}, {of}"),
            done => write!(f, "{repository}: {file}, {} of {of}", Bytes(done)),
        }
    }
}

struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 as f64 {
            bytes @ ..1e6 => write!(f, "{:.1} kB", bytes / 1e3),
            bytes @ ..1e9 => write!(f, "{:.1} MB", bytes / 1e6),
            bytes => write!(f, "{:.2} GB", bytes / 1e9),
        }
    }
}

/// One line that is written over, and stays once the file is there.
pub(super) fn on_terminal(progress: &Progress<'_>) {
    let end = if progress.done == progress.of {
        "\n"
    } else {
        ""
    };
    // Nobody is left to be told that it cannot be written.
    let _ = write!(stderr().lock(), "\r{progress}\x1b[K{end}");
}

/// A line for each file, when it begins.
pub(super) fn in_lines(progress: &Progress<'_>) {
    if progress.begins {
        let _ = writeln!(stderr().lock(), "fetching {progress}");
    }
}
