//! Tables of text, and whether a number is the paper's.

use crate::text::decimal;

/// A Markdown table without the end of its last line; columns whose flag is not set are left out.
pub(super) fn table(columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let shown = cells.zip(columns).filter(|(_, (_, shown))| *shown);
        shown.fold("|".to_owned(), |line, (cell, _)| line + " " + cell + " |")
    };
    let titles = line(&mut columns.iter().map(|(title, _)| *title));
    let rule = line(&mut columns.iter().map(|_| "---"));
    let rows = rows
        .iter()
        .map(|row| line(&mut row.iter().map(String::as_str)));
    let lines: Vec<String> = [titles, rule].into_iter().chain(rows).collect();
    lines.join("\n")
}

/// Whether our number, printed as the paper prints, is the paper's.
pub(super) fn agrees(ours: Option<f64>, paper: Option<f64>, decimals: usize) -> &'static str {
    match (ours, paper) {
        (_, None) => "–",
        (ours, paper) if decimal(ours, decimals) == decimal(paper, decimals) => "yes",
        _ => "no",
    }
}
