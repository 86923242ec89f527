//! Files of models, which are regular ones: to open a pipe waits for whoever writes to it, for ever if nobody does.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a file; a folder gives the system's own error.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let found = fs::metadata(path)?;
    if !found.is_file() && !found.is_dir() {
        let problem = "expected a regular file, found a pipe, a socket or a device";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    File::open(path)
}

/// All of its bytes.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Its text.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    io::read_to_string(open(path)?)
}
