//! The journal of a study: every raw answer, in a file that a kill at any moment leaves whole.
//!
//! A [`Design`] says what a study asks: rows, each a [`Setting`](crate::Setting) in a named part of the study, and the items
//! that each row is asked. A [`Manifest`] says what else would change an answer, the model's files or the dose of a
//! steer, say. A [`Journal`] belongs to one design and one manifest and refuses every other; it tells which questions are
//! [pending](Journal::pending), takes [answers](Journal::record), and holds each one's judgement, or why there is none.
//! What it has acknowledged it keeps: who starts again goes on where the journal stopped.
//!
//! ```text
//! Design, Manifest ──▶ Journal ──pending──▶ Question ──your model──▶ Response ──record──▶ Journal
//!                        │ unjudged ──▶ text ──your judge──▶ Verdict ──judge──▶ Journal
//!                        └──▶ OrientationTable::from_journal, item_scores, item_changes, consistency, item_statistics,
//!                             write_csv
//! ```
//!
//! On many machines each has a [`Shard`] of the rows and a journal of its own; [`merge`] makes one of them.
//!
//! The file is a SQLite database. Its view `answers` has every answer with its setting and item in words, for any
//! program that reads SQLite.
//!
//! ```
//! use valuebench::journal::{Design, Journal, Manifest, PlannedRow, Response, Shard, Unjudged, Verdict, prompt_hash};
//! use valuebench::{OrientationTable, Questionnaire, Setting, Stance};
//!
//! let csv = "\
//! questionnaire,item,value,agreement,question
//! TCI,I feel with others.,Empathy,1,Should I feel with others?
//! SOV,I avoid people.,Social,-1,Should I avoid people?
//! ";
//! let items = Questionnaire::from_reader(csv.as_bytes())?.items().to_vec();
//! let rows = vec![PlannedRow { part: "train".into(), setting: Setting::default(), items: [0, 1].into() }];
//! let design = Design::new(items, rows)?;
//! let manifest = Manifest::default().with("model", "always yes");
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("study.journal");
//! let mut journal = Journal::open(&path, &manifest, &design, Shard::WHOLE)?;
//! for question in journal.pending()? {
//!     journal.record(&[Response {
//!         question,
//!         prompt_hash: prompt_hash(&design.item(question).question),
//!         text: " Why not.\nAnswer: yes".into(),
//!         prompt_tokens: 9,
//!         new_tokens: 6,
//!         seconds: 0.1,
//!         verdict: Verdict::Judged { stance: Stance::Yes, judge: "rules".into() },
//!     }])?;
//! }
//! assert!(journal.pending()?.is_empty());
//! let table = OrientationTable::from_journal(&journal, "train", Unjudged::Refuse)?;
//! assert_eq!(table.matrix().row(0).to_vec(), [1.0, -1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod database;
mod design;
mod digest;
mod error;
mod export;
mod manifest;
mod merge;
mod place;
mod read;
mod tables;
mod verify;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

pub use design::{Design, DesignError, PlannedRow, Question, Shard, ShardError};
pub use error::JournalError;
pub use manifest::{Difference, Manifest};
pub use merge::merge;
pub use read::{Progress, Recorded, ToJudge};
pub use tables::{Answers, Consistency, ItemStatistics, Unjudged};
pub use verify::Verified;

use crate::Stance;
use database::Found;
use place::Place;

/// The longest answer that is recorded, in bytes: a mebibyte.
pub const LONGEST_ANSWER: usize = 1 << 20;

/// The raw answers of a study, or of one shard of it.
///
/// One process at a time has a journal; another one is refused. Methods that write return once the data is on the disk
/// (SQLite's write-ahead log, synchronous), so nothing that they acknowledged is lost in a kill or a loss of power, and
/// what they did not acknowledge is not there.
///
/// It keeps a digest of all its records, so that [`verify`](Self::verify) finds any damage. Journals of the first
/// version have none; they are read, go on and are finished as they are, and of them form, words and design are
/// checked alone.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    connection: Connection,
    manifest: Manifest,
    design: Design,
    shard: Shard,
    place: Place,
    has_digest: bool,
}

/// A model's answer, as it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// What was asked.
    pub question: Question,
    /// The [hash](prompt_hash) of the prompt.
    pub prompt_hash: [u8; 32],
    /// All that the model wrote after the prompt.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub new_tokens: u64,
    /// From when the question was taken up until the answer was there, waiting for others in its batch included.
    pub seconds: f64,
    /// What the answer means, as far as that is known yet.
    pub verdict: Verdict,
}

/// What a judge said of a text, or why none has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes this position.
    Judged {
        /// The position.
        stance: Stance,
        /// Who says so.
        judge: String,
    },
    /// Nobody knows yet; it can be [taken up again](Journal::unjudged).
    Unjudged {
        /// Why: no judge could tell, or the judge failed.
        reason: String,
    },
}

/// Which part of an answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// The whole answer, as it is scored.
    Answer,
    /// The [thought](crate::Answer::thought) alone, which tells how consistent the model is.
    Thought,
}

/// The SHA-256 of a prompt's text.
pub fn prompt_hash(prompt: &str) -> [u8; 32] {
    Sha256::digest(prompt).into()
}

impl Journal {
    /// The journal at `path` of this study and shard; made if there is none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the file cannot be read or written, is no journal, is in use by another process, or is the
    /// journal of another study or shard; the first difference is named.
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
    /// [`JournalError`]: there is no such file, it cannot be read, is no journal, or is in use by another process.
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

    fn read<T>(
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

impl Aspect {
    fn code(self) -> u8 {
        match self {
            Self::Answer => 0,
            Self::Thought => 1,
        }
    }
}
