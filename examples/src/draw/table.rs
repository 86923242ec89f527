//! The steering table: stacked bars with a number on each, as in tables 1, 4 and 5 of the paper.

use super::canvas::{CAP_MIDDLE, Canvas, Frame, LABEL, Look, MARGIN, Type};
use super::font::{self, Weight};
use super::legend::{Entry, Heading, Legend};
use super::palette::{FAINT, INK, LOWERED, MUTED, RAISED, UNCHANGED};
use super::{DrawError, Picture, Shares};

const CELL: (f64, f64) = (50.0, 20.0);
/// Space between two cells.
const GAP: f64 = 2.0;
/// Angle of the column headers.
const TURN: f64 = -45.0;
/// Widest row and column header.
const HEADER: f64 = 190.0;
/// Extra space before the last column and the last row.
const RULE: f64 = 8.0;
/// Opacity of a bar in a cell where (almost) everything stayed as it was.
const FAINTEST: f64 = 0.45;

/// Features as rows, values as columns; what a feature does to a value as a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SteeringTable {
    /// Title above the table; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// Header of the rows' names, such as "SAE feature".
    pub row_header: String,
    /// Names of the columns.
    pub values: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<SteeringRow>,
    /// Noise ratio of each value, for the last row; empty if there is to be none.
    pub noise_ratios: Vec<Option<f64>>,
}

/// One feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SteeringRow {
    /// Its name.
    pub feature: String,
    /// As many as there are values.
    pub cells: Vec<SteeringCell>,
    /// For the last column.
    pub mean_similarity: Option<f64>,
}

/// What a feature does to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SteeringCell {
    /// How many roles it raises, leaves and lowers.
    pub shares: Shares,
    /// Cosine similarity of these shares and those of the test roles.
    pub cosine: Option<f64>,
}

/// Draws the table.
///
/// In each cell the share raised is a bar from the left, the share lowered a hatched bar from the
/// right, the share unchanged the space between them. The bars are the paler the greater that
/// space. The cosine is written over them with two decimals, a missing number as a dash.
///
/// # Errors
/// [`DrawError::Length`] if a row does not have one cell, or the last row one number, for each
/// value; [`DrawError::OutOfRange`] if a share is negative or a number is not finite.
pub fn steering_table(table: &SteeringTable) -> Result<Picture, DrawError> {
    let shares = check(table)?;
    let place = Place::new(table);
    let heading = Heading::new(&table.title, place.width);
    let legend = Legend::new(entries(), place.width);
    let mut canvas = Canvas::new();
    let centre = MARGIN + place.width / 2.0;
    heading.draw(&mut canvas, centre, MARGIN);
    let top = MARGIN + heading.height() + place.header_height;
    draw_headers(&mut canvas, table, &place, top);
    for (index, (row, shares)) in table.rows.iter().zip(&shares).enumerate() {
        let y = top + index as f64 * (CELL.1 + GAP);
        canvas.text(
            MARGIN + place.cells - 8.0,
            baseline(y),
            &place.names[index],
            Type::new(LABEL).right(),
        );
        draw_row(&mut canvas, row, shares, &place, y);
    }
    let mut bottom = top + table.rows.len() as f64 * (CELL.1 + GAP);
    if !table.noise_ratios.is_empty() {
        draw_noise(&mut canvas, table, &place, bottom + RULE);
        bottom += RULE + CELL.1;
    }
    let legend_top = bottom + 12.0;
    legend.draw(&mut canvas, centre, legend_top);
    let note_top = legend_top + legend.height();
    let note = Type::new(LABEL).middle().muted();
    let lines = font::wrap(NOTE, LABEL, Weight::Regular, place.width, 4);
    for (index, line) in lines.iter().enumerate() {
        canvas.text(
            centre,
            note_top + LABEL + index as f64 * note.line(),
            line,
            note,
        );
    }
    let height = note_top + lines.len() as f64 * note.line() + 4.0 + MARGIN;
    Ok(canvas.finish(
        place.width + 2.0 * MARGIN,
        height,
        &table.title,
        &described(table),
    ))
}

const NOTE: &str = "Numbers: cosine similarity of the shares in training and in test";

/// The normalised shares of all cells.
fn check(table: &SteeringTable) -> Result<Vec<Vec<Option<Shares>>>, DrawError> {
    let expected = table.values.len();
    let length = |what: String, found: usize| match found == expected {
        true => Ok(()),
        false => Err(DrawError::Length {
            what,
            expected,
            found,
        }),
    };
    if !table.noise_ratios.is_empty() {
        length("the row of noise ratios".into(), table.noise_ratios.len())?;
    }
    for (ratio, value) in table.noise_ratios.iter().zip(&table.values) {
        finite(*ratio, || format!("noise ratio of \"{value}\""))?;
    }
    let row = |row: &SteeringRow| {
        length(format!("row \"{}\"", row.feature), row.cells.len())?;
        finite(row.mean_similarity, || {
            format!("row \"{}\", mean similarity", row.feature)
        })?;
        let cell = |(cell, value): (&SteeringCell, &String)| {
            let what = format!("row \"{}\", value \"{value}\"", row.feature);
            finite(cell.cosine, || format!("{what}, cosine"))?;
            cell.shares.normalised(&what)
        };
        row.cells.iter().zip(&table.values).map(cell).collect()
    };
    table.rows.iter().map(row).collect()
}

fn finite(number: Option<f64>, what: impl Fn() -> String) -> Result<(), DrawError> {
    match number {
        Some(found) if !found.is_finite() => Err(DrawError::OutOfRange {
            what: what(),
            expected: "a finite number",
            found,
        }),
        _ => Ok(()),
    }
}

fn described(table: &SteeringTable) -> String {
    let separator = if table.description.is_empty() {
        ""
    } else {
        " "
    };
    format!(
        "{}{separator}{} rows, columns: {}.",
        table.description,
        table.rows.len(),
        table.values.join(", ")
    )
}

fn entries() -> [Entry<super::palette::Fill>; 3] {
    [
        Entry {
            swatch: RAISED,
            label: "raised".into(),
        },
        Entry {
            swatch: UNCHANGED,
            label: "unchanged".into(),
        },
        Entry {
            swatch: LOWERED,
            label: "lowered".into(),
        },
    ]
}

/// Where the columns are.
struct Place {
    width: f64,
    header_height: f64,
    /// Left edge of the first cell.
    cells: f64,
    headers: Vec<String>,
    names: Vec<String>,
    row_header: Vec<String>,
}

const MEAN: &str = "Mean similarity";
const NOISE: &str = "Noise ratio";

impl Place {
    fn new(table: &SteeringTable) -> Self {
        let one_line = |text: &String| {
            font::wrap(&font::printable(text), LABEL, Weight::Regular, HEADER, 1).concat()
        };
        let bold = Type::new(LABEL).bold();
        let names: Vec<_> = table
            .rows
            .iter()
            .map(|row| one_line(&row.feature))
            .collect();
        let row_header = font::wrap(
            &font::printable(&table.row_header),
            LABEL,
            Weight::Bold,
            90.0,
            3,
        );
        let widths = |texts: &[String], style: Type| {
            texts
                .iter()
                .map(|text| style.width(text))
                .fold(0.0, f64::max)
        };
        let left = widths(&names, Type::new(LABEL))
            .max(widths(&row_header, bold))
            .max(bold.width(NOISE))
            + 8.0;
        let mut headers: Vec<_> = table.values.iter().map(one_line).collect();
        headers.push(MEAN.into());
        let angle = TURN.to_radians().abs();
        let longest = headers
            .iter()
            .map(|text| bold.width(text))
            .fold(0.0, f64::max);
        let header_height = longest * angle.sin() + LABEL * angle.cos() + 10.0;
        let end = |(index, text): (usize, &String)| {
            column(left, index, table.values.len())
                + CELL.0 / 2.0
                + bold.width(text) * angle.cos()
                + LABEL
        };
        let right = column(left, table.values.len(), table.values.len()) + CELL.0;
        let width = headers.iter().enumerate().map(end).fold(right, f64::max);
        Self {
            width,
            header_height,
            cells: left,
            headers,
            names,
            row_header,
        }
    }

    /// Left edge of a column, the last one being the row means.
    fn column(&self, index: usize) -> f64 {
        MARGIN + column(self.cells, index, self.headers.len() - 1)
    }

    /// Right edge of the last column.
    fn right(&self) -> f64 {
        self.column(self.headers.len() - 1) + CELL.0
    }
}

fn column(left: f64, index: usize, n_values: usize) -> f64 {
    left + index as f64 * (CELL.0 + GAP) + if index == n_values { RULE } else { 0.0 }
}

fn draw_headers(canvas: &mut Canvas, table: &SteeringTable, place: &Place, top: f64) {
    let style = Type::new(LABEL);
    for (index, header) in place.headers.iter().enumerate() {
        let style = if index == table.values.len() {
            style.bold()
        } else {
            style
        };
        canvas.text(
            place.column(index) + CELL.0 / 2.0,
            top - 8.0,
            header,
            style.turned(TURN),
        );
    }
    let bold = style.bold().right();
    let first = top - 8.0 - (place.row_header.len() as f64 - 1.0) * bold.line();
    for (index, line) in place.row_header.iter().enumerate() {
        canvas.text(
            MARGIN + place.cells - 8.0,
            first + index as f64 * bold.line(),
            line,
            bold,
        );
    }
    canvas.line((MARGIN, top - 3.0), (place.right(), top - 3.0), INK, 1.0);
}

fn draw_row(
    canvas: &mut Canvas,
    row: &SteeringRow,
    shares: &[Option<Shares>],
    place: &Place,
    y: f64,
) {
    let baseline = baseline(y);
    for (index, (cell, shares)) in row.cells.iter().zip(shares).enumerate() {
        let x = place.column(index);
        draw_cell(canvas, x, y, *shares);
        canvas.text(
            x + CELL.0 / 2.0,
            baseline,
            &number(cell.cosine),
            Type::new(LABEL).middle().halo(),
        );
    }
    let mean = Type::new(LABEL).bold().middle();
    canvas.text(
        place.column(row.cells.len()) + CELL.0 / 2.0,
        baseline,
        &number(row.mean_similarity),
        mean,
    );
}

fn draw_cell(canvas: &mut Canvas, x: f64, y: f64, shares: Option<Shares>) {
    let frame = Frame {
        x,
        y,
        width: CELL.0,
        height: CELL.1,
    };
    if let Some(shares) = shares {
        let opacity = FAINTEST + (1.0 - FAINTEST) * (1.0 - shares.unchanged);
        let look = Look {
            opacity,
            ..Look::PLAIN
        };
        let (raised, lowered) = (shares.raised * CELL.0, shares.lowered * CELL.0);
        if raised > 0.0 {
            canvas.rect(
                Frame {
                    width: raised,
                    ..frame
                },
                RAISED,
                look,
            );
        }
        if lowered > 0.0 {
            canvas.rect(
                Frame {
                    x: x + CELL.0 - lowered,
                    width: lowered,
                    ..frame
                },
                LOWERED,
                look,
            );
        }
    }
    canvas.rect(
        frame,
        super::palette::Fill {
            colour: "none",
            marks: super::palette::Marks::None,
        },
        Look::outlined(FAINT, 0.8),
    );
}

fn draw_noise(canvas: &mut Canvas, table: &SteeringTable, place: &Place, y: f64) {
    canvas.line(
        (MARGIN, y - RULE / 2.0 - GAP / 2.0),
        (place.right(), y - RULE / 2.0 - GAP / 2.0),
        MUTED,
        0.8,
    );
    let baseline = baseline(y);
    canvas.text(
        MARGIN + place.cells - 8.0,
        baseline,
        NOISE,
        Type::new(LABEL).bold().right(),
    );
    for (index, ratio) in table.noise_ratios.iter().enumerate() {
        canvas.text(
            place.column(index) + CELL.0 / 2.0,
            baseline,
            &number(*ratio),
            Type::new(LABEL).middle(),
        );
    }
}

/// Baseline of the text in a row with this upper edge.
fn baseline(y: f64) -> f64 {
    y + CELL.1 / 2.0 + LABEL * CAP_MIDDLE
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(|| "–".into(), |number| format!("{number:.2}"))
}
