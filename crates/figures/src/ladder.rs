//! Numbers of several things, step after step.

use super::canvas::{CAP_MIDDLE, Canvas, HEADING, LABEL, MARGIN, SMALL, Type, short};
use super::font;
use super::legend::Heading;
use super::palette::{FAINT, Fill, INK, WHITE, source_stroke};
use super::picture::finite;
use super::scale::Scale;
use super::spread::spread;
use super::{DrawError, Picture};

const PLOT: (f64, f64) = (330.0, 230.0);
/// Room for the numbers of the vertical axis and its name.
const TICKS: f64 = 52.0;
/// From the last step to the names.
const REACH: f64 = 26.0;
/// Between the middles of two names.
const ROW: f64 = 14.0;

/// What several things have at each of some steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LadderFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What the numbers are.
    pub y_label: String,
    /// The steps.
    pub steps: Vec<String>,
    /// For each thing its name and its number at each step, where it has one. A thing without any is not drawn.
    pub things: Vec<(String, Vec<Option<f64>>)>,
}

/// Draws a line for each thing, its name at the end. A line is broken where there is no number.
///
/// # Errors
/// [`DrawError`] if a thing has not a place for each step, or a number is not finite.
pub fn ladder(figure: &LadderFigure) -> Result<Picture, DrawError> {
    check(figure)?;
    let drawn: Vec<Thing<'_>> = figure.things.iter().filter_map(Thing::of).collect();
    let name = Type::new(LABEL);
    let widths = drawn
        .iter()
        .map(|thing| name.width(&font::printable(thing.name)));
    let left = MARGIN + TICKS;
    let (right, names) = (left + PLOT.0, left + PLOT.0 + REACH);
    let width = names + widths.fold(0.0, f64::max) * font::SLACK + MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let above = MARGIN + heading.height();
    let numbers = || {
        drawn
            .iter()
            .flat_map(|thing| thing.numbers.iter().flatten())
    };
    let high = PLOT.1.max(ROW * drawn.len() as f64);
    // Names may be pushed beyond the axis.
    let y = Scale::new(numbers().copied(), high, 0.0);
    let wanted: Vec<f64> = drawn.iter().map(|thing| y.at(thing.last)).collect();
    let places = spread(&wanted, ROW);
    let over = places
        .iter()
        .fold(SMALL, |over, place| over.max(ROW - place));
    let (top, bottom) = (above + over, above + over + high);
    draw_axes(&mut canvas, figure, y, [left, right, top, bottom]);
    let step = PLOT.0 / figure.steps.len().max(1) as f64;
    let x = |place: usize| left + step * (place as f64 + 0.5);
    for (at, (thing, place)) in drawn.iter().zip(&places).enumerate() {
        let stroke = source_stroke(at);
        let point = |(at, number): (usize, f64)| (x(at), top + y.at(number));
        thing.draw(&mut canvas, point, stroke);
        let end = point((thing.last_step, thing.last));
        canvas.line((end.0 + 5.0, end.1), (names - 4.0, top + place), FAINT, 0.8);
        canvas.text(names, top + place + LABEL * CAP_MIDDLE, thing.name, name);
    }
    let lowest = places.iter().fold(high, |lowest, place| lowest.max(*place));
    let height = top + lowest.max(high + SMALL + 6.0) + ROW + MARGIN;
    Ok(canvas.finish(width, height, &figure.title, &figure.description))
}

fn check(figure: &LadderFigure) -> Result<(), DrawError> {
    for (name, numbers) in &figure.things {
        if numbers.len() != figure.steps.len() {
            return Err(DrawError::Length {
                what: format!("\"{name}\""),
                expected: figure.steps.len(),
                found: numbers.len(),
            });
        }
        for (step, &number) in figure.steps.iter().zip(numbers) {
            finite(number, || format!("\"{name}\" at \"{step}\""))?;
        }
    }
    Ok(())
}

/// A thing that has a number somewhere.
struct Thing<'a> {
    name: &'a str,
    numbers: &'a [Option<f64>],
    last_step: usize,
    last: f64,
}

impl<'a> Thing<'a> {
    fn of((name, numbers): &'a (String, Vec<Option<f64>>)) -> Option<Self> {
        let last_step = numbers.iter().rposition(Option::is_some)?;
        Some(Self {
            name,
            numbers,
            last_step,
            last: numbers[last_step]?,
        })
    }

    fn draw(
        &self,
        canvas: &mut Canvas,
        place: impl Fn((usize, f64)) -> (f64, f64),
        (colour, dashes): (&str, &str),
    ) {
        let mut d = String::new();
        let mut before = false;
        for (step, number) in self.numbers.iter().enumerate() {
            if let Some(number) = number {
                let (x, y) = place((step, *number));
                let command = if before { 'L' } else { 'M' };
                d += &format!("{command}{} {}", short(x), short(y));
            }
            before = number.is_some();
        }
        canvas.stroke(&d, colour, 2.0, dashes);
        for (step, number) in self.numbers.iter().enumerate() {
            if let Some(number) = number {
                canvas.circle(place((step, *number)), 3.2, Fill::plain(INK), WHITE, 0.8);
            }
        }
    }
}

fn draw_axes(
    canvas: &mut Canvas,
    figure: &LadderFigure,
    y: Scale,
    [left, right, top, bottom]: [f64; 4],
) {
    for (at, text) in y.ticks() {
        canvas.line((left, top + at), (right, top + at), FAINT, 0.7);
        let style = Type::new(SMALL).right().muted();
        canvas.text(left - 6.0, top + at + SMALL * CAP_MIDDLE, &text, style);
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    let step = (right - left) / figure.steps.len().max(1) as f64;
    for (at, name) in figure.steps.iter().enumerate() {
        let style = Type::new(SMALL).middle().muted();
        let lines = font::wrap(name, SMALL, style.weight, step / font::SLACK - 4.0, 1);
        let x = left + step * (at as f64 + 0.5);
        canvas.text(x, bottom + 6.0 + SMALL, &lines.concat(), style);
    }
    let style = Type::new(LABEL).middle().turned(-90.0);
    canvas.text(MARGIN + LABEL, (top + bottom) / 2.0, &figure.y_label, style);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure(things: &[(&str, [Option<f64>; 3])]) -> LadderFigure {
        LadderFigure {
            title: "Ladder".to_owned(),
            y_label: "strength".to_owned(),
            steps: ["step 1", "step 2", "step 3"].map(str::to_owned).to_vec(),
            things: things
                .iter()
                .map(|(name, numbers)| ((*name).to_owned(), numbers.to_vec()))
                .collect(),
            ..LadderFigure::default()
        }
    }

    #[test]
    fn each_number_has_its_dot_and_each_thing_its_name() {
        let picture = ladder(&figure(&[
            ("Care", [Some(1.0), Some(0.5), Some(0.1)]),
            ("Fairness", [Some(0.9), None, Some(0.1)]),
            ("never", [None; 3]),
        ]));
        let picture = picture.unwrap();
        let words = assert_sound(&picture);
        for (text, times) in [
            ("Care", 1),
            ("Fairness", 1),
            ("never", 0),
            ("step 2", 1),
            ("strength", 1),
        ] {
            assert_eq!(count(&words, text), times, "{text}");
        }
        assert_eq!(picture.svg().matches("<circle").count(), 5);
    }

    #[test]
    fn extremes_are_drawn_and_what_is_none_is_named() {
        assert_sound(&ladder(&LadderFigure::default()).unwrap());
        let many: Vec<_> = HARD_NAMES
            .iter()
            .map(|name| (*name, [Some(1.0); 3]))
            .collect();
        let mut figure = figure(&many);
        for (step, name) in figure.steps.iter_mut().zip(HARD_NAMES) {
            *step = name.to_owned();
        }
        assert_sound(&ladder(&figure).unwrap());
        figure.things[0].1[1] = Some(f64::INFINITY);
        let wrong = ladder(&figure).unwrap_err().to_string();
        assert!(
            wrong.ends_with("is inf, expected a finite number"),
            "{wrong}"
        );
        figure.things[0].1.pop();
        let wrong = ladder(&figure).unwrap_err().to_string();
        assert!(wrong.contains("has 2 entries, expected 3"), "{wrong}");
    }
}
