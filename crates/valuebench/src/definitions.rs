//! What the values mean, and where they lie in the hierarchies of their inventories.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use crate::ReadError;
use crate::sheet::{Row, Sheet};

/// One row of a definition file: what one inventory says about a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Definition {
    /// The inventory.
    pub inventory: String,
    /// The value, without spaces around its name.
    pub value: String,
    /// The definition, without spaces around it; empty where the inventory gives none.
    pub definition: String,
    /// The value above it in the inventory's hierarchy, if there is one.
    pub upper_dimension: Option<String>,
    /// The value at the other end of the same scale, if there is one.
    pub opposite_dimension: Option<String>,
}

/// The definitions of values: explicit instructions quote them, and a reference graph comes from
/// their upper dimensions.
///
/// They come from a CSV file with the columns `questionnaire` (the inventory), `value` and
/// `definition`, and if there are such, `upper_dimension` and `opposite_dimension`, in any order.
/// A value may have several rows, from several inventories. Rows without any text are skipped.
///
/// ```
/// use valuebench::Definitions;
///
/// let csv = "\
/// questionnaire,value,definition,upper_dimension,opposite_dimension
/// AB5C,Empathy,To understand another's feelings.,Agreeableness,
/// TCI,Empathy,To imagine oneself in other people's shoes.,Cooperativeness,
/// AB5C,Understanding,To understand why people behave as they do.,Agreeableness,
/// ";
/// let definitions = Definitions::from_reader(csv.as_bytes())?;
/// assert_eq!(
///     definitions.definition("Empathy").as_deref(),
///     Some("To understand another's feelings. To imagine oneself in other people's shoes.")
/// );
/// assert_eq!(definitions.upper_dimensions("Empathy"), ["Agreeableness", "Cooperativeness"]);
/// assert_eq!(definitions.definition("Anxiety Disorder"), None);
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    rows: Vec<Definition>,
}

impl Definitions {
    /// Reads definitions from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, text without the name of a value, the same row twice,
    /// and files without a row.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?)
    }

    /// Reads definitions from CSV text.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?)
    }

    /// All rows, in their order.
    pub fn rows(&self) -> &[Definition] {
        &self.rows
    }

    /// The rows about a value, in their order.
    pub fn of(&self, value: &str) -> impl Iterator<Item = &Definition> {
        self.rows.iter().filter(move |row| row.value == value)
    }

    /// All definitions of a value, joined by a space as in the published instructions, or nothing
    /// if no inventory defines it. Two inventories that give the same definition give it twice.
    pub fn definition(&self, value: &str) -> Option<String> {
        let texts = self.of(value).map(|row| row.definition.as_str());
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// The different values above a value, in their order.
    pub fn upper_dimensions(&self, value: &str) -> Vec<&str> {
        distinct(
            self.of(value)
                .filter_map(|row| row.upper_dimension.as_deref()),
        )
    }

    /// The different opposites of a value, in their order.
    pub fn opposite_dimensions(&self, value: &str) -> Vec<&str> {
        distinct(
            self.of(value)
                .filter_map(|row| row.opposite_dimension.as_deref()),
        )
    }

    fn from_sheet(sheet: &Sheet) -> Result<Self, ReadError> {
        let columns = Columns::of(sheet)?;
        sheet.check_not_empty()?;
        let mut lines = HashMap::new();
        let mut rows = Vec::with_capacity(sheet.rows.len());
        let filled = |row: &&Row| row.cells().any(|cell| !cell.trim().is_empty());
        for row in sheet.rows.iter().filter(filled) {
            let definition = columns.definition(sheet, row)?;
            if let Some(first_line) = lines.insert(definition.clone(), row.line) {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "definition",
                    found: format!("{:?} of {:?}", definition.value, definition.inventory),
                });
            }
            rows.push(definition);
        }
        Ok(Self { rows })
    }
}

const COLUMNS: &str = "\"questionnaire\", \"value\" and \"definition\"";

/// The places of the columns.
struct Columns {
    inventory: usize,
    value: usize,
    definition: usize,
    upper_dimension: Option<usize>,
    opposite_dimension: Option<usize>,
}

impl Columns {
    fn of(sheet: &Sheet) -> Result<Self, ReadError> {
        Ok(Self {
            inventory: sheet.column("questionnaire")?,
            value: sheet.column("value")?,
            definition: sheet.column("definition")?,
            upper_dimension: sheet.find("upper_dimension"),
            opposite_dimension: sheet.find("opposite_dimension"),
        })
    }

    fn definition(&self, sheet: &Sheet, row: &Row) -> Result<Definition, ReadError> {
        let text = |column: usize| row.cell(column).trim().to_owned();
        let optional = |column: Option<usize>| column.map(text).filter(|text| !text.is_empty());
        if text(self.value).is_empty() {
            return Err(sheet.wrong(row, self.value, "the name of a value"));
        }
        Ok(Definition {
            inventory: text(self.inventory),
            value: text(self.value),
            definition: text(self.definition),
            upper_dimension: optional(self.upper_dimension),
            opposite_dimension: optional(self.opposite_dimension),
        })
    }
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}
