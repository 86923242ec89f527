//! The legend and the title of a picture.

use super::canvas::{Align, CAP_MIDDLE, Canvas, Frame, LABEL, Look, TITLE, Type};
use super::font;
use super::palette::{Fill, MUTED};

const SWATCH_WIDTH: f64 = 26.0;
const SWATCH_HEIGHT: f64 = 12.0;
const SWATCH_GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 14.0;
const ROW: f64 = 19.0;
const MAX_LABEL: f64 = 420.0;

/// One line of the legend.
pub(super) struct Entry<S> {
    pub(super) swatch: S,
    pub(super) label: String,
}

/// What is drawn before an entry's label.
pub(super) trait Swatch {
    /// Draws the sample into the frame.
    fn draw(&self, canvas: &mut Canvas, frame: Frame);
}

impl Swatch for Fill {
    fn draw(&self, canvas: &mut Canvas, frame: Frame) {
        canvas.rect(frame, *self, Look::outlined(MUTED, 0.6));
    }
}

/// A legend laid out in rows no wider than its place.
pub(super) struct Legend<S> {
    rows: Vec<Vec<Entry<S>>>,
}

impl<S: Swatch> Legend<S> {
    pub(super) fn new(entries: impl IntoIterator<Item = Entry<S>>, limit: f64) -> Self {
        let mut rows: Vec<Vec<Entry<S>>> = vec![];
        let mut used = 0.0;
        for mut entry in entries {
            entry.label = shortened(&entry.label, limit);
            let width = entry_width(&entry);
            match rows.last_mut() {
                Some(row) if used + ENTRY_GAP + width <= limit => {
                    row.push(entry);
                    used += ENTRY_GAP + width;
                }
                _ => {
                    rows.push(vec![entry]);
                    used = width;
                }
            }
        }
        Self { rows }
    }

    pub(super) fn height(&self) -> f64 {
        self.rows.len() as f64 * ROW
    }

    /// Draws the rows one below the other, each centred on `centre`.
    pub(super) fn draw(&self, canvas: &mut Canvas, centre: f64, top: f64) {
        for (index, row) in self.rows.iter().enumerate() {
            let width =
                row.iter().map(entry_width).sum::<f64>() + ENTRY_GAP * (row.len() as f64 - 1.0);
            let middle = top + (index as f64 + 0.5) * ROW;
            let mut x = centre - width / 2.0;
            for entry in row {
                let y = middle - SWATCH_HEIGHT / 2.0;
                entry.swatch.draw(
                    canvas,
                    Frame {
                        x,
                        y,
                        width: SWATCH_WIDTH,
                        height: SWATCH_HEIGHT,
                    },
                );
                let text = x + SWATCH_WIDTH + SWATCH_GAP;
                canvas.text(
                    text,
                    middle + LABEL * CAP_MIDDLE,
                    &entry.label,
                    Type::new(LABEL),
                );
                x += entry_width(entry) + ENTRY_GAP;
            }
        }
    }
}

/// A picture's title, broken into lines that fit; empty for an empty title.
pub(super) struct Heading {
    lines: Vec<String>,
    style: Type,
}

impl Heading {
    pub(super) fn new(title: &str, limit: f64) -> Self {
        Self::sized(title, limit, TITLE)
    }

    pub(super) fn sized(title: &str, limit: f64, size: f64) -> Self {
        let style = Type::new(size).bold().middle();
        let lines = match title.trim() {
            "" => vec![],
            title => font::wrap(title, size, style.weight, limit.max(160.0) / font::SLACK, 4),
        };
        Self { lines, style }
    }

    /// Height, with the space below it.
    pub(super) fn height(&self) -> f64 {
        match self.lines.len() {
            0 => 0.0,
            lines => lines as f64 * self.style.line() + self.style.size * 0.6,
        }
    }

    /// Widest line, with some room.
    pub(super) fn width(&self) -> f64 {
        self.lines
            .iter()
            .map(|line| self.style.width(line))
            .fold(0.0, f64::max)
            * font::SLACK
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, centre: f64, top: f64) {
        debug_assert_eq!(self.style.align, Align::Middle);
        for (index, line) in self.lines.iter().enumerate() {
            let baseline = top + self.style.size * 0.95 + index as f64 * self.style.line();
            canvas.text(centre, baseline, line, self.style);
        }
    }
}

fn entry_width<S>(entry: &Entry<S>) -> f64 {
    SWATCH_WIDTH + SWATCH_GAP + Type::new(LABEL).width(&entry.label) * font::SLACK
}

fn shortened(label: &str, limit: f64) -> String {
    let room = ((limit - SWATCH_WIDTH - SWATCH_GAP) / font::SLACK).clamp(60.0, MAX_LABEL);
    font::wrap(label, LABEL, font::Weight::Regular, room, 1).concat()
}
