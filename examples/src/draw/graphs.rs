//! Directed graphs side by side, as in figures 3 and 5 of the paper.

use std::collections::{BTreeMap, BTreeSet};

use super::canvas::{Canvas, Frame, HEADING, LABEL, Look, MARGIN, Type, short};
use super::font::{self, Weight};
use super::layered::{Layout, Link, layered};
use super::legend::{Entry, Heading, Legend, Swatch};
use super::palette::{BLUE, Fill, GREEN, INK, MUTED, Marks, VERMILION, WHITE, source_stroke};
use super::{DrawError, Picture};

/// Space between two panels.
const PANEL_GAP: f64 = 44.0;
/// Space between two parts of a graph that are not connected.
const PART_GAP: f64 = 26.0;
/// A panel is made no wider than this by parts side by side.
const PANEL_WIDTH: f64 = 620.0;
/// Widest line in a node's box, and the most lines.
const BOX_TEXT: (f64, usize) = (96.0, 6);
/// Space between a box's outline and its text.
const BOX_PADDING: (f64, f64) = (9.0, 6.0);
/// Narrowest box.
const BOX_WIDTH: f64 = 56.0;
/// Length and half width of an arrowhead.
const HEAD: (f64, f64) = (8.5, 3.7);
/// How far the loop of an edge from a node to itself stands out.
const LOOP: f64 = 20.0;
const BOX_FILL: Fill = Fill {
    colour: "#f3f5f7",
    marks: Marks::None,
};

/// One or more graphs side by side, with one legend for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphFigure {
    title: String,
    description: String,
    panels: Vec<GraphPanel>,
    sources: Vec<String>,
    comparison: [String; 3],
}

impl GraphFigure {
    /// A figure without panels; an empty title is not drawn.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            comparison: ["found".into(), "missed".into(), "extra".into()],
            ..Self::default()
        }
    }

    /// What a reader who cannot see the picture should know. Default: nothing but what the
    /// panels hold.
    pub fn description(self, description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..self
        }
    }

    /// Adds a panel to the right of those there are.
    pub fn panel(mut self, panel: GraphPanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// What [`EdgeStyle::Source`] 0, 1, ... stand for. Default: none.
    pub fn sources(self, sources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            sources: sources.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// What the legend calls [`EdgeStyle::Found`], [`EdgeStyle::Missed`] and
    /// [`EdgeStyle::Extra`]. Default: "found", "missed", "extra".
    pub fn comparison(
        self,
        found: impl Into<String>,
        missed: impl Into<String>,
        extra: impl Into<String>,
    ) -> Self {
        Self {
            comparison: [found.into(), missed.into(), extra.into()],
            ..self
        }
    }
}

/// One graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphPanel {
    title: String,
    nodes: Vec<String>,
    edges: Vec<Edge>,
}

impl GraphPanel {
    /// A graph of these edges and their ends; an empty title is not drawn.
    pub fn new(title: impl Into<String>, edges: impl IntoIterator<Item = Edge>) -> Self {
        Self {
            title: title.into(),
            nodes: vec![],
            edges: edges.into_iter().collect(),
        }
    }

    /// Nodes that belong to the graph whether or not they have edges. Default: none.
    pub fn nodes(self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            nodes: nodes.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// All names, those listed first, each once.
    fn names(&self) -> Vec<&str> {
        let ends = self.edges.iter().flat_map(|edge| [&edge.from, &edge.to]);
        let mut seen = BTreeSet::new();
        self.nodes
            .iter()
            .chain(ends)
            .map(String::as_str)
            .filter(|name| seen.insert(*name))
            .collect()
    }
}

/// An edge between two named nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Which marks are at its ends.
    pub kind: EdgeKind,
    /// How it is drawn.
    pub style: EdgeStyle,
}

impl Edge {
    /// `from` causes `to`. Two directed edges of one style that run both ways between two nodes
    /// are drawn as one line with an arrowhead at each end.
    pub fn directed(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            kind: EdgeKind::Directed,
            style: EdgeStyle::Plain,
        }
    }

    /// An edge whose direction is not determined.
    pub fn undirected(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            kind: EdgeKind::Undirected,
            ..Self::directed(from, to)
        }
    }

    /// An edge with an arrowhead at both ends, as for a common cause.
    pub fn bidirected(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            kind: EdgeKind::Bidirected,
            ..Self::directed(from, to)
        }
    }

    /// The same edge in another style. Default: [`EdgeStyle::Plain`].
    pub fn style(self, style: EdgeStyle) -> Self {
        Self { style, ..self }
    }
}

/// The marks at the ends of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// An arrow from the first node to the second.
    Directed,
    /// A line.
    Undirected,
    /// A line with open arrowheads at both ends.
    Bidirected,
}

/// How an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeStyle {
    /// Dark and solid.
    Plain,
    /// In both of two compared graphs: green, solid and thick.
    Found,
    /// In the truth or the reference only: vermilion, dashed.
    Missed,
    /// In the discovered graph only: blue, dotted.
    Extra,
    /// From one of several sources, counted from 0: each has its own colour and dash pattern.
    Source(usize),
}

/// Draws the panels side by side on layers, so that causes lie above their effects.
///
/// Parts of a graph that are not connected lie side by side, nodes without edges in rows below
/// them. Edges pass between the boxes, never through one.
///
/// # Errors
/// [`DrawError::UnknownSource`] if an edge is of a source that the figure does not name.
pub fn graphs(figure: &GraphFigure) -> Result<Picture, DrawError> {
    for panel in &figure.panels {
        check_sources(panel, figure.sources.len())?;
    }
    let drawn: Vec<_> = figure.panels.iter().map(Arranged::new).collect();
    let body = drawn.iter().map(|panel| panel.width).sum::<f64>()
        + PANEL_GAP * (drawn.len() as f64 - 1.0).max(0.0);
    let width = body.max(360.0);
    let heading = Heading::new(&figure.title, width);
    let legend = Legend::new(entries(figure, &drawn), width);
    let (mut x, top) = (MARGIN + (width - body) / 2.0, MARGIN + heading.height());
    let mut canvas = Canvas::new();
    heading.draw(&mut canvas, MARGIN + width / 2.0, MARGIN);
    let title_height = drawn
        .iter()
        .map(|panel| panel.heading.height())
        .fold(0.0, f64::max);
    for panel in &drawn {
        panel.draw(&mut canvas, x, top, title_height);
        x += panel.width + PANEL_GAP;
    }
    let bottom = top + title_height + drawn.iter().map(|panel| panel.height).fold(0.0, f64::max);
    let legend_top = bottom + if legend.height() > 0.0 { 14.0 } else { 0.0 };
    legend.draw(&mut canvas, MARGIN + width / 2.0, legend_top);
    let height = legend_top + legend.height() + MARGIN;
    Ok(canvas.finish(
        width + 2.0 * MARGIN,
        height,
        &figure.title,
        &described(figure),
    ))
}

fn check_sources(panel: &GraphPanel, sources: usize) -> Result<(), DrawError> {
    let unknown = panel.edges.iter().find_map(|edge| match edge.style {
        EdgeStyle::Source(index) if index >= sources => Some(index),
        _ => None,
    });
    match unknown {
        Some(index) => Err(DrawError::UnknownSource {
            panel: panel.title.clone(),
            index,
            sources,
        }),
        None => Ok(()),
    }
}

fn described(figure: &GraphFigure) -> String {
    let mut text = figure.description.clone();
    for panel in &figure.panels {
        let edges: Vec<_> = panel.edges.iter().map(spelled).collect();
        let separator = if text.is_empty() { "" } else { " " };
        text += &format!(
            "{separator}{} ({} nodes): {}.",
            panel.title,
            panel.names().len(),
            edges.join("; ")
        );
    }
    text
}

fn spelled(edge: &Edge) -> String {
    let mark = match edge.kind {
        EdgeKind::Directed => "→",
        EdgeKind::Undirected => "–",
        EdgeKind::Bidirected => "↔",
    };
    format!("{} {mark} {}", edge.from, edge.to)
}

/// What is at an end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Head {
    None,
    Filled,
    Open,
}

/// A line between two nodes, after merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stroke {
    from: usize,
    to: usize,
    heads: (Head, Head),
    style: EdgeStyle,
}

impl Stroke {
    fn directed(&self) -> bool {
        self.heads == (Head::None, Head::Filled)
    }
}

/// The lines of a panel: repeated edges once, edges both ways as one line.
fn strokes(panel: &GraphPanel, names: &[&str]) -> Vec<Stroke> {
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
            EdgeKind::Directed => (Head::None, Head::Filled),
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
        let both = Stroke {
            heads: (Head::Filled, Head::Filled),
            ..turned
        };
        if strokes.iter().any(known) || strokes.contains(&both) {
            continue;
        }
        match strokes
            .iter_mut()
            .find(|known| stroke.directed() && **known == turned && from != to)
        {
            Some(opposite) => opposite.heads = both.heads,
            None => strokes.push(stroke),
        }
    }
    strokes
}

/// A panel with everything in its place, apart from the panel's own.
struct Arranged {
    heading: Heading,
    width: f64,
    height: f64,
    boxes: Vec<NodeBox>,
    strokes: Vec<Stroke>,
    routes: Vec<Vec<(f64, f64)>>,
}

struct NodeBox {
    lines: Vec<String>,
    size: (f64, f64),
    centre: (f64, f64),
    isolated: bool,
}

impl Arranged {
    fn new(panel: &GraphPanel) -> Self {
        let names = panel.names();
        let strokes = strokes(panel, &names);
        let mut boxes: Vec<_> = names.iter().map(|name| NodeBox::new(name)).collect();
        let mut routes = vec![vec![]; strokes.len()];
        let parts: Vec<_> = parts(names.len(), &strokes)
            .into_iter()
            .map(|part| Part::new(part, &boxes, &strokes))
            .collect();
        let (width, height) = shelve(parts, &strokes, &mut boxes, &mut routes);
        let heading = Heading::sized(&panel.title, width.max(220.0), HEADING);
        let full = width.max(heading.width());
        let shift = (full - width) / 2.0;
        boxes.iter_mut().for_each(|node| node.centre.0 += shift);
        routes
            .iter_mut()
            .flatten()
            .for_each(|point| point.0 += shift);
        Self {
            heading,
            width: full,
            height,
            boxes,
            strokes,
            routes,
        }
    }

    fn draw(&self, canvas: &mut Canvas, x: f64, y: f64, title_height: f64) {
        self.heading.draw(canvas, x + self.width / 2.0, y);
        let origin = (x, y + title_height);
        for (stroke, route) in self.strokes.iter().zip(&self.routes) {
            let pen = Pen::of(stroke.style);
            let route: Vec<_> = route
                .iter()
                .map(|point| (point.0 + origin.0, point.1 + origin.1))
                .collect();
            if stroke.from == stroke.to {
                draw_loop(canvas, &self.boxes[stroke.from], origin, stroke.heads, pen);
            } else {
                draw_route(canvas, &route, stroke.heads, pen);
            }
        }
        for node in &self.boxes {
            node.draw(canvas, origin);
        }
    }
}

impl NodeBox {
    fn new(name: &str) -> Self {
        let lines = font::wrap(
            &font::printable(name),
            LABEL,
            Weight::Regular,
            BOX_TEXT.0,
            BOX_TEXT.1,
        );
        let style = Type::new(LABEL);
        let text = lines
            .iter()
            .map(|line| style.width(line))
            .fold(0.0, f64::max);
        let size = (
            (text + 2.0 * BOX_PADDING.0).max(BOX_WIDTH),
            lines.len() as f64 * style.line() + 2.0 * BOX_PADDING.1,
        );
        Self {
            lines,
            size,
            centre: (0.0, 0.0),
            isolated: false,
        }
    }

    fn draw(&self, canvas: &mut Canvas, origin: (f64, f64)) {
        let (x, y) = (self.centre.0 + origin.0, self.centre.1 + origin.1);
        let (width, height) = self.size;
        let frame = Frame {
            x: x - width / 2.0,
            y: y - height / 2.0,
            width,
            height,
        };
        let outline = if self.isolated {
            Look::outlined(MUTED, 0.9)
        } else {
            Look::outlined(INK, 1.0)
        };
        let dashes = if self.isolated { "3 2.5" } else { "" };
        let fill = if self.isolated {
            Fill {
                colour: WHITE,
                marks: Marks::None,
            }
        } else {
            BOX_FILL
        };
        canvas.rect(
            frame,
            fill,
            Look {
                radius: 6.0,
                dashes,
                ..outline
            },
        );
        canvas.block(x, y, &self.lines, Type::new(LABEL).middle());
    }
}

/// A connected part of a graph with its own layout.
struct Part {
    nodes: Vec<usize>,
    links: Vec<usize>,
    layout: Layout,
}

impl Part {
    fn new(nodes: Vec<usize>, boxes: &[NodeBox], strokes: &[Stroke]) -> Self {
        let loops = |node: usize| {
            strokes
                .iter()
                .any(|stroke| stroke.from == node && stroke.to == node)
        };
        let room = |node: usize| if loops(node) { 2.0 * LOOP } else { 0.0 };
        let sizes: Vec<_> = nodes
            .iter()
            .map(|&node| (boxes[node].size.0 + room(node), boxes[node].size.1))
            .collect();
        let local: BTreeMap<_, _> = nodes
            .iter()
            .enumerate()
            .map(|(local, &node)| (node, local))
            .collect();
        let (mut links, mut indices) = (vec![], vec![]);
        for (index, stroke) in strokes
            .iter()
            .enumerate()
            .filter(|(_, stroke)| stroke.from != stroke.to)
        {
            if let (Some(&from), Some(&to)) = (local.get(&stroke.from), local.get(&stroke.to)) {
                links.push(Link {
                    from,
                    to,
                    directed: stroke.directed(),
                });
                indices.push(index);
            }
        }
        let layout = layered(&sizes, &links);
        Self {
            nodes,
            links: indices,
            layout,
        }
    }

    fn is_isolated(&self, strokes: &[Stroke]) -> bool {
        self.nodes.iter().all(|node| {
            strokes
                .iter()
                .all(|stroke| stroke.from != *node && stroke.to != *node)
        })
    }
}

/// The connected parts, each a list of nodes, in the order of their first nodes.
fn parts(n_nodes: usize, strokes: &[Stroke]) -> Vec<Vec<usize>> {
    let mut union = petgraph::unionfind::UnionFind::new(n_nodes);
    for stroke in strokes {
        union.union(stroke.from, stroke.to);
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut rank = BTreeMap::new();
    for node in 0..n_nodes {
        let first = *rank.entry(union.find(node)).or_insert(node);
        parts.entry(first).or_default().push(node);
    }
    parts.into_values().collect()
}

/// Puts the parts side by side in rows, the tallest first and isolated nodes last; writes their
/// places into the boxes and routes and returns the width and height of it all.
fn shelve(
    mut parts: Vec<Part>,
    strokes: &[Stroke],
    boxes: &mut [NodeBox],
    routes: &mut [Vec<(f64, f64)>],
) -> (f64, f64) {
    parts.sort_by(|a, b| {
        let alone = |part: &Part| part.is_isolated(strokes);
        alone(a)
            .cmp(&alone(b))
            .then(b.layout.height.total_cmp(&a.layout.height))
    });
    let widest = parts
        .iter()
        .map(|part| part.layout.width)
        .fold(0.0, f64::max);
    let limit = widest.max(PANEL_WIDTH);
    let mut shelves: Vec<(f64, bool, Vec<Part>)> = vec![];
    for part in parts {
        let alone = part.is_isolated(strokes);
        let gap = if alone { PART_GAP / 2.0 } else { PART_GAP };
        match shelves.last_mut() {
            Some((used, kind, shelf))
                if *kind == alone && *used + gap + part.layout.width <= limit =>
            {
                *used += gap + part.layout.width;
                shelf.push(part);
            }
            _ => shelves.push((part.layout.width, alone, vec![part])),
        }
    }
    let width = shelves.iter().map(|shelf| shelf.0).fold(0.0, f64::max);
    let mut y = 0.0;
    let mut height = 0.0;
    for (used, alone, shelf) in shelves {
        let gap = if alone { PART_GAP / 2.0 } else { PART_GAP };
        let mut x = (width - used) / 2.0;
        let tall = shelf
            .iter()
            .map(|part| part.layout.height)
            .fold(0.0, f64::max);
        for part in shelf {
            for (&node, centre) in part.nodes.iter().zip(&part.layout.centres) {
                boxes[node].centre = (centre.0 + x, centre.1 + y);
                boxes[node].isolated = alone;
            }
            for (&link, route) in part.links.iter().zip(&part.layout.routes) {
                routes[link] = route
                    .iter()
                    .map(|point| (point.0 + x, point.1 + y))
                    .collect();
            }
            x += part.layout.width + gap;
        }
        height = y + tall;
        y += tall + gap;
    }
    (width, height)
}

/// Colour, width and dash pattern of a line.
#[derive(Clone, Copy, Debug)]
struct Pen {
    colour: &'static str,
    width: f64,
    dashes: &'static str,
}

impl Pen {
    fn of(style: EdgeStyle) -> Self {
        let (colour, width, dashes) = match style {
            EdgeStyle::Plain => ("#3a3a3a", 1.3, ""),
            EdgeStyle::Found => (GREEN, 2.4, ""),
            EdgeStyle::Missed => (VERMILION, 1.6, "7 4"),
            EdgeStyle::Extra => (BLUE, 1.6, "2 2.6"),
            EdgeStyle::Source(index) => {
                let (colour, dashes) = source_stroke(index);
                (colour, 1.6, dashes)
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
fn draw_route(canvas: &mut Canvas, route: &[(f64, f64)], heads: (Head, Head), pen: Pen) {
    let (Some(&first), Some(&last)) = (route.first(), route.last()) else {
        return;
    };
    let mut points = route.to_vec();
    let start = direction(route.get(1).copied().unwrap_or(last), first);
    let end = direction(route.iter().rev().nth(1).copied().unwrap_or(first), last);
    let from = (first.0, first.1 - start * cut(heads.0));
    let to = (last.0, last.1 - end * cut(heads.1));
    points[0] = from;
    if let Some(point) = points.last_mut() {
        *point = to;
    }
    let d = curve(&points);
    canvas.stroke(&d, WHITE, pen.width + 3.2, "");
    canvas.stroke(&d, pen.colour, pen.width, pen.dashes);
    draw_head(canvas, first, (0.0, start), heads.0, pen);
    draw_head(canvas, last, (0.0, end), heads.1, pen);
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
    let fill = |colour| Fill {
        colour,
        marks: Marks::None,
    };
    match head {
        Head::None => {}
        Head::Filled => canvas.shape(&d, fill(pen.colour), pen.colour, 0.6),
        Head::Open => canvas.shape(&d, fill(WHITE), pen.colour, 1.1),
    }
}

/// An edge from a node to itself, at the right side of its box.
fn draw_loop(
    canvas: &mut Canvas,
    node: &NodeBox,
    origin: (f64, f64),
    heads: (Head, Head),
    pen: Pen,
) {
    let x = origin.0 + node.centre.0 + node.size.0 / 2.0;
    let y = origin.1 + node.centre.1;
    let rise = node.size.1 * 0.26;
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
struct Sample {
    heads: (Head, Head),
    pen: Pen,
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

/// One entry for each kind of line and each style there is; none if all lines are plain arrows.
fn entries(figure: &GraphFigure, panels: &[Arranged]) -> Vec<Entry<Sample>> {
    let all = || panels.iter().flat_map(|panel| &panel.strokes);
    let kinds: BTreeSet<_> = all().map(|stroke| stroke.heads).collect();
    let styles: BTreeSet<_> = all().map(|stroke| stroke.style).collect();
    let arrow = (Head::None, Head::Filled);
    let mut entries = vec![];
    if kinds.iter().any(|kind| *kind != arrow) {
        let entry = |heads| Entry {
            swatch: Sample {
                heads,
                pen: Pen::of(EdgeStyle::Plain),
            },
            label: kind_label(heads).into(),
        };
        entries.extend(kinds.iter().rev().copied().map(entry));
    }
    if styles.iter().any(|style| *style != EdgeStyle::Plain) {
        let entry = |style| Entry {
            swatch: Sample {
                heads: (Head::None, Head::None),
                pen: Pen::of(style),
            },
            label: style_label(figure, style),
        };
        entries.extend(styles.iter().copied().map(entry));
    }
    entries
}

fn kind_label(heads: (Head, Head)) -> &'static str {
    match heads {
        (Head::None, Head::None) => "direction not determined",
        (Head::None, _) => "causes",
        (Head::Open, _) => "common cause",
        (Head::Filled, _) => "both directions",
    }
}

fn style_label(figure: &GraphFigure, style: EdgeStyle) -> String {
    match style {
        EdgeStyle::Plain => "other".into(),
        EdgeStyle::Found => figure.comparison[0].clone(),
        EdgeStyle::Missed => figure.comparison[1].clone(),
        EdgeStyle::Extra => figure.comparison[2].clone(),
        EdgeStyle::Source(index) => figure.sources.get(index).cloned().unwrap_or_default(),
    }
}
