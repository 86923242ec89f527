//! The discovered graph, and what really moved when a value did.

use std::collections::BTreeMap;

use serde::Serialize;
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::metrics::{ChangeRates, reachability};
use value_causal::petgraph::graph::NodeIndex;

use super::comparisons::{
    Compared, Comparison, Steering, is_published, of_features, of_roles, role_name,
};
use super::null_tests::OverBaselines;
use super::search::{Basis, published_features, with_features};
use program::Failure;
use reproduce::Loaded;
use reproduce::graphs::EdgeMark;

/// The graph that the study's own search finds on the published features.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Discovered {
    /// Its edges: two values and `->`, `<-`, `--` or `<->`.
    pub edges: Vec<(String, String, EdgeMark)>,
    /// The values that each value lets one expect to move: its successors, undirected edges leading
    /// both ways.
    pub expected: BTreeMap<String, Vec<String>>,
}

/// Which values moved together, on the test rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// What steers.
    pub steering: Steering,
    /// What the rows are compared with.
    pub baselines: OverBaselines,
    /// The role of the one baseline.
    pub baseline: Option<String>,
    /// Number of comparisons.
    pub n: usize,
    /// By value moved, then by the value that moved along, in the order of the audit's `values`: the
    /// number of comparisons in which both did. On the diagonal, in which the value itself did.
    pub together: Vec<Vec<usize>>,
}

impl Discovered {
    /// Searches for the graph.
    ///
    /// # Errors
    /// If it cannot be discovered.
    pub fn compute(loaded: &Loaded) -> Result<Self, Failure> {
        Ok(Self::of(&Basis::published(loaded).discover(loaded)?))
    }

    fn of(graph: &MixedGraph) -> Self {
        let names = graph.names();
        let edges = graph.edges().filter_map(|edge| {
            let mark = EdgeMark::between(graph, edge.a, edge.b)?;
            Some((names[edge.a].clone(), names[edge.b].clone(), mark))
        });
        let reached = reachability(&graph.to_digraph(UndirectedEdges::BothWays));
        let expected = |from: usize| {
            let others = (0..names.len()).filter(move |&to| to != from);
            let node = NodeIndex::new;
            let reached = others.filter(|&to| reached.reaches(node(from), node(to)));
            reached.map(|to| names[to].clone()).collect()
        };
        Self {
            edges: edges.collect(),
            expected: (0..names.len())
                .map(|from| (names[from].clone(), expected(from)))
                .collect(),
        }
    }
}

impl Moved {
    /// Role prompts and published features, each against the published baseline and against every
    /// one.
    ///
    /// # Errors
    /// If rows cannot be compared.
    pub fn compute(loaded: &Loaded) -> Result<Vec<Self>, Failure> {
        let test = &loaded.study.test;
        let named = of_roles(test, Compared::Named)?;
        let roles = of_roles(test, Compared::All)?;
        let steered = of_features(&with_features(test, &published_features(loaded)))?;
        let mut moved = Vec::new();
        for (steering, published, every) in [
            (Steering::Role, &named, &roles),
            (Steering::Sae, &steered, &steered),
        ] {
            let chosen = published.iter().filter(|c| is_published(loaded, c));
            moved.extend(chosen.map(|comparison| Self {
                baselines: OverBaselines::Published,
                baseline: Some(role_name(comparison.baseline.as_deref()).to_owned()),
                ..Self::over(steering, std::slice::from_ref(comparison))
            }));
            moved.push(Self::over(steering, every));
        }
        Ok(moved)
    }

    fn over(steering: Steering, comparisons: &[Comparison]) -> Self {
        let rates = || comparisons.iter().map(|comparison| &comparison.rates);
        let n_values = rates().next().map_or(0, ChangeRates::n_nodes);
        let both = |a: usize, b: usize| rates().map(|rates| rates.n_changed_together(a, b)).sum();
        Self {
            steering,
            baselines: OverBaselines::Every,
            baseline: None,
            n: rates().map(ChangeRates::n_interventions).sum(),
            together: (0..n_values)
                .map(|moved| (0..n_values).map(|along| both(moved, along)).collect())
                .collect(),
        }
    }

    /// How often one value moved, by its place.
    #[must_use]
    pub fn times(&self, value: usize) -> usize {
        self.together[value][value]
    }

    /// c(v', v): the share of the comparisons which moved `value` that moved `along` too; `None` where
    /// none moved it.
    #[must_use]
    pub fn rate(&self, along: usize, value: usize) -> Option<f64> {
        let times = self.times(value);
        (times > 0).then(|| self.together[value][along] as f64 / times as f64)
    }
}
