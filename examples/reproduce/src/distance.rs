//! How far the discovered graph lies from another one over the same values.

use std::ops::RangeInclusive;

use value_causal::discovery::MixedGraph;
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::metrics::{compare, structural_intervention_distance};
use value_causal::petgraph::graph::DiGraph;

/// DAGs of a graph that are gone through; a graph with more has no structural intervention distance here.
pub const MOST_DAGS: usize = 30;

/// A discovered graph, with the DAGs that it may stand for.
pub struct Discovered {
    graph: DiGraph<String, ()>,
    dags: Option<Vec<DiGraph<String, ()>>>,
}

/// How far a discovered graph lies from one that it is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distance {
    /// Structural Hamming distance: pairs that differ in presence, direction or mark.
    pub shd: usize,
    /// Structural intervention distance, the other graph taken for true, over all DAGs that the two may stand for; none where
    /// one of them stands for no DAG, or for too many.
    pub sid: Option<RangeInclusive<usize>>,
}

impl Discovered {
    /// What PC found.
    #[must_use]
    pub fn new(graph: &MixedGraph) -> Self {
        Self {
            graph: graph.to_digraph(UndirectedEdges::BothWays),
            dags: dags(graph),
        }
    }

    /// The distance from `other`, in which an edge that goes both ways has no direction. None where the two do not have the
    /// same values, or `other` has an edge from a value to itself.
    #[must_use]
    pub fn distance_from(&self, other: &DiGraph<String, ()>) -> Option<Distance> {
        let shd = compare(other, &self.graph).ok()?.shd;
        let others = MixedGraph::from_digraph(other)
            .ok()
            .and_then(|graph| dags(&graph));
        let sid = others.zip(self.dags.as_ref()).and_then(|(others, dags)| {
            let pairs = others
                .iter()
                .flat_map(|other| dags.iter().map(move |dag| (other, dag)));
            let distances =
                pairs.map(|(other, dag)| structural_intervention_distance(other, dag).ok());
            let distances: Vec<usize> = distances.collect::<Option<_>>()?;
            Some(*distances.iter().min()?..=*distances.iter().max()?)
        });
        Some(Distance { shd, sid })
    }
}

fn dags(graph: &MixedGraph) -> Option<Vec<DiGraph<String, ()>>> {
    let dags = graph.class_dags().ok()?.take(MOST_DAGS + 1);
    let dags: Vec<_> = dags
        .map(|dag| dag.to_digraph(UndirectedEdges::Drop))
        .collect();
    (dags.len() <= MOST_DAGS).then_some(dags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphs::digraph;
    use value_causal::discovery::Edge;

    fn other(edges: &[(usize, usize)]) -> DiGraph<String, ()> {
        let names: Vec<String> = (0..3).map(|v| format!("X{v}")).collect();
        let edges: Vec<_> = edges
            .iter()
            .map(|&(a, b)| (names[a].clone(), names[b].clone()))
            .collect();
        digraph(&names, &edges)
    }

    #[test]
    fn undirected_edges_give_a_range() {
        let chain = [Edge::undirected(0, 1), Edge::undirected(1, 2)];
        let found = Discovered::new(&MixedGraph::from_edges(3, chain).unwrap());
        let distance = found.distance_from(&other(&[(0, 1), (1, 2)])).unwrap();
        // The chain itself is among its DAGs; that from 2 to 0 infers all six effects wrongly.
        assert_eq!(
            distance,
            Distance {
                shd: 2,
                sid: Some(0..=6)
            }
        );
        let same = found
            .distance_from(&other(&[(0, 1), (1, 0), (1, 2), (2, 1)]))
            .unwrap();
        assert_eq!(
            same,
            Distance {
                shd: 0,
                sid: Some(0..=6)
            }
        );
    }

    #[test]
    fn what_stands_for_no_dag_has_a_hamming_distance_alone() {
        let cycle = [
            Edge::directed(0, 1),
            Edge::directed(1, 2),
            Edge::directed(2, 0),
        ];
        let cycle = Discovered::new(&MixedGraph::from_edges(3, cycle).unwrap());
        let distance = cycle.distance_from(&other(&[(0, 1)])).unwrap();
        assert_eq!(distance, Distance { shd: 2, sid: None });
        let fewer = digraph(&["X0".to_owned()], &[]);
        assert_eq!(cycle.distance_from(&fewer), None);
    }
}
