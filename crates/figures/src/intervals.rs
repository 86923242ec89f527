//! Estimates with their intervals, a line each.

use super::canvas::{CAP_MIDDLE, Canvas, HEADING, LABEL, MARGIN, SMALL, Type, short};
use super::font;
use super::legend::Heading;
use super::palette::{BLUE, FAINT, Fill, GREEN, INK, MUTED, WHITE};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

const PLOT: f64 = 230.0;
const ROW: f64 = 15.0;
const OVER: f64 = 14.0;

/// Estimates with their intervals, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntervalFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What is estimated.
    pub x_label: String,
    /// The estimates.
    pub rows: Vec<IntervalRow>,
    /// A number that they are held against, and its name.
    pub mark: Option<(f64, String)>,
    /// Where the axis starts at the latest and ends at the earliest; intervals may go beyond it, and are cut at `cut`.
    pub range: [f64; 2],
    /// Ends of the axis that no interval widens; what lies beyond is drawn at the end.
    pub cut: [f64; 2],
}

/// One estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct IntervalRow {
    /// Of what.
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The upper.
    pub high: f64,
}

/// Draws a dot for each estimate and a line for its interval.
///
/// # Errors
/// [`DrawError::OutOfRange`] if a number is not finite.
pub fn intervals(figure: &IntervalFigure) -> Result<Picture, DrawError> {
    for row in &figure.rows {
        for (what, found) in [
            ("estimate", row.estimate),
            ("low", row.low),
            ("high", row.high),
        ] {
            finite(found, || format!("{what} of \"{}\"", row.name))?;
        }
    }
    for (what, found) in [("range", figure.range), ("cut", figure.cut)] {
        found
            .iter()
            .try_for_each(|&end| finite(end, || what.to_owned()))?;
    }
    if let Some((mark, _)) = figure.mark {
        finite(mark, || "mark".to_owned())?;
    }
    let label = Type::new(LABEL).right();
    let names = figure
        .rows
        .iter()
        .map(|row| label.width(&font::printable(&row.name)));
    let left = MARGIN + names.fold(0.0, f64::max) * font::SLACK + 10.0;
    let right = left + PLOT;
    let width = right + OVER + MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let top = MARGIN + heading.height() + 1.6 * LABEL;
    let bottom = top + ROW * figure.rows.len() as f64 + 4.0;
    let inside = |number: f64| number.max(figure.cut[0]).min(figure.cut[1]);
    let ends = figure
        .rows
        .iter()
        .flat_map(|row| [row.low, row.high, row.estimate]);
    let x = Scale::new(ends.map(inside).chain(figure.range), left, right);
    for (at, text) in x.ticks() {
        canvas.line((at, top), (at, bottom), FAINT, 0.7);
        let style = Type::new(SMALL).middle().muted();
        canvas.text(at, bottom + 6.0 + SMALL, &text, style);
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    if let Some((mark, name)) = &figure.mark {
        let at = x.at(*mark);
        let d = format!("M{} {}V{}", short(at), short(top - 2.0), short(bottom));
        canvas.stroke(&d, GREEN, 1.6, "6 3");
        let style = Type::new(LABEL).bold().middle();
        let half = style.width(name) * font::SLACK / 2.0;
        let middle = at.clamp(MARGIN + half, (width - MARGIN - half).max(MARGIN + half));
        canvas.text(middle, top - 6.0, name, style);
    }
    for (at, row) in figure.rows.iter().enumerate() {
        let y = top + ROW * (at as f64 + 0.5) + 2.0;
        canvas.text(left - 8.0, y + LABEL * CAP_MIDDLE, &row.name, label);
        let [low, high, estimate] = [row.low, row.high, row.estimate].map(|end| x.at(inside(end)));
        canvas.line((low, y), (high, y), MUTED, 1.6);
        canvas.circle((estimate, y), 3.6, Fill::plain(BLUE), WHITE, 0.8);
    }
    let y = bottom + 10.0 + SMALL + LABEL;
    canvas.text(
        (left + right) / 2.0,
        y,
        &figure.x_label,
        Type::new(LABEL).middle(),
    );
    Ok(canvas.finish(width, y + 5.0 + MARGIN, &figure.title, &figure.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure(names: &[&str]) -> IntervalFigure {
        let row = |name: &&str| IntervalRow {
            name: (*name).to_owned(),
            estimate: 0.2,
            low: -40.0,
            high: 0.5,
        };
        IntervalFigure {
            x_label: "reliability".to_owned(),
            rows: names.iter().map(row).collect(),
            mark: Some((0.7, "enough".to_owned())),
            range: [0.0, 1.0],
            cut: [-1.0, 1.0],
            ..IntervalFigure::default()
        }
    }

    #[test]
    fn each_estimate_has_its_name_and_dot() {
        let picture = intervals(&figure(&["Empathy", "Social"])).unwrap();
        let words = assert_sound(&picture);
        for text in ["Empathy", "Social", "enough", "reliability"] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        assert_eq!(picture.svg().matches("<circle").count(), 2);
        assert_sound(&intervals(&IntervalFigure::default()).unwrap());
        assert_sound(&intervals(&figure(&HARD_NAMES)).unwrap());
    }

    #[test]
    fn an_end_that_is_none_is_named() {
        let mut figure = figure(&["Empathy"]);
        figure.rows[0].low = f64::NAN;
        let said = intervals(&figure).unwrap_err().to_string();
        assert!(said.contains("low of \"Empathy\" is NaN"), "{said}");
    }
}
