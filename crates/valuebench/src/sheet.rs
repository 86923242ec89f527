//! CSV text with the place of every cell: the base of all CSV readers of this crate.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use crate::ReadError;

/// The name by which errors call input that has no path.
pub(crate) const INPUT: &str = "<input>";

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How the lines of a text file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    Lf,
    CrLf,
}

impl LineEnd {
    /// Of the record that the reader has left at `place`, be it before or after the LF.
    fn at(bytes: &[u8], place: usize) -> Self {
        let (record, rest) = bytes.split_at(place.min(bytes.len()));
        let cr_lf = record.ends_with(b"\r\n") || record.ends_with(b"\r") && rest.starts_with(b"\n");
        if cr_lf { Self::CrLf } else { Self::Lf }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// A header and rows of the same length, with their lines.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) file: String,
    pub(crate) bom: bool,
    pub(crate) line_end: LineEnd,
    pub(crate) final_newline: bool,
    pub(crate) header: Row,
    pub(crate) rows: Vec<Row>,
}

/// One record and the line on which it begins.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    cells: StringRecord,
}

impl Row {
    /// The text of a cell; empty where there is none.
    pub(crate) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or("")
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The line on which a cell begins: quoted cells before it may hold newlines.
    fn line_of(&self, column: usize) -> usize {
        let before = self.cells.iter().take(column);
        self.line + before.map(|cell| newlines(cell.as_bytes())).sum::<usize>()
    }
}

impl Sheet {
    pub(crate) fn from_path(path: &Path, expected: &str) -> Result<Self, ReadError> {
        let file = path.display().to_string();
        match fs::read(path) {
            Ok(bytes) => Self::parse(file, &bytes, expected),
            Err(source) => Err(ReadError::Io { file, source }),
        }
    }

    pub(crate) fn from_reader(mut reader: impl Read, expected: &str) -> Result<Self, ReadError> {
        let file = INPUT.to_owned();
        let mut bytes = Vec::new();
        match reader.read_to_end(&mut bytes) {
            Ok(_) => Self::parse(file, &bytes, expected),
            Err(source) => Err(ReadError::Io { file, source }),
        }
    }

    /// Splits the text into rows. `expected` says in errors what a header should have held.
    fn parse(file: String, bytes: &[u8], expected: &str) -> Result<Self, ReadError> {
        let bom = bytes.starts_with(BOM);
        let text = utf8(&file, bytes.strip_prefix(BOM).unwrap_or(bytes))?;
        let (rows, line_end) = records(&file, text)?;
        let mut rows = rows.into_iter();
        let Some(header) = rows.next() else {
            let expected = format!("a header with the columns {expected}");
            let found = "an empty file";
            return Err(ReadError::Empty {
                file,
                expected,
                found,
            });
        };
        let sheet = Self {
            bom,
            line_end,
            final_newline: text.ends_with(['\n', '\r']),
            header,
            rows: rows.collect(),
            file,
        };
        sheet.check_names()?;
        sheet.check_lengths()?;
        Ok(sheet)
    }

    /// The place of a column in the header, if it is there.
    pub(crate) fn find(&self, column: &str) -> Option<usize> {
        self.header.cells().position(|name| name == column)
    }

    /// The place of a column that must be there.
    pub(crate) fn column(&self, column: &str) -> Result<usize, ReadError> {
        self.find(column).ok_or_else(|| ReadError::MissingColumn {
            file: self.file.clone(),
            line: self.header.line,
            column: column.to_owned(),
            found: self.header.cells().map(str::to_owned).collect(),
        })
    }

    /// The error for a cell that does not hold what it should.
    pub(crate) fn wrong(&self, row: &Row, column: usize, expected: &str) -> ReadError {
        ReadError::Cell {
            file: self.file.clone(),
            line: row.line_of(column),
            column: self.header.cell(column).to_owned(),
            expected: expected.to_owned(),
            found: row.cell(column).to_owned(),
        }
    }

    /// The error for a column whose name does not fit.
    pub(crate) fn wrong_name(&self, column: usize, expected: &str) -> ReadError {
        self.wrong(&self.header, column, expected)
    }

    /// The error for a file in which something is missing altogether.
    pub(crate) fn empty(&self, expected: &str, found: &'static str) -> ReadError {
        ReadError::Empty {
            file: self.file.clone(),
            expected: expected.to_owned(),
            found,
        }
    }

    /// Refuses a file with a header and nothing else.
    pub(crate) fn check_not_empty(&self) -> Result<(), ReadError> {
        match self.rows.is_empty() {
            true => Err(self.empty("at least one row", "a header alone")),
            false => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), ReadError> {
        let mut seen = HashMap::new();
        for (place, name) in self.header.cells().enumerate() {
            if let Some(first) = seen.insert(name, place) {
                return Err(ReadError::DuplicateColumn {
                    file: self.file.clone(),
                    line: self.header.line,
                    column: name.to_owned(),
                    first: first + 1,
                    second: place + 1,
                });
            }
        }
        Ok(())
    }

    fn check_lengths(&self) -> Result<(), ReadError> {
        let expected = self.header.len();
        match self.rows.iter().find(|row| row.len() != expected) {
            Some(row) => Err(ReadError::Ragged {
                file: self.file.clone(),
                line: row.line,
                expected,
                found: row.len(),
            }),
            None => Ok(()),
        }
    }
}

/// The bytes as text, or the place of the first byte that is not UTF-8.
pub(crate) fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, ReadError> {
    std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        ReadError::NotUtf8 {
            file: file.to_owned(),
            line: 1 + newlines(before),
            byte: 1 + before.len() - line_start,
            found: bytes.get(e.valid_up_to()).copied().unwrap_or_default(),
        }
    })
}

/// All records of the text, and how the first one's line ends. Blank lines are skipped.
fn records(file: &str, text: &str) -> Result<(Vec<Row>, LineEnd), ReadError> {
    let bytes = text.as_bytes();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows = Vec::new();
    let mut line_end = LineEnd::Lf;
    let (mut line, mut counted) = (1, 0);
    loop {
        let start = skip_newlines(bytes, offset(&reader));
        let mut cells = StringRecord::new();
        let more = reader
            .read_record(&mut cells)
            .map_err(|e| unreadable(file, e))?;
        if !more {
            break;
        }
        line += newlines(bytes.get(counted..start).unwrap_or_default());
        counted = start;
        if rows.is_empty() {
            line_end = LineEnd::at(bytes, offset(&reader));
        }
        rows.push(Row { line, cells });
    }
    match rows.last() {
        Some(last) if is_open(bytes.get(counted..).unwrap_or_default()) => {
            Err(ReadError::UnclosedQuote {
                file: file.to_owned(),
                line: last.line,
            })
        }
        _ => Ok((rows, line_end)),
    }
}

fn offset(reader: &csv::Reader<&[u8]>) -> usize {
    usize::try_from(reader.position().byte()).unwrap_or(usize::MAX)
}

/// Whether a quote of the last record is still open at its end: then a further line belongs to it.
fn is_open(last_record: &[u8]) -> bool {
    let longer = [last_record, b"\nx"].concat();
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(longer.as_slice());
    last_record.contains(&b'"') && reader.into_byte_records().count() < 2
}

fn skip_newlines(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .take_while(|b| matches!(b, b'\n' | b'\r'))
        .count()
}

/// Number of line ends: LF, CR LF, or CR alone.
fn newlines(bytes: &[u8]) -> usize {
    let crs = bytes.windows(2).filter(|w| w[0] == b'\r' && w[1] != b'\n');
    let last_cr = usize::from(bytes.last() == Some(&b'\r'));
    bytes.iter().filter(|&&b| b == b'\n').count() + crs.count() + last_cr
}

/// The reader works on memory and valid UTF-8, so this does not happen; should it, it is reported.
fn unreadable(file: &str, error: csv::Error) -> ReadError {
    ReadError::Io {
        file: file.to_owned(),
        source: std::io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let sheet = Sheet::from_reader(text.as_bytes(), "a, b").unwrap();
        sheet.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn lines_count_blank_lines_crlf_and_quoted_newlines() {
        assert_eq!(lines("a,b\n1,2\n3,4\n"), [2, 3]);
        assert_eq!(lines("a,b\r\n1,2\r\n3,4"), [2, 3]);
        assert_eq!(lines("a,b\n\n\n1,2\n\n3,4\n\n"), [4, 6]);
        assert_eq!(lines("\r\n\r\na,b\r\n\r\n1,2\r\n"), [5]);
        assert_eq!(lines("a,b\r1,2\r3,4\r"), [2, 3]);
        assert_eq!(lines("a,b\n\"x\ny\",2\n3,4\n"), [2, 4]);
        assert_eq!(lines("a,b\r\n\"x\r\n\r\ny\",2\r\n3,4\r\n"), [2, 5]);
    }

    #[test]
    fn a_cell_after_a_quoted_newline_lies_on_a_later_line() {
        let sheet = Sheet::from_reader("a,b\n\"x\ny\"\"\n\",2\n".as_bytes(), "a, b").unwrap();
        let row = &sheet.rows[0];
        assert_eq!((row.line_of(0), row.line_of(1)), (2, 4));
    }

    #[test]
    fn only_an_open_quote_is_open() {
        for closed in [
            "a",
            "\"a\"",
            "\"a\"\n",
            "x,\"a\"\"\"",
            "5\" pipe",
            "\"\"",
            "\"a\"b",
        ] {
            assert!(!is_open(closed.as_bytes()), "{closed}");
        }
        for open in ["\"a", "x,\"", "\"a\"\"", "\"\"\"", "\"a\n"] {
            assert!(is_open(open.as_bytes()), "{open}");
        }
    }
}
