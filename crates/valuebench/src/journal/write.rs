//! Answers and judgements on their way into the journal.

use rusqlite::{ErrorCode, Transaction, params};

use super::digest::{self, Sum};
use super::error::sqlite;
use super::{Aspect, Journal, JournalError, LONGEST_ANSWER, Question, Response, Verdict};

impl Journal {
    /// Records answers, all of them or, on an error, none. When it returns they are on the disk.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows,
    /// or has an answer already; an answer is longer than [`LONGEST_ANSWER`]; the journal [is
    /// gone](JournalError::Gone).
    pub fn record(&mut self, responses: &[Response]) -> Result<(), JournalError> {
        for response in responses {
            self.check(response)?;
        }
        let (path, has_digest) = (self.path.clone(), self.has_digest);
        let failed = |source| sqlite(&path, "record answers", source);
        let all = self.connection.transaction().map_err(failed)?;
        let mut sum = running(&all, has_digest).map_err(failed)?;
        for response in responses {
            insert(&all, response, sum.as_mut()).map_err(|source| {
                match source.sqlite_error_code() {
                    Some(ErrorCode::ConstraintViolation) => JournalError::Question {
                        file: path.clone(),
                        row: response.question.row,
                        item: response.question.item,
                        expected: "a question without an answer, found one",
                    },
                    _ => failed(source),
                }
            })?;
        }
        commit(all, sum).map_err(failed)?;
        self.place.check(&self.path)
    }

    /// Records what a judge said of recorded answers, in the place of what was said before. All or,
    /// on an error, none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows,
    /// or has no answer; the journal [is gone](JournalError::Gone).
    pub fn judge(
        &mut self,
        aspect: Aspect,
        verdicts: &[(Question, Verdict)],
    ) -> Result<(), JournalError> {
        let (path, has_digest) = (self.path.clone(), self.has_digest);
        let failed = |source| sqlite(&path, "record judgements", source);
        let all = self.connection.transaction().map_err(failed)?;
        let mut sum = running(&all, has_digest).map_err(failed)?;
        for (question, verdict) in verdicts {
            let &Question { row, item } = question;
            let place = params![row as i64, item as i64];
            let answered: bool = all
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM answer WHERE row = ? AND item = ?)",
                    place,
                    |found| found.get(0),
                )
                .map_err(failed)?;
            if !answered {
                return Err(JournalError::Question {
                    file: path.clone(),
                    row,
                    item,
                    expected: "a question with an answer, found none",
                });
            }
            insert_verdict(&all, *question, aspect, verdict, sum.as_mut()).map_err(failed)?;
        }
        commit(all, sum).map_err(failed)?;
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

/// The digest as it is so far, where the journal keeps one.
fn running(all: &Transaction<'_>, has_digest: bool) -> rusqlite::Result<Option<Sum>> {
    has_digest.then(|| Sum::read(all)).transpose()
}

fn commit(all: Transaction<'_>, sum: Option<Sum>) -> rusqlite::Result<()> {
    sum.map_or(Ok(()), |sum| sum.write(&all))?;
    all.commit()
}

fn insert(
    all: &Transaction<'_>,
    response: &Response,
    mut sum: Option<&mut Sum>,
) -> rusqlite::Result<()> {
    let Question { row, item } = response.question;
    all.execute(
        "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            row as i64,
            item as i64,
            response.prompt_hash,
            response.text,
            response.prompt_tokens.cast_signed(),
            response.new_tokens.cast_signed(),
            response.seconds,
        ],
    )?;
    if let Some(sum) = sum.as_deref_mut() {
        sum.toggle(digest::answer_at(all, row as i64, item as i64)?);
    }
    insert_verdict(
        all,
        response.question,
        Aspect::Answer,
        &response.verdict,
        sum,
    )
}

fn insert_verdict(
    all: &Transaction<'_>,
    question: Question,
    aspect: Aspect,
    verdict: &Verdict,
    sum: Option<&mut Sum>,
) -> rusqlite::Result<()> {
    let (stance, judge, reason) = match verdict {
        Verdict::Judged { stance, judge } => (Some(stance.to_string()), Some(judge), None),
        Verdict::Unjudged { reason } => (None, None, Some(reason)),
    };
    let (row, item, aspect) = (question.row as i64, question.item as i64, aspect.code());
    let record = || digest::judgement_at(all, row, item, aspect);
    let before = match sum {
        Some(_) => record()?,
        None => None,
    };
    all.execute(
        "INSERT OR REPLACE INTO judgement VALUES (?, ?, ?, ?, ?, ?)",
        params![row, item, aspect, stance, judge, reason],
    )?;
    if let Some(sum) = sum {
        before
            .into_iter()
            .chain(record()?)
            .for_each(|record| sum.toggle(record));
    }
    Ok(())
}
