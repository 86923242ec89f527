//! Things on a circle, and which of them go together.

use std::f64::consts::TAU;

use super::canvas::{CAP_MIDDLE, Canvas, HEADING, LABEL, MARGIN, Type, short};
use super::font;
use super::legend::Heading;
use super::palette::{BLUE, FAINT, Fill, INK, VERMILION, WHITE};
use super::picture::finite;
use super::spread::spread;
use super::{DrawError, Picture};

const RADIUS: f64 = 120.0;
/// From the circle to the labels.
const REACH: f64 = 26.0;
/// Between the middles of two labels of a side.
const ROW: f64 = 15.0;
/// A sample of a line in the legend.
const SAMPLE: f64 = 26.0;
const DASHES: &str = "5 3";

/// Things on a circle, and lines between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CircleFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// Each thing's name, and its angle in radians, clockwise from the top.
    pub places: Vec<(String, f64)>,
    /// Full lines between two things, by their numbers, and what these mean.
    pub together: (String, Vec<[usize; 2]>),
    /// The same for dashed lines.
    pub against: (String, Vec<[usize; 2]>),
}

/// Draws the circle with its names around it, and the lines through it.
///
/// # Errors
/// [`DrawError::OutOfRange`] if an angle is not finite, or a line is of a thing that there is not.
pub fn circle(figure: &CircleFigure) -> Result<Picture, DrawError> {
    check(figure)?;
    let sides = Sides::of(figure);
    let around = sides.widths.iter().sum::<f64>() + 2.0 * (REACH + RADIUS);
    let width = around.max(legend_width(figure)) + 2.0 * MARGIN;
    let middle_x = (width - around) / 2.0 + sides.widths[0] + REACH + RADIUS;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let top = draw_legend(&mut canvas, figure, MARGIN + heading.height());
    let height = sides.highest().max(RADIUS + ROW);
    let centre = (middle_x, top + height);
    canvas.circle(centre, RADIUS, Fill::plain(WHITE), FAINT, 1.2);
    let at = |thing: usize| on_circle(centre, figure.places[thing].1);
    for ((_, lines), (colour, dashes)) in [
        (&figure.against, (VERMILION, DASHES)),
        (&figure.together, (BLUE, "")),
    ] {
        for [a, b] in lines.iter().map(|ends| ends.map(at)) {
            let d = format!(
                "M{} {}L{} {}",
                short(a.0),
                short(a.1),
                short(b.0),
                short(b.1)
            );
            canvas.stroke(&d, colour, 1.6, dashes);
        }
    }
    for (side, labels) in [-1.0, 1.0].into_iter().zip(&sides.labels) {
        let x = centre.0 + side * (RADIUS + REACH);
        for &(thing, y) in labels {
            let (dot, y) = (at(thing), centre.1 + y);
            canvas.line(dot, (x - side * 5.0, y), FAINT, 0.8);
            canvas.circle(dot, 3.6, Fill::plain(INK), WHITE, 0.8);
            let style = Type::new(LABEL);
            let style = if side < 0.0 { style.right() } else { style };
            canvas.text(x, y + LABEL * CAP_MIDDLE, &figure.places[thing].0, style);
        }
    }
    let bottom = centre.1 + height + MARGIN;
    Ok(canvas.finish(width, bottom, &figure.title, &figure.description))
}

fn check(figure: &CircleFigure) -> Result<(), DrawError> {
    for (name, angle) in &figure.places {
        finite(*angle, || format!("angle of \"{name}\""))?;
    }
    let lines = figure.together.1.iter().chain(&figure.against.1);
    match lines.flatten().find(|thing| **thing >= figure.places.len()) {
        None => Ok(()),
        Some(&thing) => Err(DrawError::OutOfRange {
            what: "an end of a line".to_owned(),
            expected: "the number of a thing on the circle",
            found: thing as f64,
        }),
    }
}

fn on_circle(centre: (f64, f64), angle: f64) -> (f64, f64) {
    (
        centre.0 + RADIUS * angle.sin(),
        centre.1 - RADIUS * angle.cos(),
    )
}

/// The labels to the left and to the right of the circle.
struct Sides {
    /// Things with the middles of their labels, less that of the circle.
    labels: [Vec<(usize, f64)>; 2],
    widths: [f64; 2],
}

impl Sides {
    fn of(figure: &CircleFigure) -> Self {
        let angle = |thing: usize| figure.places[thing].1.rem_euclid(TAU);
        let all = 0..figure.places.len();
        let (right, left) = all.partition(|&thing| angle(thing) < TAU / 2.0);
        let width = |things: &Vec<usize>| {
            let names = things.iter().map(|&thing| &figure.places[thing].0);
            let widths = names.map(|name| Type::new(LABEL).width(&font::printable(name)));
            widths.fold(0.0, f64::max) * font::SLACK
        };
        let placed = |things: Vec<usize>| {
            let wanted: Vec<f64> = things
                .iter()
                .map(|&thing| on_circle((0.0, 0.0), angle(thing)).1)
                .collect();
            things.into_iter().zip(spread(&wanted, ROW)).collect()
        };
        Self {
            widths: [width(&left), width(&right)],
            labels: [placed(left), placed(right)],
        }
    }

    /// How far from the middle any label reaches.
    fn highest(&self) -> f64 {
        let labels = self.labels.iter().flatten();
        labels.fold(0.0, |most: f64, (_, y)| most.max(y.abs())) + ROW
    }
}

/// What lines mean, with how they look; kinds without a line are left out.
fn kinds(figure: &CircleFigure) -> impl Iterator<Item = (&str, &'static str, &'static str)> {
    let kinds = [
        (&figure.together, BLUE, ""),
        (&figure.against, VERMILION, DASHES),
    ];
    let drawn = kinds
        .into_iter()
        .filter(|((_, lines), ..)| !lines.is_empty());
    drawn.map(|((name, _), colour, dashes)| (name.as_str(), colour, dashes))
}

fn legend_width(figure: &CircleFigure) -> f64 {
    let name = |(name, ..): (&str, _, _)| Type::new(LABEL).width(&font::printable(name));
    let widest = kinds(figure).map(name).fold(0.0, f64::max);
    SAMPLE + 6.0 + widest * font::SLACK
}

/// A line for each kind that is drawn; returns where the picture goes on.
fn draw_legend(canvas: &mut Canvas, figure: &CircleFigure, top: f64) -> f64 {
    let mut y = top;
    for (name, colour, dashes) in kinds(figure) {
        y += LABEL * 1.4;
        let middle = y - LABEL * CAP_MIDDLE;
        let d = format!("M{} {}h{SAMPLE}", short(MARGIN), short(middle));
        canvas.stroke(&d, colour, 1.6, dashes);
        canvas.text(MARGIN + SAMPLE + 6.0, y, name, Type::new(LABEL).muted());
    }
    y + LABEL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure(places: &[(&str, f64)]) -> CircleFigure {
        CircleFigure {
            title: "Circle".to_owned(),
            places: places
                .iter()
                .map(|(name, angle)| ((*name).to_owned(), *angle))
                .collect(),
            ..CircleFigure::default()
        }
    }

    #[test]
    fn names_stand_around_it_and_lines_go_through_it() {
        let mut four = figure(&[
            ("north", 0.0),
            ("near", 0.02),
            ("south", 3.1),
            ("west", 4.7),
        ]);
        four.together = ("together".to_owned(), vec![[0, 1], [2, 3]]);
        let picture = circle(&four).unwrap();
        let words = assert_sound(&picture);
        for text in ["north", "near", "south", "west", "together"] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        assert_eq!(picture.svg().matches("<circle").count(), 5);
        let at = |text: &str| {
            words
                .iter()
                .find(|words| words.text == text)
                .unwrap()
                .corners[0]
        };
        assert!(at("north").y < at("near").y && at("near").y < at("south").y);
        assert!(at("west").x < at("north").x);
    }

    #[test]
    fn extremes_are_drawn_and_what_is_none_is_named() {
        assert_sound(&circle(&figure(&[])).unwrap());
        let names: Vec<(&str, f64)> = HARD_NAMES.iter().map(|name| (*name, 1.0)).collect();
        assert_sound(&circle(&figure(&names)).unwrap());
        let message = |figure: &CircleFigure| circle(figure).unwrap_err().to_string();
        let wrong = message(&figure(&[("a", f64::NAN)]));
        assert!(wrong.contains("angle of \"a\" is NaN"), "{wrong}");
        let mut wrong = figure(&[("a", 0.0)]);
        wrong.against.1.push([0, 1]);
        assert!(message(&wrong).contains("an end of a line is 1"));
    }
}
