use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::STEPS;
use crate::ReadError;
use crate::sheet::{Row, Sheet};

/// A dilemma in five steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dilemma {
    /// Its number or name in the file (`idx`).
    pub id: String,
    /// The norm that it grew from.
    pub norm: String,
    /// Its steps, in order.
    pub steps: [Step; STEPS],
}

/// One step of a dilemma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What has happened.
    pub situation: String,
    /// What is asked.
    pub question: String,
    /// The two choices, A and B.
    pub alternatives: [Alternative; 2],
}

/// One of two choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// What would be done.
    pub text: String,
    /// The value that it stands for.
    pub value: String,
}

/// Dilemmas in the order of their file.
///
/// A CSV file has the columns `idx` and `norm`, and for each step k from 1 to 5 `step k_situation`,
/// `step k_dilemma`, `step k_choiceA`, `step k_choiceA_value`, `step k_choiceB` and
/// `step k_choiceB_value`; other columns are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dilemmas {
    dilemmas: Vec<Dilemma>,
    values: Vec<String>,
}

impl Dilemmas {
    /// Reads dilemmas from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, an empty text, two choices for the same value, the same
    /// dilemma twice, and files without a dilemma.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?)
    }

    /// Reads dilemmas from CSV text.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?)
    }

    /// The dilemmas.
    pub fn dilemmas(&self) -> &[Dilemma] {
        &self.dilemmas
    }

    /// The values that their choices stand for, in the order in which they come first.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    fn from_sheet(sheet: &Sheet) -> Result<Self, ReadError> {
        let (id, norm) = (sheet.column("idx")?, sheet.column("norm")?);
        let steps = (1..=STEPS).map(|step| StepColumns::of(sheet, step));
        let steps: Vec<StepColumns> = steps.collect::<Result<_, _>>()?;
        sheet.check_not_empty()?;
        let mut lines = HashMap::new();
        let (mut dilemmas, mut values) = (Vec::new(), Vec::new());
        for row in &sheet.rows {
            let id = name(sheet, row, id, "the number of a dilemma")?;
            if let Some(first_line) = lines.insert(id.clone(), row.line) {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "dilemma",
                    found: format!("{id:?}"),
                });
            }
            let steps: Vec<Step> = steps
                .iter()
                .map(|columns| columns.step(sheet, row))
                .collect::<Result<_, _>>()?;
            for alternative in steps.iter().flat_map(|step| &step.alternatives) {
                if !values.contains(&alternative.value) {
                    values.push(alternative.value.clone());
                }
            }
            dilemmas.push(Dilemma {
                id,
                norm: row.cell(norm).to_owned(),
                steps: steps.try_into().expect("as many as there are columns for"),
            });
        }
        Ok(Self { dilemmas, values })
    }
}

const COLUMNS: &str = "\"idx\", \"norm\" and six for each of five steps";

/// The places of a step's columns.
struct StepColumns {
    situation: usize,
    question: usize,
    /// Of A and B, the text and the value.
    alternatives: [[usize; 2]; 2],
}

impl StepColumns {
    fn of(sheet: &Sheet, step: usize) -> Result<Self, ReadError> {
        let column = |name: &str| sheet.column(&format!("step {step}_{name}"));
        Ok(Self {
            situation: column("situation")?,
            question: column("dilemma")?,
            alternatives: [
                [column("choiceA")?, column("choiceA_value")?],
                [column("choiceB")?, column("choiceB_value")?],
            ],
        })
    }

    fn step(&self, sheet: &Sheet, row: &Row) -> Result<Step, ReadError> {
        let alternative = |[of_text, value]: [usize; 2]| {
            Ok(Alternative {
                text: text(sheet, row, of_text, "a choice")?,
                value: name(sheet, row, value, "the name of a value")?,
            })
        };
        let [a, b] = self.alternatives;
        let alternatives = [alternative(a)?, alternative(b)?];
        if alternatives[0].value == alternatives[1].value {
            return Err(sheet.wrong(row, b[1], "another value than that of choice A"));
        }
        Ok(Step {
            situation: text(sheet, row, self.situation, "a situation")?,
            question: text(sheet, row, self.question, "a dilemma")?,
            alternatives,
        })
    }
}

/// What a cell holds, without spaces around it.
pub(super) fn text(
    sheet: &Sheet,
    row: &Row,
    column: usize,
    expected: &str,
) -> Result<String, ReadError> {
    match row.cell(column).trim() {
        "" => Err(sheet.wrong(row, column, expected)),
        text => Ok(text.to_owned()),
    }
}

/// The same on one line: names are compared with those in files of answers.
fn name(sheet: &Sheet, row: &Row, column: usize, expected: &str) -> Result<String, ReadError> {
    let words = text(sheet, row, column, expected)?;
    Ok(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dilemmas_are_read_with_their_values_in_order() {
        let columns = [
            "situation",
            "dilemma",
            "choiceA",
            "choiceA_value",
            "choiceB",
            "choiceB_value",
        ];
        let columns = |step: usize| columns.map(|name| format!("step {step}_{name}")).join(",");
        let header: Vec<String> = (1..=STEPS).map(columns).collect();
        let cells = |step: usize| {
            format!(
                "s{step},d{step},a,Care,b,{}",
                ["Loyalty", "Liberty"][step % 2]
            )
        };
        let row: Vec<String> = (1..=STEPS).map(cells).collect();
        let csv = format!(
            "idx,norm,{}\n7,\"Help, always\",{}\n",
            header.join(","),
            row.join(",")
        );
        let read = Dilemmas::from_reader(csv.as_bytes()).unwrap();
        assert_eq!(read.values(), ["Care", "Liberty", "Loyalty"]);
        let dilemma = &read.dilemmas()[0];
        assert_eq!(
            (dilemma.id.as_str(), dilemma.norm.as_str()),
            ("7", "Help, always")
        );
        assert_eq!(dilemma.steps[4].situation, "s5");
        assert_eq!(dilemma.steps[1].alternatives[1].value, "Loyalty");
    }
}
