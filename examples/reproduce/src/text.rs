//! Numbers and names as tables of text have them.

/// A number to so many decimals, a dash for none.
#[must_use]
pub fn decimal(number: Option<f64>, decimals: usize) -> String {
    number.map_or("–".to_owned(), |number| format!("{number:.decimals$}"))
}

/// Names as cells of a Markdown table, in which a bar would end the cell.
pub(crate) fn headings(names: &[String]) -> String {
    let cells: Vec<String> = names.iter().map(|name| name.replace('|', "\\|")).collect();
    cells.join(" | ")
}
