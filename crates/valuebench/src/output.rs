//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::WriteError;

/// How the names of files begin that are being written.
const PREFIX: &str = ".valuebench-";

/// Writes a file under a temporary name in the same folder, then renames it.
///
/// Should anything fail, a file of that name that was there before is unchanged and no other is
/// left behind. What a kill left behind in that folder goes with the next file that is written
/// there. A link is followed; a device, a pipe or a folder of that name is refused.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    try_write(path, write).map_err(|source| WriteError {
        file: path.display().to_string(),
        source,
    })
}

fn try_write(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let path = &*target(path)?;
    let folder = folder(path);
    remove_left_overs(folder);
    let file = temporary(folder)?;
    let mut out = BufWriter::new(file.as_file());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The path, or what it links to. Refuses anything but a file, which renaming would replace.
fn target(path: &Path) -> io::Result<PathBuf> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        let kind = if found.is_dir() {
            "a folder"
        } else {
            "a device, a pipe or a socket"
        };
        let problem = format!("expected a file or nothing of that name, found {kind}");
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
    }
    match fs::symlink_metadata(path)?.is_symlink() {
        true => fs::canonicalize(path),
        false => Ok(path.to_owned()),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Removes the temporary files that nobody is writing: those that can be locked. What cannot be
/// removed stays.
fn remove_left_overs(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else {
            continue;
        };
        // Locked until it is removed, so that nobody takes it up in between.
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file that is locked as long as it is open, so that no other process takes it for a left-over.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = create(folder)?;
        // Where files cannot be locked, none is taken for a left-over either.
        let is_locked = file.as_file().lock().is_ok();
        // Another process may have found it before it was locked.
        if !is_locked || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Temporary files are private by default; this one becomes the user's, so the umask decides.
fn create(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
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
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        fs::write(&path, "old").unwrap();
        let error = write_whole(&path, |out| {
            out.write_all(b"half of the n")?;
            out.flush()?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: cannot be written: the disk is full", path.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    fn write_text(path: &Path) -> Result<(), WriteError> {
        write_whole(path, |out| out.write_all(b"new"))
    }

    #[test]
    fn what_a_kill_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at(".valuebench-left"), "half").unwrap();
        fs::write(at(".valuebenchmark"), "somebody's").unwrap();
        fs::create_dir(at(".valuebench-folder")).unwrap();
        let other = temporary(folder.path()).unwrap();
        write_text(&at("table.csv")).unwrap();
        assert!(!at(".valuebench-left").exists());
        assert!(at(".valuebenchmark").exists() && at(".valuebench-folder").exists());
        other.persist(at("other.csv")).unwrap();
        assert_eq!(fs::read_to_string(at("table.csv")).unwrap(), "new");
    }

    /// Threads write side by side, each taking the left-overs away.
    #[test]
    fn nobody_loses_a_file_to_another() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for n in 0..25 {
                        write_text(&folder.join(format!("{thread}-{n}"))).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 100);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        use std::os::unix::net::UnixListener;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let fifo = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(fifo.unwrap().success());
        let _socket = UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink("/dev/null", at("device")).unwrap();
        symlink(at("fifo"), at("link-to-fifo")).unwrap();
        for name in ["fifo", "socket", "folder", "device", "link-to-fifo"] {
            let before = fs::symlink_metadata(at(name)).unwrap().file_type();
            let error = write_text(&at(name)).unwrap_err().to_string();
            assert!(
                error.contains("expected a file or nothing of that name, found a "),
                "{error}"
            );
            assert_eq!(
                fs::symlink_metadata(at(name)).unwrap().file_type(),
                before,
                "{name}"
            );
        }
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );

        fs::write(at("file"), "old").unwrap();
        symlink(at("file"), at("link")).unwrap();
        write_text(&at("link")).unwrap();
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "new");
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/table.csv");
        let error = write_whole(&path, |_| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with(&path.display().to_string()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
