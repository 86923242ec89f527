//! Random graphs in which every node keeps its number of edges.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rand::{Rng, RngExt};

use crate::adjacency::Adjacency;

/// Steps of the chain between the graph and a draw, for each edge.
const STEPS_PER_EDGE: usize = 20;

/// A graph whose edges are exchanged at random; see [`Null::Rewiring`](crate::Null::Rewiring).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wiring {
    n_nodes: usize,
    /// Edges that go one way.
    arrows: Vec<(usize, usize)>,
    /// The same edges, to search for paths.
    one_way: Adjacency,
    /// Edges that go both ways.
    pairs: Vec<(usize, usize)>,
    /// Whether the one-way edges make a cycle, so that their cycles need not be avoided.
    cyclic: bool,
}

impl Wiring {
    /// Parallel edges count once, self-loops not at all: neither alters what is expected.
    pub(crate) fn of<N, E>(graph: &DiGraph<N, E>) -> Self {
        let mut wiring = Self {
            n_nodes: graph.node_count(),
            arrows: Vec::new(),
            one_way: Adjacency::new(graph.node_count()),
            pairs: Vec::new(),
            cyclic: false,
        };
        for edge in graph.edge_references() {
            let (a, b) = (edge.source().index(), edge.target().index());
            if a == b || wiring.joined(a, b) {
                continue;
            }
            if graph.contains_edge(edge.target(), edge.source()) {
                wiring.pairs.push((a, b));
            } else {
                wiring.arrows.push((a, b));
                wiring.one_way.insert(a, b);
            }
        }
        let on_cycle = |&(a, b): &(usize, usize)| wiring.one_way.reaches(b, a);
        wiring.cyclic = wiring.arrows.iter().any(on_cycle);
        wiring
    }

    /// As many steps as one draw takes.
    pub(crate) fn walk(&mut self, rng: &mut impl Rng) {
        for _ in 0..STEPS_PER_EDGE * (self.arrows.len() + self.pairs.len()) {
            self.step(rng);
        }
    }

    /// Picks two edges and lets them exchange an end, unless that is not allowed.
    ///
    /// The way back is picked as often as the way there, so that all graphs that can be reached are
    /// equally likely in the long run.
    fn step(&mut self, rng: &mut impl Rng) {
        let n_arrows = self.arrows.len();
        let n_edges = n_arrows + self.pairs.len();
        let (i, j) = (rng.random_range(0..n_edges), rng.random_range(0..n_edges));
        let turned = rng.random_bool(0.5);
        match (i < n_arrows, j < n_arrows) {
            _ if i == j => {}
            (true, true) => self.exchange_arrows(i, j),
            (false, false) => self.exchange_pairs(i - n_arrows, j - n_arrows, turned),
            _ => {}
        }
    }

    fn exchange_arrows(&mut self, i: usize, j: usize) {
        let ((a, b), (c, d)) = (self.arrows[i], self.arrows[j]);
        if !self.may_join(&[(a, d), (c, b)]) {
            return;
        }
        self.set_arrows([i, j], [(a, d), (c, b)]);
        if !self.cyclic && (self.one_way.reaches(d, a) || self.one_way.reaches(b, c)) {
            self.set_arrows([i, j], [(a, b), (c, d)]);
        }
    }

    fn set_arrows(&mut self, places: [usize; 2], edges: [(usize, usize); 2]) {
        for place in places {
            let (source, target) = self.arrows[place];
            self.one_way.remove(source, target);
        }
        for (place, (source, target)) in places.into_iter().zip(edges) {
            self.arrows[place] = (source, target);
            self.one_way.insert(source, target);
        }
    }

    fn exchange_pairs(&mut self, i: usize, j: usize, turned: bool) {
        let ((a, b), (mut c, mut d)) = (self.pairs[i], self.pairs[j]);
        if turned {
            (c, d) = (d, c);
        }
        if self.may_join(&[(a, d), (c, b)]) {
            (self.pairs[i], self.pairs[j]) = ((a, d), (c, b));
        }
    }

    /// Whether each of the two new edges joins two nodes that no edge joins yet.
    fn may_join(&self, new: &[(usize, usize); 2]) -> bool {
        let [(a, d), (c, b)] = *new;
        let same = (a, d) == (c, b) || (a, d) == (b, c);
        !same && a != d && c != b && !self.joined(a, d) && !self.joined(c, b)
    }

    fn joined(&self, a: usize, b: usize) -> bool {
        let edges = self.arrows.iter().chain(&self.pairs);
        edges.into_iter().any(|&e| e == (a, b) || e == (b, a))
    }

    pub(crate) fn graph(&self) -> DiGraph<(), ()> {
        let mut graph = DiGraph::new();
        for _ in 0..self.n_nodes {
            graph.add_node(());
        }
        let turned = self.pairs.iter().map(|&(a, b)| (b, a));
        let edges = self.arrows.iter().chain(&self.pairs).copied().chain(turned);
        graph.extend_with_edges(edges.map(|(a, b)| (NodeIndex::new(a), NodeIndex::new(b))));
        graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petgraph::algo::is_cyclic_directed;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::{BTreeMap, BTreeSet};

    fn degrees(wiring: &Wiring) -> Vec<[usize; 3]> {
        let mut degrees = vec![[0; 3]; wiring.n_nodes];
        for &(a, b) in &wiring.arrows {
            degrees[a][0] += 1;
            degrees[b][1] += 1;
        }
        for &(a, b) in &wiring.pairs {
            degrees[a][2] += 1;
            degrees[b][2] += 1;
        }
        degrees
    }

    #[test]
    fn draws_keep_degrees_pairs_and_acyclicity() {
        let edges = [
            (0, 1),
            (0, 2),
            (1, 3),
            (2, 3),
            (3, 4),
            (5, 4),
            (4, 6),
            (0, 6),
            (1, 5),
            (2, 7),
        ];
        let two_way = [(7, 8), (8, 7), (6, 8), (8, 6), (5, 7), (7, 5)];
        let graph = DiGraph::<(), ()>::from_edges(edges.iter().chain(&two_way));
        let start = Wiring::of(&graph);
        assert_eq!((start.arrows.len(), start.pairs.len()), (10, 3));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut wiring = start.clone();
        let mut moved = 0;
        for _ in 0..200 {
            wiring.walk(&mut rng);
            moved += usize::from(wiring.arrows != start.arrows);
            assert_eq!(degrees(&wiring), degrees(&start));
            let drawn = wiring.graph();
            assert_eq!(drawn.edge_count(), graph.edge_count());
            let one_way = DiGraph::<(), ()>::from_edges(
                wiring.arrows.iter().map(|&(a, b)| (a as u32, b as u32)),
            );
            assert!(!is_cyclic_directed(&one_way));
            assert_eq!(Wiring::of(&drawn).pairs.len(), 3);
        }
        assert!(moved > 190, "{moved}");
    }

    /// All DAGs with the degrees of a small graph turn up, about equally often.
    #[test]
    fn every_graph_of_the_same_degrees_is_as_likely() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 3), (1, 4), (2, 5), (0, 4)]);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut wiring = Wiring::of(&graph);
        let mut seen: BTreeMap<BTreeSet<(usize, usize)>, usize> = BTreeMap::new();
        let n_draws = 9000;
        for _ in 0..n_draws {
            wiring.walk(&mut rng);
            *seen
                .entry(wiring.arrows.iter().copied().collect())
                .or_default() += 1;
        }
        // Node 4 takes two of the sources {0, 1, 2}, of which 0 has two ends: the ways to join them.
        let all = every_wiring(&[2, 1, 1], &[1, 2, 1]);
        assert_eq!(seen.len(), all);
        let even = n_draws as f64 / all as f64;
        for (edges, n) in seen {
            let ratio = n as f64 / even;
            assert!((0.9..1.1).contains(&ratio), "{edges:?}: {ratio}");
        }
    }

    /// Number of simple bipartite graphs with these degrees, by trying all.
    fn every_wiring(out: &[u32; 3], into: &[u32; 3]) -> usize {
        (0_u32..512)
            .filter(|cells| {
                let row = |i: u32| (cells >> (3 * i) & 7).count_ones();
                let column = |j: u32| (0..3).map(|i| cells >> (3 * i + j) & 1).sum::<u32>();
                (0..3).all(|k| row(k) == out[k as usize] && column(k) == into[k as usize])
            })
            .count()
    }

    #[test]
    fn cycles_of_the_graph_itself_are_no_obstacle() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5)]);
        let mut wiring = Wiring::of(&graph);
        assert!(wiring.cyclic);
        let start = wiring.clone();
        wiring.walk(&mut ChaCha8Rng::seed_from_u64(3));
        assert_ne!(wiring, start);
    }

    #[test]
    fn without_edges_nothing_happens() {
        let mut wiring = Wiring::of(&DiGraph::<(), ()>::new());
        wiring.walk(&mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(wiring.graph().node_count(), 0);
    }
}
