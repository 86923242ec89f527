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
}

/// Writes a picture as `<stem>.svg` and `<stem>.png`, each whole or not at all.
///
/// # Errors
/// As [`write_whole`].
pub fn save_picture(stem: &Path, svg: &str, png: &[u8]) -> io::Result<()> {
    for (ending, bytes) in [(".svg", svg.as_bytes()), (".png", png)] {
        let mut name = stem.as_os_str().to_owned();
        name.push(ending);
        write_whole(Path::new(&name), bytes)?;
    }
    Ok(())
}

/// Writes `bytes` to a temporary name beside `path`, making the folder if there is none, and
/// renames it.
///
/// # Errors
/// If the folder cannot be made or the file cannot be written; the error names the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_two_files_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("new/figure.3");
        save_picture(&stem, "<svg/>", &[1, 2]).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path().join("new"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["figure.3.png", "figure.3.svg"]);
        assert_eq!(fs::read(stem.with_extension("3.png")).unwrap(), [1, 2]);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = save_picture(&file.join("figure"), "", &[]).unwrap_err();
        assert!(error.to_string().contains("figure.svg"), "{error}");
    }
}
