//! Numbers against numbers, as lines: what grows with what.

use super::axes::{OVER, PLOT, TICKS, UNDER, draw_axes};
use super::canvas::{Canvas, Frame, HEADING, MARGIN, short};
use super::legend::{Entry, Heading, Legend, Swatch};
use super::palette::{BLUE, Fill, GREEN, MUTED, ORANGE, PURPLE, SKY, VERMILION, WHITE};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

/// Lines over one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What lies to the right.
    pub x_label: String,
    /// What lies upwards.
    pub y_label: String,
    /// The lines: names, and points in the order in which they are joined.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// How a line looks: colour and dashes go round at different lengths, so that 28 lines differ in one or the other.
#[derive(Clone, Copy)]
struct Stroke {
    colour: &'static str,
    dashes: &'static str,
}

const COLOURS: [&str; 7] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, MUTED];
const DASHES: [&str; 4] = ["", "6 3", "2 3", "9 3 2 3"];

impl Stroke {
    fn of(line: usize) -> Self {
        Self {
            colour: COLOURS[line % COLOURS.len()],
            dashes: DASHES[line % DASHES.len()],
        }
    }
}

impl Swatch for Stroke {
    fn draw(&self, canvas: &mut Canvas, frame: Frame) {
        let middle = frame.y + frame.height / 2.0;
        let d = format!(
            "M{} {}h{}",
            short(frame.x),
            short(middle),
            short(frame.width)
        );
        canvas.stroke(&d, self.colour, 2.0, self.dashes);
    }
}

/// Draws the lines one over the other, a dot at each point, their names above.
///
/// # Errors
/// [`DrawError::OutOfRange`] if a number is not finite.
pub fn lines(figure: &LineFigure) -> Result<Picture, DrawError> {
    for (name, points) in &figure.lines {
        for (place, &(x, y)) in points.iter().enumerate() {
            for (what, found) in [("x", x), ("y", y)] {
                finite(found, || {
                    format!("{what} of point {} of \"{name}\"", place + 1)
                })?;
            }
        }
    }
    let width = PLOT.0 + TICKS + OVER + 2.0 * MARGIN;
    let room = width - 2.0 * MARGIN;
    let heading = Heading::sized(&figure.title, room, HEADING);
    let entries = figure
        .lines
        .iter()
        .enumerate()
        .map(|(at, (name, _))| Entry {
            swatch: Stroke::of(at),
            label: name.clone(),
        });
    let legend = Legend::new(entries, room);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let under_heading = MARGIN + heading.height() + 4.0;
    legend.draw(&mut canvas, width / 2.0, under_heading);
    let (left, top) = (MARGIN + TICKS, under_heading + legend.height() + 8.0);
    let (right, bottom) = (left + PLOT.0, top + PLOT.1);
    let all = || figure.lines.iter().flat_map(|(_, points)| points);
    let x = Scale::new(all().map(|(x, _)| *x).chain([0.0]), left, right);
    let y = Scale::new(all().map(|(_, y)| *y).chain([0.0]), bottom, top);
    let labels = (figure.x_label.as_str(), figure.y_label.as_str());
    draw_axes(&mut canvas, labels, (x, left, right), (y, bottom, top));
    for (at, (_, points)) in figure.lines.iter().enumerate() {
        let stroke = Stroke::of(at);
        let places = points.iter().map(|&(a, b)| (x.at(a), y.at(b)));
        let joined = places.clone().enumerate().map(|(place, (x, y))| {
            let command = if place == 0 { 'M' } else { 'L' };
            format!("{command}{} {}", short(x), short(y))
        });
        if points.len() > 1 {
            let d: String = joined.collect();
            canvas.stroke(&d, stroke.colour, 2.0, stroke.dashes);
        }
        for place in places {
            canvas.circle(place, 2.8, Fill::plain(stroke.colour), WHITE, 0.8);
        }
    }
    Ok(canvas.finish(width, bottom + UNDER, &figure.title, &figure.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    #[test]
    fn each_line_has_its_name_and_each_point_its_dot() {
        let line = |name: &str, points: &[(f64, f64)]| (name.to_owned(), points.to_vec());
        let picture = lines(&LineFigure {
            title: "A dose and its response".to_owned(),
            x_label: "dose".to_owned(),
            y_label: "share".to_owned(),
            lines: vec![
                line("moved", &[(1.0, 0.0), (2.0, 0.5), (4.0, 1.0)]),
                line("side effects", &[(1.0, 0.1), (4.0, 0.2)]),
            ],
            ..LineFigure::default()
        });
        let picture = picture.unwrap();
        let words = assert_sound(&picture);
        for text in ["moved", "side effects", "dose", "share"] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        assert_eq!(picture.svg().matches("<circle").count(), 5);
    }

    #[test]
    fn extremes_are_drawn() {
        assert_sound(&lines(&LineFigure::default()).unwrap());
        for name in HARD_NAMES {
            let all = vec![
                (name.to_owned(), vec![(1e-6, 1e6)]),
                ("b".to_owned(), vec![]),
            ];
            let figure = LineFigure {
                lines: all,
                ..LineFigure::default()
            };
            assert_sound(&lines(&figure).unwrap());
        }
        let nan = vec![("a".to_owned(), vec![(0.0, 0.0), (0.0, f64::NAN)])];
        let figure = LineFigure {
            lines: nan,
            ..LineFigure::default()
        };
        let said = lines(&figure).unwrap_err().to_string();
        assert!(said.contains("y of point 2 of \"a\" is NaN"), "{said}");
    }
}
