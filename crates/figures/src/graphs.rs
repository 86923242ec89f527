//! Directed graphs side by side, as in figures 3 and 5 of the paper.

mod arrange;
mod lines;

use std::collections::BTreeSet;

use arrange::{Arranged, arrange, draw_isolated};
use lines::{ARROW, BOTH, Head, Pen, Sample};

use super::canvas::{Canvas, Frame, MARGIN};
use super::legend::{Entry, Heading, Legend, Swatch};
use super::{DrawError, Picture};

/// Space between two panels.
const PANEL_GAP: f64 = 44.0;

/// One or more graphs side by side, with one legend for all.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct GraphFigure {
    title: String,
    description: String,
    panels: Vec<GraphPanel>,
    sources: Vec<String>,
    comparison: [String; 3],
    same_places: bool,
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

    /// Puts each node at the same place in all panels, so that they can be compared at a glance.
    /// Default: each panel has the layout that suits it best.
    pub fn same_places(self) -> Self {
        Self {
            same_places: true,
            ..self
        }
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
#[must_use]
pub struct GraphPanel {
    title: String,
    nodes: Vec<String>,
    edges: Vec<Edge>,
    note_room: bool,
}

impl GraphPanel {
    /// A graph of these edges and their ends; an empty title is not drawn.
    pub fn new(title: impl Into<String>, edges: impl IntoIterator<Item = Edge>) -> Self {
        Self {
            title: title.into(),
            nodes: vec![],
            edges: edges.into_iter().collect(),
            note_room: false,
        }
    }

    /// Nodes that belong to the graph whether or not they have edges. Default: none.
    pub fn nodes(self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            nodes: nodes.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Leaves room in each box for a short line below the name, which a page can write there.
    /// Default: none.
    pub fn note_room(self) -> Self {
        Self {
            note_room: true,
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
#[must_use]
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
    /// In this many of a hundred resamples: the wider the more, dashed below 50.
    Joined(u8),
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
    let drawn = arranged(figure);
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

fn arranged(figure: &GraphFigure) -> Vec<Arranged> {
    if figure.same_places {
        return arrange(&figure.panels);
    }
    figure
        .panels
        .iter()
        .flat_map(|panel| arrange(std::slice::from_ref(panel)))
        .collect()
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
        let nodes = format!("{} nodes", panel.names().len());
        let heading = match panel.title.as_str() {
            "" => nodes,
            title => format!("{title} ({nodes})"),
        };
        text += &format!("{separator}{heading}: {}.", edges.join("; "));
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

/// What an entry of the legend shows.
enum Sign {
    Line(Sample),
    IsolatedNode,
}

impl Swatch for Sign {
    fn draw(&self, canvas: &mut Canvas, frame: Frame) {
        match self {
            Self::Line(sample) => sample.draw(canvas, frame),
            Self::IsolatedNode => draw_isolated(canvas, frame),
        }
    }
}

/// One entry for each kind of line and each style there is, none if all lines are plain arrows; and one for nodes
/// without edges.
fn entries(figure: &GraphFigure, panels: &[Arranged]) -> Vec<Entry<Sign>> {
    let all = || panels.iter().flat_map(|panel| &panel.strokes);
    let kinds: BTreeSet<_> = all().map(|stroke| stroke.heads).collect();
    let styles: BTreeSet<_> = all().map(|stroke| stroke.style).collect();
    let mut entries = vec![];
    if kinds.iter().any(|kind| *kind != ARROW) {
        let there = KINDS.into_iter().filter(|(heads, _)| kinds.contains(heads));
        entries.extend(there.map(|(heads, label)| {
            let pen = Pen::of(EdgeStyle::Plain);
            Entry {
                swatch: Sign::Line(Sample { heads, pen }),
                label: label.into(),
            }
        }));
    }
    let joined = |style: &EdgeStyle| matches!(style, EdgeStyle::Joined(_));
    let mut shown: BTreeSet<_> = styles.iter().copied().filter(|s| !joined(s)).collect();
    if styles.iter().any(joined) {
        shown.extend([25, 50, 75, 100].map(EdgeStyle::Joined));
    }
    if shown.iter().any(|style| *style != EdgeStyle::Plain) {
        entries.extend(shown.into_iter().map(|style| {
            let pen = Pen::of(style);
            Entry {
                swatch: Sign::Line(Sample { heads: ARROW, pen }),
                label: style_label(figure, style),
            }
        }));
    }
    if panels.iter().any(Arranged::has_isolated) {
        entries.push(Entry {
            swatch: Sign::IsolatedNode,
            label: "without edges".into(),
        });
    }
    entries
}

const KINDS: [((Head, Head), &str); 4] = [
    (ARROW, "causes"),
    ((Head::None, Head::None), "direction not determined"),
    (BOTH, "both directions"),
    ((Head::Open, Head::Open), "common cause"),
];

fn style_label(figure: &GraphFigure, style: EdgeStyle) -> String {
    match style {
        EdgeStyle::Plain => "other".into(),
        EdgeStyle::Found => figure.comparison[0].clone(),
        EdgeStyle::Missed => figure.comparison[1].clone(),
        EdgeStyle::Extra => figure.comparison[2].clone(),
        EdgeStyle::Source(index) => figure.sources.get(index).cloned().unwrap_or_default(),
        EdgeStyle::Joined(percent) => format!("in {percent} % of the resamples"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn drawn(panel: GraphPanel) -> Picture {
        graphs(&GraphFigure::new("Title").panel(panel)).unwrap()
    }

    /// Each label once, as one or more lines.
    fn assert_labels(picture: &Picture, names: &[&str]) {
        let words = assert_sound(picture);
        for name in names {
            let whole = words.iter().any(|words| words.text == *name);
            let wrapped = name
                .split(' ')
                .all(|word| words.iter().any(|w| w.text.contains(word)));
            assert!(whole || wrapped, "{name}");
        }
    }

    #[test]
    fn two_panels_with_a_cycle_and_isolated_nodes() {
        let names = [
            "Uncertainty Avoidance",
            "Breadth of Interest",
            "Social",
            "Empathy",
            "Political",
        ];
        let cyclic = (0..4).map(|i| Edge::directed(names[i], names[(i + 1) % 4]));
        let figure = GraphFigure::new("Value causal graphs")
            .panel(GraphPanel::new("Discovered", cyclic).nodes(names))
            .panel(GraphPanel::new("Reference", [Edge::directed(names[0], names[4])]).nodes(names));
        let picture = graphs(&figure).unwrap();
        assert_labels(&picture, &names);
        let words = assert_sound(&picture);
        assert_eq!(count(&words, "Political"), 2);
        assert_eq!(count(&words, "causes"), 0, "plain arrows need no legend");
        assert_eq!(count(&words, "without edges"), 1, "dashed boxes need one");
    }

    #[test]
    fn every_kind_and_style_has_its_entry_in_the_legend() {
        let edges = [
            Edge::directed("a", "b").style(EdgeStyle::Found),
            Edge::undirected("b", "c").style(EdgeStyle::Missed),
            Edge::bidirected("c", "d").style(EdgeStyle::Extra),
            Edge::directed("d", "e").style(EdgeStyle::Source(1)),
            Edge::directed("a", "e"),
            Edge::directed("e", "f"),
            Edge::directed("f", "e"),
        ];
        let figure = GraphFigure::new("")
            .sources(["one", "two"])
            .comparison("f", "m", "x");
        let picture = graphs(&figure.panel(GraphPanel::new("", edges))).unwrap();
        let words = assert_sound(&picture);
        let legend = [
            "causes",
            "direction not determined",
            "both directions",
            "common cause",
        ];
        for entry in legend.iter().chain(&["m", "x", "two", "other"]) {
            assert_eq!(count(&words, entry), 1, "{entry}");
        }
        assert_eq!(count(&words, "f"), 2, "the node f and the entry f");
        assert_eq!(count(&words, "one"), 0);
    }

    #[test]
    fn extremes_are_drawn() {
        assert_sound(&graphs(&GraphFigure::new("No panel")).unwrap());
        drawn(GraphPanel::default());
        assert_sound(&drawn(GraphPanel::new("One node", []).nodes(["alone"])));
        assert_sound(&drawn(
            GraphPanel::new("No edges", []).nodes((0..40).map(|i| format!("value {i}"))),
        ));
        assert_sound(&drawn(GraphPanel::new(
            "Loop",
            [Edge::directed("a", "a"), Edge::directed("a", "b")],
        )));
        let star = (1..40).map(|i| Edge::directed("hub", format!("leaf {i}")));
        assert_sound(&drawn(GraphPanel::new("Star", star)));
        let chain = (1..40).map(|i| Edge::directed(format!("node {}", i - 1), format!("node {i}")));
        assert_sound(&drawn(GraphPanel::new("Chain", chain)));
        let all = (0..12)
            .flat_map(|i| (0..i).map(move |j| Edge::directed(format!("n{i}"), format!("n{j}"))));
        assert_sound(&drawn(GraphPanel::new("Complete", all)));
        let circle = (0..40).map(|i| Edge::directed(format!("{i}"), format!("{}", (i + 1) % 40)));
        assert_sound(&drawn(GraphPanel::new("Cycle", circle)));
    }

    #[test]
    fn hard_names_are_drawn() {
        for title in HARD_NAMES {
            let edges =
                (1..HARD_NAMES.len()).map(|i| Edge::undirected(HARD_NAMES[0], HARD_NAMES[i]));
            let edges = edges.map(|edge| edge.style(EdgeStyle::Source(0)));
            let figure = GraphFigure::new(title).description(title).sources([title]);
            assert_sound(&graphs(&figure.panel(GraphPanel::new(title, edges))).unwrap());
        }
    }

    #[test]
    fn repeated_and_opposite_edges_are_one_line() {
        let panel = GraphPanel::new(
            "",
            [
                Edge::directed("a", "b"),
                Edge::directed("a", "b"),
                Edge::directed("b", "a"),
                Edge::directed("a", "b"),
                Edge::directed("b", "a"),
                Edge::undirected("a", "c"),
                Edge::undirected("c", "a"),
                Edge::directed("a", "c"),
            ],
        );
        let lines: Vec<_> = lines::strokes(&panel, &panel.names())
            .iter()
            .map(|s| s.heads)
            .collect();
        assert_eq!(lines, [BOTH, (Head::None, Head::None), ARROW]);
    }

    /// Where the words of each panel are, from left to right.
    fn places(picture: &Picture, name: &str) -> Vec<(f32, f32)> {
        let words = assert_sound(picture);
        let mut places: Vec<_> = words
            .iter()
            .filter(|words| words.text == name)
            .map(|words| (words.corners[0].x, words.corners[0].y))
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        places
    }

    #[test]
    fn panels_over_the_same_places_agree() {
        let left = GraphPanel::new("Left", [Edge::directed("a", "b"), Edge::directed("b", "c")]);
        let edges = [
            Edge::undirected("c", "b"),
            Edge::directed("c", "a"),
            Edge::directed("c", "d"),
        ];
        let right = GraphPanel::new("Right", edges).nodes(["a", "b", "c", "d", "e"]);
        let figure = GraphFigure::new("").panel(left).panel(right).same_places();
        let picture = graphs(&figure).unwrap();
        let shift = |name: &str| {
            let places = places(&picture, name);
            assert_eq!(places.len(), 2);
            assert_eq!(places[0].1, places[1].1, "{name}");
            places[1].0 - places[0].0
        };
        assert!((shift("a") - shift("b")).abs() < 0.02);
        assert!((shift("a") - shift("c")).abs() < 0.02);
        assert_eq!(places(&picture, "d").len(), 1, "not in the left panel");
        assert_eq!(places(&picture, "e").len(), 1);
    }

    #[test]
    fn a_page_has_room_for_a_note_below_each_name() {
        let panel = || GraphPanel::new("", [Edge::directed("a", "b")]);
        let (plain, roomy) = (drawn(panel()), drawn(panel().note_room()));
        let more = roomy.height() - plain.height();
        assert_eq!(more, 2.0 * arrange::NOTE, "two boxes, one below the other");
        let words = |picture: &Picture| assert_sound(picture).len();
        assert_eq!(words(&plain), words(&roomy));
        assert!(!plain.svg().contains("without edges"));
    }

    #[test]
    fn unknown_sources_are_refused() {
        let edges = [Edge::directed("a", "b").style(EdgeStyle::Source(2))];
        let figure = GraphFigure::new("")
            .sources(["x", "y"])
            .panel(GraphPanel::new("P", edges));
        let message = graphs(&figure).unwrap_err().to_string();
        assert_eq!(
            message,
            "panel \"P\": an edge is of source 2, but the figure names 2 sources"
        );
    }

    #[test]
    fn the_description_spells_the_edges() {
        let picture = drawn(GraphPanel::new(
            "P",
            [Edge::directed("a", "b"), Edge::undirected("b", "c")],
        ));
        assert!(picture.svg().contains("P (3 nodes): a → b; b – c."));
    }
}
