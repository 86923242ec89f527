use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::{Duration, Instant};

use super::remark;

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
    fs::create_dir_all(folder).map_err(named)?;
    clear_left_overs(folder);
    Ok(())
}

/// How temporary files are named.
const BEGINNING: &str = ".writing-";
const ENDING: &str = ".part";

/// Removes temporary files that nobody writes any more: those that can be locked. What cannot be removed stays.
fn clear_left_overs(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(BEGINNING) && name.ends_with(ENDING);
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // Locked until it is removed, so that nobody takes it up in between.
        if let Ok(file) = fs::File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Removes a file that an earlier run may have left, if it is there. What is no file, such as a pipe, stays.
///
/// # Errors
/// If it is there and cannot be removed, or is a link, which nobody but the user has made; the error names it.
pub fn remove_stale(path: &Path) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => fs::remove_file(path).map_err(named),
        Ok(found) if found.is_symlink() => Err(named(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "expected a file of an earlier run, or nothing of that name, found a link",
        ))),
        _ => Ok(()),
    }
}

/// Says in a line which of the files `names` in `folder`, made by an earlier run, meet that fate ("are written over"), if any
/// are there.
pub fn remark_on_earlier(
    folder: &Path,
    names: impl IntoIterator<Item = impl AsRef<str>>,
    fate: &str,
) {
    let names = names.into_iter();
    let there: Vec<String> = names
        .filter(|name| folder.join(name.as_ref()).is_file())
        .map(|name| name.as_ref().to_owned())
        .collect();
    if !there.is_empty() {
        let (folder, there) = (folder.display(), there.join(", "));
        remark(format_args!(
            "note: files of an earlier run in {folder} {fate}: {there}"
        ));
    }
}

/// Writes a text file whole or not at all, as [`write_whole`].
///
/// # Errors
/// As [`write_whole`].
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
/// renames it. A link is followed. What is no file is never replaced: standard output, a pipe or a character device
/// such as `/dev/null` is written to as it is.
///
/// # Errors
/// If the folder cannot be made or the file cannot be written, or `path` is a folder, a disk or a socket; the error names
/// the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match fs::metadata(path) {
        Ok(found) if written_through(path, &found, bytes)? => return Ok(()),
        Ok(_) => &fs::canonicalize(path)?,
        Err(_) => &no_dead_link(path)?,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.exists() && !folder.is_dir() {
        let found = format!("expected a folder, {} is none", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, found));
    }
    fs::create_dir_all(folder)?;
    clear_left_overs(folder);
    let mut file = temporary_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// The path of what is not there, unless a link is: to rename a file over it would take it away.
fn no_dead_link(path: &Path) -> io::Result<PathBuf> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        let problem = "expected a file or nothing of that name, found a link that leads nowhere";
        return Err(io::Error::new(io::ErrorKind::NotFound, problem));
    }
    Ok(path.to_owned())
}

/// Writes to what must not be replaced by a file. False where `found`, which lies at `path`, is a file.
#[cfg(unix)]
fn written_through(path: &Path, found: &fs::Metadata, bytes: &[u8]) -> io::Result<bool> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    // A file into which a stream of ours goes would lose what the stream had to say.
    let streams = [
        io::stdout().as_fd().try_clone_to_owned(),
        io::stderr().as_fd().try_clone_to_owned(),
    ];
    for stream in streams.into_iter().flatten() {
        let mut stream = fs::File::from(stream);
        let open = stream.metadata()?;
        if (open.dev(), open.ino()) == (found.dev(), found.ino()) {
            io::stdout().flush()?;
            return stream.write_all(bytes).map(|()| true);
        }
    }
    let kind = found.file_type();
    if kind.is_fifo() {
        return pipe(path)?.write_all(bytes).map(|()| true);
    }
    if kind.is_char_device() {
        let mut device = fs::OpenOptions::new().write(true).open(path)?;
        return device.write_all(bytes).map(|()| true);
    }
    match found.is_file() {
        true => Ok(false),
        false => Err(no_file(found)),
    }
}

/// How long a pipe may be without a reader, who may have been started together with us.
#[cfg(unix)]
const READER_COMES: Duration = Duration::from_secs(5);

/// Opens a pipe to write to. To open one that nobody reads would wait for ever.
#[cfg(unix)]
fn pipe(path: &Path) -> io::Result<fs::File> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::OpenOptionsExt;
    let since = Instant::now();
    loop {
        let opened = fs::OpenOptions::new()
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path);
        match opened {
            Ok(pipe) => {
                fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
                return Ok(pipe);
            }
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                return Err(error);
            }
            Err(_) if since.elapsed() >= READER_COMES => {
                let problem = "expected a pipe that somebody reads, found one without a reader";
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, problem));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(not(unix))]
fn written_through(_path: &Path, found: &fs::Metadata, _bytes: &[u8]) -> io::Result<bool> {
    match found.is_file() {
        true => Ok(false),
        false => Err(no_file(found)),
    }
}

fn no_file(found: &fs::Metadata) -> io::Error {
    let kind = match found.is_dir() {
        true => "a folder",
        false => "a disk or a socket",
    };
    let problem = format!("expected a file or nothing of that name, found {kind}");
    io::Error::new(io::ErrorKind::AlreadyExists, problem)
}

/// A file that is locked as long as it is open, so that no other process takes it for a left-over.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(BEGINNING).suffix(ENDING);
    // Temporary files are private by default; results should have the permissions of any new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    loop {
        let file = builder.tempfile_in(folder)?;
        // Where files cannot be locked, none is taken for a left-over either.
        let is_locked = file.as_file().lock().is_ok();
        // Another process may have found it before it was locked.
        if !is_locked || file.path().exists() {
            return Ok(file);
        }
    }
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

    /// Also one that was left a moment ago, and whether or not the program makes its folder first.
    #[test]
    fn what_a_kill_left_is_cleared_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let written = temporary_in(folder.path()).unwrap();
        let clear: [&dyn Fn(); 2] = [&|| make_folder(folder.path()).unwrap(), &|| {
            save_text(&at("new"), "").unwrap();
        }];
        for clear in clear {
            fs::write(at(".writing-a.part"), "").unwrap();
            fs::write(at("mine.part"), "").unwrap();
            clear();
            assert!(!at(".writing-a.part").exists() && at("mine.part").exists());
            assert!(written.path().exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_removed_nor_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "mine").unwrap();
        symlink("file", at("link")).unwrap();
        symlink("nowhere", at("dead")).unwrap();
        let said = remove_stale(&at("link")).unwrap_err().to_string();
        assert!(said.contains("link: expected a file") && said.ends_with("found a link"));
        let said = save_text(&at("dead"), "new").unwrap_err().to_string();
        assert!(said.ends_with("found a link that leads nowhere"), "{said}");
        for link in ["link", "dead"] {
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
        }
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "mine");
    }

    /// Nobody waits for ever; a reader who comes a moment later gets all.
    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_reads_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let long = "a".repeat(1 << 20);
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                std::thread::sleep(Duration::from_millis(100));
                fs::read_to_string(pipe).unwrap()
            }
        });
        save_text(&pipe, &long).unwrap();
        assert!(reader.join().unwrap() == long);
        let (sender, said) = std::sync::mpsc::channel();
        std::thread::spawn({
            let pipe = pipe.clone();
            move || sender.send(save_text(&pipe, "").unwrap_err().to_string())
        });
        let said = said.recv_timeout(4 * READER_COMES);
        assert!(
            said.expect("it does not wait")
                .ends_with("without a reader")
        );
    }

    /// What lies there still does, and has got the bytes.
    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_written_to_and_folders_refused() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn({
            let pipe = at("pipe");
            move || fs::read(pipe).unwrap()
        });
        save_text(&at("pipe"), "through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        symlink("/dev/null", at("nothing")).unwrap();
        save_text(&at("nothing"), "gone").unwrap();
        let kind = |path: &Path| fs::metadata(path).unwrap().file_type();
        assert!(kind(&at("pipe")).is_fifo() && kind(&at("nothing")).is_char_device());
        remove_stale(&at("pipe")).unwrap();
        assert!(at("pipe").exists());

        fs::create_dir(at("folder")).unwrap();
        let error = save_text(&at("folder"), "").unwrap_err().to_string();
        assert!(error.ends_with("expected a file or nothing of that name, found a folder"));

        fs::write(at("file"), "old").unwrap();
        symlink("file", at("link")).unwrap();
        save_text(&at("link"), "new").unwrap();
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "new");
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
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
