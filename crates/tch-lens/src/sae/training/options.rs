//! How an autoencoder is trained.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::request;

/// Which activations are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sparsity {
    /// The k largest of each activation.
    #[default]
    TopK,
    /// The k n largest of a batch of n, so that some activations have more features than others. Afterwards a threshold,
    /// the mean over batches of the least that was kept, takes the place of the batch, and the autoencoder is a jumprelu one.
    BatchTopK,
}

/// How an autoencoder is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct SaeTraining {
    pub(super) d_sae: usize,
    pub(super) k: usize,
    pub(super) sparsity: Sparsity,
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) rate: f64,
    pub(super) revival: f64,
    pub(super) dead_after: usize,
    pub(super) seed: u64,
}

impl SaeTraining {
    /// `d_sae` features, `k` of which are active at a time: top-k, 5,000 steps of 2,048 activations, seed 0.
    pub fn new(d_sae: usize, k: usize) -> Self {
        Self {
            d_sae,
            k,
            sparsity: Sparsity::TopK,
            steps: 5_000,
            batch: 2_048,
            rate: 2e-4 / (d_sae as f64 / 16_384.0).sqrt(),
            revival: 1.0 / 32.0,
            dead_after: 1_000_000,
            seed: 0,
        }
    }

    /// Which activations are kept. Default: top-k.
    pub fn sparsity(mut self, sparsity: Sparsity) -> Self {
        self.sparsity = sparsity;
        self
    }

    /// How many steps. Default: 5,000.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Activations per step. Default: 2,048.
    pub fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Adam's rate; it rises over the first twentieth of the steps and falls to 0 over the last fifth. Default: 2e-4 over
    /// the root of `d_sae / 16384`, as in Gao et al. (2024).
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// What the dead features' share of the loss is multiplied by; 0 leaves them dead. Default: 1/32.
    pub fn revival(mut self, factor: f64) -> Self {
        self.revival = factor;
        self
    }

    /// A feature is dead once it was not active for so many activations. Default: 1,000,000.
    pub fn dead_after(mut self, activations: usize) -> Self {
        self.dead_after = activations;
        self
    }

    /// What the first weights and the batches are drawn from. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many steps it has.
    #[must_use]
    pub fn n_steps(&self) -> usize {
        self.steps
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let counts = [
            ("d_sae", self.d_sae),
            ("k", self.k),
            ("steps", self.steps),
            ("batch", self.batch),
            ("dead_after", self.dead_after),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Err(request(*name, "at least 1", 0));
        }
        if self.k > self.d_sae {
            return Err(request(
                "k",
                format!("at most d_sae, {}", self.d_sae),
                self.k,
            ));
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return Err(request("the learning rate", "a number above 0", self.rate));
        }
        if !(self.revival >= 0.0 && self.revival.is_finite()) {
            return Err(request("revival", "a number of at least 0", self.revival));
        }
        Ok(())
    }

    /// Adam's rate at a step, counted from 1.
    pub(super) fn rate_at(&self, step: usize) -> f64 {
        let (step, steps) = (step as f64, self.steps as f64);
        let rise = step / (steps / 20.0).max(1.0);
        let fall = (steps + 1.0 - step) / (steps / 5.0).max(1.0);
        self.rate * rise.min(fall).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_stays_and_falls() {
        let options = SaeTraining::new(16, 2).steps(100).rate(1.0);
        assert_eq!(options.rate_at(1), 0.2);
        assert_eq!(options.rate_at(5), 1.0);
        assert_eq!(options.rate_at(81), 1.0);
        assert_eq!(options.rate_at(91), 0.5);
        assert_eq!(options.rate_at(100), 0.05);
        assert_eq!(SaeTraining::new(16, 2).steps(1).rate(1.0).rate_at(1), 1.0);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let good = || SaeTraining::new(16, 2);
        assert!(good().check().is_ok());
        for (options, named) in [
            (SaeTraining::new(0, 0), "d_sae"),
            (SaeTraining::new(16, 0), "k"),
            (
                SaeTraining::new(16, 17),
                "k: expected at most d_sae, 16, found 17",
            ),
            (good().steps(0), "steps"),
            (good().batch(0), "batch"),
            (good().dead_after(0), "dead_after"),
            (good().rate(f64::NAN), "the learning rate"),
            (good().rate(-1.0), "the learning rate"),
            (good().revival(f64::INFINITY), "revival"),
        ] {
            let error = options.check().unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
