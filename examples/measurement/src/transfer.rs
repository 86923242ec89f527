//! The graph of the training rows against that of the test rows.

use serde::Serialize;
use value_causal::psychometrics::{Correlations, Scores};

use crate::rows::Clustering;
use crate::{Failure, Rows, Settings};

/// How much the two graphs that the paper's search finds have in common.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Transfer {
    /// Edges found in the training rows.
    pub train_edges: usize,
    /// In the test rows.
    pub test_edges: usize,
    /// Pairs joined in both.
    pub common: usize,
    /// As many as graphs of these numbers of edges have in common by chance.
    pub by_chance: f64,
    /// Correlation of the correlations of all pairs, in training and in the test.
    pub correlation: f64,
}

impl Transfer {
    /// None where a value does not vary in the test rows, or these are too few.
    pub(crate) fn compute(train: &Rows, test: &Rows, settings: &Settings) -> Option<Self> {
        let graph = |rows: &Rows| rows.graph(Clustering::Independent, settings.alpha).ok();
        let (a, b) = (graph(train)?, graph(test)?);
        let common = a
            .edges()
            .filter(|edge| b.edge(edge.a, edge.b).is_some())
            .count();
        let (train_edges, test_edges) = (a.edges().count(), b.edges().count());
        let p = train.values.len();
        let pairs = (p * (p - 1) / 2) as f64;
        let (r, s) = (correlations(train).ok()?, correlations(test).ok()?);
        Some(Self {
            train_edges,
            test_edges,
            common,
            by_chance: train_edges as f64 * test_edges as f64 / pairs,
            correlation: correlation(&r, &s),
        })
    }
}

/// Of all pairs.
fn correlations(rows: &Rows) -> Result<Vec<f64>, Failure> {
    let found = Correlations::of(&Scores::named(rows.cells.view(), &rows.values)?)?;
    let matrix = found.matrix();
    let pairs = matrix.indexed_iter().filter(|((a, b), _)| a > b);
    Ok(pairs.map(|(_, &r)| r).collect())
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let (a, b) = (mean(x), mean(y));
    let moment = |x: &[f64], a: f64, y: &[f64], b: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - a) * (y - b)).sum()
    };
    moment(x, a, y, b) / (moment(x, a, x, a) * moment(y, b, y, b)).sqrt()
}
