//! The CSV format of the released orientation files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::path::Path;

use ndarray::{Array1, Array2};

use super::OrientationTable;
use super::columns::{Domain, MEAN_SCSTD, ORIENTATION, SCSTD, STD};
use super::layout::{Column, Layout};
use super::number::{parse, repr};
use crate::output::write_whole;
use crate::sheet::{Row, Sheet};
use crate::{Intervention, ReadError, Setting, WriteError};

impl OrientationTable {
    /// Reads a table from a CSV file in the [released format](Self#files).
    ///
    /// Time and memory are linear in the size of the file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] names the file, the line, the column, what was expected and what was found:
    /// for text that is not UTF-8, missing or repeated columns, rows of another length than the
    /// header, settings that occur twice, cells that are not numbers, are not finite or out of
    /// range, and files without a row.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?)
    }

    /// Reads a table from CSV text in the [released format](Self#files); see
    /// [`from_path`](Self::from_path).
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?)
    }

    /// Writes the table as a CSV file in the [released format](Self#files).
    ///
    /// The text goes to a temporary file in the same folder, which is then renamed, so that a
    /// file of this name is always whole.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the file cannot be made; a file of that name stays as it was.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_whole(path.as_ref(), |out| out.write_all(&self.csv_bytes()?))
    }

    /// The table as CSV text in the [released format](Self#files).
    pub fn to_csv(&self) -> String {
        let bytes = self.csv_bytes().expect("memory takes every record");
        String::from_utf8(bytes).expect("UTF-8 cells make a UTF-8 text")
    }

    fn from_sheet(sheet: &Sheet) -> Result<Self, ReadError> {
        let (layout, values) = Layout::of_sheet(sheet)?;
        sheet.check_not_empty()?;
        let n = sheet.rows.len();
        let column = |c| layout.columns.contains(&c);
        let scstd = (0..values.len()).any(|value| column(Column::Scstd(value)));
        let mut table = Self {
            settings: Vec::with_capacity(n),
            positions: HashMap::with_capacity(n),
            orientations: Array2::zeros((n, values.len())),
            scstds: scstd.then(|| Array2::from_elem((n, values.len()), f64::NAN)),
            stds: column(Column::Stds).then(|| Array1::zeros(n)),
            mean_scstds: column(Column::MeanScstds).then(|| Array1::zeros(n)),
            values,
            layout,
            spellings: BTreeMap::new(),
        };
        for row in &sheet.rows {
            table.read_row(sheet, row)?;
        }
        Ok(table)
    }

    /// Reads the next row.
    fn read_row(&mut self, sheet: &Sheet, row: &Row) -> Result<(), ReadError> {
        let i = self.settings.len();
        let setting = self.read_setting(sheet, row)?;
        if let Some(&first) = self.positions.get(&setting) {
            return Err(ReadError::DuplicateRow {
                file: sheet.file.clone(),
                line: row.line,
                first_line: sheet.rows[first].line,
                what: "setting",
                found: format!("\"{setting}\""),
            });
        }
        self.positions.insert(setting.clone(), i);
        self.settings.push(setting);
        for c in 0..row.len() {
            self.read_number(sheet, row, (i, c))?;
            let column = self.layout.columns[c];
            if self.cell_text(i, column) != row.cell(c) {
                self.spellings.insert((i, column), row.cell(c).into());
            }
        }
        Ok(())
    }

    fn read_setting(&self, sheet: &Sheet, row: &Row) -> Result<Setting, ReadError> {
        let mut setting = Setting::default();
        for (c, column) in self.layout.columns.iter().enumerate() {
            match column {
                Column::Feature => setting.intervention = read_feature(sheet, row, c)?,
                Column::Role => setting.role = Setting::of_role(row.cell(c)).role,
                _ => {}
            }
        }
        Ok(setting)
    }

    /// Reads a cell into the row `i` of the matrix or column that it belongs to.
    fn read_number(
        &mut self,
        sheet: &Sheet,
        row: &Row,
        (i, c): (usize, usize),
    ) -> Result<(), ReadError> {
        let (place, domain) = match self.layout.columns[c] {
            Column::Orientation(value) => (self.orientations.get_mut((i, value)), ORIENTATION),
            Column::Scstd(value) => {
                let matrix = self.scstds.as_mut();
                (matrix.and_then(|m| m.get_mut((i, value))), SCSTD)
            }
            Column::Stds => (self.stds.as_mut().and_then(|m| m.get_mut(i)), STD),
            Column::MeanScstds => {
                let column = self.mean_scstds.as_mut();
                (column.and_then(|m| m.get_mut(i)), MEAN_SCSTD)
            }
            Column::Feature | Column::Role | Column::RowIndex => return Ok(()),
        };
        let number = read_number(sheet, row, c, domain)?;
        if let Some(place) = place {
            *place = number;
        }
        Ok(())
    }

    fn csv_bytes(&self) -> io::Result<Vec<u8>> {
        let layout = &self.layout;
        let mut bytes = Vec::from(if layout.bom { "\u{feff}" } else { "" });
        let mut writer = csv::WriterBuilder::new()
            .terminator(layout.terminator())
            .from_writer(&mut bytes);
        for &column in &layout.columns {
            writer.write_field(layout.name(column, &self.values))?;
        }
        writer.write_record(None::<&[u8]>)?;
        for i in 0..self.n_settings() {
            for &column in &layout.columns {
                writer.write_field(self.spelling(i, column).as_bytes())?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()?;
        drop(writer);
        if !layout.final_newline {
            let end = layout.line_end.text();
            bytes.truncate(bytes.len() - end.len());
        }
        Ok(bytes)
    }

    /// A cell as it was spelled in the file, or else as this crate writes it.
    fn spelling(&self, i: usize, column: Column) -> Cow<'_, str> {
        match self.spellings.get(&(i, column)) {
            Some(text) => Cow::Borrowed(text),
            None => self.cell_text(i, column),
        }
    }

    /// A cell as this crate writes it.
    fn cell_text(&self, i: usize, column: Column) -> Cow<'_, str> {
        let setting = &self.settings[i];
        match column {
            Column::Feature => setting
                .feature()
                .map_or("".into(), |f| f.to_string().into()),
            Column::Role => setting.role.as_deref().unwrap_or_default().into(),
            Column::Orientation(value) => repr(self.orientations[(i, value)]).into(),
            Column::Scstd(value) => match self.scstds.as_ref().map(|m| m[(i, value)]) {
                Some(-1.0) => "-1".into(),
                x => optional(x),
            },
            Column::Stds => optional(self.stds.as_ref().map(|m| m[i])),
            Column::MeanScstds => optional(self.mean_scstds.as_ref().map(|m| m[i])),
            Column::RowIndex => "".into(),
        }
    }
}

/// What errors say a file should have begun with.
const COLUMNS: &str = "\"steer_dim\", \"player_name\" and one for each value";

fn read_number(sheet: &Sheet, row: &Row, c: usize, domain: Domain) -> Result<f64, ReadError> {
    let text = row.cell(c);
    if domain.optional && text.is_empty() {
        return Ok(f64::NAN);
    }
    let number = parse(text).filter(|&x| domain.holds(x));
    number.ok_or_else(|| sheet.wrong(row, c, domain.expected))
}

/// The index of a feature, also as a whole float, or nothing for "not steered".
fn read_feature(sheet: &Sheet, row: &Row, c: usize) -> Result<Option<Intervention>, ReadError> {
    let text = row.cell(c).trim();
    if matches!(text, "" | "None" | "none") {
        return Ok(None);
    }
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    let digits = whole.bytes().all(|b| b.is_ascii_digit());
    match whole.parse() {
        Ok(feature) if digits => Ok(Some(Intervention::Feature(feature))),
        _ => Err(sheet.wrong(row, c, "the index of a feature, or nothing")),
    }
}

fn optional(x: Option<f64>) -> Cow<'static, str> {
    match x {
        Some(x) if !x.is_nan() => repr(x).into(),
        _ => "".into(),
    }
}
