use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// The SHA-256 of a file, or of all files of a folder with their names, folders within and files that begin with a dot
/// left out, as hexadecimal digits.
///
/// # Errors
/// A file cannot be read; the error names it.
pub fn checksum(path: &Path) -> io::Result<String> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if !path.is_dir() {
        return file_checksum(path).map_err(named);
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(named)? {
        let entry = entry.map_err(named)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut lines = String::new();
    for name in names {
        let sum = file_checksum(&path.join(&name)).map_err(named)?;
        lines.push_str(&format!("{sum}  {name}\n"));
    }
    Ok(bytes_checksum(&lines))
}

fn file_checksum(path: &Path) -> io::Result<String> {
    // To read a pipe would take away what it holds, or wait for it for ever.
    if !fs::metadata(path)?.is_file() {
        let problem = "expected a regular file, found a pipe, a socket or a device";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&bytes[..n]),
        }
    }
}

/// The SHA-256 of some bytes as hexadecimal digits.
#[must_use]
pub fn bytes_checksum(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
