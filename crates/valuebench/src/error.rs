//! What can go wrong while files are read and written.

use crate::words::counted;
use std::io;

/// Why a questionnaire, a definition file, a role file or an orientation table could not be read.
///
/// Each message names the file, the line (counted from 1, the header being line 1; newlines inside
/// quotes count), the column where there is one, what was expected and what was found. The same
/// evidence lies in the fields.
///
/// Input that does not come from a path is named `<input>`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("{file}: cannot be read: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The text is not UTF-8.
    #[error("{file}, line {line}, byte {byte}: expected UTF-8 text, found the byte 0x{found:02x}")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The line of the first wrong byte.
        line: usize,
        /// Its place in that line, counted from 1.
        byte: usize,
        /// The wrong byte.
        found: u8,
    },
    /// There is no header, or nothing below it.
    #[error("{file}: expected {expected}, found {found}")]
    Empty {
        /// The file.
        file: String,
        /// What should have been there.
        expected: String,
        /// What was there instead.
        found: &'static str,
    },
    /// A column that is needed is not in the header.
    #[error(
        "{file}, line {line}: expected a column \"{column}\", found {}",
        list(found)
    )]
    MissingColumn {
        /// The file.
        file: String,
        /// The line of the header.
        line: usize,
        /// The column that is missing.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Two columns have the same name.
    #[error(
        "{file}, line {line}, column \"{column}\": expected each name once, found it in places {first} and {second}"
    )]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The line of the header.
        line: usize,
        /// The name that occurs twice.
        column: String,
        /// Its first place, counted from 1.
        first: usize,
        /// Its second place, counted from 1.
        second: usize,
    },
    /// A row has more or fewer cells than the header.
    #[error("{file}, line {line}: expected {cells} as in the header, found {found}", cells = counted(expected, "cell"))]
    Ragged {
        /// The file.
        file: String,
        /// The line on which the row begins.
        line: usize,
        /// Number of cells of the header.
        expected: usize,
        /// Number of cells of the row.
        found: usize,
    },
    /// A quoted cell is still open at the end of the file.
    #[error("{file}, line {line}: expected a closing quote, found the end of the file")]
    UnclosedQuote {
        /// The file.
        file: String,
        /// The line on which the row with the open quote begins.
        line: usize,
    },
    /// A cell does not hold what its column is for.
    #[error("{file}, line {line}, column \"{column}\": expected {expected}, found {found:?}")]
    Cell {
        /// The file.
        file: String,
        /// The line on which the cell begins.
        line: usize,
        /// The name of its column.
        column: String,
        /// What the column is for.
        expected: String,
        /// The text of the cell.
        found: String,
    },
    /// Two rows describe the same thing.
    #[error(
        "{file}, line {line}: expected each {what} once, found {found} again (first on line {first_line})"
    )]
    DuplicateRow {
        /// The file.
        file: String,
        /// The line of the second row.
        line: usize,
        /// The line of the first row.
        first_line: usize,
        /// What a row stands for: "setting", "item".
        what: &'static str,
        /// The thing that occurs twice.
        found: String,
    },
    /// The JSON text is broken, or does not hold what it should.
    #[error("{file}, line {line}, column {column}: {problem}")]
    Json {
        /// The file.
        file: String,
        /// The line of the problem.
        line: usize,
        /// The place in that line, in bytes counted from 1, where the problem lies or just ends.
        column: usize,
        /// What was expected and what was found.
        problem: String,
    },
}

/// Why a file could not be written. A file of that name that was there before is unchanged.
#[derive(Debug, thiserror::Error)]
#[error("{file}: cannot be written: {source}")]
#[non_exhaustive]
pub struct WriteError {
    /// The file that was to be written.
    pub file: String,
    /// What the operating system said.
    pub source: io::Error,
}

/// `"a", "b" and 3 more`: the names of a header, cut after the first eight.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
