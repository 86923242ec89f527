//! Two axes with a grid, for points and lines.

use super::canvas::{CAP_MIDDLE, Canvas, LABEL, MARGIN, SMALL, Type};
use super::palette::{FAINT, INK};
use super::scale::Scale;

/// Width and height of what lies between the axes.
pub(super) const PLOT: (f64, f64) = (330.0, 210.0);
/// Room for the numbers of the vertical axis and its name.
pub(super) const TICKS: f64 = 52.0;
/// Room for half the last number of the horizontal axis.
pub(super) const OVER: f64 = 14.0;
/// Room under the horizontal axis for its numbers, its name and the margin.
pub(super) const UNDER: f64 = 10.0 + SMALL + LABEL + 5.0 + MARGIN;

/// Draws a grid with its numbers, and the names of both axes, `x` and `y`.
pub(super) fn draw_axes(
    canvas: &mut Canvas,
    (x_label, y_label): (&str, &str),
    (x, left, right): (Scale, f64, f64),
    (y, bottom, top): (Scale, f64, f64),
) {
    for (at, text) in y.ticks() {
        canvas.line((left, at), (right, at), FAINT, 0.7);
        let style = Type::new(SMALL).right().muted();
        canvas.text(left - 6.0, at + SMALL * CAP_MIDDLE, &text, style);
    }
    for (at, text) in x.ticks() {
        canvas.line((at, top), (at, bottom), FAINT, 0.7);
        let style = Type::new(SMALL).middle().muted();
        canvas.text(at, bottom + 6.0 + SMALL, &text, style);
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    let label = Type::new(LABEL).middle();
    canvas.text(
        (left + right) / 2.0,
        bottom + 10.0 + SMALL + LABEL,
        x_label,
        label,
    );
    canvas.text(
        MARGIN + LABEL,
        (top + bottom) / 2.0,
        y_label,
        label.turned(-90.0),
    );
}
