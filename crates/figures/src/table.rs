//! The steering table: stacked bars with a number on each, as in tables 1, 4 and 5 of the paper.

use super::canvas::{CAP_MIDDLE, Canvas, Frame, LABEL, Look, MARGIN, Type, short};
use super::font::{self, Weight};
use super::legend::{Entry, Heading, Legend};
use super::palette::{FAINT, INK, LOWERED, MUTED, RAISED, UNCHANGED};
use super::picture::finite;
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
    let top = (MARGIN + heading.height() + place.header_height).ceil();
    draw_headers(&mut canvas, table, &place, top);
    let y = |row: usize| top + row as f64 * (CELL.1 + GAP);
    let mut frames = String::new();
    for (row, shares) in shares.iter().enumerate() {
        for (column, shares) in shares.iter().enumerate() {
            let x = place.column(column);
            frames += &frame(x, y(row));
            if let Some(shares) = shares {
                draw_bars(&mut canvas, x, y(row), *shares);
            }
        }
    }
    canvas.stroke(&frames, FAINT, 0.8, "");
    for (row, shares) in shares.iter().enumerate() {
        let right = MARGIN + place.cells - 8.0;
        let name = Type::new(LABEL).right();
        canvas.text(right, baseline(y(row)), &place.names[row], name);
        draw_numbers(&mut canvas, &table.rows[row], shares, &place, y(row));
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

const NOTE: &str =
    "Numbers: cosine of the shares in training and in test. Paler bars: more roles unchanged";

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
        let widest = widths(&names, Type::new(LABEL))
            .max(widths(&row_header, bold))
            .max(bold.width(NOISE));
        // Whole pixels keep the edges of the cells sharp.
        let left = (widest * font::SLACK + 8.0).ceil();
        let mut headers: Vec<_> = table.values.iter().map(one_line).collect();
        headers.push(MEAN.into());
        let angle = TURN.to_radians().abs();
        let longest = headers
            .iter()
            .map(|text| bold.width(text))
            .fold(0.0, f64::max);
        let header_height = longest * font::SLACK * angle.sin() + LABEL * angle.cos() + 10.0;
        let end = |(index, text): (usize, &String)| {
            column(left, index, table.values.len())
                + CELL.0 / 2.0
                + bold.width(text) * font::SLACK * angle.cos()
                + LABEL
        };
        let right = column(left, table.values.len(), table.values.len()) + CELL.0;
        let least = right.max(240.0);
        let width = headers.iter().enumerate().map(end).fold(least, f64::max);
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

fn draw_bars(canvas: &mut Canvas, x: f64, y: f64, shares: Shares) {
    let opacity = FAINTEST + (1.0 - FAINTEST) * (1.0 - shares.unchanged);
    let look = Look {
        opacity,
        ..Look::PLAIN
    };
    let (raised, lowered) = (shares.raised * CELL.0, shares.lowered * CELL.0);
    if raised > 0.0 {
        canvas.rect(Frame::new(x, y, raised, CELL.1), RAISED, look);
    }
    if lowered > 0.0 {
        canvas.rect(
            Frame::new(x + CELL.0 - lowered, y, lowered, CELL.1),
            LOWERED,
            look,
        );
    }
}

fn draw_numbers(
    canvas: &mut Canvas,
    row: &SteeringRow,
    shares: &[Option<Shares>],
    place: &Place,
    y: f64,
) {
    let style = Type::new(LABEL).middle();
    for (index, (cell, shares)) in row.cells.iter().zip(shares).enumerate() {
        let text = number(cell.cosine);
        let beside = 0.5 - style.width(&text) / CELL.0 / 2.0;
        let hatched = shares.is_some_and(|shares| shares.lowered > beside);
        let style = if hatched { style.halo() } else { style };
        canvas.text(
            place.column(index) + CELL.0 / 2.0,
            baseline(y),
            &text,
            style,
        );
    }
    let mean = place.column(row.cells.len()) + CELL.0 / 2.0;
    canvas.text(
        mean,
        baseline(y),
        &number(row.mean_similarity),
        style.bold(),
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

/// The outline of a cell, as part of a path.
fn frame(x: f64, y: f64) -> String {
    let (width, height) = CELL;
    format!("M{} {}h{width}v{height}h-{width}z", short(x), short(y))
}

/// Baseline of the text in a row with this upper edge.
fn baseline(y: f64) -> f64 {
    y + CELL.1 / 2.0 + LABEL * CAP_MIDDLE
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(|| "–".into(), |number| format!("{number:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn table(n_rows: usize, values: &[&str]) -> SteeringTable {
        let cell = |row: usize, column: usize| SteeringCell {
            shares: Shares::from_counts(
                (row * 7 + column * 3) % 50,
                (row + column * 11) % 60,
                (row * 5 + column) % 40,
            ),
            cosine: Some((row * 31 + column * 17) as f64 % 100.0 / 100.0),
        };
        SteeringTable {
            title: "Value steering".into(),
            description: String::new(),
            row_header: "SAE feature".into(),
            values: values.iter().map(ToString::to_string).collect(),
            rows: (0..n_rows)
                .map(|row| SteeringRow {
                    feature: (row * 997).to_string(),
                    cells: (0..values.len()).map(|column| cell(row, column)).collect(),
                    mean_similarity: Some(0.875),
                })
                .collect(),
            noise_ratios: vec![Some(0.125); values.len()],
        }
    }

    const VALUES: [&str; 17] = [
        "Achievement",
        "Aesthetic",
        "Anxiety Disorder",
        "Breadth of Interest",
        "Economic",
        "Empathy",
        "Organization",
        "Political",
        "Positive coping",
        "Religious",
        "Resilience",
        "Social",
        "Social Complexity",
        "Social Cynicism",
        "Theoretical",
        "Uncertainty Avoidance",
        "Understanding",
    ];

    #[test]
    fn the_paper_s_size_is_readable() {
        let picture = steering_table(&table(24, &VALUES)).unwrap();
        let words = assert_sound(&picture);
        for value in VALUES {
            assert_eq!(count(&words, value), 1, "{value}");
        }
        let numbers = words
            .iter()
            .filter(|words| words.text.parse::<f64>().is_ok())
            .count();
        assert_eq!(
            numbers,
            24 * 17 + 24 + 24 + 17,
            "cells, features, means, noise ratios"
        );
    }

    #[test]
    fn bars_are_as_wide_as_their_shares() {
        let mut one = table(1, &["a"]);
        one.rows[0].cells[0].shares = Shares::from_counts(3, 2, 5);
        let svg = steering_table(&one).unwrap().svg().to_owned();
        for (share, fill) in [(0.3, RAISED), (0.5, LOWERED)] {
            let rect = svg
                .lines()
                .find(|line| {
                    line.contains(&format!("fill=\"{}\"", fill.paint()))
                        && line.contains("fill-opacity")
                })
                .unwrap();
            assert!(
                rect.contains(&format!(" width=\"{}\"", share * CELL.0)),
                "{rect}"
            );
        }
    }

    #[test]
    fn missing_numbers_are_dashes() {
        let mut gaps = table(2, &["a", "b"]);
        gaps.rows[0].cells[1] = SteeringCell::default();
        gaps.rows[1].mean_similarity = None;
        gaps.noise_ratios[0] = None;
        let words = assert_sound(&steering_table(&gaps).unwrap());
        assert_eq!(count(&words, "–"), 3);
    }

    #[test]
    fn extremes_are_drawn() {
        assert_sound(&steering_table(&SteeringTable::default()).unwrap());
        assert_sound(&steering_table(&table(0, &VALUES)).unwrap());
        assert_sound(&steering_table(&table(3, &[])).unwrap());
        assert_sound(&steering_table(&table(1, &["x"])).unwrap());
        assert_sound(&steering_table(&table(60, &["Uncertainty Avoidance"; 40])).unwrap());
        let mut bare = table(2, &VALUES);
        bare.noise_ratios.clear();
        let words = assert_sound(&steering_table(&bare).unwrap());
        assert_eq!(count(&words, NOISE), 0);
    }

    #[test]
    fn hard_names_are_drawn() {
        for name in HARD_NAMES {
            let mut hard = table(HARD_NAMES.len(), &HARD_NAMES);
            hard.title = name.into();
            hard.description = name.into();
            hard.row_header = name.into();
            hard.rows
                .iter_mut()
                .zip(HARD_NAMES)
                .for_each(|(row, name)| row.feature = name.into());
            assert_sound(&steering_table(&hard).unwrap());
        }
    }

    #[test]
    fn wrong_numbers_are_refused() {
        let message = |change: &dyn Fn(&mut SteeringTable)| {
            let mut wrong = table(1, &["a", "b"]);
            change(&mut wrong);
            steering_table(&wrong).unwrap_err().to_string()
        };
        assert_eq!(
            message(&|t| t.rows[0].cells.truncate(1)),
            "row \"0\" has 1 entries, expected 2"
        );
        assert_eq!(
            message(&|t| t.noise_ratios.truncate(1)),
            "the row of noise ratios has 1 entries, expected 2"
        );
        assert_eq!(
            message(&|t| t.rows[0].cells[1].cosine = Some(f64::NAN)),
            "row \"0\", value \"b\", cosine is NaN, expected a finite number"
        );
        assert_eq!(
            message(&|t| t.rows[0].cells[0].shares.lowered = -1.0),
            "row \"0\", value \"a\", lowered is -1, expected a finite number that is not negative"
        );
        assert_eq!(
            message(&|t| t.noise_ratios[1] = Some(f64::INFINITY)),
            "noise ratio of \"b\" is inf, expected a finite number"
        );
    }
}
