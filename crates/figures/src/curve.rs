//! Specification curves: many combinations of choices in the order of what came of them.

use super::canvas::{CAP_MIDDLE, Canvas, LABEL, MARGIN, SMALL, Type, short};
use super::font::{self, Weight};
use super::legend::Heading;
use super::palette::{BLUE, FAINT, Fill, GREEN, INK, MUTED, VERMILION};
use super::picture::finite;
use super::{DrawError, Picture};

/// Width of the plots.
const PLOT: f64 = 600.0;
/// Height of each of the two plots.
const TALL: f64 = 130.0;
/// Height of the strip of a level.
const STRIP: f64 = 14.0;
/// Widest name of a level.
const NAME: f64 = 190.0;
/// Room for the note of a level.
const NOTE: f64 = 80.0;
const GAP: f64 = 14.0;

/// Combinations of choices, from the smallest gap to the largest, and which choices they make.
///
/// (U. Simonsohn, J. P. Simmons and L. D. Nelson, "Specification curve analysis", Nature Human
/// Behaviour 4, 2020.)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurveFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// By ascending gap: single combinations, or means over some that lie side by side.
    pub points: Vec<CurvePoint>,
    /// What the two rates are called whose difference is the gap.
    pub names: [String; 2],
    /// A place on the curve, from 0 to 1, and its name.
    pub mark: Option<(f64, String)>,
    /// The choices.
    pub axes: Vec<CurveAxis>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurvePoint {
    /// The first rate, from 0 to 1.
    pub upper: f64,
    /// The second.
    pub lower: f64,
    /// Their difference.
    pub gap: f64,
}

/// One choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurveAxis {
    /// What is chosen.
    pub name: String,
    /// What it can be.
    pub levels: Vec<CurveLevel>,
}

/// One level of a choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurveLevel {
    /// Its name.
    pub name: String,
    /// For each point, the share of the combinations there that take this level, from 0 to 1.
    pub shares: Vec<f64>,
    /// What is written beside it.
    pub note: String,
}

/// Draws the gaps, the two rates below them, and below these a strip for each level of each choice,
/// high where many combinations take the level (each strip to its own highest share).
///
/// # Errors
/// [`DrawError::Length`] if a level has not one share for each point, [`DrawError::OutOfRange`] if
/// a number is not finite, or a rate, share or mark not in [0, 1].
pub fn specification_curve(figure: &CurveFigure) -> Result<Picture, DrawError> {
    check(figure)?;
    let left = MARGIN + NAME + 10.0;
    let width = left + PLOT + 8.0 + NOTE + MARGIN;
    let heading = Heading::new(&figure.title, width - 2.0 * MARGIN);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let top = MARGIN + heading.height() + LABEL * 1.6;
    let gaps: Vec<f64> = figure.points.iter().map(|point| point.gap).collect();
    let rates = figure
        .points
        .iter()
        .flat_map(|point| [point.upper, point.lower]);
    let mut y = draw_plot(
        &mut canvas,
        Plot::new(left, top, gaps.iter().copied().chain([0.0])),
        ["gap", "(difference of", "the two rates)"],
        &[(gaps.clone(), INK, "")],
    );
    let [upper, lower] = &figure.names;
    let (solid, dashed) = (format!("— {upper}"), format!("- - {lower}"));
    y = draw_plot(
        &mut canvas,
        Plot::new(left, y + GAP, rates),
        ["rates", &solid, &dashed],
        &[
            (figure.points.iter().map(|p| p.upper).collect(), BLUE, ""),
            (
                figure.points.iter().map(|p| p.lower).collect(),
                VERMILION,
                "5 3",
            ),
        ],
    );
    for axis in &figure.axes {
        y = draw_axis(&mut canvas, axis, left, y + GAP);
    }
    if let Some((place, name)) = &figure.mark {
        let x = left + place * PLOT;
        canvas.stroke(
            &format!("M{} {}V{}", short(x), short(top), short(y)),
            GREEN,
            1.4,
            "2 2",
        );
        let style = Type::new(LABEL).bold();
        let room = style.width(name) * font::SLACK;
        let x = x.clamp(left + room / 2.0, left + PLOT - room / 2.0);
        canvas.text(x, top - 5.0, name, style.middle());
    }
    Ok(canvas.finish(width, y + MARGIN, &figure.title, &described(figure)))
}

fn check(figure: &CurveFigure) -> Result<(), DrawError> {
    let unit = |what: String, found: f64| match (0.0..=1.0).contains(&found) {
        true => Ok(()),
        false => Err(DrawError::OutOfRange {
            what,
            expected: "a number from 0 to 1",
            found,
        }),
    };
    for (place, point) in figure.points.iter().enumerate() {
        unit(format!("first rate of point {place}"), point.upper)?;
        unit(format!("second rate of point {place}"), point.lower)?;
        finite(point.gap, || format!("gap of point {place}"))?;
    }
    if let Some((place, name)) = &figure.mark {
        unit(format!("place of \"{name}\""), *place)?;
    }
    for axis in &figure.axes {
        for level in &axis.levels {
            let what = format!("choice \"{}\", level \"{}\"", axis.name, level.name);
            if level.shares.len() != figure.points.len() {
                return Err(DrawError::Length {
                    what,
                    expected: figure.points.len(),
                    found: level.shares.len(),
                });
            }
            for &share in &level.shares {
                unit(format!("share in {what}"), share)?;
            }
        }
    }
    Ok(())
}

fn described(figure: &CurveFigure) -> String {
    let mut text = figure.description.clone();
    if let (Some(first), Some(last)) = (figure.points.first(), figure.points.last()) {
        text += &format!(" Gaps from {:.3} to {:.3}.", first.gap, last.gap);
    }
    if let Some((place, name)) = &figure.mark {
        text += &format!(
            " The combination \"{name}\" lies at {:.0} %.",
            100.0 * place
        );
    }
    for axis in &figure.axes {
        for level in &axis.levels {
            text += &format!(" {}, {}: {}.", axis.name, level.name, level.note);
        }
    }
    text.trim().to_owned()
}

/// A coordinate system.
#[derive(Clone, Copy)]
struct Plot {
    left: f64,
    top: f64,
    low: f64,
    high: f64,
}

impl Plot {
    fn new(left: f64, top: f64, numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let step = 0.1;
        let low = numbers.clone().fold(f64::INFINITY, f64::min).min(1.0);
        let high = numbers.fold(f64::NEG_INFINITY, f64::max);
        let low = (low / step + 1e-9).floor() * step;
        Self {
            left,
            top,
            low,
            high: ((high / step - 1e-9).ceil() * step).max(low + step),
        }
    }

    fn y(self, number: f64) -> f64 {
        self.top + TALL * (self.high - number) / (self.high - self.low)
    }

    /// Round numbers, at most seven.
    fn ticks(self) -> impl Iterator<Item = f64> {
        let span = self.high - self.low;
        let step = [0.1, 0.2, 0.5, 1.0]
            .into_iter()
            .find(|step| span / step <= 6.0)
            .unwrap_or(span);
        let first = (self.low / step - 1e-9).ceil();
        (0..8)
            .map(move |i| (first + f64::from(i)) * step)
            .filter(move |&tick| tick <= self.high + 1e-9)
    }
}

/// Draws one plot and returns where it ends.
fn draw_plot(
    canvas: &mut Canvas,
    plot: Plot,
    names: [&str; 3],
    lines: &[(Vec<f64>, &str, &str)],
) -> f64 {
    for tick in plot.ticks() {
        let y = plot.y(tick);
        let zero = tick.abs() < 1e-9;
        let (colour, width) = if zero { (MUTED, 1.0) } else { (FAINT, 0.7) };
        canvas.line((plot.left, y), (plot.left + PLOT, y), colour, width);
        let tick = if zero { 0.0 } else { tick };
        let style = Type::new(SMALL).muted();
        let y = y + SMALL * CAP_MIDDLE;
        canvas.text(plot.left + PLOT + 6.0, y, &format!("{tick:.1}"), style);
    }
    for (index, name) in names.into_iter().enumerate() {
        let style = Type::new(LABEL).right();
        let style = if index == 0 { style.bold() } else { style };
        let name = fitting(name, style);
        let y = plot.top + LABEL + index as f64 * style.line();
        canvas.text(plot.left - 10.0, y, &name, style);
    }
    for (numbers, colour, dashes) in lines {
        let n = numbers.len().max(1) as f64;
        let mut d = String::new();
        for (place, &number) in numbers.iter().enumerate() {
            let x = plot.left + PLOT * (place as f64 + 0.5) / n;
            let command = if place == 0 { 'M' } else { 'L' };
            d += &format!("{command}{} {}", short(x), short(plot.y(number)));
        }
        if numbers.len() > 1 {
            canvas.stroke(&d, colour, 1.8, dashes);
        } else if let Some(&number) = numbers.first() {
            let centre = (plot.left + PLOT / 2.0, plot.y(number));
            canvas.circle(centre, 2.5, Fill::plain(INK), colour, 1.0);
        }
    }
    plot.top + TALL
}

/// Draws the strips of one choice and returns where they end.
fn draw_axis(canvas: &mut Canvas, axis: &CurveAxis, left: f64, top: f64) -> f64 {
    let bold = Type::new(SMALL).bold().right();
    canvas.text(
        left - 10.0,
        top + SMALL * 0.9,
        &fitting(&axis.name, bold),
        bold,
    );
    let mut y = top + STRIP;
    for level in &axis.levels {
        let style = Type::new(SMALL).right();
        let baseline = y + STRIP / 2.0 + SMALL * CAP_MIDDLE;
        canvas.text(left - 10.0, baseline, &fitting(&level.name, style), style);
        let foot = y + STRIP - 1.5;
        canvas.line((left, foot), (left + PLOT, foot), FAINT, 0.7);
        let most = level.shares.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            canvas.shape(
                &strip(level, left, foot, most),
                Fill::plain(MUTED),
                MUTED,
                0.2,
            );
        }
        let note = Type::new(SMALL).muted();
        let limit = NOTE / font::SLACK;
        let words = font::wrap(
            &font::printable(&level.note),
            SMALL,
            Weight::Regular,
            limit,
            1,
        );
        canvas.text(left + PLOT + 8.0, baseline, &words.concat(), note);
        y += STRIP;
    }
    y
}

fn strip(level: &CurveLevel, left: f64, foot: f64, most: f64) -> String {
    let n = level.shares.len() as f64;
    let mut d = format!("M{} {}", short(left), short(foot));
    for (place, share) in level.shares.iter().enumerate() {
        let y = foot - (STRIP - 3.0) * share / most;
        let x = left + PLOT * (place as f64 + 1.0) / n;
        d += &format!("V{}H{}", short(y), short(x));
    }
    d + &format!("V{}Z", short(foot))
}

fn fitting(name: &str, style: Type) -> String {
    let limit = NAME / font::SLACK;
    font::wrap(&font::printable(name), style.size, style.weight, limit, 1).concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn figure(n: usize) -> CurveFigure {
        let at = |place: usize| place as f64 / n as f64;
        let point = |place| CurvePoint {
            upper: 0.3 + 0.4 * at(place),
            lower: 0.5,
            gap: 0.4 * at(place) - 0.2,
        };
        let level = |name: &str| CurveLevel {
            name: name.to_owned(),
            shares: (0..n).map(|place| at(place) * 0.7).collect(),
            note: "50 % > 0".to_owned(),
        };
        CurveFigure {
            title: "Many choices".to_owned(),
            description: "A test.".to_owned(),
            points: (0..n).map(point).collect(),
            names: ["expected".to_owned(), "unexpected".to_owned()],
            mark: Some((0.75, "published".to_owned())),
            axes: vec![
                CurveAxis {
                    name: "alpha".to_owned(),
                    levels: vec![level("0.01"), level("0.05")],
                },
                CurveAxis {
                    name: "baseline".to_owned(),
                    levels: HARD_NAMES.map(level).to_vec(),
                },
            ],
        }
    }

    #[test]
    fn curves_of_any_length_are_sound() {
        for n in [0, 1, 2, 100] {
            let words = assert_sound(&specification_curve(&figure(n)).unwrap());
            assert_eq!(count(&words, "published"), 1);
            assert_eq!(count(&words, "50 % > 0"), 10);
        }
    }

    #[test]
    fn a_mark_at_the_edge_stays_inside() {
        for place in [0.0, 1.0] {
            let mut figure = figure(5);
            figure.mark = Some((place, "published".to_owned()));
            assert_sound(&specification_curve(&figure).unwrap());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut short = figure(5);
        short.axes[0].levels[1].shares.pop();
        let error = specification_curve(&short).unwrap_err().to_string();
        assert_eq!(
            error,
            "choice \"alpha\", level \"0.05\" has 4 entries, expected 5"
        );
        let mut high = figure(5);
        high.points[2].upper = 1.5;
        let error = specification_curve(&high).unwrap_err().to_string();
        assert_eq!(
            error,
            "first rate of point 2 is 1.5, expected a number from 0 to 1"
        );
    }
}
