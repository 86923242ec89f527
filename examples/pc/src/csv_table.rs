//! CSV files of samples: a header with the names of the variables, then one sample per line.
//!
//! Every error names the line and the column where there is one.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder};
use ndarray::{Array1, Array2, ArrayViewMut1, Axis};
use program::counted;
use thiserror::Error;

/// Samples of named variables.
#[derive(Clone, Debug)]
pub struct CsvTable {
    /// The names of the columns, none empty, none twice.
    pub names: Vec<String>,
    /// `[samples, variables]`: numbers, or for a categorical column the number of the category.
    /// A missing cell is NaN; every other number is finite.
    pub values: Array2<f64>,
    /// For each categorical column its categories in order; `None` for a column of numbers.
    pub categories: Vec<Option<Vec<String>>>,
}

/// What the cells of a file hold, but for the columns that [`CsvOptions::categorical`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Numbers everywhere.
    Numbers,
    /// Categories everywhere: each distinct text of a column is one.
    Categories,
    /// Numbers in the columns where every cell is one, categories in the others.
    Mixed,
}

/// How to read a file.
#[derive(Clone, Debug)]
pub struct CsvOptions {
    cells: Cells,
    categorical: Vec<String>,
    without: Vec<String>,
    labels: Vec<String>,
    delimiter: u8,
    decimal_comma: bool,
    has_header: bool,
    is_matrix: bool,
    allows_missing: bool,
    markers: Vec<String>,
}

/// Texts that stand for a missing cell, besides the empty one: those that pandas and R write and read.
pub const MISSING: [&str; 19] = [
    "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "NaT",
    "#N/A", "#NA", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
];

impl CsvOptions {
    /// Cells of the given kind, split by commas, none missing.
    pub fn new(cells: Cells) -> Self {
        Self {
            cells,
            categorical: Vec::new(),
            without: Vec::new(),
            labels: Vec::new(),
            delimiter: b',',
            decimal_comma: false,
            has_header: true,
            is_matrix: false,
            allows_missing: false,
            markers: Vec::new(),
        }
    }

    /// Columns of labels: any text is one, the empty one too, but for those that stand for a missing cell. Default none.
    pub fn labels(mut self, names: Vec<String>) -> Self {
        self.labels = names;
        self
    }

    /// There is no line of names: the columns are named X1, X2, ... Default: there is.
    pub fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Rows stand for the same variables as columns: their names, if they have any, must be those of the columns, in the same
    /// order. Rows that are only counted have no names. Default: rows are samples.
    pub fn matrix(mut self) -> Self {
        self.is_matrix = true;
        self
    }

    /// Columns that are categorical even if they hold numbers. Each text is the name of a column or,
    /// if there is none of that name, several names separated by commas as in a CSV file, those with a
    /// comma within quotation marks. Default none.
    pub fn categorical(mut self, names: Vec<String>) -> Self {
        self.categorical = names;
        self
    }

    /// Columns to leave out unread, named in the same way. Default none.
    pub fn without(mut self, names: Vec<String>) -> Self {
        self.without = names;
        self
    }

    /// The character between cells. Default a comma.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Numbers have a comma where others have a point, as R's `write.csv2` writes them.
    pub fn decimal_comma(mut self) -> Self {
        self.decimal_comma = true;
        self
    }

    /// Texts that stand for a missing cell besides the empty one and [`MISSING`]. Default none.
    pub fn missing_markers(mut self, also: Vec<String>) -> Self {
        self.markers = also;
        self
    }

    /// Lets cells be missing. By default such a cell is an error.
    pub fn allow_missing(mut self) -> Self {
        self.allows_missing = true;
        self
    }
}

/// Why a file could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// Reading failed, or the file is not CSV at all.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// There is no header.
    #[error("expected a line with column names, found an empty file")]
    NoHeader,
    /// The cells seem to be separated by another character.
    #[error(
        "expected cells separated by {expected:?}, found one in each line, with {found:?} in it: \
         should that be the --delimiter?"
    )]
    OneColumn {
        /// What was said to separate cells.
        expected: char,
        /// What seems to.
        found: char,
    },
    /// Every column was left out.
    #[error("no column is left")]
    NoColumns,
    /// There is a header and nothing else.
    #[error("expected samples after the line with column names, found none")]
    NoSamples,
    /// A column has no name.
    #[error("line {line}, column {column}: expected a name, found an empty cell")]
    NoName {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// Two columns have the same name.
    #[error("line {line}: expected distinct names, found {name:?} in columns {first} and {second}")]
    SameName {
        /// The line, counted from 1.
        line: usize,
        /// The name.
        name: String,
        /// The first of the columns, counted from 1.
        first: usize,
        /// The second of the columns, counted from 1.
        second: usize,
    },
    /// A column was named that is not there.
    #[error("there is no column {name:?}; the columns are {columns}")]
    NoSuchColumn {
        /// The name asked for.
        name: String,
        /// The names there are.
        columns: String,
    },
    /// A line has more or fewer cells than the header.
    #[error("line {line}: expected {cells} as in the first line, found {found}", cells = counted(expected, "cell"))]
    Length {
        /// The line, counted from 1.
        line: usize,
        /// The number of columns.
        expected: usize,
        /// The number of cells.
        found: usize,
    },
    /// A row of a matrix is that of another variable than the column.
    #[error(
        "line {line}: expected the row of {expected:?}, as rows go in the order of the columns, found that of {found:?}"
    )]
    OtherRow {
        /// The line, counted from 1.
        line: usize,
        /// The column of the same number.
        expected: String,
        /// The name of the row.
        found: String,
    },
    /// A cell is not what it should be.
    #[error("line {line}, column {column:?}: expected {expected}, found {found:?}")]
    Cell {
        /// The line, counted from 1.
        line: usize,
        /// The name of the column.
        column: String,
        /// What a cell may hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
}

impl CsvTable {
    /// Reads samples. Memory is that of the table, and for categories that of their distinct texts.
    ///
    /// # Errors
    /// [`CsvError`] names the line and the column, what was expected there and what was found.
    pub fn read(text: &[u8], options: &CsvOptions) -> Result<Self, CsvError> {
        let mut reader = ReaderBuilder::new()
            .delimiter(options.delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(text);
        let mut record = ByteRecord::new();
        if !reader.read_byte_record(&mut record)? {
            return Err(CsvError::NoHeader);
        }
        let alone = (record.len() == 1).then(|| record[0].to_vec());
        let mut row_names = options.has_header && has_row_names(&record);
        let header = match options.has_header {
            true => names_in(&record, usize::from(row_names), line_of(&record, text))?,
            false => (1..=record.len()).map(|at| format!("X{at}")).collect(),
        };
        let mut columns = Columns::new(&header, options)?;
        let mut values = Vec::new();
        let mut is_first = true;
        let mut n_rows = 0;
        if options.has_header && !reader.read_byte_record(&mut record)? {
            return Self::new(columns, values);
        }
        loop {
            let line = || line_of(&record, text);
            // R's write.table names the columns of values alone.
            row_names |= is_first && options.has_header && record.len() == header.len() + 1;
            if is_first && let Some(first) = &alone {
                check_delimiter(first, record.as_slice(), options.delimiter)?;
            }
            is_first = false;
            let expected = header.len() + usize::from(row_names);
            if record.len() != expected {
                return Err(CsvError::Length {
                    line: line(),
                    expected,
                    found: record.len(),
                });
            }
            if let (true, true, Some(expected)) = (options.is_matrix, row_names, header.get(n_rows))
            {
                check_row(&record[0], n_rows, expected).map_err(|found| CsvError::OtherRow {
                    line: line(),
                    expected: expected.clone(),
                    found,
                })?;
            }
            n_rows += 1;
            let cells = record.iter().skip(usize::from(row_names));
            for (column, cell) in columns.kept.iter_mut().zip(cells) {
                if let Some(column) = column {
                    values.push(column.value(line, cell, options)?);
                }
            }
            if !reader.read_byte_record(&mut record)? {
                return Self::new(columns, values);
            }
        }
    }

    fn new(columns: Columns, values: Vec<f64>) -> Result<Self, CsvError> {
        let kept: Vec<Column> = columns.kept.into_iter().flatten().collect();
        let n_samples = values
            .len()
            .checked_div(kept.len())
            .ok_or(CsvError::NoColumns)?;
        if n_samples == 0 {
            return Err(CsvError::NoSamples);
        }
        let mut values = Array2::from_shape_vec((n_samples, kept.len()), values)
            .expect("every line has as many cells as the header");
        for column in &kept {
            column.check_strays(n_samples)?;
        }
        let mut table = (Vec::new(), Vec::new());
        for (column, values) in kept.into_iter().zip(values.columns_mut()) {
            let categories = column.texts.and_then(|texts| texts.give_meaning(values));
            table.0.push(column.name);
            table.1.push(categories);
        }
        let (names, categories) = table;
        Ok(Self {
            names,
            values,
            categories,
        })
    }

    /// Takes a column out of the table: its values, or `None` if there is no such column.
    pub fn take(&mut self, name: &str) -> Option<Array1<f64>> {
        let at = self.names.iter().position(|n| n == name)?;
        let taken = self.values.column(at).to_owned();
        self.names.remove(at);
        self.categories.remove(at);
        self.values.remove_index(Axis(1), at);
        Some(taken)
    }

    /// The table of these rows, of which some may repeat.
    ///
    /// # Panics
    /// If a row does not exist.
    pub fn rows(&self, rows: &[usize]) -> Self {
        Self {
            names: self.names.clone(),
            values: self.values.select(Axis(0), rows),
            categories: self.categories.clone(),
        }
    }
}

/// The line, counted from 1, on which a record begins. The reader counts the empty lines before a
/// record into it, so they are stepped over here. O(bytes before the record).
fn line_of(record: &ByteRecord, text: &[u8]) -> usize {
    let start = record
        .position()
        .map_or(0, |position| position.byte() as usize);
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let empty = text[start..].iter().take_while(|byte| is_end(byte)).count();
    let before = &text[..start + empty];
    let ends = before.iter().enumerate().filter(|&(at, byte)| match byte {
        b'\n' => true,
        b'\r' => before.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    1 + ends.count()
}

/// Refuses two lines of one cell each that look like several.
fn check_delimiter(first: &[u8], second: &[u8], delimiter: u8) -> Result<(), CsvError> {
    let times = |cell: &[u8], other: u8| cell.iter().filter(|&&byte| byte == other).count();
    let separates = |&other: &u8| match times(first, other) {
        0 => false,
        n => other != delimiter && times(second, other) == n,
    };
    match [b',', b';', b'\t', b'|'].into_iter().find(separates) {
        None => Ok(()),
        Some(found) => Err(CsvError::OneColumn {
            expected: delimiter.into(),
            found: found.into(),
        }),
    }
}

/// Refuses the name of a row that is neither that of the column nor its number, from 0 or 1 on, with that name.
fn check_row(name: &[u8], at: usize, column: &str) -> Result<(), String> {
    let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
    let is_number = [at, at + 1].iter().any(|at| *name == at.to_string());
    match name == column || is_number {
        true => Ok(()),
        false => Err(name),
    }
}

/// Whether the first column is one of row names, as pandas and R write them: without a name, which
/// pandas calls "Unnamed: 0" when it writes what it has read.
fn has_row_names(header: &ByteRecord) -> bool {
    header.len() > 1
        && header
            .get(0)
            .map(<[u8]>::trim_ascii)
            .is_some_and(|cell| cell.is_empty() || cell == b"Unnamed: 0")
}

/// The names of the columns from `first` on.
fn names_in(header: &ByteRecord, first: usize, line: usize) -> Result<Vec<String>, CsvError> {
    let mut places = HashMap::new();
    let mut names = Vec::with_capacity(header.len());
    for (at, cell) in header.iter().enumerate().skip(first) {
        let column = at + 1;
        let name = std::str::from_utf8(cell).map_err(|_| CsvError::Cell {
            line,
            column: column.to_string(),
            expected: "a name in UTF-8",
            found: String::from_utf8_lossy(cell).into_owned(),
        })?;
        let name = name.trim();
        if name.is_empty() {
            return Err(CsvError::NoName { line, column });
        }
        if let Some(first) = places.insert(name.to_owned(), column) {
            let name = name.to_owned();
            return Err(CsvError::SameName {
                line,
                name,
                first,
                second: column,
            });
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// The columns of a file that is being read, `None` for one that is left out.
struct Columns {
    kept: Vec<Option<Column>>,
}

struct Column {
    name: String,
    /// The texts of a column that may be categorical.
    texts: Option<Texts>,
}

/// The distinct texts of a column.
struct Texts {
    numbers: HashMap<String, usize>,
    /// Whether they are categories even if all of them are numbers.
    is_declared: bool,
    has_words: bool,
    is_label: bool,
    /// Cells that hold numbers, and the first that holds none: its line and its text.
    n_numbers: usize,
    first_word: Option<(usize, String)>,
}

impl Columns {
    fn new(header: &[String], options: &CsvOptions) -> Result<Self, CsvError> {
        let categorical = named(&options.categorical, header)?;
        let without = named(&options.without, header)?;
        let labels = named(&options.labels, header)?;
        let kept = header.iter().map(|name| {
            let texts = match options.cells {
                _ if labels.contains(name) => Some(Texts::of_labels()),
                _ if categorical.contains(name) => Some(Texts::new(true)),
                Cells::Numbers => None,
                Cells::Categories => Some(Texts::new(true)),
                Cells::Mixed => Some(Texts::new(false)),
            };
            let column = Column {
                name: name.clone(),
                texts,
            };
            (!without.contains(name)).then_some(column)
        });
        Ok(Self {
            kept: kept.collect(),
        })
    }
}

/// The columns that some texts name: each one column or, if there is none of that name, a list.
fn named(texts: &[String], header: &[String]) -> Result<Vec<String>, CsvError> {
    let mut names = Vec::new();
    for text in texts {
        if header.contains(text) {
            names.push(text.clone());
            continue;
        }
        let mut list = ReaderBuilder::new()
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        for record in list.records() {
            for name in &record? {
                if !header.iter().any(|other| other == name) {
                    return Err(CsvError::NoSuchColumn {
                        name: name.to_owned(),
                        columns: header.join(", "),
                    });
                }
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}

impl Column {
    /// Refuses a text among numbers: a column most of whose cells are numbers is no column of
    /// categories unless it was said to be one.
    fn check_strays(&self, n_samples: usize) -> Result<(), CsvError> {
        let Some(texts) = self.texts.as_ref().filter(|texts| !texts.is_declared) else {
            return Ok(());
        };
        match &texts.first_word {
            Some((line, word)) if 2 * texts.n_numbers > n_samples => Err(CsvError::Cell {
                line: *line,
                column: self.name.clone(),
                expected: "a number as in most cells (or the column among the categorical ones)",
                found: word.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The number in a cell, or for a column with texts the number of its text.
    fn value(
        &mut self,
        line: impl Fn() -> usize,
        cell: &[u8],
        options: &CsvOptions,
    ) -> Result<f64, CsvError> {
        let name = &self.name;
        let wrong = |expected, found: &str| CsvError::Cell {
            line: line(),
            column: name.clone(),
            expected,
            found: found.to_owned(),
        };
        let text = std::str::from_utf8(cell)
            .map_err(|_| wrong("text in UTF-8", &String::from_utf8_lossy(cell)))?
            .trim();
        if let Some(texts) = self.texts.as_mut().filter(|texts| texts.is_label) {
            if !text.is_empty() && options.is_missing(text) {
                return Err(wrong(
                    "a label (of rows without one, which are a cluster of their own, the cell is empty)",
                    text,
                ));
            }
            return Ok(texts.number_of(text));
        }
        if options.is_missing(text) {
            return match options.allows_missing {
                true => Ok(f64::NAN),
                false => Err(wrong("a value (missing cells are refused)", text)),
            };
        }
        let parsed = match options.decimal_comma {
            true => text.replace(',', ".").parse::<f64>(),
            false => text.parse(),
        };
        match (parsed, &mut self.texts) {
            (_, Some(texts)) if texts.is_declared => Ok(texts.number_of(text)),
            (Ok(number), _) if !number.is_finite() => Err(wrong("a finite number", text)),
            (Ok(number), None) => Ok(number),
            (Err(_), None) if is_number_with_comma(text) => Err(wrong(
                "a number with a decimal point (or --decimal-comma)",
                text,
            )),
            (Err(_), None) => Err(wrong("a number", text)),
            (parsed, Some(texts)) => {
                texts.n_numbers += usize::from(parsed.is_ok());
                if parsed.is_err() && !texts.has_words {
                    texts.has_words = true;
                    texts.first_word = Some((line(), text.to_owned()));
                }
                Ok(texts.number_of(text))
            }
        }
    }
}

/// Whether a comma stands where a number has its point: `1,5`, not `1,234.5`.
fn is_number_with_comma(text: &str) -> bool {
    !text.contains('.') && text.replacen(',', ".", 1).parse::<f64>().is_ok()
}

impl CsvOptions {
    fn is_missing(&self, text: &str) -> bool {
        let is_marker = self.markers.iter().any(|marker| marker == text);
        text.is_empty() || MISSING.contains(&text) || is_marker
    }
}

impl Texts {
    fn new(is_declared: bool) -> Self {
        Self {
            numbers: HashMap::new(),
            is_declared,
            has_words: false,
            is_label: false,
            n_numbers: 0,
            first_word: None,
        }
    }

    fn of_labels() -> Self {
        Self {
            is_label: true,
            ..Self::new(true)
        }
    }

    fn number_of(&mut self, text: &str) -> f64 {
        if let Some(&number) = self.numbers.get(text) {
            return number as f64;
        }
        let number = self.numbers.len();
        self.numbers.insert(text.to_owned(), number);
        number as f64
    }

    /// Replaces the numbers of texts by what the texts stand for; returns the categories if that
    /// is what they are.
    fn give_meaning(self, column: ArrayViewMut1<'_, f64>) -> Option<Vec<String>> {
        let (meaning, categories) = self.meaning();
        for value in column.into_iter().filter(|value| !value.is_nan()) {
            *value = meaning[*value as usize];
        }
        categories
    }

    /// What each text stands for, by its number, and the categories if it is one of them.
    ///
    /// Categories are ordered by value where all are numbers, and then `1` and `1.0` are the same;
    /// otherwise by text.
    fn meaning(self) -> (Vec<f64>, Option<Vec<String>>) {
        let mut texts: Vec<(Option<f64>, String, usize)> = self
            .numbers
            .into_iter()
            .map(|(text, number)| (text.parse().ok(), text, number))
            .collect();
        let mut meaning = vec![0.0; texts.len()];
        if !(self.is_declared || self.has_words) {
            for (value, _, number) in texts {
                meaning[number] = value.unwrap_or(f64::NAN);
            }
            return (meaning, None);
        }
        let by_value = !self.has_words && texts.iter().all(|(value, ..)| value.is_some());
        let value_of = |value: &Option<f64>| value.filter(|_| by_value).unwrap_or(0.0);
        texts.sort_by(|a, b| {
            value_of(&a.0)
                .total_cmp(&value_of(&b.0))
                .then_with(|| a.1.cmp(&b.1))
        });
        let mut categories: Vec<String> = Vec::new();
        let mut last = None;
        for (value, text, number) in texts {
            if !(by_value && value == last) {
                categories.push(text);
            }
            last = value;
            meaning[number] = (categories.len() - 1) as f64;
        }
        (meaning, Some(categories))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &str) -> Result<CsvTable, CsvError> {
        CsvTable::read(text.as_bytes(), &CsvOptions::new(Cells::Numbers))
    }

    fn mixed(text: &str, categorical: &[&str]) -> CsvTable {
        let categorical = categorical.iter().map(|&name| name.to_owned()).collect();
        let options = CsvOptions::new(Cells::Mixed)
            .categorical(categorical)
            .missing_markers(vec!["?".into()])
            .allow_missing();
        CsvTable::read(text.as_bytes(), &options).unwrap()
    }

    #[test]
    fn numbers_are_read_exactly() {
        let table = numbers("a,\"b,c\", d \r\n1,-2.5e-3, 3\n0.1,4,5\n").unwrap();
        assert_eq!(table.names, ["a", "b,c", "d"]);
        assert_eq!(
            table.values,
            ndarray::array![[1.0, -2.5e-3, 3.0], [0.1, 4.0, 5.0]]
        );
        assert_eq!(table.categories, [None, None, None]);
    }

    #[test]
    fn errors_name_line_and_column() {
        let cases = [
            ("", "expected a line with column names, found an empty file"),
            (
                "a,b\n",
                "expected samples after the line with column names, found none",
            ),
            (
                "a,,c\n1,2,3\n",
                "line 1, column 2: expected a name, found an empty cell",
            ),
            ("a,b,a\n1,2,3\n", "found \"a\" in columns 1 and 3"),
            (
                "a,b\n1,2\n\n3\n",
                "line 4: expected 2 cells as in the first line, found 1",
            ),
            (
                "a,b\n1,2\n3,x\n",
                "line 3, column \"b\": expected a number, found \"x\"",
            ),
            (
                "a,b\n1,inf\n",
                "line 2, column \"b\": expected a finite number, found \"inf\"",
            ),
            ("a,b\n1,2\nNA,2\n", "line 3, column \"a\": expected a value"),
        ];
        for (text, expected) in cases {
            let error = numbers(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let latin = CsvTable::read(b"a,b\n1,\xe9\n", &CsvOptions::new(Cells::Categories));
        let error = latin.unwrap_err().to_string();
        assert!(
            error.contains("line 2, column \"b\": expected text in UTF-8"),
            "{error}"
        );
        let options = CsvOptions::new(Cells::Mixed).categorical(vec!["z".into()]);
        let error = CsvTable::read(b"a,b\n1,2\n", &options)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "there is no column \"z\"; the columns are a, b");
    }

    #[test]
    fn every_marker_is_missing_in_every_kind_of_column() {
        for cells in [Cells::Numbers, Cells::Categories, Cells::Mixed] {
            for marker in MISSING.iter().copied().chain(["", "*", "-999"]) {
                let text = format!("a,b\n1,2\n{marker},3\n2,1\n");
                let options =
                    CsvOptions::new(cells).missing_markers(vec!["*".into(), "-999".into()]);
                let refused = CsvTable::read(text.as_bytes(), &options)
                    .unwrap_err()
                    .to_string();
                assert!(
                    refused.contains("line 3, column \"a\": expected a value"),
                    "{refused}"
                );
                let table = CsvTable::read(text.as_bytes(), &options.allow_missing()).unwrap();
                assert!(table.values[[1, 0]].is_nan(), "{marker} {cells:?}");
            }
        }
    }

    #[test]
    fn a_text_among_numbers_is_refused_where_columns_are_told_apart() {
        let options = CsvOptions::new(Cells::Mixed);
        let text = "a,b\n1.5,x\n2,y\n3,x\no,y\n7,x\n";
        let refused = CsvTable::read(text.as_bytes(), &options)
            .unwrap_err()
            .to_string();
        assert!(
            refused.starts_with("line 5, column \"a\": expected a number"),
            "{refused}"
        );
        let said = options.categorical(vec!["a".into()]);
        assert_eq!(
            CsvTable::read(text.as_bytes(), &said).unwrap().categories[0]
                .as_ref()
                .unwrap()
                .len(),
            5
        );
    }

    #[test]
    fn row_names_of_pandas_and_r_are_left_out() {
        let expected = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
        for text in [
            ",a,b\n0,1,2\n1,3,4\n",
            "\"\",\"a\",\"b\"\n\"x\",1,2\n\"y\",3,4\n",
            "a,b\nx,1,2\ny,3,4\n",
        ] {
            let table = numbers(text).unwrap();
            assert_eq!(
                (table.names.join(" "), &table.values),
                ("a b".to_owned(), &expected),
                "{text}"
            );
        }
        let headless = CsvTable::read(
            b"1,2\n3,4\n",
            &CsvOptions::new(Cells::Numbers).without_header(),
        );
        let headless = headless.unwrap();
        assert_eq!(
            (headless.names.join(" "), headless.values),
            ("X1 X2".to_owned(), expected)
        );
    }

    #[test]
    fn names_with_commas_are_named_whole_or_quoted() {
        let text = b"\"income, total\",age,cost\n1,2,3\n";
        for named in ["income, total", "\"income, total\""] {
            let options = CsvOptions::new(Cells::Numbers).without(vec![named.to_owned()]);
            assert_eq!(
                CsvTable::read(text, &options).unwrap().names,
                ["age", "cost"]
            );
        }
        let both = CsvOptions::new(Cells::Numbers).without(vec!["age, cost".to_owned()]);
        assert_eq!(
            CsvTable::read(text, &both).unwrap().names,
            ["income, total"]
        );
    }

    #[test]
    fn columns_are_left_out_and_taken() {
        let text = b"id,a,b,group\nx,1,2,g\ny,3,4,h\nz,5,6,g\n";
        let options = CsvOptions::new(Cells::Numbers)
            .categorical(vec!["group".to_owned()])
            .without(vec!["id".to_owned()]);
        let mut table = CsvTable::read(text, &options).unwrap();
        let group = table.take("group").unwrap();
        assert_eq!(group, ndarray::array![0.0, 1.0, 0.0]);
        assert_eq!(table.names, ["a", "b"]);
        assert_eq!(
            table.values,
            ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
        );
        assert!(table.take("group").is_none());
        let all = vec!["a".to_owned()];
        let error = CsvTable::read(b"a\n1\n", &CsvOptions::new(Cells::Numbers).without(all));
        assert_eq!(error.unwrap_err().to_string(), "no column is left");
    }

    #[test]
    fn categories_are_ordered_by_value_or_by_text() {
        let options = CsvOptions::new(Cells::Categories);
        let text = "number,word\n10,b\n9,inf\n9.0,a\n";
        let table = CsvTable::read(text.as_bytes(), &options).unwrap();
        assert_eq!(
            table.values,
            ndarray::array![[1.0, 1.0], [0.0, 2.0], [0.0, 0.0]]
        );
        let words = ["a", "b", "inf"].map(str::to_owned).to_vec();
        assert_eq!(table.categories[1], Some(words));
        assert_eq!(table.categories[0].as_ref().unwrap().len(), 2);
    }

    #[test]
    fn mixed_columns_are_told_apart() {
        let table = mixed("age,sex,class\n3.5,m,2\n?,f,1\n4,,2\n", &["class"]);
        assert_eq!(table.values.column(0)[0], 3.5);
        assert!(table.values[[1, 0]].is_nan() && table.values[[2, 1]].is_nan());
        assert!(table.values.iter().any(|value| value.is_nan()));
        let kinds: Vec<_> = table
            .categories
            .iter()
            .map(|c| c.as_ref().map(Vec::len))
            .collect();
        assert_eq!(kinds, [None, Some(2), Some(2)]);
        assert_eq!(table.values.column(2).to_vec(), [1.0, 0.0, 1.0]);
    }

    /// Tests to make; the environment may ask for more.
    fn cases(default: u32) -> ProptestConfig {
        let asked = std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok());
        ProptestConfig::with_cases(asked.unwrap_or(default))
    }

    fn any_options() -> impl Strategy<Value = CsvOptions> {
        let cells = prop_oneof![
            Just(Cells::Numbers),
            Just(Cells::Categories),
            Just(Cells::Mixed),
        ];
        let delimiter = prop_oneof![9 => Just(b','), 1 => any::<u8>()];
        let some = || prop::sample::subsequence(vec!["a".to_owned(), "1".to_owned()], 0..=1);
        let chosen = (cells, delimiter, any::<bool>(), some(), some());
        chosen.prop_map(|(cells, delimiter, missing, categorical, without)| {
            let options = CsvOptions::new(cells)
                .delimiter(delimiter)
                .categorical(categorical)
                .without(without);
            if missing {
                options
                    .missing_markers(vec!["?".to_owned()])
                    .allow_missing()
            } else {
                options
            }
        })
    }

    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            6 => prop::sample::select(&b"a,b,1,2.5,-,e,\n\n\r\" ,;?.0"[..]).prop_map(|b| vec![b]),
            1 => any::<u8>().prop_map(|b| vec![b]),
            1 => prop::sample::select(vec!["NA", "inf", "1e999", "a,b\n", "nan", "0x1", "\u{feff}"])
                .prop_map(|text| text.as_bytes().to_vec()),
        ];
        prop::collection::vec(piece, 0..48).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(cases(20_000))]

        /// Whatever the bytes: a table whose parts fit, or an error, and no panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in any_bytes(), options in any_options()) {
            if let Ok(table) = CsvTable::read(&bytes, &options) {
                prop_assert_eq!(table.values.ncols(), table.names.len());
                prop_assert_eq!(table.categories.len(), table.names.len());
                prop_assert!(table.values.nrows() > 0);
                for (column, categories) in table.values.columns().into_iter().zip(&table.categories) {
                    for &value in column {
                        let in_range = |k: usize| value.fract() == 0.0 && (value as usize) < k;
                        let fits = categories.as_ref().map_or(value.is_finite(), |c| in_range(c.len()));
                        prop_assert!(fits || (value.is_nan() && options.allows_missing));
                    }
                }
            }
        }

        /// What is written comes back, whatever the names and numbers.
        #[test]
        fn written_tables_come_back(
            names in prop::collection::hash_set("[ -~]{0,5}[!-~]", 1..5),
            seed in prop::collection::vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 4..20),
        ) {
            let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
            prop_assume!(names.iter().collect::<std::collections::HashSet<_>>().len() == names.len());
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&names).unwrap();
            let rows: Vec<_> = seed.chunks_exact(names.len()).collect();
            for row in &rows {
                writer.write_record(row.iter().map(ToString::to_string)).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let table = CsvTable::read(&bytes, &CsvOptions::new(Cells::Numbers)).unwrap();
            prop_assert_eq!(&table.names, &names);
            prop_assert_eq!(table.values.into_raw_vec_and_offset().0, rows.concat());
        }
    }
}
