//! JSON files with the place of every problem: the base of all JSON readers of this crate.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::ReadError;
use crate::sheet::{INPUT, utf8};

/// A JSON file. `expected` says in errors what an empty file should have held.
pub(crate) fn from_path<T: DeserializeOwned>(path: &Path, expected: &str) -> Result<T, ReadError> {
    let file = path.display().to_string();
    match fs::read(path) {
        Ok(bytes) => parse(file, &bytes, expected),
        Err(source) => Err(ReadError::Io { file, source }),
    }
}

/// JSON text, called `<input>`.
pub(crate) fn from_reader<T: DeserializeOwned>(
    mut reader: impl Read,
    expected: &str,
) -> Result<T, ReadError> {
    let file = INPUT.to_owned();
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Ok(_) => parse(file, &bytes, expected),
        Err(source) => Err(ReadError::Io { file, source }),
    }
}

fn parse<T: DeserializeOwned>(file: String, bytes: &[u8], expected: &str) -> Result<T, ReadError> {
    let text = utf8(&file, bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(ReadError::Empty {
            file,
            expected: expected.to_owned(),
            found: "an empty file",
        });
    }
    serde_json::from_str(text).map_err(|error| json_error(file, text, &error))
}

fn json_error(file: String, text: &str, error: &serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let place = format!(" at line {line} column {column}");
    let mut problem = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    if error.is_syntax() {
        let _ = write!(problem, ", found {:?}", excerpt(text, line, column));
    }
    ReadError::Json {
        file,
        line,
        column: column.max(1),
        problem,
    }
}

/// The first letters from a place on, lines and bytes counted from 1.
fn excerpt(text: &str, line: usize, column: usize) -> String {
    const SHOWN: usize = 20;
    let line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or("");
    let letters = line.char_indices();
    let letters = letters.skip_while(|&(place, _)| place + 1 < column);
    letters.take(SHOWN).map(|(_, letter)| letter).collect()
}
