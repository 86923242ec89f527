use serde::Serialize;

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Level of the tests of independence.
    pub alpha: f64,
    /// Every random number comes from this.
    pub seed: u64,
    /// Tables with clusters mixed up: for each count of edges, and for the test of common factors.
    pub draws: usize,
    /// The same where rows are taken for independent, whose searches are quick.
    pub quick_draws: usize,
    /// Data simulated from each number of factors; with none, what factors explain is left out.
    pub simulations: usize,
    /// Resamples of roles, for the intervals of reliabilities.
    pub resamples: usize,
}

impl Settings {
    /// At this level with seed 1: 199 draws (999 of the quick ones), 30 simulations, 500 resamples.
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self {
            alpha,
            seed: 1,
            draws: 199,
            quick_draws: 999,
            simulations: 30,
            resamples: 500,
        }
    }

    /// As few draws as tell a verdict, as in its calibration: 39 of each kind, no simulations, 200 resamples.
    #[must_use]
    pub fn few(self) -> Self {
        Self {
            draws: 39,
            quick_draws: 39,
            simulations: 0,
            resamples: 200,
            ..self
        }
    }
}
