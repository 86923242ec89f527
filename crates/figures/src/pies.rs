//! A grid of pies, as in table 3 of the paper.

use std::f64::consts::TAU;

use super::canvas::{CAP_MIDDLE, Canvas, HEADING, LABEL, MARGIN, Type, short};
use super::font::{self, Weight};
use super::legend::{Entry, Heading, Legend};
use super::palette::{Fill, INK, LOWERED, MUTED, RAISED, UNCHANGED};
use super::{DrawError, Picture, Shares};

const RADIUS: f64 = 72.0;
/// Room at each side of a pie for labels outside it.
const SIDE: f64 = 52.0;
/// Room above and below a pie.
const ABOVE: f64 = 20.0;
const ROW_LABEL: f64 = 96.0;

/// Pies in rows and columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PieFigure {
    /// Title above the pies; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// Headers of the columns.
    pub columns: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<PieRow>,
}

/// One row of pies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PieRow {
    /// Name to the left of the pies.
    pub label: String,
    /// As many as there are columns.
    pub pies: Vec<Shares>,
}

/// Draws the pies with the percentage of each slice; a pie of nothing is an empty circle, "n/a".
///
/// The slices go clockwise from the top: raised, unchanged, lowered. A percentage that does not
/// fit into its slice stands outside, with a line to it.
///
/// # Errors
/// [`DrawError::Length`] if a row does not have one pie for each column,
/// [`DrawError::OutOfRange`] if a share is negative or not finite.
pub fn pies(figure: &PieFigure) -> Result<Picture, DrawError> {
    let shares = check(figure)?;
    let labels: Vec<_> = figure
        .rows
        .iter()
        .map(|row| wrapped(&row.label, ROW_LABEL, 6))
        .collect();
    let headers: Vec<_> = figure
        .columns
        .iter()
        .map(|column| wrapped(column, 2.0 * RADIUS + SIDE, 3))
        .collect();
    let style = Type::new(HEADING).bold();
    let label_width = labels
        .iter()
        .flatten()
        .map(|line| style.width(line) * font::SLACK)
        .fold(0.0, f64::max);
    let header_lines = headers.iter().map(Vec::len).max().unwrap_or(0);
    let (across, down) = (2.0 * (RADIUS + SIDE), 2.0 * (RADIUS + ABOVE));
    let body = label_width + figure.columns.len() as f64 * across;
    let width = body.max(300.0);
    let heading = Heading::new(&figure.title, width);
    let legend = Legend::new(entries(), width);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, MARGIN + width / 2.0, MARGIN);
    let left = MARGIN + (width - body) / 2.0;
    let top = MARGIN + heading.height();
    let header_height = header_lines as f64 * style.line();
    let x = |column: usize| left + label_width + (column as f64 + 0.5) * across;
    let y = |row: usize| top + header_height + (row as f64 + 0.5) * down;
    for (column, lines) in headers.iter().enumerate() {
        canvas.block(x(column), top + header_height / 2.0, lines, style.middle());
    }
    for (row, (lines, shares)) in labels.iter().zip(&shares).enumerate() {
        canvas.block(left + label_width, y(row), lines, style.right());
        for (column, shares) in shares.iter().enumerate() {
            draw_pie(&mut canvas, (x(column), y(row)), *shares);
        }
    }
    let bottom = top + header_height + figure.rows.len() as f64 * down;
    legend.draw(&mut canvas, MARGIN + width / 2.0, bottom + 6.0);
    let height = bottom + 6.0 + legend.height() + MARGIN;
    Ok(canvas.finish(
        width + 2.0 * MARGIN,
        height,
        &figure.title,
        &described(figure, &shares),
    ))
}

fn check(figure: &PieFigure) -> Result<Vec<Vec<Option<Shares>>>, DrawError> {
    let row = |row: &PieRow| {
        if row.pies.len() != figure.columns.len() {
            let what = format!("row \"{}\"", row.label);
            return Err(DrawError::Length {
                what,
                expected: figure.columns.len(),
                found: row.pies.len(),
            });
        }
        let pie = |(shares, column): (&Shares, &String)| {
            shares.normalised(&format!("row \"{}\", column \"{column}\"", row.label))
        };
        row.pies.iter().zip(&figure.columns).map(pie).collect()
    };
    figure.rows.iter().map(row).collect()
}

fn described(figure: &PieFigure, shares: &[Vec<Option<Shares>>]) -> String {
    let mut text = figure.description.clone();
    for (row, shares) in figure.rows.iter().zip(shares) {
        for (column, shares) in figure.columns.iter().zip(shares) {
            let separator = if text.is_empty() { "" } else { " " };
            let numbers = shares.map_or_else(
                || "n/a".into(),
                |shares| {
                    format!(
                        "raised {}, unchanged {}, lowered {}",
                        percent(shares.raised),
                        percent(shares.unchanged),
                        percent(shares.lowered)
                    )
                },
            );
            text += &format!("{separator}{}, {column}: {numbers}.", row.label);
        }
    }
    text
}

fn entries() -> [Entry<Fill>; 3] {
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

fn wrapped(text: &str, limit: f64, max_lines: usize) -> Vec<String> {
    if text.trim().is_empty() {
        vec![]
    } else {
        font::wrap(
            &font::printable(text),
            HEADING,
            Weight::Bold,
            limit,
            max_lines,
        )
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// A slice, with angles in turns, clockwise from the top.
#[derive(Clone, Copy)]
struct Slice {
    from: f64,
    to: f64,
    fill: Fill,
}

impl Slice {
    fn share(&self) -> f64 {
        self.to - self.from
    }

    fn middle(&self) -> f64 {
        (self.from + self.to) / 2.0
    }

    /// Whether a text box fits into the slice when centred at a distance from the pie's centre.
    fn holds(&self, size: (f64, f64), distance: f64) -> bool {
        let (x, y) = point(self.middle(), distance);
        [
            (-0.5, -0.5),
            (0.5, -0.5),
            (-0.5, 0.5),
            (0.5, 0.5),
            (0.0, -0.5),
            (0.0, 0.5),
        ]
        .iter()
        .all(|corner| {
            let (x, y) = (x + corner.0 * size.0, y + corner.1 * size.1);
            let turn = (x.atan2(-y) / TAU).rem_euclid(1.0);
            x.hypot(y) < RADIUS - 3.0
                && (self.share() > 0.999 || (self.from + 0.004..self.to - 0.004).contains(&turn))
        })
    }
}

/// The point at an angle and a distance from the centre.
fn point(turn: f64, distance: f64) -> (f64, f64) {
    (
        (turn * TAU).sin() * distance,
        -(turn * TAU).cos() * distance,
    )
}

fn draw_pie(canvas: &mut Canvas, centre: (f64, f64), shares: Option<Shares>) {
    let Some(shares) = shares else {
        canvas.circle(centre, RADIUS, UNCHANGED, MUTED, 1.0);
        canvas.text(
            centre.0,
            centre.1 + LABEL * CAP_MIDDLE,
            "n/a",
            Type::new(LABEL).middle().muted(),
        );
        return;
    };
    let mut from = 0.0;
    let mut slices = vec![];
    for (share, fill) in [
        (shares.raised, RAISED),
        (shares.unchanged, UNCHANGED),
        (shares.lowered, LOWERED),
    ] {
        if share > 0.0 {
            slices.push(Slice {
                from,
                to: from + share,
                fill,
            });
        }
        from += share;
    }
    for slice in &slices {
        draw_slice(canvas, centre, slice);
    }
    draw_percentages(canvas, centre, &slices);
}

fn draw_slice(canvas: &mut Canvas, centre: (f64, f64), slice: &Slice) {
    if slice.share() > 0.9999 {
        canvas.circle(centre, RADIUS, slice.fill, INK, 1.0);
        return;
    }
    let at = |turn| {
        let (x, y) = point(turn, RADIUS);
        format!("{} {}", short(centre.0 + x), short(centre.1 + y))
    };
    let large = i32::from(slice.share() > 0.5);
    let d = format!(
        "M{} {}L{}A{RADIUS} {RADIUS} 0 {large} 1 {}Z",
        short(centre.0),
        short(centre.1),
        at(slice.from),
        at(slice.to),
    );
    canvas.shape(&d, slice.fill, INK, 1.0);
}

fn draw_percentages(canvas: &mut Canvas, centre: (f64, f64), slices: &[Slice]) {
    let style = Type::new(LABEL).bold().middle();
    let mut outside = vec![];
    for slice in slices {
        let text = percent(slice.share());
        let size = (style.width(&text) + 4.0, LABEL + 3.0);
        let fits = [0.55, 0.62, 0.68, 0.74, 0.0]
            .iter()
            .map(|part| part * RADIUS)
            .find(|&distance| slice.holds(size, distance));
        match fits {
            Some(distance) => {
                let (x, y) = point(slice.middle(), distance);
                canvas.text(
                    centre.0 + x,
                    centre.1 + y + LABEL * CAP_MIDDLE,
                    &text,
                    style.halo(),
                );
            }
            None => outside.push((slice.middle(), text)),
        }
    }
    for right in [true, false] {
        let side = outside
            .iter()
            .filter(|(turn, _)| (*turn < 0.5) == right)
            .cloned()
            .collect();
        draw_outside(canvas, centre, side, right);
    }
}

/// Percentages at one side of a pie, moved apart where they would touch.
fn draw_outside(
    canvas: &mut Canvas,
    centre: (f64, f64),
    mut labels: Vec<(f64, String)>,
    right: bool,
) {
    let wanted = |turn: f64| point(turn, RADIUS + 10.0).1;
    labels.sort_by(|a, b| wanted(a.0).total_cmp(&wanted(b.0)));
    let style = Type::new(LABEL).bold();
    let style = if right { style } else { style.right() };
    let sign = if right { 1.0 } else { -1.0 };
    let mut free = f64::NEG_INFINITY;
    for (turn, text) in labels {
        let y = wanted(turn).max(free);
        free = y + style.line();
        let edge = point(turn, RADIUS - 6.0);
        let along = (RADIUS * RADIUS - y * y).max(0.0).sqrt();
        let elbow = (
            sign * (along + 9.0).max((point(turn, RADIUS + 8.0).0).abs()),
            y,
        );
        let path = format!(
            "M{} {}L{} {}",
            short(centre.0 + edge.0),
            short(centre.1 + edge.1),
            short(centre.0 + elbow.0),
            short(centre.1 + elbow.1),
        );
        canvas.stroke(&path, INK, 0.9, "");
        canvas.text(
            centre.0 + elbow.0 + sign * 3.0,
            centre.1 + y + LABEL * CAP_MIDDLE,
            &text,
            style,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, assert_well_placed, count};

    fn figure(pies: [Shares; 4]) -> PieFigure {
        let row = |label: &str, pies: &[Shares]| PieRow {
            label: label.into(),
            pies: pies.to_vec(),
        };
        PieFigure {
            title: "SAE and explicit instruction".into(),
            description: String::new(),
            columns: vec!["SAE feature".into(), "Explicit instruction".into()],
            rows: vec![row("to raise", &pies[..2]), row("to lower", &pies[2..])],
        }
    }

    #[test]
    fn all_percentages_are_there() {
        let shares = [(82, 148, 30), (58, 132, 70), (16, 131, 113), (21, 66, 173)];
        let picture = pies(&figure(
            shares.map(|(a, b, c)| Shares::from_counts(a, b, c)),
        ))
        .unwrap();
        let words = assert_sound(&picture);
        let percentages = [
            "31.5%", "56.9%", "11.5%", "22.3%", "50.8%", "26.9%", "6.2%", "50.4%", "43.5%", "8.1%",
            "25.4%", "66.5%",
        ];
        for text in percentages {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        assert!(
            picture
                .svg()
                .contains("to raise, SAE feature: raised 31.5%, unchanged 56.9%, lowered 11.5%.")
        );
    }

    #[test]
    fn any_shares_can_be_drawn() {
        let numbers = [0.0, 1e-9, 0.01, 0.02, 0.05, 0.1, 0.14, 0.33, 0.5, 0.97];
        let mut all = vec![];
        for raised in numbers {
            for lowered in numbers {
                all.push(Shares {
                    raised,
                    unchanged: (1.0 - raised - lowered).max(0.0),
                    lowered,
                });
            }
        }
        for shares in all.chunks_exact(4) {
            let picture = pies(&figure([shares[0], shares[1], shares[2], shares[3]])).unwrap();
            assert_well_placed(&picture);
        }
    }

    #[test]
    fn extremes_are_drawn() {
        let whole = Shares::from_counts(0, 5, 0);
        let words = assert_sound(&pies(&figure([whole, Shares::default(), whole, whole])).unwrap());
        assert_eq!((count(&words, "100.0%"), count(&words, "n/a")), (3, 1));
        assert_sound(&pies(&PieFigure::default()).unwrap());
        let columns: Vec<_> = (0..9).map(|i| format!("column {i}")).collect();
        let row = PieRow {
            label: "one".into(),
            pies: vec![Shares::from_counts(1, 98, 1); 9],
        };
        assert_sound(
            &pies(&PieFigure {
                columns,
                rows: vec![row; 7],
                ..PieFigure::default()
            })
            .unwrap(),
        );
    }

    #[test]
    fn hard_names_are_drawn() {
        for name in HARD_NAMES {
            let mut hard = figure([Shares::from_counts(1, 1, 1); 4]);
            hard.title = name.into();
            hard.description = name.into();
            hard.columns = vec![name.into(); 2];
            hard.rows.iter_mut().for_each(|row| row.label = name.into());
            assert_sound(&pies(&hard).unwrap());
        }
    }

    #[test]
    fn wrong_numbers_are_refused() {
        let mut wrong = figure([Shares::from_counts(1, 1, 1); 4]);
        wrong.rows[1].pies.pop();
        assert_eq!(
            pies(&wrong).unwrap_err().to_string(),
            "row \"to lower\" has 1 entries, expected 2"
        );
        let negative = Shares {
            raised: -0.5,
            unchanged: 1.0,
            lowered: 0.5,
        };
        let wrong = figure([
            Shares::default(),
            negative,
            Shares::default(),
            Shares::default(),
        ]);
        assert_eq!(
            pies(&wrong).unwrap_err().to_string(),
            "row \"to raise\", column \"Explicit instruction\", raised is -0.5, expected a finite number that is not negative"
        );
        let huge = figure(
            [Shares {
                raised: f64::MAX,
                unchanged: f64::MAX,
                lowered: 0.0,
            }; 4],
        );
        assert!(pies(&huge).unwrap_err().to_string().contains("sum is inf"));
    }
}
