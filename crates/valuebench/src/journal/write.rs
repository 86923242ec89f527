//! Answers and judgements on their way into the journal.

use rusqlite::{ErrorCode, Transaction, params};

use super::error::sqlite;
use super::{Aspect, Journal, JournalError, Question, Response, Verdict};

impl Journal {
    /// Records answers, all of them or, on an error, none. When it returns they are on the disk.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows, or has an answer
    /// already.
    pub fn record(&mut self, responses: &[Response]) -> Result<(), JournalError> {
        for response in responses {
            self.check(response.question)?;
        }
        let path = self.path.clone();
        let failed = |source| sqlite(&path, "record answers", source);
        let all = self.connection.transaction().map_err(failed)?;
        for response in responses {
            insert(&all, response).map_err(|source| match source.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) => JournalError::Question {
                    file: path.clone(),
                    row: response.question.row,
                    item: response.question.item,
                    expected: "a question without an answer, found one",
                },
                _ => failed(source),
            })?;
        }
        all.commit().map_err(failed)
    }

    /// Records what a judge said of recorded answers, in the place of what was said before. All or, on an error, none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the disk is full or fails; a question is not one of this journal's rows, or has no answer.
    pub fn judge(
        &mut self,
        aspect: Aspect,
        verdicts: &[(Question, Verdict)],
    ) -> Result<(), JournalError> {
        let path = self.path.clone();
        let failed = |source| sqlite(&path, "record judgements", source);
        let all = self.connection.transaction().map_err(failed)?;
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
            insert_verdict(&all, *question, aspect, verdict).map_err(failed)?;
        }
        all.commit().map_err(failed)
    }

    fn check(&self, question: Question) -> Result<(), JournalError> {
        let planned = self.design.rows().get(question.row);
        if self.shard.holds(question.row)
            && planned.is_some_and(|row| row.items.contains(&question.item))
        {
            return Ok(());
        }
        Err(JournalError::Question {
            file: self.path.clone(),
            row: question.row,
            item: question.item,
            expected: "a question of this journal's shard",
        })
    }
}

fn insert(all: &Transaction<'_>, response: &Response) -> rusqlite::Result<()> {
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
    insert_verdict(all, response.question, Aspect::Answer, &response.verdict)
}

fn insert_verdict(
    all: &Transaction<'_>,
    question: Question,
    aspect: Aspect,
    verdict: &Verdict,
) -> rusqlite::Result<()> {
    let (stance, judge, reason) = match verdict {
        Verdict::Judged { stance, judge } => (Some(stance.to_string()), Some(judge), None),
        Verdict::Unjudged { reason } => (None, None, Some(reason)),
    };
    let (row, item) = (question.row as i64, question.item as i64);
    all.execute(
        "INSERT OR REPLACE INTO judgement VALUES (?, ?, ?, ?, ?, ?)",
        params![row, item, aspect.code(), stance, judge, reason],
    )?;
    Ok(())
}
