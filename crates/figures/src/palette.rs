//! Colours, hatchings and dash patterns.
//!
//! The eight colours are those of Okabe and Ito, "Color Universal Design" (2008).

use svg::node::element::{Circle, Path, Pattern, Rectangle};

pub(super) const INK: &str = "#222222";
pub(super) const MUTED: &str = "#5f5f5f";
pub(super) const FAINT: &str = "#d5d5d5";
pub(super) const WHITE: &str = "#ffffff";

pub(super) const ORANGE: &str = "#e69f00";
pub(super) const SKY: &str = "#56b4e9";
pub(super) const GREEN: &str = "#009e73";
pub(super) const YELLOW: &str = "#f0e442";
pub(super) const BLUE: &str = "#0072b2";
pub(super) const VERMILION: &str = "#d55e00";
pub(super) const PURPLE: &str = "#cc79a7";
/// Lines on yellow.
pub(super) const OCHRE: &str = "#a88f00";

/// How a filled area looks: a colour, and lines or dots of a second colour on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fill {
    pub(super) colour: &'static str,
    pub(super) marks: Marks,
}

/// What lies on a filled area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Marks {
    None,
    Rising(&'static str),
    Falling(&'static str),
    Dots(&'static str),
    Crossed(&'static str),
}

/// Raised by steering.
pub(super) const RAISED: Fill = Fill::plain(SKY);
/// Lowered by steering.
pub(super) const LOWERED: Fill = Fill {
    colour: YELLOW,
    marks: Marks::Rising(OCHRE),
};
/// Left as it was.
pub(super) const UNCHANGED: Fill = Fill::plain(WHITE);

/// The fill of the series `index` of a bar chart; repeats after eight.
pub(super) fn series_fill(index: usize) -> Fill {
    const FILLS: [Fill; 8] = [
        Fill::plain(BLUE),
        Fill {
            colour: ORANGE,
            marks: Marks::Rising(WHITE),
        },
        Fill {
            colour: GREEN,
            marks: Marks::Dots(WHITE),
        },
        Fill {
            colour: PURPLE,
            marks: Marks::Falling(WHITE),
        },
        Fill {
            colour: SKY,
            marks: Marks::Crossed(WHITE),
        },
        Fill::plain(VERMILION),
        Fill {
            colour: YELLOW,
            marks: Marks::Rising(OCHRE),
        },
        Fill {
            colour: MUTED,
            marks: Marks::Dots(WHITE),
        },
    ];
    FILLS[index % FILLS.len()]
}

/// Colour and dash pattern of the source `index` of a graph's edges; repeats after six.
pub(super) fn source_stroke(index: usize) -> (&'static str, &'static str) {
    const STROKES: [(&str, &str); 6] = [
        (BLUE, ""),
        (VERMILION, "7 3"),
        (GREEN, "2 2.5"),
        (PURPLE, "9 3 2 3"),
        (ORANGE, "12 3"),
        (INK, "5 2 1.5 2 1.5 2"),
    ];
    STROKES[index % STROKES.len()]
}

impl Fill {
    pub(super) const fn plain(colour: &'static str) -> Self {
        Self {
            colour,
            marks: Marks::None,
        }
    }

    /// The value of the `fill` attribute.
    pub(super) fn paint(self) -> String {
        match self.marks {
            Marks::None => self.colour.to_owned(),
            _ => format!("url(#{})", self.id()),
        }
    }

    /// The pattern that [`Fill::paint`] refers to; `None` for a plain colour.
    pub(super) fn pattern(self) -> Option<Pattern> {
        let (side, marks) = match self.marks {
            Marks::None => return None,
            Marks::Rising(colour) => (6.0, lines("M-1.5 1.5l3 -3M0 6l6 -6M4.5 7.5l3 -3", colour)),
            Marks::Falling(colour) => (6.0, lines("M-1.5 4.5l3 3M0 0l6 6M4.5 -1.5l3 3", colour)),
            Marks::Crossed(colour) => (6.0, lines("M0 3h6M3 0v6", colour)),
            Marks::Dots(colour) => return Some(self.tile(5.0).add(dot(colour))),
        };
        Some(self.tile(side).add(marks))
    }

    fn tile(self, side: f64) -> Pattern {
        let ground = Rectangle::new()
            .set("width", side)
            .set("height", side)
            .set("fill", self.colour);
        Pattern::new()
            .set("id", self.id())
            .set("width", side)
            .set("height", side)
            .set("patternUnits", "userSpaceOnUse")
            .add(ground)
    }

    fn id(self) -> String {
        let (name, colour) = match self.marks {
            Marks::None => ("plain", ""),
            Marks::Rising(colour) => ("rising", colour),
            Marks::Falling(colour) => ("falling", colour),
            Marks::Dots(colour) => ("dots", colour),
            Marks::Crossed(colour) => ("crossed", colour),
        };
        format!(
            "{name}-{}-{}",
            self.colour.trim_start_matches('#'),
            colour.trim_start_matches('#')
        )
    }
}

fn lines(path: &'static str, colour: &'static str) -> Path {
    Path::new()
        .set("d", path)
        .set("stroke", colour)
        .set("stroke-width", 1.1)
        .set("fill", "none")
}

fn dot(colour: &'static str) -> Circle {
    Circle::new()
        .set("cx", 2.5)
        .set("cy", 2.5)
        .set("r", 0.9)
        .set("fill", colour)
}
