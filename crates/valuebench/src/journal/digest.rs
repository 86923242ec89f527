//! One number over all that a journal holds, which any damage changes.
//!
//! Every record is hashed, and the hashes are added bit by bit (exclusive or): so the sum can be
//! kept up with each record, depends on no order, and a record that is replaced is taken out as it
//! came in. Records have different keys, so that no two are alike and take each other out. It finds
//! damage, not forgery: who rewrites the sum as well is not found.

use rusqlite::{Connection, Row};
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
    Ok(answer(
        [row.get(0)?, row.get(1)?],
        &row.get(2)?,
        row.get_ref(3)?.as_str()?,
        [row.get(4)?, row.get(5)?],
        row.get(6)?,
    ))
}

pub(super) fn of_judgement(row: &Row<'_>) -> rusqlite::Result<Sum> {
    let text = |column| -> rusqlite::Result<_> { Ok(row.get_ref(column)?.as_str_or_null()?) };
    let words = [text(3)?, text(4)?, text(5)?];
    Ok(judgement([row.get(0)?, row.get(1)?, row.get(2)?], words))
}

/// The record of an answer: its row and item, the prompt's hash, the text, the tokens of both and
/// the seconds.
pub(super) fn answer(
    key: [i64; 2],
    prompt: &[u8; 32],
    text: &str,
    tokens: [i64; 2],
    seconds: f64,
) -> Sum {
    let mut hash = Hash::new("answer");
    key.into_iter()
        .chain(tokens)
        .for_each(|number| hash.number(number));
    hash.0.update(prompt);
    hash.text(text);
    // SQLite keeps no sign of zero; the sum has none.
    hash.0.update((seconds + 0.0).to_bits().to_le_bytes());
    Sum(hash.0.finalize().into())
}

/// The record of a judgement: its row, item and aspect; stance, judge and reason.
pub(super) fn judgement(key: [i64; 3], words: [Option<&str>; 3]) -> Sum {
    let mut hash = Hash::new("judgement");
    key.into_iter().for_each(|number| hash.number(number));
    for word in words {
        hash.0.update([u8::from(word.is_some())]);
        hash.text(word.unwrap_or_default());
    }
    Sum(hash.0.finalize().into())
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
