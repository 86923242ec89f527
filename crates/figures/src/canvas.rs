//! A sheet to draw on: the few shapes that the figures share, all in one typography.

use std::collections::BTreeSet;

use svg::node::element::{
    Circle, Definitions, Description, Group, Line, Path, Rectangle, SVG, Text, Title,
};

use super::Picture;
use super::font::{self, Weight};
use super::palette::{Fill, INK, MUTED, WHITE};

/// Free space around every picture.
pub(super) const MARGIN: f64 = 14.0;
/// Font size of a picture's title.
pub(super) const TITLE: f64 = 15.0;
/// Font size of a panel's title.
pub(super) const HEADING: f64 = 13.0;
/// Font size of labels.
pub(super) const LABEL: f64 = 11.0;
/// Font size of ticks and notes.
pub(super) const SMALL: f64 = 10.0;
/// Height of a line of text in units of the font size.
pub(super) const LEADING: f64 = 1.22;

/// Where a text starts from its x coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) align: Align,
    pub(super) colour: &'static str,
    /// A white outline, for text on hatching.
    pub(super) halo: bool,
    /// Degrees, clockwise, about the text's own point.
    pub(super) turn: f64,
}

impl Type {
    pub(super) fn new(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            align: Align::Left,
            colour: INK,
            halo: false,
            turn: 0.0,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self {
            weight: Weight::Bold,
            ..self
        }
    }

    pub(super) fn middle(self) -> Self {
        Self {
            align: Align::Middle,
            ..self
        }
    }

    pub(super) fn right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    pub(super) fn muted(self) -> Self {
        Self {
            colour: MUTED,
            ..self
        }
    }

    pub(super) fn halo(self) -> Self {
        Self { halo: true, ..self }
    }

    pub(super) fn turned(self, degrees: f64) -> Self {
        Self {
            turn: degrees,
            ..self
        }
    }

    pub(super) fn width(&self, text: &str) -> f64 {
        font::width(text, self.size, self.weight)
    }

    /// Distance from one baseline to the next.
    pub(super) fn line(&self) -> f64 {
        self.size * LEADING
    }
}

/// The drawing in progress. Later shapes lie on earlier ones.
#[derive(Debug)]
pub(super) struct Canvas {
    body: Group,
    fills: BTreeSet<Fill>,
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self {
            body: Group::new(),
            fills: BTreeSet::new(),
        }
    }

    /// One line of text with its baseline at `y`.
    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, style: Type) {
        let anchor = match style.align {
            Align::Left => "start",
            Align::Middle => "middle",
            Align::Right => "end",
        };
        let mut node = Text::new(font::printable(text))
            .set("x", short(x))
            .set("y", short(y))
            .set("font-size", short(style.size))
            .set("fill", style.colour);
        if style.align != Align::Left {
            node = node.set("text-anchor", anchor);
        }
        if style.weight == Weight::Bold {
            node = node.set("font-weight", "bold");
        }
        if style.halo {
            node = node
                .set("stroke", WHITE)
                .set("stroke-width", 2.4)
                .set("stroke-linejoin", "round")
                .set("paint-order", "stroke");
        }
        if style.turn != 0.0 {
            node = node.set(
                "transform",
                format!("rotate({} {} {})", style.turn, short(x), short(y)),
            );
        }
        self.push(node);
    }

    /// Lines of text, the block centred on `y`.
    pub(super) fn block(&mut self, x: f64, y: f64, lines: &[String], style: Type) {
        let first = y - (lines.len() as f64 - 1.0) * style.line() / 2.0 + style.size * CAP_MIDDLE;
        for (index, line) in lines.iter().enumerate() {
            self.text(x, first + index as f64 * style.line(), line, style);
        }
    }

    pub(super) fn rect(&mut self, frame: Frame, fill: Fill, look: Look) {
        let mut node = Rectangle::new()
            .set("x", short(frame.x))
            .set("y", short(frame.y))
            .set("width", short(frame.width))
            .set("height", short(frame.height))
            .set("fill", self.paint(fill));
        if let Some(colour) = look.stroke {
            node = node
                .set("stroke", colour)
                .set("stroke-width", short(look.stroke_width));
        }
        if look.radius > 0.0 {
            node = node.set("rx", short(look.radius));
        }
        if look.opacity < 1.0 {
            node = node.set("fill-opacity", short(look.opacity));
        }
        if !look.dashes.is_empty() {
            node = node.set("stroke-dasharray", look.dashes);
        }
        self.push(node);
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        self.push(
            Line::new()
                .set("x1", short(from.0))
                .set("y1", short(from.1))
                .set("x2", short(to.0))
                .set("y2", short(to.1))
                .set("stroke", colour)
                .set("stroke-width", short(width)),
        );
    }

    /// An open path.
    pub(super) fn stroke(&mut self, d: &str, colour: &str, width: f64, dashes: &str) {
        let mut node = Path::new()
            .set("d", d)
            .set("fill", "none")
            .set("stroke", colour)
            .set("stroke-width", short(width));
        if !dashes.is_empty() {
            node = node.set("stroke-dasharray", dashes);
        }
        self.push(node);
    }

    /// A closed path with an outline.
    pub(super) fn shape(&mut self, d: &str, fill: Fill, stroke: &str, width: f64) {
        let paint = self.paint(fill);
        self.push(
            Path::new()
                .set("d", d)
                .set("fill", paint)
                .set("stroke", stroke)
                .set("stroke-width", short(width))
                .set("stroke-linejoin", "round"),
        );
    }

    pub(super) fn circle(
        &mut self,
        centre: (f64, f64),
        radius: f64,
        fill: Fill,
        stroke: &str,
        width: f64,
    ) {
        let paint = self.paint(fill);
        self.push(
            Circle::new()
                .set("cx", short(centre.0))
                .set("cy", short(centre.1))
                .set("r", short(radius))
                .set("fill", paint)
                .set("stroke", stroke)
                .set("stroke-width", short(width)),
        );
    }

    /// What `draw` draws as one element with these attributes, for pages that style or move it.
    pub(super) fn group(&mut self, attributes: &[(&str, String)], draw: impl FnOnce(&mut Self)) {
        let around = std::mem::replace(&mut self.body, Group::new());
        draw(self);
        let group = std::mem::replace(&mut self.body, around);
        let set = |group: Group, (name, value): &(&str, String)| group.set(*name, value.as_str());
        self.push(attributes.iter().fold(group, set));
    }

    /// The finished document, with its title and description for screen readers.
    pub(super) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> Picture {
        let (width, height) = (width.ceil(), height.ceil());
        let patterns = self.fills.iter().filter_map(|fill| fill.pattern());
        let definitions = patterns.fold(Definitions::new(), Definitions::add);
        let ground = Rectangle::new()
            .set("width", width)
            .set("height", height)
            .set("fill", WHITE);
        let document = SVG::new()
            .set("width", width)
            .set("height", height)
            .set("viewBox", (0, 0, width, height))
            .set("role", "img")
            .set("font-family", font::FAMILY)
            .add(Title::new(font::printable(title)))
            .add(Description::new().add(svg::node::Text::new(font::printable(description))))
            .add(definitions)
            .add(ground)
            .add(self.body);
        Picture::new(document.to_string(), width, height)
    }

    fn push(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        svg::Node::append(&mut self.body, node);
    }

    fn paint(&mut self, fill: Fill) -> String {
        self.fills.insert(fill);
        fill.paint()
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    pub(super) fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

/// Outline, corners and opacity of a rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) stroke: Option<&'static str>,
    pub(super) stroke_width: f64,
    pub(super) radius: f64,
    pub(super) opacity: f64,
    pub(super) dashes: &'static str,
}

impl Look {
    pub(super) const PLAIN: Self = Self {
        stroke: None,
        stroke_width: 1.0,
        radius: 0.0,
        opacity: 1.0,
        dashes: "",
    };

    pub(super) const fn outlined(stroke: &'static str, stroke_width: f64) -> Self {
        Self {
            stroke: Some(stroke),
            stroke_width,
            ..Self::PLAIN
        }
    }
}

/// How far a line's baseline lies below the middle of its capitals, in units of the font size.
pub(super) const CAP_MIDDLE: f64 = 0.36;

/// Two decimals are a hundredth of a pixel; more would only make the file longer.
pub(super) fn short(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
