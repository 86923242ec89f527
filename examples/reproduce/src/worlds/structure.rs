//! What relates the values of a world: linear equations whose exact correlations are known.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::discovery::synthetic::{
    DagModel, LinearOptions, LinearSem, SyntheticError, random_dag,
};
use value_causal::discovery::{Edge, MixedGraph};
use value_causal::ndarray::{Array2, s};

/// What relates values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Structure {
    /// Nothing.
    Nothing,
    /// One arrow, from the first value to the second, which correlate so; above -1 and below 1.
    Arrow(f64),
    /// A causal graph: every pair joined with the same probability, three neighbours a value on average,
    /// coefficients between 0.3 and 0.7 either way.
    Graph,
    /// So many common factors and no arrows: one of them at each value, in turn, with a loading between 0.4 and 0.8. One is
    /// a general factor.
    Factors(usize),
}

/// A structure with its coefficients; every value has variance 1.
#[derive(Clone, Debug)]
pub struct Model {
    equations: LinearSem,
    /// Columns before the values' own: the factors.
    hidden: usize,
}

const NEIGHBOURS: f64 = 3.0;
const WEIGHTS: (f64, f64) = (0.3, 0.7);
const LOADINGS: std::ops::Range<f64> = 0.4..0.8;

impl Model {
    pub(super) fn new(
        structure: Structure,
        n_values: usize,
        seed: u64,
    ) -> Result<Self, SyntheticError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let equations = match structure {
            Structure::Nothing | Structure::Factors(0) => {
                LinearSem::new(&MixedGraph::new(n_values), |_, _| 0.0, |_| 1.0)?
            }
            Structure::Arrow(correlation) => {
                let mut dag = MixedGraph::new(n_values);
                if n_values > 1 {
                    dag.add_edge(Edge::directed(0, 1));
                }
                let own_part = |v| match v {
                    1 => (1.0 - correlation * correlation).sqrt(),
                    _ => 1.0,
                };
                LinearSem::new(&dag, |_, _| correlation, own_part)?
            }
            Structure::Graph => {
                let expected_degree = NEIGHBOURS;
                let dag = random_dag(
                    n_values,
                    DagModel::ErdosRenyi { expected_degree },
                    rng.next_u64(),
                )?;
                let weights = LinearOptions::new()
                    .weight(WEIGHTS.0, WEIGHTS.1)
                    .noise_sd(1.0, 1.0);
                LinearSem::random(&dag, weights, rng.next_u64())?
            }
            Structure::Factors(k) => {
                let mut dag = MixedGraph::new(n_values + k);
                for value in 0..n_values {
                    dag.add_edge(Edge::directed(value % k, value + k));
                }
                let loadings: Vec<f64> =
                    (0..n_values).map(|_| rng.random_range(LOADINGS)).collect();
                let own_part = |v: usize| match v {
                    v if v < k => 1.0,
                    v => (1.0 - loadings[v - k].powi(2)).sqrt(),
                };
                LinearSem::new(&dag, |_, value| loadings[value - k], own_part)?
            }
        };
        Ok(Self {
            equations: equations.standardized(),
            hidden: match structure {
                Structure::Factors(k) => k,
                _ => 0,
            },
        })
    }

    /// Arrows between values, with their coefficients: none where there are none.
    pub fn arrows(&self) -> Vec<(usize, usize, f64)> {
        if self.hidden > 0 {
            return Vec::new();
        }
        let arrows = self
            .equations
            .dag()
            .edges()
            .filter_map(|edge| edge.direction());
        arrows
            .map(|(cause, effect)| (cause, effect, self.equations.weight(cause, effect)))
            .collect()
    }

    /// The loading of each value on its factor, where there are factors.
    pub fn loadings(&self) -> Option<Vec<f64>> {
        let values = 0..self.equations.n_variables() - self.hidden;
        let loading = |v| self.equations.weight(v % self.hidden, v + self.hidden);
        (self.hidden > 0).then(|| values.map(loading).collect())
    }

    /// The exact correlations of the values, `[values, values]`.
    pub fn correlation(&self) -> Array2<f64> {
        let all = self.equations.correlation();
        all.slice(s![self.hidden.., self.hidden..]).to_owned()
    }

    /// Independent draws of all values, `[n, values]`.
    pub(super) fn sample(&self, n: usize, seed: u64) -> Array2<f64> {
        let drawn = self.equations.sample(n, seed);
        drawn.slice(s![.., self.hidden..]).to_owned()
    }
}
