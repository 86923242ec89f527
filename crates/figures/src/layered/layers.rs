//! Which layer each node is on.

use petgraph::algo::greedy_feedback_arc_set;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

use super::Link;

/// Each link as (upper node, lower node), without cycles.
pub(super) fn orient(n_nodes: usize, links: &[Link]) -> Vec<(usize, usize)> {
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

/// The layer of each node, counted from the top, without empty ones.
pub(super) fn assign(n_nodes: usize, downward: &[(usize, usize)]) -> Vec<usize> {
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
                .fold(here, Ord::min)
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
