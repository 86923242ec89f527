//! Hamiltonian Monte Carlo: chains that a density and its gradient alone steer.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Share of proposals that the step length is tuned to have accepted.
const ACCEPTANCE: f64 = 0.8;
/// Longest way of a proposal, in steps.
const MOST_LEAPS: usize = 60;

/// A log density up to a constant.
pub(super) trait Density: Sync {
    /// The log density with its gradient.
    fn at(&self, place: &DVector<f64>) -> (f64, DVector<f64>);
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    pub(super) n_warm_up: usize,
    pub(super) n_draws: usize,
}

/// The draws of one chain, in order, from a start of its own near the one given.
pub(super) fn chain(
    density: &impl Density,
    start: &DVector<f64>,
    lengths: Lengths,
    seed: u64,
    number: u64,
) -> Vec<DVector<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    let spread = normal(start.len(), &mut rng) * 0.3;
    let mut walker = Walker::new(density, start + spread);
    // A first metric from a rough warm-up, a better one from a longer one, then the step alone.
    for share in [0.2, 0.5] {
        let n = (share * lengths.n_warm_up as f64) as usize;
        let seen: Vec<DVector<f64>> = (0..n).map(|_| walker.step(true, &mut rng)).collect();
        walker.set_metric(&seen[n / 2..]);
    }
    let left = (0.3 * lengths.n_warm_up as f64) as usize;
    (0..left).for_each(|_| drop(walker.step(true, &mut rng)));
    walker.tuning.settle();
    (0..lengths.n_draws)
        .map(|_| walker.step(false, &mut rng))
        .collect()
}

fn normal(n: usize, rng: &mut impl Rng) -> DVector<f64> {
    DVector::from_fn(n, |_, _| rng.sample(StandardNormal))
}

struct Walker<'a, D> {
    density: &'a D,
    place: DVector<f64>,
    log_density: f64,
    gradient: DVector<f64>,
    /// Scales momenta to the spread of the density: the Cholesky factor of its covariance.
    metric: DMatrix<f64>,
    tuning: StepLength,
}

impl<'a, D: Density> Walker<'a, D> {
    fn new(density: &'a D, place: DVector<f64>) -> Self {
        let (log_density, gradient) = density.at(&place);
        let n = place.len();
        Self {
            density,
            place,
            log_density,
            gradient,
            metric: DMatrix::identity(n, n) * 0.2,
            tuning: StepLength::new(0.3),
        }
    }

    /// Shrunk a little towards a small sphere, as Stan does, for draws may be few.
    fn set_metric(&mut self, seen: &[DVector<f64>]) {
        if seen.len() < 10 {
            return;
        }
        let (n, size) = (seen.len() as f64, self.place.len());
        let mean = seen.iter().sum::<DVector<f64>>() / n;
        let mut covariance = DMatrix::zeros(size, size);
        for place in seen {
            let gap = place - &mean;
            covariance += &gap * gap.transpose() / (n - 1.0);
        }
        let shrunk =
            covariance * (n / (n + 5.0)) + DMatrix::identity(size, size) * (1e-3 * 5.0 / (n + 5.0));
        if let Some(factor) = Cholesky::new(shrunk) {
            self.metric = factor.l();
            self.tuning = StepLength::new(0.5);
        }
    }

    /// One proposal, taken or not; returns where the chain stands.
    fn step(&mut self, is_tuning: bool, rng: &mut impl Rng) -> DVector<f64> {
        let length = self.tuning.length();
        let mut momentum = normal(self.place.len(), rng);
        // About a quarter of a period; of random length, lest it come back to where it was.
        let way = rng.random_range(0.4..2.2);
        let n_leaps = ((way / length).ceil() as usize).clamp(1, MOST_LEAPS);
        let before = self.log_density - momentum.norm_squared() / 2.0;

        let mut place = self.place.clone();
        let mut log_density = self.log_density;
        let mut gradient = self.gradient.clone();
        for _ in 0..n_leaps {
            momentum += self.metric.tr_mul(&gradient) * (length / 2.0);
            place += &self.metric * &momentum * length;
            (log_density, gradient) = self.density.at(&place);
            momentum += self.metric.tr_mul(&gradient) * (length / 2.0);
        }
        let after = log_density - momentum.norm_squared() / 2.0;
        // Where the density overflows there is nothing, and the proposal is not taken.
        let accepted = match after.is_finite() {
            true => (after - before).exp().min(1.0),
            false => 0.0,
        };
        if rng.random::<f64>() < accepted {
            (self.place, self.log_density, self.gradient) = (place, log_density, gradient);
        }
        if is_tuning {
            self.tuning.learn(accepted);
        }
        self.place.clone()
    }
}

/// Dual averaging of the logarithm of the step (M. D. Hoffman and A. Gelman, "The No-U-Turn
/// sampler", JMLR 15, 2014, section 3.2).
struct StepLength {
    target: f64,
    log_length: f64,
    log_mean: f64,
    error: f64,
    n: f64,
}

impl StepLength {
    fn new(length: f64) -> Self {
        Self {
            target: (10.0 * length).ln(),
            log_length: length.ln(),
            log_mean: 0.0,
            error: 0.0,
            n: 0.0,
        }
    }

    fn length(&self) -> f64 {
        self.log_length.exp()
    }

    fn learn(&mut self, accepted: f64) {
        self.n += 1.0;
        let weight = 1.0 / (self.n + 10.0);
        self.error = (1.0 - weight) * self.error + weight * (ACCEPTANCE - accepted);
        self.log_length = self.target - self.n.sqrt() / 0.05 * self.error;
        let share = self.n.powf(-0.75);
        self.log_mean = share * self.log_length + (1.0 - share) * self.log_mean;
    }

    /// From now on the mean of what was learnt.
    fn settle(&mut self) {
        if self.n > 0.0 {
            self.log_length = self.log_mean;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal, with correlation .9 and deviations 1 and 10.
    struct Narrow;

    impl Density for Narrow {
        fn at(&self, place: &DVector<f64>) -> (f64, DVector<f64>) {
            let (x, y) = (place[0], place[1] / 10.0);
            let (by_x, by_y) = ((x - 0.9 * y) / 0.19, (y - 0.9 * x) / 0.19);
            let log = -(x * by_x + y * by_y) / 2.0;
            (log, DVector::from_vec(vec![-by_x, -by_y / 10.0]))
        }
    }

    #[test]
    fn draws_have_the_moments_of_the_density() {
        let lengths = Lengths {
            n_warm_up: 1000,
            n_draws: 4000,
        };
        let draws = chain(&Narrow, &DVector::zeros(2), lengths, 1, 0);
        let mean = |of: &dyn Fn(&DVector<f64>) -> f64| {
            draws.iter().map(of).sum::<f64>() / draws.len() as f64
        };
        assert!(mean(&|q| q[0]).abs() < 0.1 && mean(&|q| q[1]).abs() < 1.0);
        assert!((mean(&|q| q[0] * q[0]) - 1.0).abs() < 0.1);
        assert!((mean(&|q| q[1] * q[1]) - 100.0).abs() < 10.0);
        assert!((mean(&|q| q[0] * q[1]) - 9.0).abs() < 1.0);
        assert_eq!(draws, chain(&Narrow, &DVector::zeros(2), lengths, 1, 0));
        assert_ne!(draws, chain(&Narrow, &DVector::zeros(2), lengths, 1, 1));
    }
}
