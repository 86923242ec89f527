//! What chains say of a parameter, and whether they agree.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};

use crate::moments::{mean, quantile, variance};

/// A parameter's posterior distribution, with what its draws are worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PosteriorSummary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// The 2.5 % quantile.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
    /// Split R-hat: near 1 where chains agree, from 1.01 on they ought to run longer.
    pub r_hat: f64,
    /// How many independent draws the mean is worth.
    pub effective_draws: f64,
    /// Standard error of the mean that comes from the draws.
    pub monte_carlo_error: f64,
}

impl PosteriorSummary {
    /// Of draws `[chains, draws]`.
    ///
    /// A. Gelman et al., "Bayesian data analysis", 3rd edition (2013), section 11.5.
    pub(super) fn of(draws: ArrayView2<'_, f64>) -> Self {
        let halves = split(draws);
        let mut sorted: Vec<f64> = draws.iter().copied().collect();
        let (low, high) = (quantile(&mut sorted, 0.025), quantile(&mut sorted, 0.975));
        let all = ArrayView1::from(&sorted);
        let effective_draws = effective_draws(halves.view());
        Self {
            mean: mean(all),
            deviation: variance(all).sqrt(),
            low,
            high,
            r_hat: r_hat(halves.view()),
            effective_draws,
            monte_carlo_error: (variance(all) / effective_draws).sqrt(),
        }
    }
}

/// Each chain as two, so that a drift within a chain shows, too.
fn split(draws: ArrayView2<'_, f64>) -> Array2<f64> {
    let half = draws.ncols() / 2;
    let (first, second) = (
        draws.slice(s![.., ..half]),
        draws.slice(s![.., half..2 * half]),
    );
    let mut halves = Array2::zeros((2 * draws.nrows(), half));
    halves.slice_mut(s![..draws.nrows(), ..]).assign(&first);
    halves.slice_mut(s![draws.nrows().., ..]).assign(&second);
    halves
}

/// Variance within chains, and of all together as if from well-mixed ones.
fn variances(chains: ArrayView2<'_, f64>) -> (f64, f64) {
    let n = chains.ncols() as f64;
    let within = chains.rows().into_iter().map(variance).sum::<f64>() / chains.nrows() as f64;
    let means = chains.sum_axis(Axis(1)) / n;
    (within, (n - 1.0) / n * within + variance(means.view()))
}

fn r_hat(chains: ArrayView2<'_, f64>) -> f64 {
    let (within, all) = variances(chains);
    (all / within).sqrt()
}

/// By the autocorrelations of all chains, cut off where pairs of them fall to zero, and made to fall
/// (C. J. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7, 1992).
fn effective_draws(chains: ArrayView2<'_, f64>) -> f64 {
    let (m, n) = chains.dim();
    let (within, all) = variances(chains);
    let centred = &chains - &(chains.sum_axis(Axis(1)) / n as f64).insert_axis(Axis(1));
    let correlation = |lag: usize| {
        let products = &centred.slice(s![.., lag..]) * &centred.slice(s![.., ..n - lag]);
        1.0 - (within - products.sum() / (m as f64 * (n as f64 - 1.0))) / all
    };
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for lag in (0..n.saturating_sub(1)).step_by(2) {
        least = least.min(correlation(lag) + correlation(lag + 1));
        if least <= 0.0 {
            break;
        }
        sum += least;
    }
    let draws = (m * n) as f64;
    // Chains that swing to and fro are worth more than independent draws, within reason.
    draws / (2.0 * sum - 1.0).max(1.0 / draws.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    /// Each draw `kept` times the one before and something new; variance 1.
    fn chains(kept: f64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut draws = Array2::zeros((4, 5000));
        for mut chain in draws.rows_mut() {
            let mut last: f64 = rng.sample(StandardNormal);
            for draw in &mut chain {
                let new: f64 = rng.sample(StandardNormal);
                last = kept * last + (1.0 - kept * kept).sqrt() * new;
                *draw = last;
            }
        }
        draws
    }

    #[test]
    fn draws_that_hang_together_are_worth_fewer() {
        for kept in [0.0, 0.6, 0.9] {
            let found = PosteriorSummary::of(chains(kept).view());
            // (1 - ρ) / (1 + ρ) of the 20,000.
            let worth = 20_000.0 * (1.0 - kept) / (1.0 + kept);
            assert!(
                (found.effective_draws / worth - 1.0).abs() < 0.2,
                "{found:?}"
            );
            assert!((found.r_hat - 1.0).abs() < 0.01 && (found.high - 1.96).abs() < 0.15);
        }
    }

    #[test]
    fn chains_that_disagree_or_drift_show() {
        let mut apart = chains(0.0);
        apart.row_mut(2).mapv_inplace(|x| x + 1.0);
        assert!(PosteriorSummary::of(apart.view()).r_hat > 1.05);
        let mut drifting = chains(0.0);
        for (at, mut draws) in drifting.columns_mut().into_iter().enumerate() {
            draws += at as f64 / 2500.0;
        }
        assert!(PosteriorSummary::of(drifting.view()).r_hat > 1.05);
    }
}
