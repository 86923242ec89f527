use std::fmt;
use std::ops::RangeInclusive;

use ndarray::{Array1, Array2};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma};

use super::{SyntheticError, checked_dag};
use crate::graph::MixedGraph;

/// What [`DiscreteNet::random`] draws from.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct DiscreteNetOptions {
    levels: RangeInclusive<usize>,
    concentration: f64,
    floor: f64,
}

impl Default for DiscreteNetOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl DiscreteNetOptions {
    /// 2 to 4 levels, concentration 0.6, a tenth of each distribution uniform.
    pub fn new() -> Self {
        Self {
            levels: 2..=4,
            concentration: 0.6,
            floor: 0.1,
        }
    }

    /// How many levels a variable has, each number in the range with the same probability. Default
    /// 2 to 4.
    pub fn levels(mut self, levels: RangeInclusive<usize>) -> Self {
        self.levels = levels;
        self
    }

    /// The concentration of the Dirichlet distribution that distributions over levels are drawn
    /// from: small ones prefer a single level and so make strong dependences, large ones are even.
    /// Default 0.6.
    pub fn concentration(mut self, concentration: f64) -> Self {
        self.concentration = concentration;
        self
    }

    /// The share of each distribution that is spread evenly over the levels, so that no level is
    /// impossible. Default 0.1.
    pub fn floor(mut self, floor: f64) -> Self {
        self.floor = floor;
        self
    }
}

/// A Bayesian network of discrete variables: for each combination of the parents' levels a
/// distribution over the levels of the variable.
///
/// The probability of every combination of levels is known.
///
/// ```
/// use causal_pc::graph::{Edge, MixedGraph};
/// use causal_pc::synthetic::{DiscreteNet, DiscreteNetOptions};
///
/// let dag = MixedGraph::from_edges(3, [Edge::directed(0, 2), Edge::directed(1, 2)])?;
/// let net = DiscreteNet::random(&dag, &DiscreteNetOptions::new().levels(2..=2), 7)?;
/// let total: f64 = (0..8_u16).map(|i| net.probability(&[i & 1, i >> 1 & 1, i >> 2])).sum();
/// assert!((total - 1.0).abs() < 1e-12);
/// assert_eq!(net.sample(1_000, 42).dim(), (1_000, 3)); // [samples, variables]
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DiscreteNet {
    dag: MixedGraph,
    order: Vec<usize>,
    tables: Vec<Table>,
}

/// The graph and the levels, without the tables.
impl fmt::Debug for DiscreteNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels: Vec<usize> = self
            .tables
            .iter()
            .map(|table| table.probabilities.ncols())
            .collect();
        write!(
            f,
            "DiscreteNet {{ dag: {:?}, levels: {levels:?} }}",
            self.dag
        )
    }
}

/// The distribution of one variable given its parents.
#[derive(Clone, Debug)]
struct Table {
    /// Each with its number of levels.
    parents: Vec<(usize, usize)>,
    /// `[combinations of the parents' levels, levels]`, the first parent's level changing slowest.
    probabilities: Array2<f64>,
}

/// Tables with more entries than this are refused.
const LARGEST_TABLE: usize = 1 << 24;

impl DiscreteNet {
    /// A network with random tables. The same arguments give the same network.
    ///
    /// # Errors
    ///
    /// [`SyntheticError`] if the graph is no DAG, the options allow no level or more than 65,536,
    /// the concentration is not positive, the floor is not between 0 and 1, or a variable has so
    /// many parents that its table would have more than 2^24 entries.
    pub fn random(
        dag: &MixedGraph,
        options: &DiscreteNetOptions,
        seed: u64,
    ) -> Result<Self, SyntheticError> {
        let order = checked_dag(dag)?;
        options.check()?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let all = 0..dag.n_variables();
        let levels: Vec<usize> = all
            .clone()
            .map(|_| rng.random_range(options.levels.clone()))
            .collect();
        let tables = all.map(|v| {
            let parents = dag
                .parents(v)
                .map(|parent| (parent, levels[parent]))
                .collect();
            Table::random(parents, levels[v], options, &mut rng)
        });
        Ok(Self {
            dag: dag.clone(),
            order,
            tables: tables.collect::<Result<_, _>>()?,
        })
    }

    /// The graph of the network.
    pub fn dag(&self) -> &MixedGraph {
        &self.dag
    }

    /// The number of levels of each variable; levels are numbered from 0.
    pub fn n_levels(&self) -> Vec<usize> {
        self.tables
            .iter()
            .map(|table| table.probabilities.ncols())
            .collect()
    }

    /// The probability of these levels, one for each variable; 0 if there are more or fewer of them
    /// than variables, or a level does not exist.
    pub fn probability(&self, levels: &[u16]) -> f64 {
        let exists =
            |(&level, table): (&u16, &Table)| usize::from(level) < table.probabilities.ncols();
        if levels.len() != self.tables.len() || !levels.iter().zip(&self.tables).all(exists) {
            return 0.0;
        }
        let given = |v: usize| {
            let table = &self.tables[v];
            table.probabilities[[table.row(|parent| levels[parent]), usize::from(levels[v])]]
        };
        (0..levels.len()).map(given).product()
    }

    /// Independent samples, `[n_samples, p]`. The same arguments give the same samples, and more
    /// samples begin with those of fewer.
    pub fn sample(&self, n_samples: usize, seed: u64) -> Array2<u16> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Array2::zeros((n_samples, self.tables.len()));
        for mut sample in samples.rows_mut() {
            for &v in &self.order {
                let table = &self.tables[v];
                let row = table.probabilities.row(table.row(|parent| sample[parent]));
                let mut left: f64 = rng.random();
                let past = |p: &&f64| {
                    left -= **p;
                    left >= 0.0
                };
                let level = row.iter().take_while(past).count();
                sample[v] = level.min(row.len() - 1) as u16;
            }
        }
        samples
    }
}

impl Table {
    fn random(
        parents: Vec<(usize, usize)>,
        n_levels: usize,
        options: &DiscreteNetOptions,
        rng: &mut impl Rng,
    ) -> Result<Self, SyntheticError> {
        let sizes = parents.iter().map(|(_, levels)| *levels);
        let n_entries = sizes.fold(n_levels, usize::saturating_mul);
        if n_entries > LARGEST_TABLE {
            let expected = "at most 2^24: fewer parents or levels";
            return Err(SyntheticError::parameter(
                "a table's size",
                expected,
                n_entries as f64,
            ));
        }
        let mut probabilities = Array2::zeros((n_entries / n_levels, n_levels));
        for mut row in probabilities.rows_mut() {
            row.assign(&Array1::from(options.distribution(n_levels, rng)));
        }
        Ok(Self {
            parents,
            probabilities,
        })
    }

    fn row(&self, level_of: impl Fn(usize) -> u16) -> usize {
        let next =
            |row, &(parent, levels): &(usize, usize)| row * levels + usize::from(level_of(parent));
        self.parents.iter().fold(0, next)
    }
}

impl DiscreteNetOptions {
    fn check(&self) -> Result<(), SyntheticError> {
        let (fewest, most) = (*self.levels.start(), *self.levels.end());
        if fewest == 0 || most < fewest || most > 1 << 16 {
            let found = if fewest == 0 || most < fewest {
                fewest
            } else {
                most
            };
            let expected = "a range within 1 to 65,536";
            return Err(SyntheticError::parameter("levels", expected, found as f64));
        }
        if !(self.concentration > 0.0 && self.concentration.is_finite()) {
            let expected = "positive and finite";
            return Err(SyntheticError::parameter(
                "concentration",
                expected,
                self.concentration,
            ));
        }
        if !(0.0..=1.0).contains(&self.floor) {
            return Err(SyntheticError::parameter(
                "floor",
                "between 0 and 1",
                self.floor,
            ));
        }
        Ok(())
    }

    /// A draw from the Dirichlet distribution, mixed with the uniform one.
    fn distribution(&self, n_levels: usize, rng: &mut impl Rng) -> Vec<f64> {
        let mut draws: Vec<f64> = match Gamma::new(self.concentration, 1.0) {
            Ok(gamma) => (0..n_levels).map(|_| gamma.sample(rng)).collect(),
            Err(_) => vec![1.0; n_levels], // not met: the concentration has been checked
        };
        let sum: f64 = draws.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            // So small a concentration, or large, that all draws vanish or overflow: its limit.
            let certain = rng.random_range(0..n_levels);
            let is_tiny = self.concentration < 1.0;
            let weight = |level| {
                if !is_tiny || level == certain {
                    1.0
                } else {
                    0.0
                }
            };
            draws = (0..n_levels).map(weight).collect();
        }
        let sum: f64 = draws.iter().sum();
        let even = self.floor / n_levels as f64;
        draws
            .iter()
            .map(|draw| (1.0 - self.floor) * draw / sum + even)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;
    use crate::synthetic::{DagModel, random_dag};

    fn three() -> DiscreteNet {
        let edges = [
            Edge::directed(2, 0),
            Edge::directed(1, 0),
            Edge::directed(2, 1),
        ];
        let dag = MixedGraph::from_edges(3, edges).unwrap();
        DiscreteNet::random(&dag, &DiscreteNetOptions::new().levels(2..=3), 5).unwrap()
    }

    #[test]
    fn samples_have_the_probabilities() {
        let (net, n) = (three(), 200_000);
        let mut counts = std::collections::HashMap::new();
        for row in net.sample(n, 1).rows() {
            *counts.entry(row.to_vec()).or_insert(0) += 1;
        }
        let (mut total, levels) = (0.0, net.n_levels());
        for a in 0..levels[0] as u16 {
            for b in 0..levels[1] as u16 {
                for c in 0..levels[2] as u16 {
                    let p = net.probability(&[a, b, c]);
                    let share = f64::from(*counts.get(&vec![a, b, c]).unwrap_or(&0)) / n as f64;
                    assert!(
                        (share - p).abs() < 5.0 * (p / n as f64).sqrt(),
                        "{share} {p}"
                    );
                    total += p;
                }
            }
        }
        assert!((total - 1.0).abs() < 1e-12);
        assert_eq!(net.probability(&[0, 0]), 0.0);
        assert_eq!(net.probability(&[0, 0, 9]), 0.0);
    }

    #[test]
    fn more_samples_begin_with_fewer() {
        let net = three();
        assert_eq!(
            net.sample(50, 3).slice(ndarray::s![..20, ..]),
            net.sample(20, 3)
        );
    }

    #[test]
    fn extreme_concentrations_keep_to_their_limits() {
        let dag = MixedGraph::new(40);
        for concentration in [1e-300, 1e-12, 1e300] {
            let options = DiscreteNetOptions::new()
                .concentration(concentration)
                .floor(0.0);
            let net = DiscreteNet::random(&dag, &options, 1).unwrap();
            for table in &net.tables {
                let largest = table.probabilities.iter().fold(0.0, |a: f64, &b| a.max(b));
                let even = 1.0 / table.probabilities.ncols() as f64;
                let expected = if concentration < 1.0 { 1.0 } else { even };
                assert!(
                    (largest - expected).abs() < 1e-6,
                    "{concentration} {table:?}"
                );
            }
        }
    }

    #[test]
    fn bad_options_and_huge_tables_are_refused() {
        let dag = MixedGraph::new(2);
        let refused = |options| {
            DiscreteNet::random(&dag, &options, 0)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(DiscreteNetOptions::new().levels(0..=2)).contains("levels"));
        assert!(refused(DiscreteNetOptions::new().levels(2..=100_000)).contains("found 100000"));
        assert!(refused(DiscreteNetOptions::new().concentration(0.0)).contains("concentration"));
        assert!(refused(DiscreteNetOptions::new().floor(1.5)).contains("floor"));
        let dense = random_dag(
            40,
            DagModel::ErdosRenyi {
                expected_degree: 39.0,
            },
            1,
        )
        .unwrap();
        let error = DiscreteNet::random(&dense, &DiscreteNetOptions::new(), 0).unwrap_err();
        assert!(error.to_string().contains("table's size"), "{error}");
    }
}
