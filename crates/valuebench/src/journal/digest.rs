//! One number over all that a journal holds, which any damage changes.
//!
//! Every record is hashed, and the hashes are added bit by bit (exclusive or): so the sum can be
//! kept up with each record, depends on no order, and a record that is replaced is taken out as it
//! came in. Records have different keys, so that no two are alike and take each other out. It finds
//! damage, not forgery: who rewrites the sum as well is not found.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::{Manifest, Shard};

/// The sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum([u8; 32]);

impl Sum {
    /// Of a journal without an answer.
    pub(super) fn of_study(manifest: &Manifest, questions: &str, shard: Shard) -> Self {
        let mut hash = Hash::new("study");
        hash.text(questions);
        hash.number(shard.index() as i64);
        hash.number(shard.of() as i64);
        for (key, value) in manifest.iter() {
            hash.text(key);
            hash.text(value);
        }
        Self(hash.0.finalize().into())
    }

    pub(super) fn toggle(&mut self, record: Self) {
        self.0
            .iter_mut()
            .zip(record.0)
            .for_each(|(sum, byte)| *sum ^= byte);
    }

    /// The sum that is kept in the journal.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        connection.query_row("SELECT records FROM digest", [], |row| {
            Ok(Self(row.get(0)?))
        })
    }

    pub(super) fn create(self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .execute("INSERT INTO digest VALUES (?)", [self.0])
            .map(drop)
    }

    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .execute("UPDATE digest SET records = ?", [self.0])
            .map(drop)
    }
}

/// The columns of an answer, in the order in which [`of_answer`] reads them.
pub(super) const ANSWER: &str =
    "row, item, prompt_sha256, text, prompt_tokens, new_tokens, seconds";

/// The columns of a judgement, in the order in which [`of_judgement`] reads them.
pub(super) const JUDGEMENT: &str = "row, item, aspect, stance, judge, reason";

pub(super) fn of_answer(row: &Row<'_>) -> rusqlite::Result<Sum> {
    let mut hash = Hash::new("answer");
    hash.number(row.get(0)?);
    hash.number(row.get(1)?);
    hash.0.update(row.get::<_, [u8; 32]>(2)?);
    hash.text(row.get_ref(3)?.as_str()?);
    hash.number(row.get(4)?);
    hash.number(row.get(5)?);
    hash.0.update(row.get::<_, f64>(6)?.to_bits().to_le_bytes());
    Ok(Sum(hash.0.finalize().into()))
}

pub(super) fn of_judgement(row: &Row<'_>) -> rusqlite::Result<Sum> {
    let mut hash = Hash::new("judgement");
    for column in 0..3 {
        hash.number(row.get(column)?);
    }
    for column in 3..6 {
        let text = row.get_ref(column)?.as_str_or_null()?;
        hash.0.update([u8::from(text.is_some())]);
        hash.text(text.unwrap_or_default());
    }
    Ok(Sum(hash.0.finalize().into()))
}

/// The record of an answer, as it lies in the journal.
pub(super) fn answer_at(connection: &Connection, row: i64, item: i64) -> rusqlite::Result<Sum> {
    let sql = format!("SELECT {ANSWER} FROM answer WHERE row = ? AND item = ?");
    connection.query_row(&sql, [row, item], of_answer)
}

/// The record of a judgement, if there is one.
pub(super) fn judgement_at(
    connection: &Connection,
    row: i64,
    item: i64,
    aspect: u8,
) -> rusqlite::Result<Option<Sum>> {
    let sql =
        format!("SELECT {JUDGEMENT} FROM judgement WHERE row = ? AND item = ? AND aspect = ?");
    let found = connection.query_row(&sql, params![row, item, aspect], of_judgement);
    found.optional()
}

/// A hash of parts that cannot run into one another.
struct Hash(Sha256);

impl Hash {
    fn new(kind: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.text(kind);
        hash
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.0.update(text);
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_le_bytes());
    }
}
