//! Edges found against those found when clusters are mixed up, each value by itself.

use serde::Serialize;
use value_causal::discovery::graph::MixedGraph;
use value_causal::discovery::{EdgeNull, edge_null, pc};
use value_causal::ndarray::ArrayView2;

use crate::rows::{Clustering, Rows};
use crate::search::{fisher_z, pc_options};
use crate::{Failure, Settings};

/// The edges of one search, and how many the same search finds where nothing hangs together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstChance {
    /// What the test was told of the rows.
    pub clustering: Clustering,
    /// Number of clusters; of two ways the smaller number.
    pub n_clusters: usize,
    /// Edges found.
    pub n_edges: usize,
    /// Mean of the edges found with clusters mixed up.
    pub null_mean: f64,
    /// Their standard deviation over the draws.
    pub null_sd: f64,
    /// Share of the draws, the data counted among them, with as many edges.
    pub p_value: f64,
    /// Draws.
    pub n_draws: usize,
    /// Edges of each draw, by their number: `null[k]` draws had k edges.
    pub null: Vec<usize>,
    /// The edges, by names.
    pub edges: Vec<(String, String)>,
}

/// How many pairs of values depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pairs {
    /// All pairs.
    pub n: usize,
    /// Dependent by Fisher's z, which takes rows for independent, at .05.
    pub by_fisher_z: usize,
    /// Dependent by permutation of roles at .05.
    pub by_permutation: usize,
    /// What chance gives of these.
    pub by_chance: f64,
    /// By permutation, at a false discovery rate of .05 (Benjamini and Hochberg).
    pub after_correction: usize,
    /// The smallest p-value that so many draws can give.
    pub least_p: f64,
}

/// The level at which pairs count as dependent.
const PAIR_LEVEL: f64 = 0.05;

impl AgainstChance {
    pub(crate) fn compute(
        rows: &Rows,
        clustering: Clustering,
        settings: &Settings,
    ) -> Result<(Self, EdgeNull), Failure> {
        let draws = match clustering {
            Clustering::Independent => settings.quick_draws,
            _ => settings.draws,
        };
        let null = rows.null(clustering, draws, settings.seed)?;
        let cells = rows.cells_for(clustering);
        let options = pc_options(settings.alpha)?;
        let found = match clustering {
            Clustering::Independent => {
                edge_null(&cells, |draw| fisher_z(draw, &rows.values), &options, &null)?
            }
            _ => {
                let test = |draw: ArrayView2<'_, f64>| rows.clustered_test(draw, clustering);
                edge_null(&cells, test, &options, &null)?
            }
        };
        let graph = rows.graph(clustering, settings.alpha)?;
        let most = found.null.iter().max().map_or(0, |&most| most);
        let mut counts = vec![0; most + 1];
        found.null.iter().for_each(|&edges| counts[edges] += 1);
        let own = Self {
            clustering,
            n_clusters: rows.n_clusters(clustering),
            n_edges: found.n_edges,
            null_mean: found.mean(),
            null_sd: found.standard_deviation(),
            p_value: found.p_value(),
            n_draws: draws,
            null: counts,
            edges: pairs_of(&graph),
        };
        Ok((own, found))
    }
}

impl Pairs {
    /// From the search that takes rows for independent and the same with roles mixed up.
    pub(crate) fn of(rows: &Rows, found: &EdgeNull) -> Result<Self, Failure> {
        let test = fisher_z(rows.cells.view(), &rows.values)?;
        let mut by_fisher_z = 0;
        for pair in &found.pairs {
            let p = value_causal::discovery::CiTest::p_value(&test, pair.a, pair.b, &[])?;
            by_fisher_z += usize::from(p <= PAIR_LEVEL);
        }
        let n = found.pairs.len();
        let count = |of: fn(&value_causal::discovery::PairNull) -> f64| {
            found
                .pairs
                .iter()
                .filter(|pair| of(pair) <= PAIR_LEVEL)
                .count()
        };
        Ok(Self {
            n,
            by_fisher_z,
            by_permutation: count(|pair| pair.p_value),
            by_chance: PAIR_LEVEL * n as f64,
            after_correction: count(|pair| pair.q_value),
            least_p: 1.0 / (1 + found.null.len()) as f64,
        })
    }
}

impl Rows {
    /// The graph of these rows.
    pub(crate) fn graph(&self, clustering: Clustering, alpha: f64) -> Result<MixedGraph, Failure> {
        let cells = self.cells_for(clustering);
        let options = pc_options(alpha)?;
        Ok(match clustering {
            Clustering::Independent => pc(&fisher_z(cells.view(), &self.values)?, &options)?.graph,
            _ => pc(&self.clustered_test(cells.view(), clustering)?, &options)?.graph,
        })
    }
}

pub(crate) fn pairs_of(graph: &MixedGraph) -> Vec<(String, String)> {
    let name = |at: usize| graph.names()[at].clone();
    graph
        .edges()
        .map(|edge| (name(edge.a), name(edge.b)))
        .collect()
}
