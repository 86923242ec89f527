use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder to write to, unless it is there.
///
/// # Errors
/// If it cannot be made; the error names it.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let named = |error: io::Error| {
        let words = format!(
            "{}: expected a folder to write to: {error}",
            folder.display()
        );
        io::Error::new(error.kind(), words)
    };
    fs::create_dir_all(folder).map_err(named)
}

/// Writes a text file whole or not at all: to a temporary name beside it, then renamed.
///
/// # Errors
/// If the folder cannot be made or the file cannot be written; the error names the file.
pub fn save_text(path: &Path, text: &str) -> io::Result<()> {
    write_whole(path, text.as_bytes())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Writes `bytes` to a temporary name beside `path`, making the folder if there is none, and
/// renames it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.exists() && !folder.is_dir() {
        let found = format!("expected a folder, {} is none", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, found));
    }
    fs::create_dir_all(folder)?;
    let mut file = temporary_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Temporary files are private by default; results should have the permissions of any new file.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
