//! Layered drawing of directed graphs, after Sugiyama, Tagawa and Toda (1981).
//!
//! Nodes lie on horizontal layers so that edges point downwards where cycles allow it; edges that
//! span several layers pass them between the boxes, never through one.

use petgraph::algo::greedy_feedback_arc_set;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

/// Space between two boxes of a layer.
const NODE_GAP: f64 = 16.0;
/// Space between a box and an edge that passes it.
const PASSING_GAP: f64 = 10.0;
/// Space between two edges that pass a layer side by side.
const LANE_GAP: f64 = 11.0;
/// Space between two layers: the least, the greatest, and the part of the widest step between
/// them that is added to the least.
const LAYER_GAP: (f64, f64, f64) = (32.0, 76.0, 0.12);
/// Greatest distance between the ends of two edges at the same side of a box.
const PORT_GAP: f64 = 13.0;
/// Least distance between the end of an edge and the corner of its box.
const PORT_INSET: f64 = 10.0;
/// Edge segments that the search for a good order may look at, over all its starts.
const ORDER_BUDGET: usize = 4_000;
/// Sweeps over the layers when the coordinates are placed.
const PLACE_SWEEPS: usize = 40;

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

/// Lays out a connected graph; `sizes` are the widths and heights of the boxes.
///
/// Layers: feedback edges (petgraph's greedy set) are turned, nodes take their longest-path layer
/// and then the one with the shortest edges. Order: barycentre sweeps and sifting (Matuszewski,
/// Schönfeld and Molitor, 1999) from several starts, the order with the fewest crossings wins.
/// Coordinates: least squares for each layer under the minimal distances (pool adjacent
/// violators), in sweeps over the layers.
///
/// The result depends on the input alone.
pub(super) fn layered(sizes: &[(f64, f64)], links: &[Link]) -> Layout {
    let downward = orient(sizes.len(), links);
    let layer_of = assign_layers(sizes.len(), &downward);
    let mut grid = Grid::new(sizes, &downward, &layer_of);
    grid.rows = best_order(&grid);
    let x = place(&grid);
    finish(&grid, &x, links, &downward)
}

/// Each link as (upper node, lower node), without cycles.
fn orient(n_nodes: usize, links: &[Link]) -> Vec<(usize, usize)> {
    let directed = links
        .iter()
        .filter(|link| link.directed)
        .map(|link| (link.from as u32, link.to as u32));
    let graph = DiGraph::<(), ()>::from_edges(directed);
    let feedback: Vec<_> = greedy_feedback_arc_set(&graph)
        .map(|edge| edge.id())
        .collect();
    let kept: Vec<_> = graph
        .edge_references()
        .filter(|edge| !feedback.contains(&edge.id()))
        .map(|edge| (edge.source().index(), edge.target().index()))
        .collect();
    let layer = longest_paths(n_nodes, &kept);
    let rank = |node: usize| (layer[node], node);
    let ordered = |link: &Link| rank(link.from) < rank(link.to);
    links
        .iter()
        .map(|link| {
            if ordered(link) {
                (link.from, link.to)
            } else {
                (link.to, link.from)
            }
        })
        .collect()
}

/// For each node the number of edges on the longest path that ends there.
fn longest_paths(n_nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; n_nodes];
    for _ in 0..n_nodes {
        let before = layer.clone();
        for &(from, to) in edges {
            layer[to] = layer[to].max(layer[from] + 1);
        }
        if layer == before {
            break;
        }
    }
    layer
}

fn assign_layers(n_nodes: usize, downward: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = longest_paths(n_nodes, downward);
    let last = layer.iter().copied().max().unwrap_or(0);
    for _ in 0..2 * n_nodes {
        let before = layer.clone();
        for node in 0..n_nodes {
            layer[node] = shortest_edges(node, &layer, downward, last);
        }
        if layer == before {
            break;
        }
    }
    split_wide_layers(&mut layer);
    without_gaps(&layer)
}

/// The layer between a node's neighbours that makes its edges shortest in sum.
fn shortest_edges(node: usize, layer: &[usize], downward: &[(usize, usize)], last: usize) -> usize {
    let above: Vec<_> = downward
        .iter()
        .filter(|edge| edge.1 == node)
        .map(|edge| layer[edge.0] + 1)
        .collect();
    let below: Vec<_> = downward
        .iter()
        .filter(|edge| edge.0 == node)
        .map(|edge| layer[edge.1] - 1)
        .collect();
    let top = above.iter().copied().max().unwrap_or(0);
    let bottom = below.iter().copied().min().unwrap_or(last);
    match above.len().cmp(&below.len()) {
        std::cmp::Ordering::Greater => top,
        std::cmp::Ordering::Less => bottom,
        std::cmp::Ordering::Equal => {
            let crowd = |at: usize| {
                layer
                    .iter()
                    .enumerate()
                    .filter(|&(other, &on)| other != node && on == at)
                    .count()
            };
            let here = (crowd(layer[node]), 0, layer[node]);
            (top..=bottom)
                .map(|at| (crowd(at), 1, at))
                .fold(here, |best, candidate| best.min(candidate))
                .2
        }
    }
}

/// Breaks layers of very many nodes in two, which is possible as a layer has no edges inside.
fn split_wide_layers(layer: &mut [usize]) {
    let most = (1.5 * (layer.len() as f64).sqrt()).ceil().max(6.0) as usize;
    let mut at = 0;
    while layer.iter().any(|&on| on >= at) {
        let members: Vec<_> = (0..layer.len()).filter(|&node| layer[node] == at).collect();
        if members.len() > most {
            layer
                .iter_mut()
                .filter(|on| **on > at)
                .for_each(|on| *on += 1);
            members[members.len().div_ceil(2).min(most)..]
                .iter()
                .for_each(|&node| layer[node] = at + 1);
        }
        at += 1;
    }
}

fn without_gaps(layer: &[usize]) -> Vec<usize> {
    let mut used = layer.to_vec();
    used.sort_unstable();
    used.dedup();
    layer
        .iter()
        .map(|on| used.partition_point(|other| other < on))
        .collect()
}

/// Nodes and the places where edges pass a layer, both called items, with the edge segments
/// between successive layers.
struct Grid {
    /// Width and height; the first items are the nodes.
    sizes: Vec<(f64, f64)>,
    n_nodes: usize,
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// For each link its items from the upper node to the lower one.
    chains: Vec<Vec<usize>>,
}

impl Grid {
    fn new(sizes: &[(f64, f64)], downward: &[(usize, usize)], layer_of: &[usize]) -> Self {
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
                grid.sizes.push((0.0, 0.0));
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
        (self.sizes[left].0 + self.sizes[right].0) / 2.0 + gap
    }
}

fn best_order(grid: &Grid) -> Vec<Vec<usize>> {
    let n_segments: usize = grid.below.iter().map(Vec::len).sum();
    let starts = (ORDER_BUDGET / n_segments.max(1)).clamp(4, 64) as u64;
    let candidates = (0..starts).map(|start| {
        let mut order = Order::new(grid, start);
        order.improve();
        (order.crossings(), order.spread(), order.rows)
    });
    candidates
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map_or_else(Vec::new, |(_, _, rows)| rows)
}

/// An order of the items in each row, under improvement.
struct Order<'a> {
    grid: &'a Grid,
    rows: Vec<Vec<usize>>,
    position: Vec<usize>,
}

impl<'a> Order<'a> {
    /// Start 0 is the order of the input, every other one a shuffle of its own.
    fn new(grid: &'a Grid, start: u64) -> Self {
        let mut rows = grid.rows.clone();
        let mut state = start.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for row in rows.iter_mut().filter(|_| start > 0) {
            for last in (1..row.len()).rev() {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                row.swap(last, (state >> 33) as usize % (last + 1));
            }
        }
        let mut order = Self {
            grid,
            rows,
            position: vec![0; grid.sizes.len()],
        };
        (0..order.rows.len()).for_each(|row| order.number(row));
        order
    }

    fn number(&mut self, row: usize) {
        for (place, &item) in self.rows[row].iter().enumerate() {
            self.position[item] = place;
        }
    }

    fn improve(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for round in 0..6 {
            let n_rows = self.rows.len();
            (1..n_rows).for_each(|row| self.barycentre(row, &self.grid.above));
            (0..n_rows.saturating_sub(1))
                .rev()
                .for_each(|row| self.barycentre(row, &self.grid.below));
            while self.sift() {}
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            } else if round > 1 {
                break;
            }
        }
        self.rows = best.1;
        (0..self.rows.len()).for_each(|row| self.number(row));
    }

    /// Sorts a row by the mean position of the neighbours on one side.
    fn barycentre(&mut self, row: usize, neighbours: &[Vec<usize>]) {
        let mean = |item: usize| {
            let near = &neighbours[item];
            match near.len() {
                0 => self.position[item] as f64,
                n => {
                    near.iter()
                        .map(|&other| self.position[other] as f64)
                        .sum::<f64>()
                        / n as f64
                }
            }
        };
        let mut keyed: Vec<_> = self.rows[row]
            .iter()
            .map(|&item| (mean(item), item))
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
        self.number(row);
    }

    /// Moves each item to the best place in its row; says whether that saved a crossing.
    fn sift(&mut self) -> bool {
        let mut improved = false;
        for row in 0..self.rows.len() {
            for item in self.rows[row].clone() {
                let from = self.position[item];
                let to = self.best_place(row, item, from);
                if to != from {
                    let moved = self.rows[row].remove(from);
                    self.rows[row].insert(to, moved);
                    self.number(row);
                    improved = true;
                }
            }
        }
        improved
    }

    fn best_place(&self, row: usize, item: usize, from: usize) -> usize {
        let items = &self.rows[row];
        let gain = |left: usize, right: usize| self.pair(left, right) - self.pair(right, left);
        let mut best = (0, from);
        let mut saved = 0;
        for place in (0..from).rev() {
            saved += gain(items[place], item);
            best = if saved > best.0 { (saved, place) } else { best };
        }
        saved = 0;
        for (place, &other) in items.iter().enumerate().skip(from + 1) {
            saved += gain(item, other);
            best = if saved > best.0 { (saved, place) } else { best };
        }
        best.1
    }

    /// Crossings between the edges of two items of a row, the first being to the left.
    fn pair(&self, left: usize, right: usize) -> i64 {
        let side = |neighbours: &[Vec<usize>]| {
            let crossed = |a: &usize| {
                neighbours[right]
                    .iter()
                    .filter(|b| self.position[*a] > self.position[**b])
                    .count()
            };
            neighbours[left].iter().map(crossed).sum::<usize>()
        };
        (side(&self.grid.above) + side(&self.grid.below)) as i64
    }

    fn crossings(&self) -> i64 {
        let below_only = |left: usize, right: usize| {
            let below = &self.grid.below;
            let crossed = |a: &usize| {
                below[right]
                    .iter()
                    .filter(|b| self.position[*a] > self.position[**b])
                    .count()
            };
            below[left].iter().map(crossed).sum::<usize>() as i64
        };
        let in_row = |row: &Vec<usize>| -> i64 {
            (0..row.len())
                .flat_map(|i| (i + 1..row.len()).map(move |j| (i, j)))
                .map(|(i, j)| below_only(row[i], row[j]))
                .sum()
        };
        self.rows.iter().map(in_row).sum()
    }

    /// How far edges lead sideways, in places.
    fn spread(&self) -> f64 {
        let centred = |row: usize, item: usize| {
            self.position[item] as f64 - self.rows[row].len() as f64 / 2.0
        };
        let mut sum = 0.0;
        for row in 0..self.rows.len() {
            for &item in &self.rows[row] {
                sum += self.grid.below[item]
                    .iter()
                    .map(|&other| (centred(row, item) - centred(row + 1, other)).abs())
                    .sum::<f64>();
            }
        }
        sum
    }
}

/// The x coordinate of each item's centre.
///
/// Minimises the weighted squares of the sideways steps of all edge segments. Each layer's
/// problem is solved exactly; sweeps over the layers approach the common minimum.
fn place(grid: &Grid) -> Vec<f64> {
    let mut x = vec![0.0; grid.sizes.len()];
    for row in &grid.rows {
        for pair in row.windows(2) {
            x[pair[1]] = x[pair[0]] + grid.distance(pair[0], pair[1]);
        }
        let middle = row.last().map_or(0.0, |&last| x[last] / 2.0);
        row.iter().for_each(|&item| x[item] -= middle);
    }
    for sweep in 0..PLACE_SWEEPS {
        let n_rows = grid.rows.len();
        for step in 0..n_rows {
            let row = if sweep % 2 == 0 {
                step
            } else {
                n_rows - 1 - step
            };
            place_row(grid, row, &mut x);
        }
    }
    x
}

fn place_row(grid: &Grid, row: usize, x: &mut [f64]) {
    let items = &grid.rows[row];
    let mut offset = 0.0;
    let mut wanted = Vec::with_capacity(items.len());
    let mut offsets = Vec::with_capacity(items.len());
    for (place, &item) in items.iter().enumerate() {
        if place > 0 {
            offset += grid.distance(items[place - 1], item);
        }
        offsets.push(offset);
        let (target, weight) = pull(grid, item, x);
        wanted.push((target - offset, weight));
    }
    for ((&item, offset), position) in items.iter().zip(offsets).zip(non_decreasing(&wanted)) {
        x[item] = position + offset;
    }
}

/// Where an item's neighbours draw it, and how strongly.
fn pull(grid: &Grid, item: usize, x: &[f64]) -> (f64, f64) {
    let stiffness = |other: usize| match (grid.is_node(item), grid.is_node(other)) {
        (true, true) => 1.0,
        (false, false) => 8.0,
        _ => 2.0,
    };
    let near = grid.above[item].iter().chain(&grid.below[item]);
    let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), &other| {
        (sum + stiffness(other) * x[other], weight + stiffness(other))
    });
    if weight > 0.0 {
        (sum / weight, weight)
    } else {
        (x[item], 1.0)
    }
}

/// The non-decreasing sequence closest to the given (value, weight) pairs in weighted squares.
fn non_decreasing(wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = vec![];
    for &(value, weight) in wanted {
        let mut pool = (value, weight, 1);
        while let Some(&(before, before_weight, count)) = pools.last() {
            if before <= pool.0 {
                break;
            }
            pools.pop();
            let weight = before_weight + pool.1;
            pool = (
                (before * before_weight + pool.0 * pool.1) / weight,
                weight,
                count + pool.2,
            );
        }
        pools.push(pool);
    }
    pools
        .into_iter()
        .flat_map(|(value, _, count)| std::iter::repeat_n(value, count))
        .collect()
}

fn finish(grid: &Grid, x: &[f64], links: &[Link], downward: &[(usize, usize)]) -> Layout {
    let edge = |side: f64| move |item: usize| x[item] + side * grid.sizes[item].0 / 2.0;
    let items = 0..grid.sizes.len();
    let left = items.clone().map(edge(-1.0)).fold(f64::INFINITY, f64::min);
    let right = items
        .clone()
        .map(edge(1.0))
        .fold(f64::NEG_INFINITY, f64::max);
    let bands = bands(grid, x);
    let mut row_of = vec![0; grid.sizes.len()];
    for (row, items) in grid.rows.iter().enumerate() {
        items.iter().for_each(|&item| row_of[item] = row);
    }
    let middle = |item: usize| (bands[row_of[item]].0 + bands[row_of[item]].1) / 2.0;
    let starts = ports(grid, x, &grid.below, |chain| (chain.first(), chain.get(1)));
    let ends = ports(grid, x, &grid.above, |chain| {
        (chain.last(), chain.iter().rev().nth(1))
    });
    let route = |index: usize| {
        let (upper, lower) = downward[index];
        let inner = &grid.chains[index][1..grid.chains[index].len() - 1];
        let mut points = vec![(starts[index], middle(upper) + grid.sizes[upper].1 / 2.0)];
        points.extend(inner.iter().flat_map(|&item| {
            [
                (x[item], bands[row_of[item]].0),
                (x[item], bands[row_of[item]].1),
            ]
        }));
        points.push((ends[index], middle(lower) - grid.sizes[lower].1 / 2.0));
        if links[index].from != upper {
            points.reverse();
        }
        points.into_iter().map(|(x, y)| (x - left, y)).collect()
    };
    Layout {
        width: (right - left).max(0.0),
        height: bands.last().map_or(0.0, |band| band.1),
        centres: (0..grid.n_nodes)
            .map(|node| (x[node] - left, middle(node)))
            .collect(),
        routes: (0..links.len()).map(route).collect(),
    }
}

/// Top and bottom of each layer.
fn bands(grid: &Grid, x: &[f64]) -> Vec<(f64, f64)> {
    let mut top = 0.0;
    let mut bands = vec![];
    for row in &grid.rows {
        let height = row
            .iter()
            .map(|&item| grid.sizes[item].1)
            .fold(0.0, f64::max);
        bands.push((top, top + height));
        let step = |item: &usize| {
            grid.below[*item]
                .iter()
                .map(|&other| (x[other] - x[*item]).abs())
                .fold(0.0, f64::max)
        };
        let (least, greatest, part) = LAYER_GAP;
        let gap = least + part * row.iter().map(step).fold(0.0, f64::max);
        top += height + gap.min(greatest);
    }
    bands
}

/// For each link the x coordinate at which it meets the box at one of its ends: the links of a
/// box are spread over its width in the order of the items they lead to.
fn ports(
    grid: &Grid,
    x: &[f64],
    neighbours: &[Vec<usize>],
    end: impl Fn(&[usize]) -> (Option<&usize>, Option<&usize>),
) -> Vec<f64> {
    let mut ends: Vec<_> = grid
        .chains
        .iter()
        .enumerate()
        .filter_map(|(index, chain)| match end(chain) {
            (Some(&node), Some(&next)) => Some((node, x[next], index)),
            _ => None,
        })
        .collect();
    ends.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut ports = vec![0.0; grid.chains.len()];
    let mut place = 0;
    for (rank, &(node, _, index)) in ends.iter().enumerate() {
        place = if rank > 0 && ends[rank - 1].0 == node {
            place + 1
        } else {
            0
        };
        let between = neighbours[node].len() as f64 - 1.0;
        let gap = ((grid.sizes[node].0 - 2.0 * PORT_INSET) / between.max(1.0)).clamp(0.0, PORT_GAP);
        ports[index] = x[node] + (place as f64 - between / 2.0) * gap;
    }
    ports
}
