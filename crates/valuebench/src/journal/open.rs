//! The journal as it is opened, held and closed.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::database::{self, Found};
use super::place::Place;
use super::{Design, JournalError, Manifest, Shard, error};

/// The raw answers of a study, or of one shard of it.
///
/// One process at a time has a journal; another one is refused. Methods that write return once the
/// data is on the disk (SQLite's write-ahead log, synchronous), so nothing that they acknowledged
/// is lost in a kill or a loss of power, and what they did not acknowledge is not there.
///
/// It keeps a digest of all its records, so that [`verify`](Self::verify) finds any damage.
/// Journals of the first version have none; they are read, go on and are finished as they are, and
/// of them form, words and design are checked alone.
#[derive(Debug)]
pub struct Journal {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) manifest: Manifest,
    pub(super) design: Design,
    pub(super) shard: Shard,
    pub(super) place: Place,
    pub(super) has_digest: bool,
}

impl Journal {
    /// The journal at `path` of this study and shard; made if there is none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the file cannot be read or written, is no journal, is in use by another
    /// process, or is the journal of another study or shard; the first difference is named.
    pub fn open(
        path: impl AsRef<Path>,
        manifest: &Manifest,
        design: &Design,
        shard: Shard,
    ) -> Result<Self, JournalError> {
        let path = path.as_ref();
        if !shard.fits(design) {
            return Err(JournalError::TooManyShards {
                file: path.to_owned(),
                rows: design.rows().len(),
                shards: shard.of(),
            });
        }
        let mut connection = database::connect(path, true)?;
        let has_digest = match database::find(path, &connection)? {
            Found::Nothing => {
                database::create(path, &mut connection, manifest, design, shard)?;
                true
            }
            Found::Journal { has_digest } => {
                database::check(path, &connection, manifest, design, shard)?;
                has_digest
            }
        };
        Ok(Self {
            place: Place::of(path)?,
            path: path.to_owned(),
            connection,
            manifest: manifest.clone(),
            design: design.clone(),
            shard,
            has_digest,
        })
    }

    /// The journal at `path`, whatever its study.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: there is no such file, it cannot be read, is no journal, or is in use by
    /// another process.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let connection = database::connect(path, false)?;
        let Found::Journal { has_digest } = database::find(path, &connection)? else {
            return Err(error::not_a_journal(path, "an empty database"));
        };
        let design = database::design(path, &connection)?;
        Ok(Self {
            manifest: database::manifest(path, &connection)?,
            shard: database::shard(path, &connection, &design)?,
            design,
            place: Place::of(path)?,
            path: path.to_owned(),
            connection,
            has_digest,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the study is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the study asks, in all its shards.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Which of the rows are this journal's.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        read(&self.connection).map_err(|source| error::sqlite(&self.path, doing, source))
    }

    /// Closes the file. Without it closing happens too, but a failure goes unseen.
    ///
    /// # Errors
    ///
    /// What SQLite says; [`JournalError::Gone`].
    pub fn close(self) -> Result<(), JournalError> {
        let Self {
            connection,
            path,
            place,
            ..
        } = self;
        connection
            .close()
            .map_err(|(_, source)| error::sqlite(&path, "close it", source))?;
        place.check(&path)
    }
}
