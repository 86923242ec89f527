//! What a gain costs: choices by gain and side effects, with those that no other beats in both.

use super::axes::{OVER, PLOT, TICKS, UNDER, draw_axes};
use super::canvas::{Canvas, HEADING, MARGIN, SMALL, Type, short};
use super::font;
use super::legend::Heading;
use super::palette::{BLUE, Fill, GREEN, MUTED, WHITE};
use super::picture::finite;
use super::scale::Scale;
use super::{DrawError, Picture};

/// Choices by what they gain (to the right) and what else they do (upwards).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrontFigure {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What lies to the right.
    pub x_label: String,
    /// What lies upwards.
    pub y_label: String,
    /// The choices.
    pub points: Vec<FrontPoint>,
}

/// One choice.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontPoint {
    /// Its gain.
    pub gain: f64,
    /// Its cost.
    pub cost: f64,
    /// Its name, written beside it unless it is beaten or there is no room.
    pub name: String,
    /// How it stands to the others.
    pub standing: Standing,
}

/// How a choice stands to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another gains more at a smaller cost: a small circle.
    Beaten,
    /// None does: a blue square.
    Front,
    /// The one taken: a green diamond.
    Taken,
}

/// Draws the choices, and the front as a dashed line through those that are not beaten.
///
/// # Errors
/// [`DrawError::OutOfRange`] if a gain or a cost is not finite.
pub fn front(figure: &FrontFigure) -> Result<Picture, DrawError> {
    for point in &figure.points {
        for (what, found) in [("gain", point.gain), ("cost", point.cost)] {
            finite(found, || format!("{what} of \"{}\"", point.name))?;
        }
    }
    let width = PLOT.0 + TICKS + OVER + 2.0 * MARGIN;
    let heading = Heading::sized(&figure.title, width - 2.0 * MARGIN, HEADING);
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, width / 2.0, MARGIN);
    let (left, top) = (MARGIN + TICKS, MARGIN + heading.height() + 6.0);
    let (right, bottom) = (left + PLOT.0, top + PLOT.1);
    let gains = figure.points.iter().map(|point| point.gain);
    let costs = figure.points.iter().map(|point| point.cost);
    let x = Scale::new(gains.chain([0.0]), left, right);
    let y = Scale::new(costs.chain([0.0]), bottom, top);
    let labels = (figure.x_label.as_str(), figure.y_label.as_str());
    draw_axes(&mut canvas, labels, (x, left, right), (y, bottom, top));
    let place = |point: &FrontPoint| (x.at(point.gain), y.at(point.cost));
    let mut unbeaten: Vec<_> = figure
        .points
        .iter()
        .filter(|point| point.standing != Standing::Beaten)
        .map(place)
        .collect();
    unbeaten.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut d = String::new();
    for (at, (x, y)) in unbeaten.iter().enumerate() {
        let command = if at == 0 { 'M' } else { 'L' };
        d += &format!("{command}{} {}", short(*x), short(*y));
    }
    if unbeaten.len() > 1 {
        canvas.stroke(&d, BLUE, 1.2, "4 3");
    }
    for point in &figure.points {
        draw_mark(&mut canvas, place(point), point.standing);
    }
    draw_names(&mut canvas, figure, (left, right), place);
    Ok(canvas.finish(width, bottom + UNDER, &figure.title, &figure.description))
}

fn draw_mark(canvas: &mut Canvas, (x, y): (f64, f64), standing: Standing) {
    let diamond = |size: f64| {
        format!(
            "M{} {}l{size} {size}l-{size} {size}l-{size} -{size}Z",
            short(x),
            short(y - size)
        )
    };
    match standing {
        Standing::Beaten => canvas.circle((x, y), 2.6, Fill::plain(WHITE), MUTED, 1.0),
        Standing::Front => {
            let d = format!("M{} {}h7v7h-7Z", short(x - 3.5), short(y - 3.5));
            canvas.shape(&d, Fill::plain(BLUE), WHITE, 0.8);
        }
        Standing::Taken => canvas.shape(&diamond(6.5), Fill::plain(GREEN), WHITE, 0.8),
    }
}

/// Names what is taken first, then the front, where there is room above the mark.
///
/// What is taken is named in any case.
fn draw_names(
    canvas: &mut Canvas,
    figure: &FrontFigure,
    (left, right): (f64, f64),
    place: impl Fn(&FrontPoint) -> (f64, f64),
) {
    let style = Type::new(SMALL).middle().halo();
    let mut taken: Vec<(f64, f64, f64)> = vec![];
    for standing in [Standing::Taken, Standing::Front] {
        for point in figure.points.iter().filter(|p| p.standing == standing) {
            let (x, y) = place(point);
            let half = style.width(&font::printable(&point.name)) * font::SLACK / 2.0 + 2.0;
            if 2.0 * half > right - left {
                continue;
            }
            let (x, y) = (x.clamp(left + half, right - half), y - 9.0);
            let meets = |&(other, other_y, other_half): &(f64, f64, f64)| {
                (x - other).abs() < half + other_half && (y - other_y).abs() < 1.3 * SMALL
            };
            let covers = |other: &FrontPoint| {
                let at = place(other);
                other != point && (x - at.0).abs() < half + 4.0 && (y - 3.5 - at.1).abs() < 9.0
            };
            let free = !taken.iter().any(meets) && !figure.points.iter().any(covers);
            if free || standing == Standing::Taken {
                canvas.text(x, y, &point.name, style);
                taken.push((x, y, half));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn point(gain: f64, cost: f64, name: &str, standing: Standing) -> FrontPoint {
        FrontPoint {
            gain,
            cost,
            name: name.to_owned(),
            standing,
        }
    }

    fn figure(points: Vec<FrontPoint>) -> FrontFigure {
        FrontFigure {
            title: "Raise Empathy".to_owned(),
            x_label: "gain".to_owned(),
            y_label: "side effects".to_owned(),
            points,
            ..FrontFigure::default()
        }
    }

    #[test]
    fn what_is_not_beaten_is_named_and_what_is_beaten_is_not() {
        let points = vec![
            point(0.1, 0.2, "beaten", Standing::Beaten),
            point(0.15, 0.05, "front", Standing::Front),
            point(0.4, 0.3, "taken", Standing::Taken),
            point(0.401, 0.3, "no room", Standing::Front),
        ];
        let words = assert_sound(&front(&figure(points)).unwrap());
        for (text, times) in [("front", 1), ("taken", 1), ("beaten", 0), ("no room", 0)] {
            assert_eq!(count(&words, text), times, "{text}");
        }
    }

    #[test]
    fn extremes_are_drawn() {
        assert_sound(&front(&figure(vec![])).unwrap());
        for name in HARD_NAMES {
            let points = vec![point(1e-4, 0.0, name, Standing::Taken)];
            assert_sound(&front(&figure(points)).unwrap());
        }
        let refused = front(&figure(vec![point(f64::NAN, 0.0, "a", Standing::Front)]));
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("gain of \"a\" is NaN")
        );
    }
}
