//! Four worlds whose truth is known, as training tables.

use measurement::{Rows, Searched};
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::ndarray::Array2;

/// What is so in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// A graph; all roles are asked the same items; one row a role, as in the study of the organism.
    GraphSameItems,
    /// No graph, in the released design: each role has a draw of items of its own, which its rows share.
    NothingOwnItems,
    /// A general factor and no arrow; the rows of the first.
    GeneralFactor,
    /// A graph, in the released design.
    GraphOwnItems,
}

/// Of an orientation's variance, what its role with its items makes, its feature, and neither: the released training table.
const SHARES: [f64; 3] = [0.61, 0.07, 0.32];
/// Reliability over draws of items in the released table.
const RELIABILITY: f64 = 0.2;

impl World {
    pub fn rows(self, seed: u64) -> Rows {
        Rows::of(&self.table(seed), Searched::All, &[])
    }

    pub fn table(self, seed: u64) -> OrientationTable {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rng = &mut rng;
        match self {
            // 12 values, 16 edges, 300 roles: the organism's.
            Self::GraphSameItems => {
                let graph = Graph::draw(12, 16, rng);
                unsteered(&graph.sample(300, rng), 24)
            }
            Self::GeneralFactor => {
                let factor = normal(300, 1, rng);
                let loadings: Vec<f64> = (0..12).map(|_| rng.random_range(0.3..0.8)).collect();
                let own = normal(300, 12, rng);
                let cells = Array2::from_shape_fn((300, 12), |(row, v)| {
                    let a: f64 = loadings[v];
                    a * factor[[row, 0]] + (1.0 - a * a).sqrt() * own[[row, v]]
                });
                unsteered(&cells, 24)
            }
            Self::NothingOwnItems => released(&normal(101, 17, rng), &normal(25, 17, rng), rng),
            Self::GraphOwnItems => {
                let graph = Graph::draw(17, 25, rng);
                released(&graph.sample(101, rng), &graph.sample(25, rng), rng)
            }
        }
    }
}

/// A linear model over an acyclic graph, every value with variance 1.
struct Graph {
    parents: Vec<Vec<(usize, f64)>>,
}

impl Graph {
    fn draw(n_values: usize, n_edges: usize, rng: &mut ChaCha8Rng) -> Self {
        let pairs: Vec<(usize, usize)> = (0..n_values)
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .collect();
        let mut parents = vec![Vec::new(); n_values];
        for at in sample(rng, pairs.len(), n_edges) {
            let (a, b) = pairs[at];
            let sign = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
            parents[b].push((a, sign * rng.random_range(0.3..0.7)));
        }
        Self { parents }
    }

    fn sample(&self, n: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
        let noise = normal(n, self.parents.len(), rng);
        let mut cells = Array2::zeros(noise.dim());
        for (value, parents) in self.parents.iter().enumerate() {
            let mut column = noise.column(value).to_owned();
            for &(parent, weight) in parents {
                column.scaled_add(weight, &cells.column(parent));
            }
            let sd = column.std(0.0);
            cells.column_mut(value).assign(&(column / sd));
        }
        cells
    }
}

fn normal(n: usize, p: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((n, p), || rng.sample(StandardNormal))
}

/// 25 rows of each role, with what its draw of items makes of its values.
fn released(roles: &Array2<f64>, features: &Array2<f64>, rng: &mut ChaCha8Rng) -> OrientationTable {
    let [of_role, of_feature, rest] = SHARES;
    let (n_roles, p) = roles.dim();
    let measured =
        roles * RELIABILITY.sqrt() + normal(n_roles, p, rng) * (1.0 - RELIABILITY).sqrt();
    let n_features = features.nrows();
    let own = normal(n_roles * n_features, p, rng);
    let cells = Array2::from_shape_fn(own.dim(), |(row, v)| {
        let (role, feature) = (row / n_features, row % n_features);
        of_role.sqrt() * measured[[role, v]]
            + of_feature.sqrt() * features[[feature, v]]
            + rest.sqrt() * own[[row, v]]
    });
    let settings = (0..cells.nrows()).map(|row| {
        let (role, feature) = (format!("role {}", row / n_features), row % n_features);
        match feature {
            0 => Setting::of_role(role.as_str()),
            _ => Setting::steered(role.as_str(), feature as u64),
        }
    });
    table(settings.collect(), answered(&cells, 8))
}

fn unsteered(cells: &Array2<f64>, items: usize) -> OrientationTable {
    let settings = (0..cells.nrows()).map(|row| Setting::of_role(format!("role {row}").as_str()));
    table(settings.collect(), answered(cells, items))
}

/// As yes or no to so many items: orientations are multiples of 2 / items.
fn answered(cells: &Array2<f64>, items: usize) -> Array2<f64> {
    let half = items as f64 / 2.0;
    cells.mapv(|x| ((0.35 * x).clamp(-1.0, 1.0) * half).round() / half)
}

fn table(settings: Vec<Setting>, cells: Array2<f64>) -> OrientationTable {
    let values = (0..cells.ncols()).map(|value| format!("value {value}"));
    OrientationTable::new(values.collect(), settings, cells, None).expect("each setting once")
}
