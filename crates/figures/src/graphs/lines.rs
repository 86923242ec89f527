//! The lines of a graph: which there are and how each is drawn.

use std::collections::BTreeMap;

use super::{EdgeKind, EdgeStyle, GraphPanel};
use crate::canvas::{Canvas, Frame, short};
use crate::legend::Swatch;
use crate::palette::{BLUE, Fill, GREEN, VERMILION, WHITE, source_stroke};

/// Length and half width of an arrowhead.
const HEAD: (f64, f64) = (8.5, 3.7);
/// How far the loop of an edge from a node to itself stands out.
pub(super) const LOOP: f64 = 20.0;

/// What is at an end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Head {
    None,
    Filled,
    Open,
}

/// A line between two nodes, after merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stroke {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) heads: (Head, Head),
    pub(super) style: EdgeStyle,
}

/// The marks of an arrow, and of two opposite arrows.
pub(super) const ARROW: (Head, Head) = (Head::None, Head::Filled);
pub(super) const BOTH: (Head, Head) = (Head::Filled, Head::Filled);

impl Stroke {
    pub(super) fn directed(&self) -> bool {
        self.heads == ARROW
    }

    /// What a page that holds the picture can find the line by: the places of its ends among the nodes,
    /// and whether it leads one way only.
    pub(super) fn attributes(&self) -> [(&'static str, String); 4] {
        [
            ("class", "edge".to_owned()),
            ("data-from", self.from.to_string()),
            ("data-to", self.to.to_string()),
            ("data-one-way", self.directed().to_string()),
        ]
    }
}

/// The lines of a panel among the given nodes: repeated edges once, edges both ways as one line.
pub(super) fn strokes(panel: &GraphPanel, names: &[&str]) -> Vec<Stroke> {
    let index: BTreeMap<_, _> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, index))
        .collect();
    let mut strokes: Vec<Stroke> = vec![];
    for edge in &panel.edges {
        let (Some(&from), Some(&to)) = (index.get(edge.from.as_str()), index.get(edge.to.as_str()))
        else {
            continue;
        };
        let heads = match edge.kind {
            EdgeKind::Directed => ARROW,
            EdgeKind::Undirected => (Head::None, Head::None),
            EdgeKind::Bidirected => (Head::Open, Head::Open),
        };
        let stroke = Stroke {
            from,
            to,
            heads,
            style: edge.style,
        };
        let turned = Stroke {
            from: to,
            to: from,
            ..stroke
        };
        let known = |known: &Stroke| *known == stroke || (*known == turned && !stroke.directed());
        let both = |stroke| Stroke {
            heads: BOTH,
            ..stroke
        };
        let merged = strokes.contains(&both(stroke)) || strokes.contains(&both(turned));
        if strokes.iter().any(known) || (merged && stroke.directed()) {
            continue;
        }
        match strokes
            .iter_mut()
            .find(|known| stroke.directed() && **known == turned && from != to)
        {
            Some(opposite) => opposite.heads = BOTH,
            None => strokes.push(stroke),
        }
    }
    strokes
}

/// Colour, width and dash pattern of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    colour: &'static str,
    width: f64,
    dashes: &'static str,
}

impl Pen {
    pub(super) fn of(style: EdgeStyle) -> Self {
        let (colour, width, dashes) = match style {
            EdgeStyle::Plain => ("#3a3a3a", 1.3, ""),
            EdgeStyle::Found => (GREEN, 2.4, ""),
            EdgeStyle::Missed => (VERMILION, 1.6, "7 4"),
            EdgeStyle::Extra => (BLUE, 1.6, "2 2.6"),
            EdgeStyle::Source(index) => {
                let (colour, dashes) = source_stroke(index);
                (colour, 1.6, dashes)
            }
            EdgeStyle::Joined(percent) => {
                let width = 0.7 + 3.3 * f64::from(percent) / 100.0;
                ("#3a3a3a", width, if percent < 50 { "5 3" } else { "" })
            }
        };
        Self {
            colour,
            width,
            dashes,
        }
    }
}

/// A line along a route, with a white rim so that crossings read as one line above another.
pub(super) fn draw_route(canvas: &mut Canvas, route: &[(f64, f64)], heads: (Head, Head), pen: Pen) {
    let (Some(&first), Some(&last)) = (route.first(), route.last()) else {
        return;
    };
    let start = direction(route.get(1).copied().unwrap_or(last), first);
    let end = direction(route.iter().rev().nth(1).copied().unwrap_or(first), last);
    let mut points = route.to_vec();
    shorten(&mut points, start * cut(heads.0));
    points.reverse();
    shorten(&mut points, end * cut(heads.1));
    points.reverse();
    let d = curve(&points);
    canvas.stroke(&d, WHITE, pen.width + 2.8, "");
    canvas.stroke(&d, pen.colour, pen.width, pen.dashes);
    draw_head(canvas, first, (0.0, start), heads.0, pen);
    draw_head(canvas, last, (0.0, end), heads.1, pen);
}

/// Moves the first point back by a length, to make room for an arrowhead, and the second one too
/// if it would then lie before the first.
fn shorten(points: &mut [(f64, f64)], length: f64) {
    if let [first, second, ..] = points {
        first.1 -= length;
        if (second.1 - first.1) * length > 0.0 {
            second.1 = first.1;
        }
    }
}

/// 1 if the way from `before` to `at` leads down, -1 if it leads up.
fn direction(before: (f64, f64), at: (f64, f64)) -> f64 {
    if before.1 <= at.1 { 1.0 } else { -1.0 }
}

fn cut(head: Head) -> f64 {
    if head == Head::None {
        0.0
    } else {
        HEAD.0 - 1.5
    }
}

/// A smooth line that is vertical at each of the points.
fn curve(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        let here = format!("{} {}", short(x), short(y));
        match index.checked_sub(1).map(|before| points[before]) {
            None => d += &format!("M{here}"),
            Some(before) if (before.0 - x).abs() < 0.05 => d += &format!("L{here}"),
            Some(before) => {
                let middle = short((before.1 + y) / 2.0);
                d += &format!("C{} {middle} {} {middle} {here}", short(before.0), short(x));
            }
        }
    }
    d
}

/// An arrowhead with its tip at `tip`, pointing along the unit vector `along`.
fn draw_head(canvas: &mut Canvas, tip: (f64, f64), along: (f64, f64), head: Head, pen: Pen) {
    let across = (-along.1, along.0);
    let at = |back: f64, side: f64| {
        let x = tip.0 - along.0 * back + across.0 * side;
        let y = tip.1 - along.1 * back + across.1 * side;
        format!("{} {}", short(x), short(y))
    };
    let (length, half) = (HEAD.0 + pen.width - 1.0, HEAD.1 + (pen.width - 1.0) / 2.0);
    let d = format!(
        "M{}L{}L{}L{}Z",
        at(0.4, 0.0),
        at(length, half),
        at(length * 0.76, 0.0),
        at(length, -half)
    );
    let fill = Fill::plain;
    match head {
        Head::None => {}
        Head::Filled => canvas.shape(&d, fill(pen.colour), pen.colour, 0.6),
        Head::Open => canvas.shape(&d, fill(WHITE), pen.colour, 1.1),
    }
}

/// An edge from a node to itself, at the right side of its box.
pub(super) fn draw_loop(canvas: &mut Canvas, node: Frame, heads: (Head, Head), pen: Pen) {
    let x = node.x + node.width;
    let y = node.y + node.height / 2.0;
    let rise = node.height * 0.26;
    let out = x + LOOP * 1.2;
    let start = x + cut(heads.1);
    let d = format!(
        "M{} {}C{} {} {} {} {} {}",
        short(x),
        short(y - rise),
        short(out),
        short(y - rise - 3.0),
        short(out),
        short(y + rise + 3.0),
        short(start),
        short(y + rise),
    );
    canvas.stroke(&d, pen.colour, pen.width, pen.dashes);
    draw_head(canvas, (x, y + rise), (-1.0, 0.0), heads.1, pen);
}

/// A sample line in the legend.
pub(super) struct Sample {
    pub(super) heads: (Head, Head),
    pub(super) pen: Pen,
}

impl Swatch for Sample {
    fn draw(&self, canvas: &mut Canvas, frame: Frame) {
        let y = frame.y + frame.height / 2.0;
        let (left, right) = (frame.x, frame.x + frame.width);
        let d = format!(
            "M{} {}L{} {}",
            short(left + cut(self.heads.0)),
            short(y),
            short(right - cut(self.heads.1)),
            short(y)
        );
        canvas.stroke(&d, self.pen.colour, self.pen.width, self.pen.dashes);
        draw_head(canvas, (left, y), (-1.0, 0.0), self.heads.0, self.pen);
        draw_head(canvas, (right, y), (1.0, 0.0), self.heads.1, self.pen);
    }
}
