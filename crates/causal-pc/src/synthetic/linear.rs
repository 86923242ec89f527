use std::fmt;

use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{SyntheticError, checked_dag, checked_range};
use crate::graph::MixedGraph;

/// A linear structural equation model with Gaussian noise: each variable is the weighted sum of its
/// parents plus independent noise of mean 0.
///
/// The exact covariance, correlation and total effects are known, so that estimates can be held
/// against them, and a test of independence can be run on the population itself.
///
/// ```
/// use causal_pc::graph::{Edge, MixedGraph};
/// use causal_pc::synthetic::LinearSem;
///
/// // 0 -> 1 -> 2, each effect one half
/// let edges = [Edge::directed(0, 1), Edge::directed(1, 2)];
/// let sem = LinearSem::new(&MixedGraph::from_edges(3, edges)?, |_, _| 0.5, |_| 1.0)?;
///
/// assert_eq!(sem.covariance()[[1, 1]], 1.25); // 0.5^2 + 1
/// assert_eq!(sem.total_effect(0, 2), 0.25);
/// assert_eq!(sem.sample(1_000, 42).dim(), (1_000, 3)); // [samples, variables]
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LinearSem {
    dag: MixedGraph,
    order: Vec<usize>,
    /// For each variable its parents with their weights.
    causes: Vec<Vec<(usize, f64)>>,
    noise_sd: Vec<f64>,
}

/// The equations: `X1 = 0.5 X0 + e, sd 1`.
impl fmt::Debug for LinearSem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.dag.names();
        f.write_str("LinearSem {")?;
        for (v, causes) in self.causes.iter().enumerate() {
            write!(f, "{} {} =", if v == 0 { "" } else { ";" }, names[v])?;
            for &(cause, weight) in causes {
                write!(f, " {weight:.3} {} +", names[cause])?;
            }
            write!(f, " e, sd {:.3}", self.noise_sd[v])?;
        }
        f.write_str(" }")
    }
}

/// What [`LinearSem::random`] draws from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct LinearOptions {
    pub(crate) weight: (f64, f64),
    pub(crate) negative: bool,
    pub(crate) noise_sd: (f64, f64),
}

impl Default for LinearOptions {
    fn default() -> Self {
        Self {
            weight: (0.25, 1.0),
            negative: true,
            noise_sd: (1.0, 1.0),
        }
    }
}

impl LinearOptions {
    /// Weights of absolute value 0.25 to 1 of either sign, noise of standard deviation 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Weights have an absolute value drawn uniformly between these. Default 0.25 to 1.
    pub fn weight(mut self, low: f64, high: f64) -> Self {
        self.weight = (low, high);
        self
    }

    /// Whether half of the weights are negative. Default yes.
    pub fn negative(mut self, negative: bool) -> Self {
        self.negative = negative;
        self
    }

    /// Noise has a standard deviation drawn uniformly between these. Default 1 to 1.
    pub fn noise_sd(mut self, low: f64, high: f64) -> Self {
        self.noise_sd = (low, high);
        self
    }
}

impl LinearSem {
    /// The model in which `parent -> child` has the weight `weight(parent, child)` and `v` the noise
    /// of standard deviation `noise_sd(v)`.
    ///
    /// # Errors
    ///
    /// [`SyntheticError`] if the graph is no DAG, a weight is not finite, or a standard deviation
    /// is not positive.
    pub fn new(
        dag: &MixedGraph,
        mut weight: impl FnMut(usize, usize) -> f64,
        mut noise_sd: impl FnMut(usize) -> f64,
    ) -> Result<Self, SyntheticError> {
        let order = checked_dag(dag)?;
        let mut causes = vec![Vec::new(); order.len()];
        let mut sds = vec![0.0; order.len()];
        for &v in &order {
            for parent in dag.parents(v) {
                let weight = weight(parent, v);
                if !weight.is_finite() {
                    return Err(SyntheticError::parameter(
                        "weight",
                        "a finite number",
                        weight,
                    ));
                }
                causes[v].push((parent, weight));
            }
            sds[v] = noise_sd(v);
            if !(sds[v] > 0.0 && sds[v].is_finite()) {
                return Err(SyntheticError::parameter(
                    "noise_sd",
                    "positive and finite",
                    sds[v],
                ));
            }
        }
        Ok(Self {
            dag: dag.clone(),
            order,
            causes,
            noise_sd: sds,
        })
    }

    /// A model with random weights and noise. The same arguments give the same model.
    ///
    /// # Errors
    ///
    /// [`SyntheticError`] if the graph is no DAG or a range of the options is not one of
    /// non-negative finite numbers.
    pub fn random(
        dag: &MixedGraph,
        options: LinearOptions,
        seed: u64,
    ) -> Result<Self, SyntheticError> {
        let weight = checked_range("weight", options.weight)?;
        let noise_sd = checked_range("noise_sd", options.noise_sd)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights: Vec<f64> = (0..dag.n_edges())
            .map(|_| {
                let size = rng.random_range(weight.clone());
                if options.negative && rng.random() {
                    -size
                } else {
                    size
                }
            })
            .collect();
        let mut weights = weights.into_iter();
        Self::new(
            dag,
            |_, _| weights.next().unwrap_or_default(),
            |_| rng.random_range(noise_sd.clone()),
        )
    }

    /// The graph of the model.
    pub fn dag(&self) -> &MixedGraph {
        &self.dag
    }

    /// Number of variables.
    pub fn n_variables(&self) -> usize {
        self.order.len()
    }

    /// The weight of `parent -> child`, 0 if there is no such edge.
    pub fn weight(&self, parent: usize, child: usize) -> f64 {
        let causes = self.causes.get(child).map_or(&[][..], Vec::as_slice);
        causes
            .iter()
            .find(|(v, _)| *v == parent)
            .map_or(0.0, |(_, weight)| *weight)
    }

    /// The standard deviation of each variable's noise.
    pub fn noise_sd(&self) -> &[f64] {
        &self.noise_sd
    }

    /// The exact covariance of the variables, `[p, p]`. O(p^2 x parents).
    pub fn covariance(&self) -> Array2<f64> {
        let p = self.n_variables();
        let mut covariance = Array2::zeros((p, p));
        for (at, &v) in self.order.iter().enumerate() {
            for &u in &self.order[..at] {
                let shared = self.causes[v]
                    .iter()
                    .map(|&(w, weight)| weight * covariance[[w, u]]);
                let shared = shared.sum::<f64>();
                covariance[[u, v]] = shared;
                covariance[[v, u]] = shared;
            }
            let explained = self.causes[v]
                .iter()
                .map(|&(w, weight)| weight * covariance[[w, v]]);
            covariance[[v, v]] = explained.sum::<f64>() + self.noise_sd[v].powi(2);
        }
        covariance
    }

    /// The exact correlation of the variables, `[p, p]`.
    pub fn correlation(&self) -> Array2<f64> {
        let covariance = self.covariance();
        let sd: Vec<f64> = covariance.diag().iter().map(|v| v.sqrt()).collect();
        Array2::from_shape_fn(covariance.dim(), |(i, j)| {
            if i == j {
                1.0
            } else {
                covariance[[i, j]] / (sd[i] * sd[j])
            }
        })
    }

    /// The same model in units in which every variable has variance 1, so that variance no longer
    /// tells causes from effects (Reisach et al. 2021).
    #[must_use]
    pub fn standardized(&self) -> Self {
        let sd: Vec<f64> = self.covariance().diag().iter().map(|v| v.sqrt()).collect();
        let mut scaled = self.clone();
        for (v, causes) in scaled.causes.iter_mut().enumerate() {
            causes
                .iter_mut()
                .for_each(|(w, weight)| *weight *= sd[*w] / sd[v]);
            scaled.noise_sd[v] /= sd[v];
        }
        scaled
    }

    /// By how much `effect` changes when `cause` is set one unit higher: the sum over directed paths
    /// of the products of their weights. 1 for `cause == effect`. O(p + edges).
    pub fn total_effect(&self, cause: usize, effect: usize) -> f64 {
        let mut change = vec![0.0; self.n_variables()];
        for &v in &self.order {
            change[v] = if v == cause {
                1.0
            } else {
                self.causes[v]
                    .iter()
                    .map(|&(w, weight)| weight * change[w])
                    .sum()
            };
        }
        change.get(effect).copied().unwrap_or_default()
    }

    /// Independent samples, `[n_samples, p]`. The same arguments give the same samples, and more
    /// samples begin with those of fewer.
    pub fn sample(&self, n_samples: usize, seed: u64) -> Array2<f64> {
        self.sample_from(n_samples, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    fn sample_from(&self, n_samples: usize, rng: &mut impl Rng) -> Array2<f64> {
        let mut samples = Array2::zeros((n_samples, self.n_variables()));
        for mut row in samples.rows_mut() {
            for &v in &self.order {
                let noise: f64 = StandardNormal.sample(rng);
                let explained = self.causes[v].iter().map(|&(w, weight)| weight * row[w]);
                row[v] = explained.sum::<f64>() + self.noise_sd[v] * noise;
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{DagModel, random_dag};

    fn model(seed: u64) -> LinearSem {
        let dag = random_dag(
            8,
            DagModel::ErdosRenyi {
                expected_degree: 3.0,
            },
            seed,
        )
        .unwrap();
        LinearSem::random(&dag, LinearOptions::new().noise_sd(0.5, 2.0), seed).unwrap()
    }

    /// The covariance solves (I - B)' S (I - B) = D, B holding the weights.
    #[test]
    fn covariance_solves_the_structural_equations() {
        for seed in 0..50 {
            let sem = model(seed);
            let rest = Array2::from_shape_fn((8, 8), |(i, j)| {
                f64::from(u8::from(i == j)) - sem.weight(i, j)
            });
            let noise = rest.t().dot(&sem.covariance()).dot(&rest);
            for ((i, j), found) in noise.indexed_iter() {
                let expected = if i == j {
                    sem.noise_sd()[i].powi(2)
                } else {
                    0.0
                };
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{i} {j} {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn samples_have_the_covariance() {
        let sem = model(3).standardized();
        let (n, exact) = (40_000, sem.covariance());
        let samples = sem.sample(n, 5);
        let found = samples.t().dot(&samples) / n as f64;
        for (found, exact) in found.iter().zip(&exact) {
            assert!(
                (found - exact).abs() < 5.0 * (2.0 / n as f64).sqrt(),
                "{found} {exact}"
            );
        }
        assert_eq!(samples, sem.sample(n, 5));
        assert_ne!(samples, sem.sample(n, 6));
    }

    #[test]
    fn standardized_variances_are_one_and_correlations_stay() {
        let sem = model(9);
        let standard = sem.standardized();
        for (a, b) in standard.covariance().iter().zip(&sem.correlation()) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn total_effects_sum_over_paths() {
        let edges = [(2, 0), (0, 1), (2, 1), (1, 3)].map(|(a, b)| crate::Edge::directed(a, b));
        let dag = MixedGraph::from_edges(4, edges).unwrap();
        let weight = |a: usize, b: usize| (10 * a + b) as f64;
        let sem = LinearSem::new(&dag, weight, |_| 1.0).unwrap();
        assert_eq!(sem.total_effect(2, 3), (20.0 * 1.0 + 21.0) * 13.0);
        assert_eq!(sem.total_effect(3, 2), 0.0);
        assert_eq!(sem.total_effect(0, 0), 1.0);
    }

    #[test]
    fn bad_models_are_refused() {
        let dag = MixedGraph::from_edges(2, [crate::Edge::directed(0, 1)]).unwrap();
        let refused = [
            LinearSem::new(&dag, |_, _| f64::NAN, |_| 1.0).unwrap_err(),
            LinearSem::new(&dag, |_, _| 1.0, |_| 0.0).unwrap_err(),
            LinearSem::random(&dag, LinearOptions::new().weight(2.0, 1.0), 0).unwrap_err(),
            LinearSem::random(&dag, LinearOptions::new().noise_sd(0.0, 0.0), 0).unwrap_err(),
        ];
        let words = ["weight", "noise_sd", "weight", "noise_sd"];
        for (error, word) in refused.iter().zip(words) {
            assert!(error.to_string().contains(word), "{error}");
        }
        let undirected = MixedGraph::complete_undirected(2);
        assert!(LinearSem::new(&undirected, |_, _| 1.0, |_| 1.0).is_err());
    }
}
