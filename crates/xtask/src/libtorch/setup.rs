//! The set-up as a whole: what is there, what is missing, and one step into place at the end.

use super::fetch::{fetch, is_whole};
use super::installed::{Found, look};
use super::tools::Tools;
use super::wheels::{WHEELS, Wheel};
use super::{FOLDER, VERSION, assemble};
use crate::command::Failure;
use indicatif::DecimalBytes;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What the parts take on disk, unpacked.
const UNPACKED: u64 = 520_000_000;

/// A set-up in a workspace.
pub struct Setup<'a> {
    root: &'a Path,
    wheels: &'a [Wheel<'a>],
    tools: Tools,
    supported: bool,
}

impl<'a> Setup<'a> {
    /// The set-up of this workspace, with the programs of this machine.
    pub fn new(root: &'a Path) -> Self {
        let supported = cfg!(all(
            target_os = "linux",
            target_arch = "x86_64",
            target_env = "gnu"
        ));
        Setup {
            root,
            wheels: WHEELS,
            tools: Tools::default(),
            supported,
        }
    }

    /// Returns the folder, made first where it is absent, or ours and not whole.
    ///
    /// # Errors
    /// If something else lies there, this platform has no wheels, a program or disk space is missing, or the
    /// download fails.
    pub fn run(&self) -> Result<PathBuf, Failure> {
        let folder = self.root.join(FOLDER);
        if self.is_ready(&folder)? {
            self.tidy();
            return Ok(folder);
        }
        if !self.supported {
            return Err(Failure::told(format!(
                "libtorch is fetched for Linux on x86-64 (with the GNU C library) alone. Set LIBTORCH to the folder \
                 of a PyTorch {VERSION} for this platform, such as that of `pip install torch=={VERSION}`"
            )));
        }
        let locked = self.lock()?;
        if !self.is_ready(&folder)? {
            self.make(&folder)?;
        }
        // Closed alone it would stay locked where a program that another thread just starts has the file, too.
        let _ = locked.unlock();
        self.tidy();
        Ok(folder)
    }

    /// Whether the folder can be used; what is neither that nor ours is refused.
    fn is_ready(&self, folder: &Path) -> Result<bool, Failure> {
        let problem = match look(folder) {
            Found::Ready => return Ok(true),
            Found::Absent | Found::Incomplete { ours: true, .. } => return Ok(false),
            Found::Foreign(what) => what,
            Found::Incomplete { missing, .. } => format!("{missing} is missing"),
        };
        Err(Failure::told(format!(
            "{} is not the libtorch {VERSION} that this workspace needs: {problem}. Remove it (rm -r {FOLDER}) and \
             run `cargo xtask libtorch`, which fetches one; or set LIBTORCH to the folder of one that you have",
            folder.display()
        )))
    }

    fn make(&self, folder: &Path) -> Result<(), Failure> {
        println!("libtorch {VERSION} is not here: fetching its CPU part into {FOLDER}/ ...");
        self.tools.compilers()?;
        let pip = self.tools.pip()?;
        let partial = self.partial();
        clear_attempts(&partial)?;
        let missing: Vec<_> = self
            .wheels
            .iter()
            .filter(|wheel| !is_whole(&partial.join(wheel.file), wheel))
            .collect();
        self.demand_space(&missing)?;
        let attempt = tempfile::Builder::new()
            .prefix("attempt-")
            .tempdir_in(&partial);
        let attempt = attempt.map_err(|error| unwritable(&partial, &error))?;
        for wheel in missing {
            fetch(
                &pip,
                wheel,
                &attempt.path().join("fetched"),
                &partial.join(wheel.file),
            )?;
        }
        println!("Unpacking ...");
        let made = attempt.path().join("libtorch");
        for wheel in self.wheels {
            assemble::unpack(&partial.join(wheel.file), wheel, &made)?;
        }
        assemble::complete(&made, &self.tools)?;
        move_into_place(&made, folder, &attempt.path().join("replaced"))
    }

    /// Refuses to begin what the disk cannot hold: the missing wheels, of which pip holds one twice for a
    /// moment, and what is taken from them.
    fn demand_space(&self, missing: &[&Wheel<'_>]) -> Result<(), Failure> {
        let fetched: u64 = missing.iter().map(|wheel| wheel.size).sum();
        let twice = missing.iter().map(|wheel| wheel.size).max().unwrap_or(0);
        let needed = fetched + twice.max(UNPACKED);
        match self.tools.free_space(self.root) {
            Some(free) if free < needed => Err(Failure::told(format!(
                "the disk of {} has {} free, and fetching libtorch takes {} for a while (420 MB stay): make room \
                 and run this again, or set LIBTORCH to the folder of a PyTorch {VERSION} that you have",
                self.root.display(),
                DecimalBytes(free),
                DecimalBytes(needed)
            ))),
            _ => Ok(()),
        }
    }

    /// Where everything lies until it is whole.
    fn partial(&self) -> PathBuf {
        self.root.join(format!("{FOLDER}.partial"))
    }

    /// Keeps a second set-up of the same workspace waiting. The system lifts the lock when this process ends,
    /// however it ends.
    fn lock(&self) -> Result<File, Failure> {
        let partial = self.partial();
        let failed = |error: io::Error| unwritable(&partial, &error);
        fs::create_dir_all(&partial).map_err(failed)?;
        let lock = File::create(partial.join("lock")).map_err(failed)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            println!("Another process is fetching libtorch: waiting for it ...");
            lock.lock().map_err(failed)?;
        }
        Ok(lock)
    }

    /// Removes what a finished set-up leaves, unless somebody is at work there.
    fn tidy(&self) {
        let partial = self.partial();
        let lock = File::open(partial.join("lock"));
        let at_work =
            lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        if !at_work {
            // What cannot be removed costs space and does no harm.
            let _ = fs::remove_dir_all(partial);
        }
    }
}

/// Removes what interrupted attempts left; whole wheels stay.
fn clear_attempts(partial: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| unwritable(partial, &error);
    for entry in fs::read_dir(partial).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with("attempt-") {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Renames `made` to `folder`; what is there goes to `replaced` first.
fn move_into_place(made: &Path, folder: &Path, replaced: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| unwritable(folder, &error);
    if folder.exists() {
        fs::rename(folder, replaced).map_err(failed)?;
    }
    fs::rename(made, folder).map_err(failed)
}

/// A failure to write, with what to do about a full disk.
pub fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": make room and run this again"
        }
        _ => "",
    };
    Failure::told(format!(
        "{} cannot be written: {error}{help}",
        path.display()
    ))
}

#[cfg(all(test, unix))]
mod tests;
