use std::convert::Infallible;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::ci::CiTest;

/// A test without any truth behind it: p-values look drawn at random, so that a search meets every
/// contradiction there can be. What it returns must hold its promises all the same.
///
/// The same question always has the same answer, whichever variable is named first and in whatever
/// order the set is. P-values are below `threshold` as often as `dependent` says, and above it
/// otherwise, uniform within each part.
///
/// ```
/// use causal_pc::CiTest;
/// use causal_pc::synthetic::RandomTest;
///
/// let test = RandomTest::new(5, 1);
/// let p = test.p_value(0, 1, &[2, 4])?;
/// assert_eq!(test.p_value(1, 0, &[4, 2])?, p);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct RandomTest {
    n_variables: usize,
    seed: u64,
    dependent: f64,
    threshold: f64,
}

impl RandomTest {
    /// A test whose p-values are uniform between 0 and 1, but below 0.05 in half of the cases.
    pub fn new(n_variables: usize, seed: u64) -> Self {
        Self {
            n_variables,
            seed,
            dependent: 0.5,
            threshold: 0.05,
        }
    }

    /// How often a p-value is below which threshold; both are taken to the nearest number between 0
    /// and 1. Default 0.5 and 0.05.
    pub fn dependent(mut self, share: f64, threshold: f64) -> Self {
        (self.dependent, self.threshold) = (share.clamp(0.0, 1.0), threshold.clamp(0.0, 1.0));
        self
    }
}

impl CiTest for RandomTest {
    type Error = Infallible;

    fn n_variables(&self) -> usize {
        self.n_variables
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Infallible> {
        let mut question = vec![x.min(y), x.max(y)];
        question.extend_from_slice(given);
        question[2..].sort_unstable();
        let mut state = self.seed;
        for part in question {
            state = ChaCha8Rng::seed_from_u64(state ^ (part as u64 + 1)).next_u64();
        }
        let unit = |word: u64| (word >> 11) as f64 / (1_u64 << 53) as f64;
        let mut rng = ChaCha8Rng::seed_from_u64(state);
        let (which, place) = (unit(rng.next_u64()), unit(rng.next_u64()));
        Ok(if which < self.dependent {
            place * self.threshold
        } else {
            self.threshold + place * (1.0 - self.threshold)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_as_frequent_as_asked() {
        let test = RandomTest::new(200, 3).dependent(0.3, 0.1);
        let mut below = 0;
        for x in 0..200 {
            for y in 0..x {
                let p = test.p_value(x, y, &[]).unwrap();
                assert!((0.0..=1.0).contains(&p));
                below += usize::from(p < 0.1);
            }
        }
        let share = f64::from(below as u32) / 19_900.0;
        assert!((share - 0.3).abs() < 0.015, "{share}");
    }

    #[test]
    fn different_questions_have_different_answers() {
        let test = RandomTest::new(9, 0);
        let p = |x, y, given: &[usize]| test.p_value(x, y, given).unwrap();
        assert_ne!(p(0, 1, &[]), p(0, 2, &[]));
        assert_ne!(p(0, 1, &[2]), p(0, 2, &[1]));
        assert_ne!(p(0, 1, &[2, 3]), p(0, 1, &[3, 4]));
        assert_ne!(
            p(0, 1, &[]),
            RandomTest::new(9, 1).p_value(0, 1, &[]).unwrap()
        );
    }
}
