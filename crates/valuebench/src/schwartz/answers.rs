use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::Instrument;
use crate::ReadError;
use crate::sheet::Sheet;

/// Who answered an instrument's items, and what.
///
/// A CSV file has a column `person` (a name, or a model's or role's) and a column for each item with
/// its number as the header: `1`, `2`, ...; an empty cell is no answer. Other columns are not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Whose answers each row holds.
    pub persons: Vec<String>,
    /// For each person the answers, `[n_items]` in the order of the numbers.
    pub answers: Vec<Vec<Option<f64>>>,
}

impl Answers {
    /// Reads answers to an instrument from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, an answer that is no whole number on the scale, a person
    /// without a name or twice, and files without a person.
    pub fn from_path(path: impl AsRef<Path>, instrument: &Instrument) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?, instrument)
    }

    /// Reads answers to an instrument from CSV text.
    ///
    /// ```
    /// use valuebench::schwartz::{Answers, PVQ_21};
    ///
    /// let numbers: Vec<String> = (1..=21).map(|item| item.to_string()).collect();
    /// let csv = format!("person,{}\nAda,6{}\n", numbers.join(","), ",".repeat(20));
    /// let read = Answers::from_reader(csv.as_bytes(), &PVQ_21)?;
    /// assert_eq!((read.answers[0][0], read.answers[0][1]), (Some(6.0), None));
    /// # Ok::<(), valuebench::ReadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read, instrument: &Instrument) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?, instrument)
    }

    fn from_sheet(sheet: &Sheet, instrument: &Instrument) -> Result<Self, ReadError> {
        let person = sheet.column("person")?;
        let columns = (1..=instrument.n_items).map(|item| sheet.column(&item.to_string()));
        let columns: Vec<usize> = columns.collect::<Result<_, _>>()?;
        sheet.check_not_empty()?;
        let (low, high) = (instrument.low, instrument.high);
        let expected = format!("a whole number from {low} to {high}, or nothing");
        let mut lines = HashMap::new();
        let mut read = Self {
            persons: Vec::new(),
            answers: Vec::new(),
        };
        for row in &sheet.rows {
            let name = row.cell(person).trim();
            if name.is_empty() {
                return Err(sheet.wrong(row, person, "the name of a person"));
            }
            if let Some(first_line) = lines.insert(name, row.line) {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "person",
                    found: format!("{name:?}"),
                });
            }
            let answers = columns.iter().map(|&column| match row.cell(column).trim() {
                "" => Ok(None),
                cell => match cell.parse::<f64>() {
                    Ok(answer) if answer.fract() == 0.0 && instrument.is_on_scale(answer) => {
                        Ok(Some(answer))
                    }
                    _ => Err(sheet.wrong(row, column, &expected)),
                },
            });
            read.answers.push(answers.collect::<Result<_, _>>()?);
            read.persons.push(name.to_owned());
        }
        Ok(read)
    }
}

const COLUMNS: &str = "\"person\" and the numbers of the items";
