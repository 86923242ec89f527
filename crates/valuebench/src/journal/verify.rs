//! Whether a journal is as it was written.

use rusqlite::Row;

use super::digest::{self, Sum};
use super::error::{damage, damaged};
use super::words::{aspect_of, reading_of};
use super::{Aspect, Journal, JournalError, database};

/// Against what a journal was [checked](Journal::verify).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Its form, its words, its design, and the digest of all its records: any damage would have
    /// been found.
    Whole,
    /// All of that except the digest, which journals of the first version do not keep. An answer
    /// in which one word was changed into another would not have been noticed.
    WithoutDigest,
}

impl Journal {
    /// Reads all of it and refuses it if anything is not as it was written. To be asked for before
    /// results are made of it; [`merge`](super::merge) does so itself. Takes time linear in its
    /// size, two seconds for 200,000 answers.
    ///
    /// What is checked: SQLite's own structure; that every question, word and number of the journal
    /// can be, in this design and this shard; that each answer has its verdict; and the digest over
    /// manifest, shard, questions, answers and judgements, which a journal of this version keeps
    /// with each commit. It finds damage, whatever its cause, but nothing that was forged together
    /// with the digest.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] with what is wrong; [`JournalError::Gone`]; what SQLite says.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        self.place.check(&self.path)?;
        let structure: String = self.read("check it", |connection| {
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        })?;
        if structure != "ok" {
            return Err(damaged(&self.path, structure));
        }
        self.verify_study()?;
        let found = self.sum()?;
        if !self.has_digest {
            return Ok(Verified::WithoutDigest);
        }
        match self.read("read its digest", Sum::read)? == found {
            true => Ok(Verified::Whole),
            false => Err(damaged(
                &self.path,
                "its records do not have the digest that was kept of them",
            )),
        }
    }

    /// Whether manifest, shard and design lie in the file as they were when it was opened.
    fn verify_study(&self) -> Result<(), JournalError> {
        let (path, connection) = (&self.path, &self.connection);
        let design = database::design(path, connection)?;
        if database::manifest(path, connection)? != self.manifest
            || database::shard(path, connection, &design)? != self.shard
            || design != self.design
        {
            return Err(damaged(
                path,
                "its study is not the one that it was opened for",
            ));
        }
        Ok(())
    }

    /// The digest of what is there, each record of which is checked by itself.
    fn sum(&self) -> Result<Sum, JournalError> {
        let mut sum = Sum::of_study(&self.manifest, &self.design.digest(), self.shard);
        self.read("read its records", |connection| {
            let sql = format!(
                "SELECT {}, EXISTS (SELECT 1 FROM judgement said WHERE said.row = answer.row
                    AND said.item = answer.item AND said.aspect = 0) FROM answer",
                digest::ANSWER
            );
            let mut all = connection.prepare(&sql)?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let question = self.checked_question(row)?;
                if !row.get::<_, bool>(7)? {
                    return Err(damage(7, format!("no verdict on {question}")));
                }
                sum.toggle(digest::of_answer(row)?);
            }
            let sql = format!(
                "SELECT {}, EXISTS (SELECT 1 FROM answer WHERE answer.row = judgement.row
                    AND answer.item = judgement.item) FROM judgement",
                digest::JUDGEMENT
            );
            let mut all = connection.prepare(&sql)?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                self.check_judgement(row)?;
                sum.toggle(digest::of_judgement(row)?);
            }
            Ok(())
        })?;
        Ok(sum)
    }

    fn check_judgement(&self, row: &Row<'_>) -> rusqlite::Result<()> {
        let question = self.checked_question(row)?;
        let aspect =
            aspect_of(row.get(2)?).ok_or_else(|| damage(2, "an aspect that there is not"))?;
        if let Some(word) = row.get::<_, Option<String>>(3)?
            && !self
                .design
                .item(question)
                .scale
                .holds(reading_of(3, &word)?)
        {
            return Err(damage(3, format!("the stance {word:?}, on {question}")));
        }
        if !row.get::<_, bool>(6)? {
            return Err(damage(
                6,
                format!("a judgement without an answer, to {question}"),
            ));
        }
        // Whoever judges is named, and who does not gives a reason.
        let named: Option<String> = row.get(if row.get_ref(3)?.as_str_or_null()?.is_some() {
            4
        } else {
            5
        })?;
        match named.is_some() || aspect == Aspect::Thought {
            true => Ok(()),
            false => Err(damage(
                4,
                format!("a verdict without judge or reason, on {question}"),
            )),
        }
    }
}
