use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{SyntheticError, checked_dag, checked_range};
use crate::graph::MixedGraph;

/// A shape of the influence of one variable on another. All grow at most linearly, so that values
/// stay in bounds over long paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// `tanh x`: monotone, levels off.
    Tanh,
    /// `sin x`: neither monotone nor even.
    Sine,
    /// `x^2 / (1 + |x|)`: even, so without correlation where `x` is symmetric.
    Valley,
    /// `exp(-x^2 / 2)`: even, and vanishes far from 0.
    Bump,
}

impl Curve {
    /// The four of them.
    pub const ALL: [Self; 4] = [Self::Tanh, Self::Sine, Self::Valley, Self::Bump];

    /// The curve's value at `x`.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Tanh => x.tanh(),
            Self::Sine => x.sin(),
            Self::Valley => x * x / (1.0 + x.abs()),
            Self::Bump => (-0.5 * x * x).exp(),
        }
    }
}

/// What [`NonlinearSem::random`] draws from.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct NonlinearOptions {
    curves: Vec<Curve>,
    gain: (f64, f64),
    rate: (f64, f64),
    noise_sd: (f64, f64),
}

impl Default for NonlinearOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl NonlinearOptions {
    /// All curves, gains 1 to 2 of either sign, rates 1 to 2, noise of standard deviation 0.5.
    pub fn new() -> Self {
        Self {
            curves: Curve::ALL.to_vec(),
            gain: (1.0, 2.0),
            rate: (1.0, 2.0),
            noise_sd: (0.5, 0.5),
        }
    }

    /// The curves to choose from. Default [`Curve::ALL`].
    pub fn curves(mut self, curves: impl IntoIterator<Item = Curve>) -> Self {
        self.curves = curves.into_iter().collect();
        self
    }

    /// A curve is multiplied by a number whose absolute value is drawn uniformly between these, and
    /// whose sign is random. Default 1 to 2.
    pub fn gain(mut self, low: f64, high: f64) -> Self {
        self.gain = (low, high);
        self
    }

    /// A curve's argument is multiplied by a number drawn uniformly between these. Default 1 to 2.
    pub fn rate(mut self, low: f64, high: f64) -> Self {
        self.rate = (low, high);
        self
    }

    /// Noise has a standard deviation drawn uniformly between these. Default 0.5 to 0.5.
    pub fn noise_sd(mut self, low: f64, high: f64) -> Self {
        self.noise_sd = (low, high);
        self
    }
}

/// A structural equation model in which each variable is a sum of curves of its parents plus
/// independent Gaussian noise (an additive noise model).
///
/// ```
/// use causal_pc::synthetic::{DagModel, NonlinearOptions, NonlinearSem, random_dag};
///
/// let dag = random_dag(10, DagModel::ErdosRenyi { expected_degree: 2.0 }, 1)?;
/// let sem = NonlinearSem::random(&dag, &NonlinearOptions::new(), 2)?;
/// assert_eq!(sem.sample(500, 3).dim(), (500, 10)); // [samples, variables]
/// # Ok::<(), causal_pc::synthetic::SyntheticError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NonlinearSem {
    dag: MixedGraph,
    order: Vec<usize>,
    causes: Vec<Vec<Influence>>,
    noise_sd: Vec<f64>,
}

/// `gain * curve(rate * parent)`: what a parent adds to a variable of a [`NonlinearSem`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Influence {
    /// The parent.
    pub parent: usize,
    /// The curve's shape.
    pub curve: Curve,
    /// What multiplies the curve.
    pub gain: f64,
    /// What multiplies the parent.
    pub rate: f64,
}

impl Influence {
    fn of(&self, parent: f64) -> f64 {
        self.gain * self.curve.at(self.rate * parent)
    }
}

impl NonlinearSem {
    /// A model with random curves and noise. The same arguments give the same model.
    ///
    /// # Errors
    ///
    /// [`SyntheticError`] if the graph is no DAG, there is no curve to choose from, or a range of the
    /// options is not one of non-negative finite numbers.
    pub fn random(
        dag: &MixedGraph,
        options: &NonlinearOptions,
        seed: u64,
    ) -> Result<Self, SyntheticError> {
        let order = checked_dag(dag)?;
        let gain = checked_range("gain", options.gain)?;
        let rate = checked_range("rate", options.rate)?;
        let noise_sd = checked_range("noise_sd", options.noise_sd)?;
        if options.curves.is_empty() {
            return Err(SyntheticError::parameter(
                "the number of curves",
                "at least 1",
                0.0,
            ));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut influence = |parent| {
            let size = rng.random_range(gain.clone());
            Influence {
                parent,
                curve: options.curves[rng.random_range(0..options.curves.len())],
                gain: if rng.random() { -size } else { size },
                rate: rng.random_range(rate.clone()),
            }
        };
        let all = 0..dag.n_variables();
        let causes = all
            .clone()
            .map(|v| dag.parents(v).map(&mut influence).collect())
            .collect();
        let noise_sd = all.map(|_| rng.random_range(noise_sd.clone())).collect();
        Ok(Self {
            dag: dag.clone(),
            order,
            causes,
            noise_sd,
        })
    }

    /// The graph of the model.
    pub fn dag(&self) -> &MixedGraph {
        &self.dag
    }

    /// What the parents of a variable add to it; empty if there is no such variable.
    pub fn influences(&self, variable: usize) -> &[Influence] {
        self.causes.get(variable).map_or(&[], Vec::as_slice)
    }

    /// The standard deviation of each variable's noise.
    pub fn noise_sd(&self) -> &[f64] {
        &self.noise_sd
    }

    /// Independent samples, `[n_samples, p]`. The same arguments give the same samples, and more
    /// samples begin with those of fewer.
    pub fn sample(&self, n_samples: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Array2::zeros((n_samples, self.order.len()));
        for mut row in samples.rows_mut() {
            for &v in &self.order {
                let noise: f64 = StandardNormal.sample(&mut rng);
                let explained: f64 = self.causes[v].iter().map(|c| c.of(row[c.parent])).sum();
                row[v] = explained + self.noise_sd[v] * noise;
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;
    use crate::synthetic::{DagModel, random_dag};

    #[test]
    fn samples_follow_the_equations() {
        let dag = MixedGraph::from_edges(2, [Edge::directed(1, 0)]).unwrap();
        let options = NonlinearOptions::new()
            .curves([Curve::Valley])
            .noise_sd(0.0, 0.0);
        let sem = NonlinearSem::random(&dag, &options.noise_sd(0.1, 0.1), 4).unwrap();
        let influence = sem.influences(0)[0];
        assert_eq!((influence.parent, influence.curve), (1, Curve::Valley));
        let samples = sem.sample(4_000, 1);
        let noise = samples
            .rows()
            .into_iter()
            .map(|row| row[0] - influence.of(row[1]));
        let variance = noise.map(|noise| noise * noise).sum::<f64>() / 4_000.0;
        assert!((variance.sqrt() - 0.1).abs() < 0.005, "{variance}");
        assert_eq!(samples.slice(ndarray::s![..100, ..]), sem.sample(100, 1));
    }

    #[test]
    fn values_stay_in_bounds_over_long_paths() {
        let dag = random_dag(
            200,
            DagModel::Layered {
                n_layers: 200,
                expected_degree: 2.0,
            },
            1,
        );
        let sem = NonlinearSem::random(&dag.unwrap(), &NonlinearOptions::new(), 1).unwrap();
        assert!(sem.sample(50, 1).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn bad_options_are_named() {
        let dag = MixedGraph::new(2);
        let refused = |options| {
            NonlinearSem::random(&dag, &options, 0)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(NonlinearOptions::new().curves([])).contains("number of curves"));
        assert!(refused(NonlinearOptions::new().rate(-1.0, 1.0)).contains("rate"));
        assert!(refused(NonlinearOptions::new().gain(1.0, f64::NAN)).contains("gain"));
    }
}
