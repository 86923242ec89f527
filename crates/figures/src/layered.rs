//! Layered drawing of directed graphs, after Sugiyama, Tagawa and Toda (1981).
//!
//! Nodes lie on horizontal layers so that edges point downwards where cycles allow it; edges that
//! span several layers pass them between the boxes, never through one.

mod layers;
mod order;
mod place;
mod routes;

/// Space between two boxes of a layer.
const NODE_GAP: f64 = 16.0;
/// Space between a box and an edge that passes it.
const PASSING_GAP: f64 = 10.0;
/// Space between two edges that pass a layer side by side.
const LANE_GAP: f64 = 11.0;

/// The size of a node's box, and the room to be kept free at each side of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) beside: f64,
}

impl Size {
    fn half(&self) -> f64 {
        self.width / 2.0 + self.beside
    }
}

/// An edge to be laid out, between two different nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether the edge should point down; otherwise either end may be the upper one.
    pub(super) directed: bool,
}

/// Where everything lies, in a rectangle whose upper left corner is the origin.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Centre of each node's box.
    pub(super) centres: Vec<(f64, f64)>,
    /// For each link the points from its start to its end; it is vertical at each of them.
    pub(super) routes: Vec<Vec<(f64, f64)>>,
}

/// Lays out a connected graph.
///
/// Layers: feedback edges (petgraph's greedy set) are turned, nodes take their longest-path layer
/// and then the one with the shortest edges. Order: barycentre sweeps and sifting (Matuszewski,
/// Schönfeld and Molitor, 1999) from several starts, the order with the fewest crossings wins.
/// Coordinates: weighted least squares for each layer under the minimal distances (pool adjacent
/// violators), in sweeps over the layers.
///
/// The result depends on the input alone.
///
/// The layout crates were tried on the graphs of the paper: dagre 0.1.2 and layout-rs 0.1.3 gave
/// more crossings and led edges through boxes; rust-sugiyama 0.4 does not return the ways of the
/// edges, and its issue 25 tells of a graph with cycles on which it does not end.
pub(super) fn layered(sizes: &[Size], links: &[Link]) -> Layout {
    let downward = layers::orient(sizes.len(), links);
    let layer_of = layers::assign(sizes.len(), &downward);
    let mut grid = Grid::new(sizes, &downward, &layer_of);
    grid.rows = order::fewest_crossings(&grid);
    let x = place::place(&grid);
    routes::finish(&grid, &x, links, &downward)
}

/// Nodes and the places where edges pass a layer, both called items, with the edge segments
/// between successive layers.
struct Grid {
    /// The first items are the nodes.
    sizes: Vec<Size>,
    n_nodes: usize,
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// For each link its items from the upper node to the lower one.
    chains: Vec<Vec<usize>>,
}

impl Grid {
    fn new(sizes: &[Size], downward: &[(usize, usize)], layer_of: &[usize]) -> Self {
        let n_rows = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut grid = Self {
            sizes: sizes.to_vec(),
            n_nodes: sizes.len(),
            rows: vec![vec![]; n_rows],
            above: vec![],
            below: vec![],
            chains: vec![],
        };
        for (node, &layer) in layer_of.iter().enumerate() {
            grid.rows[layer].push(node);
        }
        for &(upper, lower) in downward {
            let mut chain = vec![upper];
            for row in &mut grid.rows[layer_of[upper] + 1..layer_of[lower]] {
                row.push(grid.sizes.len());
                chain.push(grid.sizes.len());
                grid.sizes.push(Size::default());
            }
            chain.push(lower);
            grid.chains.push(chain);
        }
        grid.connect();
        grid
    }

    fn connect(&mut self) {
        self.above = vec![vec![]; self.sizes.len()];
        self.below = vec![vec![]; self.sizes.len()];
        for pair in self.chains.iter().flat_map(|chain| chain.windows(2)) {
            self.below[pair[0]].push(pair[1]);
            self.above[pair[1]].push(pair[0]);
        }
    }

    fn is_node(&self, item: usize) -> bool {
        item < self.n_nodes
    }

    /// Least distance between the centres of two neighbours in a row.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let gap = match (self.is_node(left), self.is_node(right)) {
            (true, true) => NODE_GAP,
            (false, false) => LANE_GAP,
            _ => PASSING_GAP,
        };
        self.sizes[left].half() + self.sizes[right].half() + gap
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A connected graph: each node but the first has an edge to or from an earlier one.
    fn graph() -> impl Strategy<Value = (Vec<Size>, Vec<Link>)> {
        (1usize..16).prop_flat_map(|n_nodes| {
            let size = (20.0..130.0, 15.0..70.0, prop_oneof![Just(0.0), Just(20.0)]).prop_map(
                |(width, height, beside)| Size {
                    width,
                    height,
                    beside,
                },
            );
            let trunk = prop::collection::vec(
                (any::<prop::sample::Index>(), any::<bool>(), any::<bool>()),
                n_nodes - 1,
            );
            let more = prop::collection::vec((0..n_nodes, 0..n_nodes, any::<bool>()), 0..20);
            (prop::collection::vec(size, n_nodes), trunk, more).prop_map(|(sizes, trunk, more)| {
                let trunk = trunk
                    .iter()
                    .enumerate()
                    .map(|(before, (index, turned, directed))| {
                        let (a, b) = (index.index(before + 1), before + 1);
                        let (from, to) = if *turned { (b, a) } else { (a, b) };
                        Link {
                            from,
                            to,
                            directed: *directed,
                        }
                    });
                let more = more.into_iter().filter(|(from, to, _)| from != to);
                let more = more.map(|(from, to, directed)| Link { from, to, directed });
                (sizes, trunk.chain(more).collect())
            })
        })
    }

    /// Left, top, right and bottom of a node's box.
    fn frame(layout: &Layout, sizes: &[Size], node: usize) -> [f64; 4] {
        let ((x, y), size) = (layout.centres[node], sizes[node]);
        [
            x - size.width / 2.0,
            y - size.height / 2.0,
            x + size.width / 2.0,
            y + size.height / 2.0,
        ]
    }

    /// Whether two rectangles share more than `slack` in both directions.
    fn overlap(a: [f64; 4], b: [f64; 4], slack: f64) -> bool {
        a[0] < b[2] - slack && b[0] < a[2] - slack && a[1] < b[3] - slack && b[1] < a[3] - slack
    }

    /// Between two points a drawn edge stays in the rectangle that they span.
    fn spanned(pair: &[(f64, f64)]) -> [f64; 4] {
        let (a, b) = (pair[0], pair[1]);
        [a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn boxes_keep_apart_and_edges_keep_off_them((sizes, links) in graph()) {
            let layout = layered(&sizes, &links);
            let frames: Vec<_> = (0..sizes.len()).map(|node| frame(&layout, &sizes, node)).collect();
            for (index, a) in frames.iter().enumerate() {
                prop_assert!(a[0] > -1e-6 && a[1] > -1e-6);
                prop_assert!(a[2] < layout.width + 1e-6 && a[3] < layout.height + 1e-6);
                prop_assert!(frames[index + 1..].iter().all(|b| !overlap(*a, *b, 1e-6)));
            }
            for (link, route) in links.iter().zip(&layout.routes) {
                for pair in route.windows(2) {
                    let way = spanned(pair);
                    prop_assert!(way[0] > -1e-6 && way[2] < layout.width + 1e-6);
                    prop_assert!(frames.iter().all(|frame| !overlap(way, *frame, routes::SAME)), "{link:?} {way:?}");
                }
            }
        }

        #[test]
        fn edges_meet_their_boxes_apart_from_each_other((sizes, links) in graph()) {
            let layout = layered(&sizes, &links);
            let mut places = BTreeSet::new();
            for (link, route) in links.iter().zip(&layout.routes) {
                let last = route.len() - 1;
                let ends = [(link.from, route[0], route[1]), (link.to, route[last], route[last - 1])];
                for (node, point, next) in ends {
                    let [left, top, right, bottom] = frame(&layout, &sizes, node);
                    prop_assert!(point.0 > left - 1e-6 && point.0 < right + 1e-6);
                    let at_top = (point.1 - top).abs() < 1e-6;
                    prop_assert!(at_top || (point.1 - bottom).abs() < 1e-6);
                    let outside = if at_top { top - next.1 } else { next.1 - bottom };
                    prop_assert!(outside > 0.005, "an end that leads into its box");
                    // Where all fit at a side with a hundredth of a unit between them, none coincide.
                    let place = (node, at_top, (point.0 * 1e3).round() as i64);
                    let fresh = places.insert(place);
                    prop_assert!(fresh || sizes[node].width < 21.0, "{place:?}");
                }
            }
        }

        #[test]
        fn without_cycles_all_arrows_point_down((sizes, links) in graph()) {
            let acyclic: Vec<_> = links
                .iter()
                .map(|link| Link { from: link.from.min(link.to), to: link.from.max(link.to), directed: true })
                .collect();
            let layout = layered(&sizes, &acyclic);
            for route in &layout.routes {
                prop_assert!(route.windows(2).all(|pair| pair[0].1 <= pair[1].1));
            }
        }
    }

    #[test]
    fn the_result_depends_on_the_input_alone() {
        let sizes = vec![
            Size {
                width: 60.0,
                height: 20.0,
                beside: 0.0
            };
            9
        ];
        let links: Vec<_> = (0..9)
            .flat_map(|i| [(i, (i + 1) % 9), (i, (i * i + 3) % 9)])
            .filter(|(a, b)| a != b)
            .collect();
        let links: Vec<_> = links
            .into_iter()
            .map(|(from, to)| Link {
                from,
                to,
                directed: true,
            })
            .collect();
        assert_eq!(layered(&sizes, &links), layered(&sizes, &links));
    }

    #[test]
    fn a_planar_graph_is_drawn_without_crossings() {
        // A binary tree whose nodes are listed in a bad order.
        let order = [11, 4, 14, 1, 9, 6, 12, 0, 3, 13, 7, 2, 10, 5, 8];
        let links: Vec<_> = (1..15)
            .map(|node| Link {
                from: order[(node - 1) / 2],
                to: order[node],
                directed: true,
            })
            .collect();
        let sizes = vec![
            Size {
                width: 60.0,
                height: 20.0,
                beside: 0.0
            };
            15
        ];
        let layout = layered(&sizes, &links);
        let crossed = |a: &[(f64, f64)], b: &[(f64, f64)]| {
            let (first, last) = (a[0].0 - b[0].0, a[a.len() - 1].0 - b[b.len() - 1].0);
            (a[0].1 - b[0].1).abs() < 1e-6 && first * last < 0.0
        };
        for (index, a) in layout.routes.iter().enumerate() {
            assert!(layout.routes[index + 1..].iter().all(|b| !crossed(a, b)));
        }
    }
}
