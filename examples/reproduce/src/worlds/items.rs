//! Items of a value, and how they are answered.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use value_causal::bench::Score;

/// Share of answers that are given at random.
const RANDOM_ANSWERS: f64 = 0.02;
/// Within this distance of its threshold an item is answered "unsure".
const UNSURE: f64 = 0.1;

/// How an item is answered by a value that stands this far above the item's threshold.
pub fn answer(distance: f64, rng: &mut ChaCha8Rng) -> Score {
    if rng.random_bool(RANDOM_ANSWERS) {
        return [Score::For, Score::Neutral, Score::Against][rng.random_range(0..3)];
    }
    match distance {
        d if d.abs() < UNSURE => Score::Neutral,
        d if d > 0.0 => Score::For,
        _ => Score::Against,
    }
}

/// Standard normal thresholds of a value's items.
pub(super) fn thresholds(n_items: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n_items).map(|_| StandardNormal.sample(rng)).collect()
}

/// The scores of items at these thresholds, each answer with a slip of this standard deviation.
pub(super) fn scores(
    orientation: f64,
    thresholds: &[f64],
    slip: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<Score> {
    let answer_to = |threshold| {
        let slipped: f64 = StandardNormal.sample(rng);
        answer(orientation - threshold + slip * slipped, rng)
    };
    thresholds.iter().map(answer_to).collect()
}
