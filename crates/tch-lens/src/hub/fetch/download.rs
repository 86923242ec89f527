//! One file into the cache: whole, or not there. What came of an interrupted download is kept, and taken up.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use ureq::http::StatusCode;

use super::super::cache::Snapshot;
use super::super::{Hub, HubError, Progress};
use super::client::{Client, Metadata};
use crate::words::counted;

/// Connections in a row that bring nothing.
const MOST_FAILURES: u32 = 5;
/// Before the second; twice as long before each further one.
const FIRST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 500 });
const EVERY: Duration = Duration::from_millis(200);
/// Hexadecimal digits of the checksum by which the hub names large files; small ones have another kind.
const SHA256: usize = 64;

/// Puts `file` into the snapshot, through the blob of its content.
pub(super) fn download(
    hub: &Hub,
    client: &Client<'_>,
    snapshot: &Snapshot,
    file: &str,
) -> Result<(), HubError> {
    let metadata = client.metadata(&snapshot.commit, file)?;
    let blobs = hub.cache.repository(client.repository()).join("blobs");
    let blob = blobs.join(&metadata.etag);
    let lock = hub
        .cache
        .locks(client.repository())
        .join(format!("{}.lock", metadata.etag));
    made(&blobs)?;
    // Held until this returns: Python's client keeps to it as well.
    let _lock = locked(&lock)?;
    if !blob.exists() {
        let part = Part {
            path: blobs.join(format!("{}.incomplete", metadata.etag)),
            name: &client.name(),
            file,
            metadata: &metadata,
            hear: &*hub.progress,
        };
        part.fill(client, &snapshot.commit)?;
        part.check()?;
        fs::rename(&part.path, &blob).map_err(|error| HubError::at(&blob, error))?;
    }
    link(&blob, &snapshot.folder, file)
}

/// A file on its way.
struct Part<'a> {
    path: PathBuf,
    name: &'a str,
    file: &'a str,
    metadata: &'a Metadata,
    hear: &'a (dyn Fn(&Progress<'_>) + Send + Sync),
}

impl Part<'_> {
    /// Asks for what is missing until nothing is.
    fn fill(&self, client: &Client<'_>, commit: &str) -> Result<(), HubError> {
        let mut out = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(|error| self.at(error))?;
        let mut done = self.end(&mut out)?;
        self.tell(done, true);
        let mut failures = 0;
        while done < self.metadata.bytes {
            let error = match self.more(client, commit, &mut out, done) {
                Ok(()) => None,
                Err(Stopped::Here(error)) => return Err(self.at(error)),
                Err(Stopped::There(error)) if matches!(error, HubError::Unreachable { .. }) => {
                    Some(error)
                }
                Err(Stopped::There(error)) => return Err(error),
            };
            let end = self.end(&mut out)?;
            failures = if end > done { 0 } else { failures + 1 };
            done = end;
            if let Some(error) = error {
                if failures >= MOST_FAILURES {
                    return Err(error);
                }
                sleep(FIRST_WAIT * 2_u32.pow(failures));
            } else if failures > 0 {
                return Err(
                    self.damaged(counted(self.metadata.bytes, "byte"), counted(done, "byte"))
                );
            }
        }
        self.tell(done, false);
        out.sync_all().map_err(|error| self.at(error))
    }

    /// One answer of the server, from byte `done` on, as far as it comes.
    fn more(
        &self,
        client: &Client<'_>,
        commit: &str,
        out: &mut File,
        done: u64,
    ) -> Result<(), Stopped> {
        let answer = client
            .content(commit, self.file, done)
            .map_err(Stopped::There)?;
        // Whoever does not know of ranges sends all of it.
        let mut at = if answer.status() == StatusCode::PARTIAL_CONTENT {
            done
        } else {
            0
        };
        out.set_len(at)
            .and_then(|()| out.seek(SeekFrom::Start(at)))
            .map_err(Stopped::Here)?;
        let mut body = answer.into_body().into_reader();
        let mut bytes = vec![0; 1 << 18];
        let mut told = Instant::now();
        loop {
            let n = match body.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(error) => return Err(Stopped::There(client.lost(error))),
            };
            at += n as u64;
            if at > self.metadata.bytes {
                return Err(Stopped::There(
                    self.damaged(counted(self.metadata.bytes, "byte"), "more".to_owned()),
                ));
            }
            out.write_all(&bytes[..n]).map_err(Stopped::Here)?;
            if told.elapsed() >= EVERY && at < self.metadata.bytes {
                told = Instant::now();
                self.tell(at, false);
            }
        }
    }

    /// How much is here; what cannot be a beginning of the file is let go.
    fn end(&self, out: &mut File) -> Result<u64, HubError> {
        let end = out.seek(SeekFrom::End(0)).map_err(|error| self.at(error))?;
        if end <= self.metadata.bytes {
            return Ok(end);
        }
        out.set_len(0).map_err(|error| self.at(error))?;
        Ok(0)
    }

    /// Compares the checksum, where the hub has one of this kind.
    fn check(&self) -> Result<(), HubError> {
        if self.metadata.etag.len() != SHA256 {
            return Ok(());
        }
        let found = checksum(&self.path).map_err(|error| self.at(error))?;
        match found == self.metadata.etag {
            true => Ok(()),
            false => {
                let expected = format!("SHA-256 {}", self.metadata.etag);
                Err(self.damaged(expected, found))
            }
        }
    }

    fn damaged(&self, expected: String, found: String) -> HubError {
        // What it would be taken up from is not to be trusted.
        let _ = fs::remove_file(&self.path);
        HubError::Damaged {
            name: self.name.to_owned(),
            file: self.file.to_owned(),
            expected,
            found,
        }
    }

    fn tell(&self, done: u64, begins: bool) {
        (self.hear)(&Progress {
            repository: self.name,
            file: self.file,
            done,
            of: self.metadata.bytes,
            begins,
        });
    }

    fn at(&self, error: io::Error) -> HubError {
        HubError::at(&self.path, error)
    }
}

/// Where a download stopped.
enum Stopped {
    /// At the disk.
    Here(io::Error),
    /// On the way.
    There(HubError),
}

fn checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => break,
            n => hash.update(&bytes[..n]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn locked(path: &Path) -> Result<File, HubError> {
    made(path.parent().unwrap_or(path))?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.and_then(|file| file.lock().map(|()| file));
    file.map_err(|error| HubError::at(path, error))
}

fn made(folder: &Path) -> Result<(), HubError> {
    fs::create_dir_all(folder).map_err(|error| HubError::at(folder, error))
}

/// Names a blob in a snapshot: by a relative link, as Python's client does, or where the system has none the blob itself.
fn link(blob: &Path, snapshot: &Path, file: &str) -> Result<(), HubError> {
    let pointer = snapshot.join(file);
    made(pointer.parent().unwrap_or(snapshot))?;
    let up = "../".repeat(2 + file.matches('/').count());
    let name = blob.file_name().unwrap_or_default();
    let linked = linked(blob, &Path::new(&format!("{up}blobs")).join(name), &pointer);
    match linked {
        // Another process was as far.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(HubError::at(&pointer, error))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn linked(_blob: &Path, relative: &Path, pointer: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(relative, pointer)
}

#[cfg(not(unix))]
fn linked(blob: &Path, _relative: &Path, pointer: &Path) -> io::Result<()> {
    fs::rename(blob, pointer)
}
