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
    /// Roles, questions and answers come from files and models, and spreadsheets run a cell that
    /// begins with `=`, `+`, `-` or `@`, or with a tab or a carriage return: such a text gets an
    /// apostrophe in front. [`for_each`](Self::for_each) gives every text as it is.
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
        let item = self.design.item(answer.question);
        let [stance, judge, reason] = words(Some(&answer.verdict));
        let [thought_stance, thought_judge, _] = words(recorded.thought.as_ref());
        [
            safe(&row.part),
            safe(row.setting.role.as_deref().unwrap_or_default()),
            row.setting
                .feature()
                .map_or_else(String::new, |feature| feature.to_string()),
            safe(&item.inventory),
            safe(&item.statement),
            safe(&item.value),
            item.keying.to_string(),
            safe(&item.question),
            safe(&answer.text),
            stance,
            safe(&judge),
            safe(&reason),
            thought_stance,
            safe(&thought_judge),
            hex(&answer.prompt_hash),
            answer.prompt_tokens.to_string(),
            answer.new_tokens.to_string(),
            answer.seconds.to_string(),
        ]
    }
}

/// The text as a cell that no spreadsheet runs.
fn safe(text: &str) -> String {
    let apostrophe = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => "'",
        false => "",
    };
    format!("{apostrophe}{text}")
}

/// Stance, judge and reason, each as far as there is one.
fn words(verdict: Option<&Verdict>) -> [String; 3] {
    match verdict {
        Some(Verdict::Judged { stance, judge }) => {
            [stance.to_string(), judge.clone(), String::new()]
        }
        Some(Verdict::Rated { rating, judge }) => {
            [rating.to_string(), judge.clone(), String::new()]
        }
        Some(Verdict::Unjudged { reason }) => [String::new(), String::new(), reason.clone()],
        None => Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_run() {
        for text in ["=1+1", "+1", "-a", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        for text in ["", "No - never", "a=b", " Yes"] {
            assert_eq!(safe(text), text);
        }
    }
}
