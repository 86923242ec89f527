//! Steering by SAE features: tables 1 and 4 or 5 beside the paper's.

use serde::Serialize;

use crate::dyads::SteeringTable;
use crate::experiment::PaperTable;
use crate::text::{decimal, escaped, headings};

use super::Report;
use super::cells::agrees;

const MEAN_SIMILARITY: &str = "Mean Similarity";
const NOISE_RATIO: &str = "noise_ratio";

/// One of the tables, as the report has it.
#[derive(Serialize)]
pub(super) struct Table {
    number: u8,
    /// Which features.
    of: &'static str,
    /// Whether it would repeat table 1.
    as_large_as_table_1: bool,
    compared: Option<Compared>,
}

/// The numbers that the paper prints, beside ours.
#[derive(Serialize)]
struct Compared {
    /// Printed numbers without a counterpart.
    missing: usize,
    agreeing: usize,
    printed: usize,
    /// A line for each that differs.
    different: Vec<String>,
    cells: String,
}

impl Report<'_> {
    pub(super) fn steering_tables(&self, table_1: &SteeringTable) -> [Table; 2] {
        let whole = &self.results.steering_table;
        let printed = &self.experiment.paper_tables;
        let full = self.experiment.full_table();
        let is_whole = table_1.is_as_large_as(whole);
        [
            self.steering_table(1, table_1, &printed.published),
            Table {
                as_large_as_table_1: is_whole,
                ..self.steering_table(full, whole, &printed.full)
            },
        ]
    }

    fn steering_table(&self, number: u8, table: &SteeringTable, paper: &PaperTable) -> Table {
        let is_whole = table.is_as_large_as(&self.results.steering_table);
        let of = match self.paper {
            _ if is_whole => "all features",
            Some(_) => "published features",
            None => "chosen features",
        };
        Table {
            number,
            of,
            as_large_as_table_1: false,
            compared: Compared::of(table, paper),
        }
    }
}

impl Compared {
    fn of(table: &SteeringTable, paper: &PaperTable) -> Option<Self> {
        let cells = printed_cells(table);
        let both = |(row, column, ours): &(String, String, Option<f64>)| {
            let printed = *paper.get(&(row.clone(), column.clone()))?;
            Some((row.clone(), column.clone(), *ours, printed))
        };
        let compared: Vec<_> = cells.iter().filter_map(both).collect();
        if compared.is_empty() {
            return None;
        }
        let different: Vec<String> = compared
            .iter()
            .filter(|(_, _, ours, printed)| agrees(*ours, Some(*printed), 2) != "yes")
            .map(|(row, column, ours, printed)| {
                let (column, ours) = (escaped(column), decimal(*ours, 4));
                format!("{row}, {column}: {ours} here, {printed:.2} in the paper")
            })
            .collect();
        let mut columns = table.values.clone();
        columns.push(MEAN_SIMILARITY.to_owned());
        let rule = "---:|".repeat(columns.len());
        let mut text = format!("| feature | {} |\n|---|{rule}", headings(&columns));
        for line in cells.chunk_by(|a, b| a.0 == b.0) {
            let both = line.iter().map(|(row, column, ours)| {
                let printed = paper.get(&(row.clone(), column.clone())).copied();
                format!("{} / {}", decimal(*ours, 2), decimal(printed, 2))
            });
            let both: Vec<String> = both.collect();
            text += &format!("\n| {} | {} |", line[0].0, both.join(" | "));
        }
        Some(Self {
            missing: paper.len() - compared.len(),
            agreeing: compared.len() - different.len(),
            printed: compared.len(),
            different,
            cells: text,
        })
    }
}

/// Every number that the table prints: (row, column, number), row by row.
fn printed_cells(table: &SteeringTable) -> Vec<(String, String, Option<f64>)> {
    let mut cells = Vec::new();
    for row in &table.rows {
        let feature = row.feature.to_string();
        for (value, cell) in table.values.iter().zip(&row.cells) {
            cells.push((feature.clone(), value.clone(), cell.cosine));
        }
        cells.push((feature, MEAN_SIMILARITY.to_owned(), row.mean_similarity));
    }
    for (value, &noise) in table.values.iter().zip(&table.noise_ratios) {
        cells.push((NOISE_RATIO.to_owned(), value.clone(), noise));
    }
    cells
}
