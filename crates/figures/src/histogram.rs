//! Where one number lies among those that chance gives.

use super::canvas::{CAP_MIDDLE, Canvas, Frame, HEADING, LABEL, Look, MARGIN, SMALL, Type, short};
use super::font;
use super::legend::Heading;
use super::palette::{FAINT, Fill, GREEN, INK, MUTED, SKY};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

const PLOT: (f64, f64) = (330.0, 170.0);
/// Room for the numbers of the vertical axis.
const TICKS: f64 = 34.0;
/// Room for half the last number of the horizontal axis.
const OVER: f64 = 14.0;

/// How many numbers lie in each of equally wide bins, and one number held against them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What the numbers are.
    pub x_label: String,
    /// Where the first bin starts and the last one ends.
    pub range: [f64; 2],
    /// Numbers in each bin.
    pub counts: Vec<usize>,
    /// The number held against them, and its name.
    pub mark: (f64, String),
}

/// Draws the bins as bars and the mark as a line.
///
/// # Errors
/// [`DrawError::OutOfRange`] if an end of the range or the mark is not finite.
pub fn histogram(figure: &HistogramFigure) -> Result<Picture, DrawError> {
    let [from, to] = figure.range;
    let (mark, name) = (figure.mark.0, &figure.mark.1);
    for (what, found) in [
        ("start of the bins", from),
        ("end of the bins", to),
        ("mark", mark),
    ] {
        finite(found, || what.to_owned())?;
    }
    let width = PLOT.0 + TICKS + OVER + 2.0 * MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let (left, top) = (
        MARGIN + TICKS,
        MARGIN + heading.height() + 2.0 * LABEL + 4.0,
    );
    let bottom = top + PLOT.1;
    let x = Scale::new([from, to, mark], left, left + PLOT.0);
    let most = figure.counts.iter().copied().max().unwrap_or(0);
    let y = Scale::new([0.0, most.max(1) as f64], bottom, top);
    for (at, text) in y.ticks() {
        canvas.line((left, at), (left + PLOT.0, at), FAINT, 0.7);
        let style = Type::new(SMALL).right().muted();
        canvas.text(left - 6.0, at + SMALL * CAP_MIDDLE, &text, style);
    }
    let n = figure.counts.len() as f64;
    let edge = |bin: usize| x.at(from + (to - from) * bin as f64 / n);
    for (bin, &count) in figure.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let at = y.at(count as f64);
        let frame = Frame::new(
            edge(bin),
            at,
            (edge(bin + 1) - edge(bin)).max(1.0),
            bottom - at,
        );
        canvas.rect(frame, Fill::plain(SKY), Look::outlined(MUTED, 0.5));
    }
    canvas.line((left, bottom), (left + PLOT.0, bottom), INK, 1.0);
    for (at, text) in x.ticks() {
        canvas.line((at, bottom), (at, bottom + 4.0), MUTED, 0.8);
        let style = Type::new(SMALL).middle().muted();
        canvas.text(at, bottom + 6.0 + SMALL, &text, style);
    }
    let at = x.at(mark);
    let d = format!("M{} {}V{}", short(at), short(top - 4.0), short(bottom));
    canvas.stroke(&d, GREEN, 2.0, "6 3");
    let style = Type::new(LABEL).bold().middle();
    let half = style.width(name) * font::SLACK / 2.0;
    let middle = at.clamp(MARGIN + half, (width - MARGIN - half).max(MARGIN + half));
    canvas.text(middle, top - 8.0, name, style);
    let label = bottom + 10.0 + SMALL + LABEL;
    canvas.text(
        left + PLOT.0 / 2.0,
        label,
        &figure.x_label,
        Type::new(LABEL).middle(),
    );
    let height = label + 5.0 + MARGIN;
    Ok(canvas.finish(width, height, &figure.title, &figure.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure() -> HistogramFigure {
        HistogramFigure {
            title: "Gaps of graphs by chance".to_owned(),
            x_label: "gap".to_owned(),
            range: [-0.2, 0.2],
            counts: vec![1, 4, 9, 3, 0, 1],
            mark: (0.13, "observed".to_owned()),
            ..HistogramFigure::default()
        }
    }

    #[test]
    fn bars_axis_and_mark_are_there() {
        let picture = histogram(&figure()).unwrap();
        let words = assert_sound(&picture);
        for text in ["observed", "gap", "-0.2", "0.2", "10"] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        // An empty bin has no bar; the ground is a rectangle too.
        assert_eq!(picture.svg().matches("<rect").count(), 5 + 1);
    }

    #[test]
    fn extremes_are_drawn() {
        assert_sound(&histogram(&HistogramFigure::default()).unwrap());
        for (range, mark) in [([0.1, 0.1], 0.1), ([0.0, 0.01], 3.0), ([-1.0, 0.0], -1.0)] {
            assert_sound(
                &histogram(&HistogramFigure {
                    range,
                    mark: (mark, "observed gap".to_owned()),
                    ..figure()
                })
                .unwrap(),
            );
        }
        let refused = histogram(&HistogramFigure {
            range: [f64::NAN, 1.0],
            ..figure()
        });
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("start of the bins is NaN")
        );
        for title in HARD_NAMES {
            let title = title.to_owned();
            assert_sound(&histogram(&HistogramFigure { title, ..figure() }).unwrap());
        }
    }
}
