//! Where the parts of a panel are.

use std::collections::{BTreeMap, BTreeSet};

use super::GraphPanel;
use super::lines::{LOOP, Pen, Stroke, draw_loop, draw_route, strokes};
use crate::canvas::{Canvas, Frame, HEADING, LABEL, Look, Type};
use crate::font::{self, Weight};
use crate::layered::{Layout, Link, Size, layered};
use crate::legend::Heading;
use crate::palette::{Fill, INK, MUTED, WHITE};

/// Space between two parts of a graph that are not connected.
const PART_GAP: f64 = 26.0;
/// Width by height that the unconnected parts of a graph should fill together.
const SHAPE: f64 = 1.3;
/// Widest line in a node's box, and the most lines.
const BOX_TEXT: (f64, usize) = (96.0, 6);
/// Space between a box's outline and its text.
const BOX_PADDING: (f64, f64) = (9.0, 6.0);
/// Narrowest box.
const BOX_WIDTH: f64 = 56.0;
/// Height of the room for a note below the name.
pub(super) const NOTE: f64 = 12.0;
const BOX_FILL: Fill = Fill::plain("#f3f5f7");

/// A panel with everything in its place, apart from the panel's own.
pub(super) struct Arranged {
    pub(super) heading: Heading,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The nodes of this panel, and those of other panels over the same places.
    boxes: Vec<NodeBox>,
    pub(super) strokes: Vec<Stroke>,
    routes: Vec<Vec<(f64, f64)>>,
}

/// A node's box as one panel has it.
#[derive(Clone)]
struct NodeBox {
    lines: Vec<String>,
    size: (f64, f64),
    centre: (f64, f64),
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not in this panel.
    Absent,
    /// Without edges in this panel.
    Isolated,
    Connected,
}

/// Arranges panels over the same places: a node, and an edge between two nodes, is where it is
/// in the others.
pub(super) fn arrange(panels: &[GraphPanel]) -> Vec<Arranged> {
    let mut seen = BTreeSet::new();
    let all = panels.iter().flat_map(GraphPanel::names);
    let names: Vec<_> = all.filter(|name| seen.insert(*name)).collect();
    let strokes: Vec<_> = panels.iter().map(|panel| strokes(panel, &names)).collect();
    let lanes = Lanes::new(&strokes);
    let note = match panels.iter().any(|panel| panel.note_room) {
        true => NOTE,
        false => 0.0,
    };
    let mut boxes: Vec<_> = names.iter().map(|name| NodeBox::new(name, note)).collect();
    let mut ways = vec![vec![]; lanes.links.len()];
    let parts = parts(names.len(), &lanes.links)
        .into_iter()
        .map(|part| Part::new(part, &boxes, &lanes.links))
        .collect();
    let extent = shelve(parts, &mut boxes, &mut ways);
    let panels = panels.iter().zip(strokes).zip(&lanes.of_strokes);
    panels
        .map(|((panel, strokes), lanes_of)| {
            let own: BTreeSet<_> = panel.names().into_iter().collect();
            let touched = |node| strokes.iter().any(|s| s.from == node || s.to == node);
            let mut boxes = boxes.clone();
            for (node, (name, node_box)) in names.iter().zip(&mut boxes).enumerate() {
                node_box.state = match (own.contains(name), touched(node)) {
                    (false, _) => State::Absent,
                    (true, false) => State::Isolated,
                    (true, true) => State::Connected,
                };
            }
            let routes = strokes.iter().zip(lanes_of).map(|(stroke, &lane)| {
                let way = ways[lane].iter().copied();
                let along = lanes.links[lane].from == stroke.from;
                if along {
                    way.collect()
                } else {
                    way.rev().collect()
                }
            });
            let routes = routes.collect();
            Arranged::new(&panel.title, extent, boxes, strokes, routes)
        })
        .collect()
}

/// The ways between nodes, for all panels together: as many between two nodes as the panel with
/// the most edges between them needs.
struct Lanes {
    links: Vec<Link>,
    /// For each panel and each of its strokes the index of its way.
    of_strokes: Vec<Vec<usize>>,
}

impl Lanes {
    fn new(panels: &[Vec<Stroke>]) -> Self {
        let mut lanes = Self {
            links: vec![],
            of_strokes: vec![],
        };
        let mut known = BTreeMap::new();
        for strokes in panels {
            let mut count = BTreeMap::new();
            let mut of_strokes = vec![];
            for stroke in strokes {
                let pair = (stroke.from.min(stroke.to), stroke.from.max(stroke.to));
                let place: &mut usize = count.entry(pair).or_default();
                let lane = *known.entry((pair, *place)).or_insert(lanes.links.len());
                *place += 1;
                lanes.include(lane, stroke);
                of_strokes.push(lane);
            }
            lanes.of_strokes.push(of_strokes);
        }
        lanes
    }

    /// The first directed edge on a way decides where it leads.
    fn include(&mut self, lane: usize, stroke: &Stroke) {
        let directed = stroke.directed();
        let link = Link {
            from: stroke.from,
            to: stroke.to,
            directed,
        };
        match self.links.get_mut(lane) {
            Some(known) if directed && !known.directed => *known = link,
            Some(_) => {}
            None => self.links.push(link),
        }
    }
}

impl Arranged {
    fn new(
        title: &str,
        (width, height): (f64, f64),
        mut boxes: Vec<NodeBox>,
        strokes: Vec<Stroke>,
        mut routes: Vec<Vec<(f64, f64)>>,
    ) -> Self {
        let heading = Heading::sized(title, width.max(220.0), HEADING);
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

    /// Whether there is a node without edges.
    pub(super) fn has_isolated(&self) -> bool {
        self.boxes.iter().any(|node| node.state == State::Isolated)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, x: f64, y: f64, title_height: f64) {
        self.heading.draw(canvas, x + self.width / 2.0, y);
        let origin = (x, y + title_height);
        for (stroke, route) in self.strokes.iter().zip(&self.routes) {
            let pen = Pen::of(stroke.style);
            let moved = |point: &(f64, f64)| (point.0 + origin.0, point.1 + origin.1);
            canvas.group(&stroke.attributes(), |canvas| {
                if stroke.from == stroke.to {
                    let node = self.boxes[stroke.from].frame(origin);
                    draw_loop(canvas, node, stroke.heads, pen);
                } else {
                    let route: Vec<_> = route.iter().map(moved).collect();
                    draw_route(canvas, &route, stroke.heads, pen);
                }
            });
        }
        let there = |node: &&NodeBox| node.state != State::Absent;
        for (place, node) in self
            .boxes
            .iter()
            .enumerate()
            .filter(|(_, node)| there(node))
        {
            let attributes = [
                ("class", "node".to_owned()),
                ("data-node", place.to_string()),
            ];
            canvas.group(&attributes, |canvas| node.draw(canvas, origin));
        }
    }
}

impl NodeBox {
    fn new(name: &str, note: f64) -> Self {
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
            lines.len() as f64 * style.line() + 2.0 * BOX_PADDING.1 + note,
        );
        Self {
            lines,
            size,
            centre: (0.0, 0.0),
            state: State::Absent,
        }
    }

    /// The box, for a panel whose upper left corner is at `origin`.
    fn frame(&self, origin: (f64, f64)) -> Frame {
        let (width, height) = self.size;
        let (x, y) = (self.centre.0 + origin.0, self.centre.1 + origin.1);
        Frame::new(x - width / 2.0, y - height / 2.0, width, height)
    }

    fn draw(&self, canvas: &mut Canvas, origin: (f64, f64)) {
        let frame = self.frame(origin);
        match self.state {
            State::Absent => return,
            State::Isolated => draw_isolated(canvas, frame),
            State::Connected => canvas.rect(frame, BOX_FILL, outline(INK, 1.0)),
        }
        let (x, y) = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
        canvas.block(x, y, &self.lines, Type::new(LABEL).middle());
    }
}

fn outline(colour: &'static str, width: f64) -> Look {
    Look {
        radius: 6.0,
        ..Look::outlined(colour, width)
    }
}

/// The box of a node without edges.
pub(super) fn draw_isolated(canvas: &mut Canvas, frame: Frame) {
    let look = Look {
        dashes: "3 2.5",
        ..outline(MUTED, 0.9)
    };
    canvas.rect(frame, Fill::plain(WHITE), look);
}

/// A connected part of a graph with its own layout.
struct Part {
    nodes: Vec<usize>,
    links: Vec<usize>,
    layout: Layout,
    /// One node without any edge.
    isolated: bool,
}

impl Part {
    fn new(nodes: Vec<usize>, boxes: &[NodeBox], links: &[Link]) -> Self {
        let loops = |node| {
            links
                .iter()
                .any(|link| link.from == node && link.to == node)
        };
        let size = |&node: &usize| Size {
            width: boxes[node].size.0,
            height: boxes[node].size.1,
            beside: if loops(node) { LOOP } else { 0.0 },
        };
        let sizes: Vec<_> = nodes.iter().map(size).collect();
        let local: BTreeMap<_, _> = nodes
            .iter()
            .zip(0..)
            .map(|(&node, local)| (node, local))
            .collect();
        let ends = |link: &Link| Some((*local.get(&link.from)?, *local.get(&link.to)?));
        let (own, own_links): (Vec<_>, Vec<_>) = links
            .iter()
            .enumerate()
            .filter(|(_, link)| link.from != link.to)
            .filter_map(|(index, link)| {
                let (from, to) = ends(link)?;
                Some((
                    index,
                    Link {
                        from,
                        to,
                        directed: link.directed,
                    },
                ))
            })
            .unzip();
        let isolated = links.iter().all(|link| ends(link).is_none());
        let layout = layered(&sizes, &own_links);
        Self {
            nodes,
            links: own,
            layout,
            isolated,
        }
    }
}

/// The connected parts, each a list of nodes, in the order of their first nodes.
fn parts(n_nodes: usize, links: &[Link]) -> Vec<Vec<usize>> {
    let mut union = petgraph::unionfind::UnionFind::new(n_nodes);
    for link in links {
        union.union(link.from, link.to);
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
    boxes: &mut [NodeBox],
    routes: &mut [Vec<(f64, f64)>],
) -> (f64, f64) {
    parts.sort_by(|a, b| {
        let height = |part: &Part| part.layout.height;
        a.isolated
            .cmp(&b.isolated)
            .then(height(b).total_cmp(&height(a)))
    });
    let shelves = best_shelves(&parts);
    let (width, height) = extent(&shelves);
    let mut y = 0.0;
    for shelf in shelves {
        let mut x = (width - shelf.width) / 2.0;
        for part in shelf.parts {
            for (&node, centre) in part.nodes.iter().zip(&part.layout.centres) {
                boxes[node].centre = (centre.0 + x, centre.1 + y);
            }
            for (&link, route) in part.links.iter().zip(&part.layout.routes) {
                routes[link] = route
                    .iter()
                    .map(|point| (point.0 + x, point.1 + y))
                    .collect();
            }
            x += part.layout.width + shelf.gap;
        }
        y += shelf.height + shelf.gap;
    }
    (width, height)
}

/// Parts side by side.
struct Shelf<'a> {
    parts: Vec<&'a Part>,
    width: f64,
    height: f64,
    gap: f64,
}

/// The shelves whose common shape is closest to [`SHAPE`].
fn best_shelves(parts: &[Part]) -> Vec<Shelf<'_>> {
    let widest = parts
        .iter()
        .map(|part| part.layout.width)
        .fold(0.0, f64::max);
    let all = parts
        .iter()
        .map(|part| part.layout.width + PART_GAP)
        .sum::<f64>();
    let candidates = (0..=20).map(|step| {
        let shelves = shelves(
            parts,
            widest + (all - widest).max(0.0) * f64::from(step) / 20.0,
        );
        let (width, height) = extent(&shelves);
        (((width / height.max(1.0)) / SHAPE).ln().abs(), shelves)
    });
    candidates
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(Vec::new, |(_, shelves)| shelves)
}

fn shelves(parts: &[Part], limit: f64) -> Vec<Shelf<'_>> {
    let mut shelves: Vec<Shelf<'_>> = vec![];
    for part in parts {
        let (width, height) = (part.layout.width, part.layout.height);
        let gap = if part.isolated {
            PART_GAP / 2.0
        } else {
            PART_GAP
        };
        match shelves.last_mut() {
            Some(shelf) if shelf.gap == gap && shelf.width + gap + width <= limit => {
                shelf.parts.push(part);
                shelf.width += gap + width;
                shelf.height = shelf.height.max(height);
            }
            _ => shelves.push(Shelf {
                parts: vec![part],
                width,
                height,
                gap,
            }),
        }
    }
    shelves
}

/// Width and height of all shelves, one below the other.
fn extent(shelves: &[Shelf<'_>]) -> (f64, f64) {
    let width = shelves.iter().map(|shelf| shelf.width).fold(0.0, f64::max);
    let height: f64 = shelves.iter().map(|shelf| shelf.height + shelf.gap).sum();
    (
        width,
        height - shelves.last().map_or(0.0, |shelf| shelf.gap),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::HARD_NAMES;

    #[test]
    fn boxes_hold_their_labels_even_in_a_wider_font() {
        for name in HARD_NAMES
            .into_iter()
            .chain(["Uncertainty Avoidance", "Breadth of Interest"])
        {
            let node = NodeBox::new(name, 0.0);
            let style = Type::new(LABEL);
            let widest = node
                .lines
                .iter()
                .map(|line| style.width(line))
                .fold(0.0, f64::max);
            assert!(node.size.0 > widest * font::SLACK, "{name}");
            assert!(
                node.size.1 > node.lines.len() as f64 * style.line() + 4.0,
                "{name}"
            );
        }
    }
}
