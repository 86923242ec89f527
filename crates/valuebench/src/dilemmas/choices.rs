use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::STEPS;
use super::read::text;
use crate::ReadError;
use crate::sheet::Sheet;

/// Which value was chosen over which other, in one step of a dilemma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The dilemma.
    pub dilemma: String,
    /// The step, from 1.
    pub step: usize,
    /// The number of the value that was chosen, among [`Choices::values`].
    pub winner: usize,
    /// The number of the other.
    pub loser: usize,
    /// Whether the winner stood first, as choice A.
    pub is_first: bool,
}

/// What was chosen in dilemmas.
///
/// A CSV file has the columns `dilemma`, `step` (1 to 5), `choiceA_value`, `choiceB_value` and
/// `choice` (`A` or `B`, or nothing where no choice was made); other columns are not read.
///
/// ```
/// use valuebench::dilemmas::Choices;
///
/// let csv = "\
/// dilemma,step,choiceA_value,choiceB_value,choice
/// 0,2,Care,Loyalty,B
/// 0,1,Care,Fairness,A
/// ";
/// let choices = Choices::from_reader(csv.as_bytes())?;
/// assert_eq!(choices.values(), ["Care", "Loyalty", "Fairness"]);
/// assert_eq!(choices.of_step(1), [(0, 2)]);
/// assert_eq!(choices.by_dilemma(), [[(0, 2), (1, 0)]]); // in the order of the steps
/// assert!(!choices.chosen()[0].is_first && choices.open().is_empty());
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    chosen: Vec<Chosen>,
    open: Vec<(String, usize)>,
    values: Vec<String>,
}

impl Choices {
    /// Reads choices from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, a step that is none, empty or equal values, a choice other
    /// than `A` and `B`, the same step of a dilemma twice, and files without a row.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?)
    }

    /// Reads choices from CSV text.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?)
    }

    /// All choices, in the order of the file.
    pub fn chosen(&self) -> &[Chosen] {
        &self.chosen
    }

    /// The dilemmas and steps in which no choice was made, in the order of the file.
    pub fn open(&self) -> &[(String, usize)] {
        &self.open
    }

    /// The values, in the order in which the file names them first.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Winner and loser of every choice in a step.
    pub fn of_step(&self, step: usize) -> Vec<(usize, usize)> {
        let of_step = self.chosen.iter().filter(|chosen| chosen.step == step);
        of_step
            .map(|chosen| (chosen.winner, chosen.loser))
            .collect()
    }

    /// For every dilemma, in the order of the file, winner and loser step after step.
    pub fn by_dilemma(&self) -> Vec<Vec<(usize, usize)>> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut dilemmas: Vec<Vec<&Chosen>> = Vec::new();
        for chosen in &self.chosen {
            let place = *places.entry(&chosen.dilemma).or_insert(dilemmas.len());
            match dilemmas.get_mut(place) {
                Some(steps) => steps.push(chosen),
                None => dilemmas.push(vec![chosen]),
            }
        }
        let in_order = |mut steps: Vec<&Chosen>| {
            steps.sort_by_key(|chosen| chosen.step);
            steps
                .into_iter()
                .map(|chosen| (chosen.winner, chosen.loser))
                .collect()
        };
        dilemmas.into_iter().map(in_order).collect()
    }

    fn from_sheet(sheet: &Sheet) -> Result<Self, ReadError> {
        let dilemma = sheet.column("dilemma")?;
        let step = sheet.column("step")?;
        let alternatives = [
            sheet.column("choiceA_value")?,
            sheet.column("choiceB_value")?,
        ];
        let choice = sheet.column("choice")?;
        sheet.check_not_empty()?;
        let mut lines = HashMap::new();
        let mut read = Self {
            chosen: Vec::new(),
            open: Vec::new(),
            values: Vec::new(),
        };
        for row in &sheet.rows {
            let name = text(sheet, row, dilemma, "the number of a dilemma")?;
            let number = match row.cell(step).trim().parse() {
                Ok(number @ 1..=STEPS) => number,
                _ => return Err(sheet.wrong(row, step, "a step from 1 to 5")),
            };
            if let Some(first_line) = lines.insert((name.clone(), number), row.line) {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "step of a dilemma",
                    found: format!("step {number} of {name:?}"),
                });
            }
            let mut values = [0, 0];
            for (value, column) in values.iter_mut().zip(alternatives) {
                *value = read.number(text(sheet, row, column, "the name of a value")?);
            }
            let [a, b] = values;
            if a == b {
                return Err(sheet.wrong(
                    row,
                    alternatives[1],
                    "another value than that of choice A",
                ));
            }
            let (winner, loser) = match row.cell(choice).trim() {
                "A" => (a, b),
                "B" => (b, a),
                "" => {
                    read.open.push((name, number));
                    continue;
                }
                _ => return Err(sheet.wrong(row, choice, "\"A\" or \"B\", or nothing")),
            };
            read.chosen.push(Chosen {
                dilemma: name,
                step: number,
                winner,
                loser,
                is_first: winner == a,
            });
        }
        Ok(read)
    }

    /// The number of a value, which is new if it has not come before.
    fn number(&mut self, value: String) -> usize {
        let known = self.values.iter().position(|known| *known == value);
        known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }
}

const COLUMNS: &str = "\"dilemma\", \"step\", \"choiceA_value\", \"choiceB_value\" and \"choice\"";
