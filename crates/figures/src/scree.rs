//! Eigenvalues in falling order, beside those that are to be expected without structure.

use super::canvas::{CAP_MIDDLE, Canvas, HEADING, LABEL, MARGIN, SMALL, Type, short};
use super::legend::Heading;
use super::palette::{BLUE, FAINT, Fill, INK, MUTED, VERMILION, WHITE};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

const PLOT: (f64, f64) = (330.0, 210.0);
/// Room for the numbers of the vertical axis.
const TICKS: f64 = 34.0;
const OVER: f64 = 14.0;
/// A sample of a line in the legend.
const SAMPLE: f64 = 26.0;
/// Dashes of the lines beside the observed one.
const DASHES: [&str; 2] = ["5 3", "2 3"];

/// Numbers in falling order, and others that they are held against place by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScreeFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What the places are.
    pub x_label: String,
    /// What is observed, and its name: a full line with a dot for each number.
    pub observed: (String, Vec<f64>),
    /// What it is held against, and names: at most two, dashed lines.
    pub expected: Vec<(String, Vec<f64>)>,
}

/// Draws the lines one over the other, with their names above.
///
/// # Errors
/// [`DrawError::OutOfRange`] if a number is not finite.
pub fn scree(figure: &ScreeFigure) -> Result<Picture, DrawError> {
    let all = || figure.expected.iter().chain([&figure.observed]);
    for (name, numbers) in all() {
        for (place, &found) in numbers.iter().enumerate() {
            finite(found, || format!("number {} of \"{name}\"", place + 1))?;
        }
    }
    let width = PLOT.0 + TICKS + OVER + 2.0 * MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let left = MARGIN + TICKS;
    let mut y_name = MARGIN + heading.height() + LABEL;
    let styles = |at: usize| (VERMILION, DASHES[at.min(DASHES.len() - 1)]);
    let named = figure.expected.iter().enumerate();
    let named = named.map(|(at, (name, _))| (name, styles(at)));
    for (name, (colour, dashes)) in [(&figure.observed.0, (BLUE, ""))].into_iter().chain(named) {
        let middle = y_name - LABEL * CAP_MIDDLE;
        let d = format!("M{} {}h{SAMPLE}", short(left), short(middle));
        canvas.stroke(&d, colour, 2.0, dashes);
        canvas.text(left + SAMPLE + 6.0, y_name, name, Type::new(LABEL));
        y_name += LABEL * 1.5;
    }
    let (top, right) = (y_name, left + PLOT.0);
    let bottom = top + PLOT.1;
    let numbers = all().flat_map(|(_, numbers)| numbers.iter().copied());
    let y = Scale::new(numbers.chain([0.0]), bottom, top);
    for (at, text) in y.ticks() {
        canvas.line((left, at), (right, at), FAINT, 0.7);
        let style = Type::new(SMALL).right().muted();
        canvas.text(left - 6.0, at + SMALL * CAP_MIDDLE, &text, style);
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    let places = all().map(|(_, numbers)| numbers.len()).max().unwrap_or(0);
    let x = |place: usize| left + PLOT.0 * (place as f64 + 0.5) / places.max(1) as f64;
    for place in (0..places).filter(|place| place % 2 == 0) {
        canvas.line((x(place), bottom), (x(place), bottom + 4.0), MUTED, 0.8);
        let style = Type::new(SMALL).middle().muted();
        canvas.text(
            x(place),
            bottom + 6.0 + SMALL,
            &(place + 1).to_string(),
            style,
        );
    }
    let line = |numbers: &[f64]| {
        let points = numbers.iter().enumerate().map(|(place, &number)| {
            let command = if place == 0 { 'M' } else { 'L' };
            format!("{command}{} {}", short(x(place)), short(y.at(number)))
        });
        points.collect::<String>()
    };
    for (at, (_, numbers)) in figure.expected.iter().enumerate() {
        let (colour, dashes) = styles(at);
        canvas.stroke(&line(numbers), colour, 2.0, dashes);
    }
    canvas.stroke(&line(&figure.observed.1), BLUE, 2.0, "");
    for (place, &number) in figure.observed.1.iter().enumerate() {
        canvas.circle((x(place), y.at(number)), 3.4, Fill::plain(BLUE), WHITE, 0.8);
    }
    let label = bottom + 10.0 + SMALL + LABEL;
    let style = Type::new(LABEL).middle();
    canvas.text((left + right) / 2.0, label, &figure.x_label, style);
    let height = label + 5.0 + MARGIN;
    Ok(canvas.finish(width, height, &figure.title, &figure.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{assert_sound, count};

    #[test]
    fn each_line_has_its_name_and_each_number_its_dot() {
        let picture = scree(&ScreeFigure {
            x_label: "place".to_owned(),
            observed: ("observed".to_owned(), vec![2.0, 1.0, 0.5]),
            expected: vec![("by chance".to_owned(), vec![1.2, 1.0, 0.9])],
            ..ScreeFigure::default()
        })
        .unwrap();
        let words = assert_sound(&picture);
        for text in ["observed", "by chance", "place", "3"] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        assert_eq!(picture.svg().matches("<circle").count(), 3);
        assert_sound(&scree(&ScreeFigure::default()).unwrap());
    }

    #[test]
    fn a_number_that_is_none_is_named() {
        let refused = scree(&ScreeFigure {
            observed: ("observed".to_owned(), vec![1.0, f64::NAN]),
            ..ScreeFigure::default()
        });
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("number 2 of \"observed\" is NaN"), "{said}");
    }
}
