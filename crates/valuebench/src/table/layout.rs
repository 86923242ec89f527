//! How a table lies in a file.

use std::collections::HashMap;

use csv::Terminator;

use super::columns::{FEATURE, MEAN_SCSTDS, ROLE, SCSTD_SUFFIX, STDS, is_reserved};
use crate::ReadError;
use crate::sheet::{LineEnd, Sheet};

/// How a table lies in a file: what reading remembers so that writing gives the same bytes.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    /// The name of pandas' row index, if there is one.
    row_index: &'static str,
    pub(super) bom: bool,
    pub(super) line_end: LineEnd,
    pub(super) final_newline: bool,
}

/// What a column of the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Feature,
    Role,
    /// Of the value with this index.
    Orientation(usize),
    Scstd(usize),
    Stds,
    MeanScstds,
    RowIndex,
}

impl Layout {
    /// The layout of the released files.
    pub(super) fn new(n_values: usize, scstd: bool) -> Self {
        let mut columns = vec![Column::Feature, Column::Role];
        for value in 0..n_values {
            columns.push(Column::Orientation(value));
            columns.extend(scstd.then_some(Column::Scstd(value)));
        }
        columns.extend(scstd.then_some(Column::MeanScstds));
        Self {
            columns,
            row_index: "",
            bom: false,
            line_end: LineEnd::Lf,
            final_newline: true,
        }
    }

    /// Adds the column `stds`, if it is not there, before `scstds`.
    pub(super) fn add_stds(&mut self) {
        if !self.columns.contains(&Column::Stds) {
            let is_mean = |column: &Column| *column == Column::MeanScstds;
            let place = self.columns.iter().position(is_mean);
            let place = place.unwrap_or(self.columns.len());
            self.columns.insert(place, Column::Stds);
        }
    }

    pub(super) fn of_sheet(sheet: &Sheet) -> Result<(Self, Vec<String>), ReadError> {
        let names: Vec<&str> = sheet.header.cells().collect();
        let values: Vec<String> = names
            .iter()
            .enumerate()
            .filter(|(_, name)| !is_reserved(name))
            .map(|(_, name)| (*name).to_owned())
            .collect();
        let index: HashMap<&str, usize> = values.iter().map(String::as_str).zip(0..).collect();
        let columns = names.iter().enumerate().map(|(place, name)| {
            Column::named(place, name, &index).map_err(|e| sheet.wrong_name(place, &e))
        });
        let layout = Self {
            columns: columns.collect::<Result<_, _>>()?,
            row_index: row_index(0, sheet.header.cell(0)).unwrap_or_default(),
            bom: sheet.bom,
            line_end: sheet.line_end,
            final_newline: sheet.final_newline,
        };
        sheet.column(FEATURE)?;
        sheet.column(ROLE)?;
        if values.is_empty() {
            return Err(sheet.empty("a column for each value", "none"));
        }
        Ok((layout, values))
    }

    pub(super) fn terminator(&self) -> Terminator {
        match self.line_end {
            LineEnd::Lf => Terminator::Any(b'\n'),
            LineEnd::CrLf => Terminator::CRLF,
        }
    }

    pub(super) fn name(&self, column: Column, values: &[String]) -> String {
        match column {
            Column::Feature => FEATURE.to_owned(),
            Column::Role => ROLE.to_owned(),
            Column::Orientation(value) => values[value].clone(),
            Column::Scstd(value) => format!("{}{SCSTD_SUFFIX}", values[value]),
            Column::Stds => STDS.to_owned(),
            Column::MeanScstds => MEAN_SCSTDS.to_owned(),
            Column::RowIndex => self.row_index.to_owned(),
        }
    }
}

impl Column {
    fn named(place: usize, name: &str, values: &HashMap<&str, usize>) -> Result<Self, String> {
        Ok(match name {
            FEATURE => Self::Feature,
            ROLE => Self::Role,
            STDS => Self::Stds,
            MEAN_SCSTDS => Self::MeanScstds,
            _ if row_index(place, name).is_some() => Self::RowIndex,
            _ => match (values.get(name), name.strip_suffix(SCSTD_SUFFIX)) {
                (Some(&value), _) => Self::Orientation(value),
                (None, Some(value)) => match values.get(value) {
                    Some(&value) => Self::Scstd(value),
                    None => return Err(format!("a column {value:?} beside it")),
                },
                (None, None) => return Err(format!("the name of a value in place {}", place + 1)),
            },
        })
    }
}

/// pandas writes its row index first, without a name, and reads that back as `Unnamed: 0`.
fn row_index(place: usize, name: &str) -> Option<&'static str> {
    let names = ["", "Unnamed: 0"].into_iter();
    names.filter(|_| place == 0).find(|known| *known == name)
}
