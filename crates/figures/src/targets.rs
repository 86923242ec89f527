//! Where things are and where they should be, a line each.

use super::canvas::{CAP_MIDDLE, Canvas, Frame, HEADING, LABEL, Look, MARGIN, SMALL, Type, short};
use super::font;
use super::legend::{Entry, Heading, Legend, Swatch};
use super::palette::{FAINT, Fill, GREEN, INK, MUTED, ORANGE, SKY, WHITE};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

const PLOT: f64 = 280.0;
const ROW: f64 = 16.0;
const OVER: f64 = 14.0;
/// Half the height of a band.
const HALF: f64 = 5.5;

/// Things from top to bottom, each at up to three places, with a band in which it should be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What lies to the right.
    pub x_label: String,
    /// What the band is.
    pub band: String,
    /// What the marks are: a hollow circle, an orange square, a green diamond.
    pub marks: [String; 3],
    /// The things.
    pub rows: Vec<TargetRow>,
    /// Where the axis starts at the latest and ends at the earliest.
    pub range: [f64; 2],
}

/// One thing.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRow {
    /// Its name.
    pub name: String,
    /// From where to where it should be; none where that does not matter.
    pub band: Option<[f64; 2]>,
    /// Where it is, by mark.
    pub at: [Option<f64>; 3],
}

/// What the legend shows a sample of.
enum Sample {
    Band,
    Mark(usize),
}

impl Swatch for Sample {
    fn draw(&self, canvas: &mut Canvas, frame: Frame) {
        let middle = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
        match self {
            Self::Band => draw_band(canvas, [frame.x, frame.x + frame.width], middle.1),
            Self::Mark(mark) => draw_mark(canvas, middle, *mark),
        }
    }
}

/// Draws the bands, and on them the marks: the first lies lowest.
///
/// # Errors
/// [`DrawError::OutOfRange`] if a number is not finite.
pub fn targets(figure: &TargetFigure) -> Result<Picture, DrawError> {
    check(figure)?;
    let label = Type::new(LABEL).right();
    let names = figure
        .rows
        .iter()
        .map(|row| label.width(&font::printable(&row.name)));
    let left = MARGIN + names.fold(0.0, f64::max) * font::SLACK + 10.0;
    let right = left + PLOT;
    let width = right + OVER + MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let legend = Legend::new(entries(figure), width - 2.0 * MARGIN);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let top = MARGIN + heading.height() + 4.0;
    let bottom = top + ROW * figure.rows.len() as f64 + 4.0;
    let numbers = figure.rows.iter().flat_map(|row| {
        row.at
            .into_iter()
            .flatten()
            .chain(row.band.into_iter().flatten())
    });
    let x = Scale::new(numbers.chain(figure.range), left, right);
    for (at, text) in x.ticks() {
        canvas.line((at, top), (at, bottom), FAINT, 0.7);
        canvas.text(
            at,
            bottom + 6.0 + SMALL,
            &text,
            Type::new(SMALL).middle().muted(),
        );
    }
    canvas.line((left, bottom), (right, bottom), INK, 1.0);
    for (at, row) in figure.rows.iter().enumerate() {
        let y = top + ROW * (at as f64 + 0.5) + 2.0;
        canvas.text(left - 8.0, y + LABEL * CAP_MIDDLE, &row.name, label);
        draw_row(&mut canvas, row, x, y);
    }
    let y = bottom + 10.0 + SMALL + LABEL;
    canvas.text(
        f64::midpoint(left, right),
        y,
        &figure.x_label,
        Type::new(LABEL).middle(),
    );
    legend.draw(&mut canvas, width / 2.0, y + 6.0);
    let height = y + 6.0 + legend.height() + MARGIN;
    Ok(canvas.finish(width, height, &figure.title, &figure.description))
}

fn check(figure: &TargetFigure) -> Result<(), DrawError> {
    let range = figure.range.iter();
    range
        .copied()
        .try_for_each(|end| finite(end, || "range".to_owned()))?;
    for row in &figure.rows {
        let band = row.band.into_iter().flatten().map(|end| ("band", end));
        let marks = row.at.into_iter().flatten().map(|mark| ("place", mark));
        for (what, found) in band.chain(marks) {
            finite(found, || format!("{what} of \"{}\"", row.name))?;
        }
    }
    Ok(())
}

/// Of the band and of the marks that some row has.
fn entries(figure: &TargetFigure) -> Vec<Entry<Sample>> {
    let has_band = figure.rows.iter().any(|row| row.band.is_some());
    let band = has_band.then(|| Entry {
        swatch: Sample::Band,
        label: figure.band.clone(),
    });
    let marks = figure.marks.iter().enumerate();
    let marks = marks.filter(|(mark, _)| figure.rows.iter().any(|row| row.at[*mark].is_some()));
    let marks = marks.map(|(mark, name)| Entry {
        swatch: Sample::Mark(mark),
        label: name.clone(),
    });
    band.into_iter().chain(marks).collect()
}

fn draw_row(canvas: &mut Canvas, row: &TargetRow, x: Scale, y: f64) {
    if let Some(band) = row.band {
        draw_band(canvas, band.map(|end| x.at(end)), y);
    }
    if let [Some(from), _, Some(to)] = row.at {
        canvas.line((x.at(from), y), (x.at(to), y), MUTED, 1.2);
    }
    for (mark, place) in row.at.iter().enumerate() {
        if let Some(place) = place {
            draw_mark(canvas, (x.at(*place), y), mark);
        }
    }
}

fn draw_band(canvas: &mut Canvas, [from, to]: [f64; 2], y: f64) {
    let frame = Frame {
        x: from - 1.0,
        y: y - HALF,
        width: to - from + 2.0,
        height: 2.0 * HALF,
    };
    canvas.rect(frame, Fill::plain(SKY), Look::outlined(MUTED, 0.6));
}

fn draw_mark(canvas: &mut Canvas, (x, y): (f64, f64), mark: usize) {
    match mark {
        0 => canvas.circle((x, y), 3.4, Fill::plain(WHITE), INK, 1.2),
        1 => {
            let d = format!("M{} {}h6v6h-6Z", short(x - 3.0), short(y - 3.0));
            canvas.shape(&d, Fill::plain(ORANGE), WHITE, 0.8);
        }
        _ => {
            let d = format!("M{} {}l5 5l-5 5l-5 -5Z", short(x), short(y - 5.0));
            canvas.shape(&d, Fill::plain(GREEN), WHITE, 0.8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure(names: &[&str]) -> TargetFigure {
        let row = |name: &&str| TargetRow {
            name: (*name).to_owned(),
            band: Some([0.7, 0.9]),
            at: [Some(-0.2), Some(0.4), Some(0.8)],
        };
        TargetFigure {
            title: "More of it".to_owned(),
            x_label: "orientation".to_owned(),
            band: "near enough".to_owned(),
            marks: ["now", "instruction", "plan"].map(str::to_owned),
            rows: names.iter().map(row).collect(),
            range: [-1.0, 1.0],
            ..TargetFigure::default()
        }
    }

    #[test]
    fn each_thing_has_its_name_and_each_mark_its_word() {
        let words = assert_sound(&targets(&figure(&["Empathy", "Social"])).unwrap());
        for text in [
            "Empathy",
            "Social",
            "now",
            "instruction",
            "plan",
            "near enough",
            "orientation",
        ] {
            assert_eq!(count(&words, text), 1, "{text}");
        }
        let mut some = figure(&["Empathy"]);
        some.rows[0] = TargetRow {
            name: "Empathy".to_owned(),
            band: None,
            at: [Some(0.1), None, None],
        };
        let words = assert_sound(&targets(&some).unwrap());
        for (text, times) in [
            ("now", 1),
            ("instruction", 0),
            ("plan", 0),
            ("near enough", 0),
        ] {
            assert_eq!(count(&words, text), times, "{text}");
        }
        assert_sound(&targets(&TargetFigure::default()).unwrap());
        assert_sound(&targets(&figure(&HARD_NAMES)).unwrap());
    }

    #[test]
    fn a_place_that_is_none_is_named() {
        let mut figure = figure(&["Empathy"]);
        figure.rows[0].at[1] = Some(f64::NAN);
        let said = targets(&figure).unwrap_err().to_string();
        assert!(said.contains("place of \"Empathy\" is NaN"), "{said}");
    }
}
