//! Answers and judgements on their way into the journal.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, params};

use super::digest::{self, Sum};
use super::error::sqlite;
use super::words::word_for;
use super::{Aspect, Journal, JournalError, LONGEST_ANSWER, Question, Response, Verdict};

impl Journal {
    /// Records answers, all of them or, on an error, none. When it returns they are on the disk.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows,
    /// or has an answer already; an answer is longer than [`LONGEST_ANSWER`]; a verdict is none on
    /// the item's scale; the journal [is gone](JournalError::Gone).
    pub fn record(&mut self, responses: &[Response]) -> Result<(), JournalError> {
        for response in responses {
            self.check(response)?;
        }
        let (path, has_digest) = (self.path.clone(), self.has_digest);
        let failed = |source| sqlite(&path, "record answers", source);
        let all = self.connection.transaction().map_err(failed)?;
        let mut writer = Writer::new(&all, has_digest).map_err(failed)?;
        for response in responses {
            writer
                .answer(response)
                .map_err(|source| match source.sqlite_error_code() {
                    Some(ErrorCode::ConstraintViolation) => JournalError::Question {
                        file: path.clone(),
                        row: response.question.row,
                        item: response.question.item,
                        expected: "a question without an answer, found one",
                    },
                    _ => failed(source),
                })?;
        }
        writer.end().map_err(failed)?;
        all.commit().map_err(failed)?;
        self.place.check(&self.path)
    }

    /// Records what a judge said of recorded answers, in the place of what was said before. All or,
    /// on an error, none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows,
    /// or has no answer; a verdict is none on the item's scale; the journal [is
    /// gone](JournalError::Gone).
    pub fn judge(
        &mut self,
        aspect: Aspect,
        verdicts: &[(Question, Verdict)],
    ) -> Result<(), JournalError> {
        let (path, has_digest) = (self.path.clone(), self.has_digest);
        let failed = |source| sqlite(&path, "record judgements", source);
        let all = self.connection.transaction().map_err(failed)?;
        let mut writer = Writer::new(&all, has_digest).map_err(failed)?;
        for (question, verdict) in verdicts {
            if !self.design.can_say(*question, verdict) {
                return Err(unlike(&path, *question));
            }
            if !writer.is_answered(*question).map_err(failed)? {
                return Err(JournalError::Question {
                    file: path.clone(),
                    row: question.row,
                    item: question.item,
                    expected: "a question with an answer, found none",
                });
            }
            writer.verdict(*question, aspect, verdict).map_err(failed)?;
        }
        writer.end().map_err(failed)?;
        all.commit().map_err(failed)?;
        self.place.check(&self.path)
    }

    fn check(&self, response: &Response) -> Result<(), JournalError> {
        let question = response.question;
        if !self.asks(question) {
            return Err(JournalError::Question {
                file: self.path.clone(),
                row: question.row,
                item: question.item,
                expected: "a question of this journal's shard",
            });
        }
        if !self.design.can_say(question, &response.verdict) {
            return Err(unlike(&self.path, question));
        }
        match response.text.len() {
            ..=LONGEST_ANSWER => Ok(()),
            bytes => Err(JournalError::TooLong {
                file: self.path.clone(),
                question,
                bytes,
                limit: LONGEST_ANSWER,
            }),
        }
    }
}

/// The error for a stance on what is rated, a rating that the scale does not have, and the like.
fn unlike(path: &Path, question: Question) -> JournalError {
    JournalError::Question {
        file: path.to_owned(),
        row: question.row,
        item: question.item,
        expected: "a verdict on the scale of the item, found another",
    }
}

/// Records on their way in, within one transaction, with the digest that they change.
struct Writer<'a> {
    connection: &'a Connection,
    answers: Statement<'a>,
    verdicts: Statement<'a>,
    /// The digest as it is so far, where the journal keeps one.
    sum: Option<Sum>,
}

impl<'a> Writer<'a> {
    fn new(connection: &'a Connection, has_digest: bool) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            answers: connection.prepare("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)")?,
            verdicts: connection
                .prepare("INSERT OR REPLACE INTO judgement VALUES (?, ?, ?, ?, ?, ?)")?,
            sum: has_digest.then(|| Sum::read(connection)).transpose()?,
        })
    }

    fn is_answered(&self, question: Question) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM answer WHERE row = ? AND item = ?)";
        let key = [question.row as i64, question.item as i64];
        self.connection.query_row(sql, key, |found| found.get(0))
    }

    /// An answer that is new, and its verdict.
    fn answer(&mut self, response: &Response) -> rusqlite::Result<()> {
        let Response {
            question,
            prompt_hash,
            text,
            seconds,
            verdict,
            ..
        } = response;
        let key = [question.row as i64, question.item as i64];
        let tokens = [response.prompt_tokens, response.new_tokens].map(u64::cast_signed);
        let (row, item, prompt_tokens, new_tokens) = (key[0], key[1], tokens[0], tokens[1]);
        let values = params![
            row,
            item,
            prompt_hash,
            text,
            prompt_tokens,
            new_tokens,
            seconds
        ];
        self.answers.execute(values)?;
        if let Some(sum) = &mut self.sum {
            sum.toggle(digest::answer(key, prompt_hash, text, tokens, *seconds));
        }
        self.insert(*question, Aspect::Answer, verdict)
    }

    /// A verdict in the place of the one before, if there is one.
    fn verdict(
        &mut self,
        question: Question,
        aspect: Aspect,
        verdict: &Verdict,
    ) -> rusqlite::Result<()> {
        if let Some(sum) = &mut self.sum {
            let columns = digest::JUDGEMENT;
            let sql = format!(
                "SELECT {columns} FROM judgement WHERE row = ? AND item = ? AND aspect = ?"
            );
            let key = params![question.row as i64, question.item as i64, aspect.code()];
            let before = self.connection.query_row(&sql, key, digest::of_judgement);
            before
                .optional()?
                .into_iter()
                .for_each(|record| sum.toggle(record));
        }
        self.insert(question, aspect, verdict)
    }

    fn insert(
        &mut self,
        question: Question,
        aspect: Aspect,
        verdict: &Verdict,
    ) -> rusqlite::Result<()> {
        let said = verdict.reading().map(word_for);
        let words = match verdict {
            Verdict::Judged { judge, .. } | Verdict::Rated { judge, .. } => {
                [said.as_deref(), Some(&**judge), None]
            }
            Verdict::Unjudged { reason } => [None, None, Some(&**reason)],
        };
        let key = [
            question.row as i64,
            question.item as i64,
            i64::from(aspect.code()),
        ];
        let [row, item, code] = key;
        self.verdicts
            .execute(params![row, item, code, words[0], words[1], words[2]])?;
        if let Some(sum) = &mut self.sum {
            sum.toggle(digest::judgement(key, words));
        }
        Ok(())
    }

    fn end(self) -> rusqlite::Result<()> {
        self.sum.map_or(Ok(()), |sum| sum.write(self.connection))
    }
}
