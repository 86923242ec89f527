//! Answers for other programs.

use std::io::{self, Write};
use std::path::Path;

use super::design::hex;
use super::{Journal, JournalError, Recorded, Verdict};
use crate::output::write_whole;

const COLUMNS: [&str; 18] = [
    "part",
    "player_name",
    "steer_dim",
    "questionnaire",
    "item",
    "value",
    "agreement",
    "question",
    "text",
    "stance",
    "judge",
    "reason",
    "thought_stance",
    "thought_judge",
    "prompt_sha256",
    "prompt_tokens",
    "new_tokens",
    "seconds",
];

/// Why an export ends.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

impl Journal {
    /// Writes every answer as a line of a CSV file, by row and item, under a temporary name first.
    /// The columns that the released files know have their names.
    ///
    /// # Errors
    ///
    /// [`JournalError`] for the journal and for the file.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), JournalError> {
        let path = path.as_ref();
        let written = write_whole(path, |out| {
            self.csv(out)
                .map_err(|error| io::Error::other(error.to_string()))
        });
        written.map_err(|error| JournalError::Io {
            file: path.to_owned(),
            source: error.source,
        })
    }

    fn csv(&self, out: &mut impl Write) -> Result<(), ExportError> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(COLUMNS)?;
        self.for_each(|recorded| Ok::<_, ExportError>(out.write_record(self.line(&recorded))?))?;
        out.flush().map_err(csv::Error::from)?;
        Ok(())
    }

    fn line(&self, recorded: &Recorded) -> [String; 18] {
        let answer = &recorded.response;
        let row = &self.design.rows()[answer.question.row];
        let item = self.design.item(answer.question).clone();
        let [stance, judge, reason] = words(Some(&answer.verdict));
        let [thought_stance, thought_judge, _] = words(recorded.thought.as_ref());
        [
            row.part.clone(),
            row.setting.role.clone().unwrap_or_default(),
            row.setting
                .feature()
                .map_or_else(String::new, |feature| feature.to_string()),
            item.inventory,
            item.statement,
            item.value,
            item.keying.to_string(),
            item.question,
            answer.text.clone(),
            stance,
            judge,
            reason,
            thought_stance,
            thought_judge,
            hex(&answer.prompt_hash),
            answer.prompt_tokens.to_string(),
            answer.new_tokens.to_string(),
            answer.seconds.to_string(),
        ]
    }
}

/// Stance, judge and reason, each as far as there is one.
fn words(verdict: Option<&Verdict>) -> [String; 3] {
    match verdict {
        Some(Verdict::Judged { stance, judge }) => {
            [stance.to_string(), judge.clone(), String::new()]
        }
        Some(Verdict::Unjudged { reason }) => [String::new(), String::new(), reason.clone()],
        None => Default::default(),
    }
}
