//! Heights, and the ways of the edges.

use super::place::non_decreasing;
use super::{Grid, Layout, Link};

/// Space between two layers: the least, the greatest, and the part of the widest step between
/// them that is added to the least.
const LAYER_GAP: (f64, f64, f64) = (32.0, 76.0, 0.12);
/// Greatest distance between the ends of two edges at the same side of a box.
const PORT_GAP: f64 = 13.0;
/// Least distance between the end of an edge and the corner of its box.
const PORT_INSET: f64 = 10.0;
/// Part of the way to the corner that a single edge may take to lead straight on.
const PORT_REACH: f64 = 0.8;

/// Points closer than this are one, so an edge may reach this far into a box beside its own.
pub(super) const SAME: f64 = 0.01;

/// The finished layout from the order and x coordinate of each item.
pub(super) fn finish(
    grid: &Grid,
    x: &[f64],
    links: &[Link],
    downward: &[(usize, usize)],
) -> Layout {
    let side = |side: f64| move |item: usize| x[item] + side * grid.sizes[item].half();
    let items = 0..grid.sizes.len();
    let left = items.clone().map(side(-1.0)).fold(f64::INFINITY, f64::min);
    let right = items.map(side(1.0)).fold(f64::NEG_INFINITY, f64::max);
    let heights = Heights::new(grid, x);
    let starts = ports(grid, x, |chain| Some((*chain.first()?, *chain.get(1)?)));
    let ends = ports(grid, x, |chain| {
        Some((*chain.last()?, *chain.iter().rev().nth(1)?))
    });
    let route = |index: usize| {
        let chain = &grid.chains[index];
        let mut points = heights.way_down(grid, x, chain, (starts[index], ends[index]));
        if links[index].from != downward[index].0 {
            points.reverse();
        }
        points.into_iter().map(|(x, y)| (x - left, y)).collect()
    };
    Layout {
        width: (right - left).max(0.0),
        height: heights.bands.last().map_or(0.0, |band| band.1),
        centres: (0..grid.n_nodes)
            .map(|node| (x[node] - left, heights.middle(node)))
            .collect(),
        routes: (0..links.len()).map(route).collect(),
    }
}

/// How high everything lies.
struct Heights {
    /// Top and bottom of each layer.
    bands: Vec<(f64, f64)>,
    /// The layer of each item.
    row_of: Vec<usize>,
}

impl Heights {
    fn new(grid: &Grid, x: &[f64]) -> Self {
        let mut row_of = vec![0; grid.sizes.len()];
        for (row, items) in grid.rows.iter().enumerate() {
            items.iter().for_each(|&item| row_of[item] = row);
        }
        Self {
            bands: bands(grid, x),
            row_of,
        }
    }

    fn band(&self, item: usize) -> (f64, f64) {
        self.bands[self.row_of[item]]
    }

    fn middle(&self, item: usize) -> f64 {
        let (top, bottom) = self.band(item);
        (top + bottom) / 2.0
    }

    /// The points of an edge, from the port of its upper box to that of its lower one: it goes
    /// straight through the layers, so that it can touch no box, and sideways between them.
    fn way_down(
        &self,
        grid: &Grid,
        x: &[f64],
        chain: &[usize],
        (start, end): (f64, f64),
    ) -> Vec<(f64, f64)> {
        let (upper, lower) = (chain[0], chain[chain.len() - 1]);
        let mut points = vec![
            (start, self.middle(upper) + grid.sizes[upper].height / 2.0),
            (start, self.band(upper).1),
        ];
        for &item in &chain[1..chain.len() - 1] {
            let (top, bottom) = self.band(item);
            points.extend([(x[item], top), (x[item], bottom)]);
        }
        points.push((end, self.band(lower).0));
        points.dedup_by(|a, b| (a.1 - b.1).abs() < SAME);
        // The ends lie at their boxes to the last digit, whatever they are close to.
        let port = (end, self.middle(lower) - grid.sizes[lower].height / 2.0);
        if (port.1 - self.band(lower).0).abs() < SAME {
            points.pop();
        }
        points.push(port);
        points
    }
}

/// Top and bottom of each layer.
fn bands(grid: &Grid, x: &[f64]) -> Vec<(f64, f64)> {
    let mut top = 0.0;
    let mut bands = vec![];
    for row in &grid.rows {
        let height = row
            .iter()
            .map(|&item| grid.sizes[item].height)
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

/// For each link the x coordinate at which it meets the box at one of its ends.
///
/// The links of a box keep the order of the items they lead to, and each is as close to the
/// straight way as its neighbours and the box allow.
fn ports(grid: &Grid, x: &[f64], end: impl Fn(&[usize]) -> Option<(usize, usize)>) -> Vec<f64> {
    let chains = grid.chains.iter().enumerate();
    let mut ends: Vec<_> = chains
        .filter_map(|(index, chain)| end(chain).map(|(node, next)| (node, next, index)))
        .collect();
    ends.sort_by(|a, b| {
        a.0.cmp(&b.0)
            .then(x[a.1].total_cmp(&x[b.1]))
            .then(a.2.cmp(&b.2))
    });
    let mut ports = vec![0.0; grid.chains.len()];
    for ends in ends.chunk_by(|a, b| a.0 == b.0) {
        let nexts: Vec<_> = ends.iter().map(|&(_, next, _)| next).collect();
        let places = ports_of(grid, x, ends[0].0, &nexts);
        ends.iter()
            .zip(places)
            .for_each(|(&(_, _, index), place)| ports[index] = place);
    }
    ports
}

fn ports_of(grid: &Grid, x: &[f64], node: usize, nexts: &[usize]) -> Vec<f64> {
    let half = grid.sizes[node].width / 2.0 - PORT_INSET;
    let count = nexts.len() as f64 - 1.0;
    let gap = (2.0 * half / count.max(1.0)).clamp(0.0, PORT_GAP);
    let target = |&next: &usize| {
        let step = x[next] - x[node];
        // Both ends of a direct edge move towards each other.
        let step = if grid.is_node(next) { step / 2.0 } else { step };
        step.clamp(-PORT_REACH * half, PORT_REACH * half)
    };
    let wanted: Vec<_> = nexts
        .iter()
        .enumerate()
        .map(|(place, next)| (target(next) - place as f64 * gap, 1.0))
        .collect();
    let spread = count * gap;
    let least = (-half).min(-spread / 2.0);
    let greatest = (half - spread).max(-spread / 2.0);
    non_decreasing(&wanted)
        .into_iter()
        .enumerate()
        .map(|(place, port)| x[node] + port.clamp(least, greatest) + place as f64 * gap)
        .collect()
}
