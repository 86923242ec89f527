use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use program::{Failure, remark};

/// A CSV file that grows by a line for each answer. A line is there whole or not at all, whenever the program is stopped.
pub struct Lines {
    path: PathBuf,
    file: File,
    header: Vec<String>,
    is_new: bool,
}

impl Lines {
    /// The file with this header; made if it is not there. A line that an earlier run did not finish is taken away.
    ///
    /// # Errors
    /// If the file cannot be read or written, another program has it, or its header is another.
    pub fn open(path: &Path, header: &[&str]) -> Result<Self, Failure> {
        let named = |what: String| Failure::from(format!("{}: {what}", path.display()));
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path);
        let mut file = opened.map_err(|error| named(error.to_string()))?;
        file.try_lock().map_err(|error| {
            named(format!(
                "expected a file that no other program writes: {error}"
            ))
        })?;
        if !file.metadata().is_ok_and(|found| found.is_file()) {
            return Err(named("expected a file, found something else".to_owned()));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| named(error.to_string()))?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        if whole < bytes.len() {
            let (file_name, n) = (path.display(), bytes.len() - whole);
            let text = String::from_utf8_lossy(&bytes[whole..]);
            remark(format_args!(
                "note: {file_name}: an unfinished line of an earlier run ({n} bytes) is taken away: {text}"
            ));
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
        }
        let mut lines = Self {
            path: path.to_owned(),
            file,
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            is_new: false,
        };
        let mut written = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
        match written.next() {
            None => lines.write(&line(header)?)?,
            Some(found) => {
                let found = String::from_utf8_lossy(found);
                let found = found.trim_start_matches('\u{feff}').trim_end();
                let expected = header.join(",");
                if found.replace('"', "") != expected {
                    return Err(named(format!(
                        "line 1: expected {expected:?}, found {found:?}"
                    )));
                }
            }
        }
        lines.is_new = written.next().is_none();
        Ok(lines)
    }

    /// Whether there is nothing below the header.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// What was answered so far, by the header's names.
    ///
    /// # Errors
    /// If a row is no CSV or has more or fewer cells than the header.
    pub fn rows(&self) -> Result<Vec<csv::StringRecord>, Failure> {
        let file = self.path.display();
        let table = csv::Reader::from_path(&self.path);
        let mut table = table.map_err(|error| format!("{file}: {error}"))?;
        let rows = table.records();
        let rows = rows.map(|row| row.map_err(|error| format!("{file}: {error}").into()));
        rows.collect()
    }

    /// Refuses a row whose cell of that name is not `expected`: one file holds the answers to one question alone.
    ///
    /// # Errors
    /// Which row, and what it has.
    pub fn check(&self, name: &str, expected: &str) -> Result<(), Failure> {
        self.check_rows(&self.rows()?, name, expected)
    }

    /// The same of some of its rows.
    ///
    /// # Errors
    /// Which row, and what it has.
    pub fn check_rows<'r>(
        &self,
        rows: impl IntoIterator<Item = &'r csv::StringRecord>,
        name: &str,
        expected: &str,
    ) -> Result<(), Failure> {
        let place = self.header.iter().position(|other| other == name);
        for row in rows {
            let found = place.and_then(|place| row.get(place)).unwrap_or_default();
            if found != expected {
                let line = row.position().map_or(0, csv::Position::line);
                let file = self.path.display();
                return Err(format!(
                    "{file}, line {line}, column {name:?}: expected {expected:?}, as it is asked now, found {found:?}: \
                     answers to another question belong into another file"
                )
                .into());
            }
        }
        Ok(())
    }

    /// Adds a line; when this returns it is on the disk. Line breaks within a cell become blanks.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, cells: &[&str]) -> Result<(), Failure> {
        let cells = cells.iter().map(|cell| cell.replace(['\n', '\r'], " "));
        let cells: Vec<String> = cells.collect();
        self.is_new = false;
        self.write(&line(&cells)?)
    }

    fn write(&mut self, line: &[u8]) -> Result<(), Failure> {
        let written = self
            .file
            .write_all(line)
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| format!("{}: {error}", self.path.display()).into())
    }
}

fn line<C: AsRef<[u8]>>(cells: &[C]) -> Result<Vec<u8>, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(cells)?;
    Ok(table.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_line_that_was_not_finished_is_taken_away_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.csv");
        let mut lines = Lines::open(&path, &["a", "b"]).unwrap();
        assert!(lines.is_new());
        lines.push(&["1", "one,\ntwo"]).unwrap();
        assert!(!lines.is_new() && Lines::open(&path, &["a", "b"]).is_err());
        drop(lines);
        let whole = fs::read_to_string(&path).unwrap();
        assert_eq!(whole, "a,b\n1,\"one, two\"\n");
        // Wherever the line after it is cut.
        for cut in ["2", "2,", "2,\"thr", "2,three"] {
            fs::write(&path, format!("{whole}{cut}")).unwrap();
            let mut lines = Lines::open(&path, &["a", "b"]).unwrap();
            assert_eq!(lines.rows().unwrap().len(), 1);
            lines.push(&["2", "three"]).unwrap();
            assert_eq!(
                fs::read_to_string(&path).unwrap(),
                format!("{whole}2,three\n"),
                "{cut}"
            );
        }
        // As spreadsheets save it.
        for saved in ["a,b\r\n1,2\r\n", "\u{feff}a,b\n1,2\n", "\"a\",\"b\"\n1,2\n"] {
            fs::write(&path, saved).unwrap();
            let mut lines = Lines::open(&path, &["a", "b"]).unwrap();
            lines.push(&["3", "4"]).unwrap();
            assert_eq!(lines.rows().unwrap().len(), 2, "{saved:?}");
        }
        fs::write(&path, "a,").unwrap();
        assert!(Lines::open(&path, &["a", "b"]).unwrap().is_new());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n");
    }

    #[test]
    fn files_of_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.csv");
        let message = |result: Result<Lines, Failure>| result.err().unwrap().to_string();
        fs::write(&path, "a,c\n1,2\n").unwrap();
        let wrong = message(Lines::open(&path, &["a", "b"]));
        assert!(
            wrong.ends_with("line 1: expected \"a,b\", found \"a,c\""),
            "{wrong}"
        );
        let lines = Lines::open(&path, &["a", "c"]).unwrap();
        lines.check("c", "2").unwrap();
        let wrong = lines.check("c", "3").unwrap_err().to_string();
        assert!(
            wrong.contains("line 2, column \"c\": expected \"3\", as it is asked now, found \"2\"")
        );
        fs::write(&path, "a,c\n1\n").unwrap();
        drop(lines);
        let lines = Lines::open(&path, &["a", "c"]).unwrap();
        assert!(lines.rows().unwrap_err().to_string().contains("line: 2"));
        let wrong = message(Lines::open(folder.path(), &["a"]));
        assert!(
            wrong.starts_with(&folder.path().display().to_string()),
            "{wrong}"
        );
    }
}
