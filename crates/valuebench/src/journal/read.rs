//! What the journal has, and what it lacks.

use rusqlite::{Row, params};

use super::error::{damage, sqlite};
use super::words::reading_of;
use super::{Aspect, BY_LIKELIHOOD, Journal, JournalError, Question, Response, Verdict};

/// How far a journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Questions of its rows.
    pub planned: usize,
    /// Those with an answer.
    pub answered: usize,
    /// Answers that nobody has judged.
    pub unjudged: usize,
}

/// An answer that waits for a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToJudge {
    /// What was asked.
    pub question: Question,
    /// The whole answer, whatever part of it is to be judged.
    pub text: String,
    /// Why it is not judged; nothing if no judge has seen it.
    pub reason: Option<String>,
}

/// An answer with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// As it was recorded, with the latest verdict.
    pub response: Response,
    /// What its thought says, if anybody asked.
    pub thought: Option<Verdict>,
}

impl Journal {
    /// The questions of this journal's rows that have no answer, in the order of the design.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn pending(&self) -> Result<Vec<Question>, JournalError> {
        self.read("read answers", |connection| {
            let mut pending = Vec::new();
            let mut answered = connection.prepare("SELECT item FROM answer WHERE row = ?")?;
            for (row, planned) in self.design.rows().iter().enumerate() {
                if !self.shard.holds(row) {
                    continue;
                }
                let there = answered.query_map([row as i64], |found| found.get::<_, i64>(0))?;
                let there: Vec<i64> = there.collect::<Result<_, _>>()?;
                let open = planned.items.iter().copied();
                let open = open.filter(|&item| !there.contains(&(item as i64)));
                pending.extend(open.map(|item| Question { row, item }));
            }
            Ok(pending)
        })
    }

    /// How far it is. Takes time linear in the answers.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn tally(&self) -> Result<Tally, JournalError> {
        let count = |sql: &str| {
            let count = self
                .connection
                .query_row(sql, [], |row| row.get::<_, i64>(0));
            let count = count.map_err(|source| sqlite(&self.path, "count answers", source))?;
            Ok(usize::try_from(count).unwrap_or(0))
        };
        Ok(Tally {
            planned: self.design.n_questions(self.shard),
            answered: count("SELECT count(*) FROM answer")?,
            unjudged: count("SELECT count(*) FROM judgement WHERE aspect = 0 AND stance IS NULL")?,
        })
    }

    /// Refuses a journal that lacks an answer.
    ///
    /// # Errors
    ///
    /// [`JournalError::Incomplete`] with the first question that has none; [`JournalError::Gone`];
    /// what SQLite says.
    pub fn complete(&self) -> Result<(), JournalError> {
        self.place.check(&self.path)?;
        let pending = self.pending()?;
        let Some(&first) = pending.first() else {
            return Ok(());
        };
        let planned = self.design.n_questions(self.shard);
        Err(JournalError::Incomplete {
            file: self.path.clone(),
            answered: planned - pending.len(),
            planned,
            question: self.design.item(first).question.clone(),
            setting: self.design.rows()[first.row].setting.clone(),
        })
    }

    /// The recorded answers that have no verdict on that aspect, in the order of the rows. Answers
    /// that were read off have no thought.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn unjudged(&self, aspect: Aspect) -> Result<Vec<ToJudge>, JournalError> {
        self.read("read answers", |connection| {
            let mut all = connection.prepare(
                "SELECT answer.row, answer.item, answer.text, said.reason FROM answer
                 LEFT JOIN judgement said ON said.row = answer.row AND said.item = answer.item
                    AND said.aspect = ?1
                 WHERE said.stance IS NULL AND NOT EXISTS (SELECT 1 FROM judgement likely
                    WHERE likely.row = answer.row AND likely.item = answer.item
                    AND likely.aspect = 0 AND likely.judge = ?2)
                 ORDER BY answer.row, answer.item",
            )?;
            let rows = all.query_map(params![aspect.code(), BY_LIKELIHOOD], |row| {
                Ok(ToJudge {
                    question: self.checked_question(row)?,
                    text: row.get(2)?,
                    reason: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Hands every answer to `each`, by row and within it by item.
    ///
    /// # Errors
    ///
    /// The first error of `each`; what SQLite says.
    pub fn for_each<E: From<JournalError>>(
        &self,
        mut each: impl FnMut(Recorded) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |source| E::from(sqlite(&self.path, "read answers", source));
        let mut all = self.connection.prepare(ALL).map_err(failed)?;
        let mut rows = all.query(params![]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(self.recorded(row).map_err(failed)?)?;
        }
        Ok(())
    }

    /// The question of a record, by its first two columns, if it is one of this journal's.
    pub(super) fn checked_question(&self, row: &Row<'_>) -> rusqlite::Result<Question> {
        let (place, item): (i64, i64) = (row.get(0)?, row.get(1)?);
        let wrong = || {
            damage(
                0,
                format!("row {place}, item {item}, which is no question of it"),
            )
        };
        let question = Question {
            row: usize::try_from(place).map_err(|_| wrong())?,
            item: usize::try_from(item).map_err(|_| wrong())?,
        };
        match self.asks(question) {
            true => Ok(question),
            false => Err(wrong()),
        }
    }

    /// Whether it is a question of this journal's rows.
    pub(super) fn asks(&self, question: Question) -> bool {
        let planned = self.design.rows().get(question.row);
        let asked = planned.is_some_and(|row| row.items.contains(&question.item));
        asked && self.shard.holds(question.row)
    }

    fn recorded(&self, row: &Row<'_>) -> rusqlite::Result<Recorded> {
        let thought: Option<i64> = row.get(10)?;
        Ok(Recorded {
            response: Response {
                question: self.checked_question(row)?,
                prompt_hash: row.get(2)?,
                text: row.get(3)?,
                prompt_tokens: row.get::<_, i64>(4)?.cast_unsigned(),
                new_tokens: row.get::<_, i64>(5)?.cast_unsigned(),
                seconds: row.get(6)?,
                verdict: verdict(row, 7)?,
            },
            thought: thought.map(|_| verdict(row, 11)).transpose()?,
        })
    }
}

const ALL: &str = "
    SELECT answer.row, answer.item, prompt_sha256, text, prompt_tokens, new_tokens, seconds,
        said.stance, said.judge, said.reason, thought.row, thought.stance, thought.judge,
        thought.reason
    FROM answer
    LEFT JOIN judgement said
        ON said.row = answer.row AND said.item = answer.item AND said.aspect = 0
    LEFT JOIN judgement thought
        ON thought.row = answer.row AND thought.item = answer.item AND thought.aspect = 1
    ORDER BY answer.row, answer.item";

fn verdict(row: &Row<'_>, at: usize) -> rusqlite::Result<Verdict> {
    let stance: Option<String> = row.get(at)?;
    Ok(match stance {
        Some(text) => Verdict::of(reading_of(at, &text)?, row.get::<_, String>(at + 1)?),
        None => Verdict::Unjudged {
            reason: row.get::<_, Option<String>>(at + 2)?.unwrap_or_default(),
        },
    })
}
