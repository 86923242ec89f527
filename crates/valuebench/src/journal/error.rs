//! What can go wrong with a journal.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::types::Type;

use super::{Difference, Question, Shard};
use crate::words::counted;
use crate::{MeasurementError, Setting};

/// Why a journal cannot be had, written, read or merged. Whatever it says, what the journal had
/// acknowledged before is still in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk is full.
    #[error("{}: cannot {doing}: the disk is full; what was recorded before is kept, so make room and start again", file.display())]
    DiskFull {
        /// The journal.
        file: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// What SQLite says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process has it.
    #[error("{}: in use by another process", file.display())]
    InUse {
        /// The journal.
        file: PathBuf,
    },
    /// It may be read, but not written.
    #[error("{}: read-only; a journal is locked while it is open, even for reading, so copy it to where it may be written", file.display())]
    ReadOnly {
        /// The journal.
        file: PathBuf,
    },
    /// SQLite or the operating system cannot do it.
    #[error("{}: cannot {doing}: {source}", file.display())]
    Sqlite {
        /// The journal.
        file: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// What SQLite says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file cannot be moved into place or made.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: expected a journal, found {found}", file.display())]
    NotAJournal {
        /// The file.
        file: PathBuf,
        /// What it is.
        found: String,
    },
    /// Something in it is not as it was written.
    #[error("{}: damaged: found {found}", file.display())]
    Damaged {
        /// The journal.
        file: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// The file is no longer where it was opened: it, or its folder, was removed, moved or
    /// replaced. What was recorded since then is lost with it.
    #[error("{}: gone since it was opened: expected the same file, found {found}", file.display())]
    Gone {
        /// The journal.
        file: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A study has fewer rows than shards were asked for.
    #[error("{}: expected at most as many shards as the study has rows, {rows}, found {shards}", file.display())]
    TooManyShards {
        /// The journal.
        file: PathBuf,
        /// Number of rows.
        rows: usize,
        /// Number of shards.
        shards: usize,
    },
    /// An answer is too long to be kept and judged.
    #[error("{}: {question}: expected an answer of at most {limit} bytes, found {bytes}", file.display())]
    TooLong {
        /// The journal.
        file: PathBuf,
        /// What was asked.
        question: Question,
        /// The length of the answer.
        bytes: usize,
        /// The longest that is kept.
        limit: usize,
    },
    /// The file is the journal of another study.
    #[error(
        "{}: the journal of another study: {key} is {} in the journal and {} in the study",
        file.display(), shown(.journal.as_ref()), shown(.study.as_ref())
    )]
    OtherStudy {
        /// The journal.
        file: PathBuf,
        /// The first entry of the manifest in which they differ, or what of the design.
        key: String,
        /// What the journal has.
        journal: Option<String>,
        /// What the study has.
        study: Option<String>,
    },
    /// The file is the journal of another shard.
    #[error("{}: this is the journal of shard {found}, expected that of shard {expected}", file.display())]
    OtherShard {
        /// The journal.
        file: PathBuf,
        /// The shard asked for.
        expected: Shard,
        /// The journal's.
        found: Shard,
    },
    /// An answer or a judgement to a question that the journal's rows do not have, or that is
    /// answered already.
    #[error("{}: row {row}, item {item}: expected {expected}", file.display())]
    Question {
        /// The journal.
        file: PathBuf,
        /// The question's row.
        row: usize,
        /// The question's item.
        item: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// Two journals hold the same rows.
    #[error("{} and {} both hold shard {shard}", first.display(), second.display())]
    Overlap {
        /// The first journal.
        first: PathBuf,
        /// The second.
        second: PathBuf,
        /// The shard.
        shard: Shard,
    },
    /// Shards are missing.
    #[error("expected the journals of all {of} shards, found none of {}", missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Gap {
        /// The missing shards.
        missing: Vec<Shard>,
        /// Number of shards.
        of: usize,
    },
    /// Questions have no answers.
    #[error("{}: {answered} of {planned} answers; the first one missing is to {question:?} ({setting})", file.display())]
    Incomplete {
        /// The journal.
        file: PathBuf,
        /// Number of answers.
        answered: usize,
        /// Number of questions.
        planned: usize,
        /// The first question without an answer.
        question: String,
        /// Its setting.
        setting: Setting,
    },
    /// Answers have no judgement.
    #[error("{}, {part}: {} unjudged, the first because {reason}", file.display(), are(*n))]
    Unjudged {
        /// The journal.
        file: PathBuf,
        /// The part.
        part: String,
        /// How many.
        n: usize,
        /// Why the first one is.
        reason: String,
    },
    /// The design has no such part.
    #[error("{}: expected one of the parts {}, found {part:?}", file.display(), parts.join(", "))]
    NoSuchPart {
        /// The journal.
        file: PathBuf,
        /// The part asked for.
        part: String,
        /// Those that there are.
        parts: Vec<String>,
    },
    /// The answers of a part do not make a table.
    #[error("{}, {part}: {source}", file.display())]
    Table {
        /// The journal.
        file: PathBuf,
        /// The part.
        part: String,
        /// Why not.
        source: Box<MeasurementError>,
    },
}

fn shown(value: Option<&String>) -> String {
    value.map_or_else(|| "not there".to_owned(), |value| format!("{value:?}"))
}

pub(super) fn other_study(file: &Path, difference: Difference) -> JournalError {
    JournalError::OtherStudy {
        file: file.to_owned(),
        key: difference.key,
        journal: difference.theirs,
        study: difference.ours,
    }
}

pub(super) fn not_a_journal(file: &Path, found: impl Into<String>) -> JournalError {
    JournalError::NotAJournal {
        file: file.to_owned(),
        found: found.into(),
    }
}

pub(super) fn damaged(file: &Path, found: impl Into<String>) -> JournalError {
    JournalError::Damaged {
        file: file.to_owned(),
        found: found.into(),
    }
}

/// What a record holds that it cannot.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damage(String);

/// The error, below SQLite's, for a record that cannot be; [`sqlite`] makes it
/// [`JournalError::Damaged`].
pub(super) fn damage(column: usize, found: impl Into<String>) -> rusqlite::Error {
    let found = Box::new(Damage(found.into()));
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, found)
}

pub(super) fn sqlite(file: &Path, doing: &'static str, source: rusqlite::Error) -> JournalError {
    use rusqlite::Error as E;
    match source {
        E::FromSqlConversionFailure(_, _, found) if found.is::<Damage>() => {
            return damaged(file, found.to_string());
        }
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::QueryReturnedNoRows
        | E::QueryReturnedMoreThanOneRow
        | E::Utf8Error(..) => return damaged(file, format!("what cannot be read: {source}")),
        _ => {}
    }
    let code = source.sqlite_error_code();
    let file = file.to_owned();
    match code {
        Some(ErrorCode::DiskFull) => JournalError::DiskFull {
            file,
            doing,
            source: Box::new(source),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::InUse { file },
        Some(ErrorCode::NotADatabase) => not_a_journal(&file, "a file of another kind"),
        Some(ErrorCode::DatabaseCorrupt) => damaged(&file, source.to_string()),
        _ => JournalError::Sqlite {
            file,
            doing,
            source: Box::new(source),
        },
    }
}

/// `1 answer is`, `2 answers are`.
fn are(n: usize) -> String {
    let are = if n == 1 { "is" } else { "are" };
    format!("{} {are}", counted(n, "answer"))
}
