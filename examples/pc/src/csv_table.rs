//! CSV files of samples: a header with the names of the variables, then one sample per line.
//!
//! Every error names the line and the column where there is one.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder};
use ndarray::{Array1, Array2, ArrayViewMut1, Axis};
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
    delimiter: u8,
    missing: Option<Vec<String>>,
}

/// Texts that stand for a missing cell, besides the empty one.
pub const MISSING: [&str; 6] = ["NA", "N/A", "NaN", "nan", "null", "NULL"];

impl CsvOptions {
    /// Cells of the given kind, split by commas, none missing.
    pub fn new(cells: Cells) -> Self {
        Self {
            cells,
            categorical: Vec::new(),
            without: Vec::new(),
            delimiter: b',',
            missing: None,
        }
    }

    /// Columns that are categorical even if they hold numbers. Default none.
    pub fn categorical(mut self, names: Vec<String>) -> Self {
        self.categorical = names;
        self
    }

    /// Columns to leave out unread. Default none.
    pub fn without(mut self, names: Vec<String>) -> Self {
        self.without = names;
        self
    }

    /// The character between cells. Default a comma.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Lets cells be missing: those that are empty, one of [`MISSING`] or one of `also`.
    /// By default such a cell is an error.
    pub fn allow_missing(mut self, also: Vec<String>) -> Self {
        self.missing = Some(also);
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
    #[error("line {line}: expected {expected} cells as in the first line, found {found}")]
    Length {
        /// The line, counted from 1.
        line: usize,
        /// The number of columns.
        expected: usize,
        /// The number of cells.
        found: usize,
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
        let header = names_in(&record, line_of(&record, text))?;
        let mut columns = Columns::new(&header, options)?;
        let mut values = Vec::new();
        while reader.read_byte_record(&mut record)? {
            let line = || line_of(&record, text);
            if record.len() != header.len() {
                return Err(CsvError::Length {
                    line: line(),
                    expected: header.len(),
                    found: record.len(),
                });
            }
            for (column, cell) in columns.kept.iter_mut().zip(&record) {
                if let Some(column) = column {
                    values.push(column.value(line, cell, options)?);
                }
            }
        }
        Self::new(columns, values)
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

fn names_in(header: &ByteRecord, line: usize) -> Result<Vec<String>, CsvError> {
    let mut places = HashMap::new();
    let mut names = Vec::with_capacity(header.len());
    for (at, cell) in header.iter().enumerate() {
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
}

impl Columns {
    fn new(header: &[String], options: &CsvOptions) -> Result<Self, CsvError> {
        let named = options.categorical.iter().chain(&options.without);
        if let Some(name) = named.into_iter().find(|name| !header.contains(name)) {
            return Err(CsvError::NoSuchColumn {
                name: name.clone(),
                columns: header.join(", "),
            });
        }
        let kept = header.iter().map(|name| {
            let texts = match options.cells {
                _ if options.categorical.contains(name) => Some(Texts::new(true)),
                Cells::Numbers => None,
                Cells::Categories => Some(Texts::new(true)),
                Cells::Mixed => Some(Texts::new(false)),
            };
            let column = Column {
                name: name.clone(),
                texts,
            };
            (!options.without.contains(name)).then_some(column)
        });
        Ok(Self {
            kept: kept.collect(),
        })
    }
}

impl Column {
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
        if options.is_missing(text) {
            return match options.missing {
                Some(_) => Ok(f64::NAN),
                None => Err(wrong("a value (missing cells are refused)", text)),
            };
        }
        match (text.parse::<f64>(), &mut self.texts) {
            (_, Some(texts)) if texts.is_declared => Ok(texts.number_of(text)),
            (Ok(number), _) if !number.is_finite() => Err(wrong("a finite number", text)),
            (Ok(number), None) => Ok(number),
            (Err(_), None) => Err(wrong("a number", text)),
            (parsed, Some(texts)) => {
                texts.has_words |= parsed.is_err();
                Ok(texts.number_of(text))
            }
        }
    }
}

impl CsvOptions {
    fn is_missing(&self, text: &str) -> bool {
        let is_marker = |also: &Vec<String>| also.iter().any(|marker| marker == text);
        text.is_empty() || MISSING.contains(&text) || self.missing.as_ref().is_some_and(is_marker)
    }
}

impl Texts {
    fn new(is_declared: bool) -> Self {
        Self {
            numbers: HashMap::new(),
            is_declared,
            has_words: false,
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
            .allow_missing(vec!["?".into()]);
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
                options.allow_missing(vec!["?".to_owned()])
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
                        prop_assert!(fits || (value.is_nan() && options.missing.is_some()));
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
