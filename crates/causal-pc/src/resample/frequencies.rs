use std::cmp::Ordering;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::graph::{Edge, Mark, MixedGraph};

/// How often each edge was found, and with which marks: what [`bootstrap`](super::bootstrap)
/// returns.
///
/// Pairs are named in either order; frequencies are shares of the resamples that were searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    names: Vec<String>,
    n_resamples: usize,
    n_failed: usize,
    /// For each pair `a < b`, `(0, 1), (0, 2), ..., (1, 2), ...`, how many graphs hold which edge.
    counts: Vec<Counts>,
    /// In the order of the resamples; empty unless they are to be kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    graphs: Vec<MixedGraph>,
}

/// How often a pair was joined, and how: shares of the resamples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeFrequency {
    /// One end.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// Of any edge.
    pub any: f64,
    /// Of `a -> b`.
    pub forward: f64,
    /// Of `b -> a`.
    pub backward: f64,
    /// Of `a -- b`.
    pub undirected: f64,
    /// Of `a <-> b`.
    pub bidirected: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    forward: u32,
    backward: u32,
    undirected: u32,
    bidirected: u32,
}

impl Counts {
    fn any(&self) -> u32 {
        self.forward + self.backward + self.undirected + self.bidirected
    }

    fn of(&mut self, edge: &Edge) -> &mut u32 {
        match (edge.mark_a, edge.mark_b) {
            (Mark::Tail, Mark::Arrow) => &mut self.forward,
            (Mark::Arrow, Mark::Tail) => &mut self.backward,
            (Mark::Tail, Mark::Tail) => &mut self.undirected,
            (Mark::Arrow, Mark::Arrow) => &mut self.bidirected,
        }
    }
}

impl Bootstrap {
    /// Nothing counted yet.
    pub(super) fn new(names: Vec<String>) -> Self {
        let n = names.len();
        let counts = vec![Counts::default(); n * n.saturating_sub(1) / 2];
        Self {
            names,
            n_resamples: 0,
            n_failed: 0,
            counts,
            graphs: Vec::new(),
        }
    }

    /// Adds the graph, and keeps it.
    pub(super) fn keep(&mut self, graph: MixedGraph) {
        self.add(&graph);
        self.graphs.push(graph);
    }

    pub(super) fn add(&mut self, graph: &MixedGraph) {
        self.n_resamples += 1;
        for edge in graph.edges() {
            let at = self.position(edge.a, edge.b);
            if let Some(counts) = self.counts.get_mut(at) {
                *counts.of(&edge) += 1;
            }
        }
    }

    pub(super) fn with_failures(self, n_failed: usize) -> Self {
        Self { n_failed, ..self }
    }

    /// The counts of both together.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.n_resamples += other.n_resamples;
        for (counts, more) in self.counts.iter_mut().zip(&other.counts) {
            counts.forward += more.forward;
            counts.backward += more.backward;
            counts.undirected += more.undirected;
            counts.bidirected += more.bidirected;
        }
        self.graphs.extend_from_slice(&other.graphs);
        self
    }

    /// Number of variables.
    pub fn n_variables(&self) -> usize {
        self.names.len()
    }

    /// The variables' names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of resamples searched.
    pub fn n_resamples(&self) -> usize {
        self.n_resamples
    }

    /// Number of resamples that could not be searched; they count in no frequency.
    pub fn n_failed(&self) -> usize {
        self.n_failed
    }

    /// The graphs of the resamples that could be searched, in the order drawn; empty unless
    /// [`BootstrapOptions::keep_graphs`](super::BootstrapOptions::keep_graphs) asked for them.
    ///
    /// For intervals of anything that is computed from a graph.
    pub fn graphs(&self) -> &[MixedGraph] {
        &self.graphs
    }

    /// How often `a` and `b` were joined, and how; `None` if they are not two variables.
    pub fn edge(&self, a: usize, b: usize) -> Option<EdgeFrequency> {
        if a == b || a.max(b) >= self.n_variables() {
            return None;
        }
        let counts = *self.counts.get(self.position(a.min(b), a.max(b)))?;
        let share = |count: u32| f64::from(count) / self.n_resamples.max(1) as f64;
        let (mut forward, mut backward) = (share(counts.forward), share(counts.backward));
        if a > b {
            std::mem::swap(&mut forward, &mut backward);
        }
        Some(EdgeFrequency {
            a,
            b,
            any: share(counts.any()),
            forward,
            backward,
            undirected: share(counts.undirected),
            bidirected: share(counts.bidirected),
        })
    }

    /// Every pair that was joined at least once, with `a < b`, the most frequent first and among
    /// equals ascending.
    pub fn edges(&self) -> Vec<EdgeFrequency> {
        let pairs =
            (0..self.n_variables()).flat_map(|a| (a + 1..self.n_variables()).map(move |b| (a, b)));
        let mut edges: Vec<EdgeFrequency> = pairs
            .filter_map(|(a, b)| self.edge(a, b))
            .filter(|edge| edge.any > 0.0)
            .collect();
        edges.sort_by(|x, y| descending(x.any, y.any));
        edges
    }

    /// The frequency of any edge between `i` and `j`, `[n_variables, n_variables]`.
    pub fn edge_matrix(&self) -> Array2<f64> {
        self.matrix(|edge| edge.any)
    }

    /// The frequency of `i -> j` at `[i, j]`, `[n_variables, n_variables]`.
    pub fn arrow_matrix(&self) -> Array2<f64> {
        self.matrix(|edge| edge.forward)
    }

    /// The graph of the edges found in at least this share of the resamples.
    ///
    /// An edge has the marks that more than half of the graphs with that edge have, else none. Arrows
    /// are set from the most frequent on, and one that would close a directed cycle stays undirected.
    /// The graph need not be a CPDAG.
    pub fn consensus(&self, threshold: f64) -> MixedGraph {
        let mut graph = MixedGraph::with_names(self.names.clone());
        let mut arrows = Vec::new();
        for edge in self
            .edges()
            .into_iter()
            .filter(|edge| edge.any >= threshold)
        {
            graph.add_undirected(edge.a, edge.b);
            if edge.bidirected > 0.5 * edge.any {
                graph.add_bidirected(edge.a, edge.b);
            } else if edge.forward > 0.5 * edge.any {
                arrows.push((edge.forward, edge.a, edge.b));
            } else if edge.backward > 0.5 * edge.any {
                arrows.push((edge.backward, edge.b, edge.a));
            }
        }
        arrows.sort_by(|x, y| descending(x.0, y.0));
        for (_, from, to) in arrows {
            if graph.descendants(&[to]).binary_search(&from).is_err() {
                graph.add_directed(from, to);
            }
        }
        graph
    }

    fn matrix(&self, of: impl Fn(EdgeFrequency) -> f64) -> Array2<f64> {
        let n = self.n_variables();
        Array2::from_shape_fn((n, n), |(a, b)| self.edge(a, b).map_or(0.0, &of))
    }

    /// Where the counts of `a < b` are.
    fn position(&self, a: usize, b: usize) -> usize {
        a * self.n_variables() - a * (a + 1) / 2 + (b - a - 1)
    }
}

fn descending(a: f64, b: f64) -> Ordering {
    b.total_cmp(&a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(graphs: &[&[Edge]]) -> Bootstrap {
        let mut all = Bootstrap::new((0..4).map(|v| format!("v{v}")).collect());
        for edges in graphs {
            all.add(&MixedGraph::from_edges(4, edges.iter().copied()).unwrap());
        }
        all
    }

    #[test]
    fn frequencies_are_shares_of_the_graphs() {
        let all = counted(&[
            &[Edge::directed(2, 0), Edge::undirected(1, 3)],
            &[Edge::directed(0, 2)],
            &[Edge::bidirected(0, 2), Edge::directed(1, 3)],
            &[Edge::directed(2, 0)],
        ]);
        let edge = all.edge(0, 2).unwrap();
        let found = [
            edge.any,
            edge.forward,
            edge.backward,
            edge.undirected,
            edge.bidirected,
        ];
        assert_eq!(found, [1.0, 0.25, 0.5, 0.0, 0.25]);
        let other_way = all.edge(2, 0).unwrap();
        assert_eq!((other_way.forward, other_way.backward), (0.5, 0.25));
        let pairs: Vec<_> = all
            .edges()
            .iter()
            .map(|edge| (edge.a, edge.b, edge.any))
            .collect();
        assert_eq!(pairs, [(0, 2, 1.0), (1, 3, 0.5)]);
        assert_eq!(all.edge_matrix()[[3, 1]], 0.5);
        assert_eq!(all.arrow_matrix()[[2, 0]], 0.5);
        assert_eq!(all.edge(0, 0), None);
        assert_eq!(all.edge(0, 4), None);
    }

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        let all = Bootstrap::new(vec![String::new(); 7]);
        let pairs = (0..7).flat_map(|a| (a + 1..7).map(move |b| (a, b)));
        let places: Vec<_> = pairs.map(|(a, b)| all.position(a, b)).collect();
        assert_eq!(places, (0..21).collect::<Vec<_>>());
    }

    #[test]
    fn the_consensus_takes_majorities_and_no_cycle() {
        let all = counted(&[
            &[
                Edge::directed(0, 1),
                Edge::directed(1, 2),
                Edge::undirected(0, 3),
            ],
            &[
                Edge::directed(0, 1),
                Edge::directed(1, 2),
                Edge::directed(0, 3),
            ],
            &[Edge::directed(0, 1), Edge::directed(2, 0)],
            &[
                Edge::directed(0, 1),
                Edge::directed(2, 0),
                Edge::bidirected(1, 3),
            ],
        ]);
        assert_eq!(all.consensus(0.75).to_string(), "v0 -> v1\n");
        let half = all.consensus(0.5);
        // Of two equally frequent arrows the first stands, and the other would close a cycle.
        assert_eq!(half.to_string(), "v0 -> v1\nv2 -> v0\nv0 -- v3\nv1 -- v2\n");
        assert!(half.is_acyclic());
        assert!(all.consensus(0.25).is_bidirected(1, 3));
        assert_eq!(all.consensus(0.0), all.consensus(0.25));
    }
}
