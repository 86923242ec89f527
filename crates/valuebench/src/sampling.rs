//! Which items of a value a role is asked.

use crate::random::{Seed, python_seeded, sample};

/// A number that is not a share.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("expected {what} in [0, 1], found {found}")]
#[non_exhaustive]
pub struct FractionError {
    /// What the number is for.
    pub what: &'static str,
    /// The number.
    pub found: f64,
}

impl FractionError {
    pub(crate) fn check(what: &'static str, found: f64) -> Result<(), Self> {
        match (0.0..=1.0).contains(&found) {
            true => Ok(()),
            false => Err(Self { what, found }),
        }
    }
}

/// How the items of a value are drawn for a role.
///
/// Of n items ⌈`rate` · n⌉ are drawn without replacement. The draw depends on the role and the
/// value alone, so that a role meets the same items under every steered feature. The published
/// analysis draws with the rate 0.4 in training and asks all items in the test.
///
/// [`shared`](Self::shared) draws once per value for all roles, which is what a study of one's own
/// should do. With a draw of its own for each role, roles differ by what they were asked: on the
/// published measurements that alone makes four fifths of the variance between roles, and as all
/// rows of a role share its draw, they are not independent.
///
/// ```
/// use valuebench::ItemSampling;
///
/// let sampling = ItemSampling::released(0.4)?;
/// assert_eq!(sampling.indices(Some("Mary Holt"), "Empathy", 18).len(), 8);
/// assert_eq!(ItemSampling::all().indices(None, "Empathy", 3), [0, 1, 2]);
/// # Ok::<(), valuebench::FractionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSampling {
    rate: f64,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Released,
    Seeded(u64),
    Shared(u64),
}

impl ItemSampling {
    /// All items.
    pub fn all() -> Self {
        Self {
            rate: 1.0,
            source: Source::Shared(0),
        }
    }

    /// As the released code draws: Python's `random.seed(role + value)`, with `None` for the empty
    /// role, then `random.sample`. It has no seed of its own, and roles and values whose joined
    /// names are alike get the same draw.
    ///
    /// # Errors
    ///
    /// [`FractionError`] for a rate outside \[0, 1\].
    pub fn released(rate: f64) -> Result<Self, FractionError> {
        Self::new(rate, Source::Released)
    }

    /// Drawn once per value, the same items for all roles, with ChaCha8 keyed by the SHA-256 of the
    /// seed and the value; the same over releases of this crate and machines.
    ///
    /// # Errors
    ///
    /// [`FractionError`] for a rate outside \[0, 1\].
    ///
    /// ```
    /// use valuebench::ItemSampling;
    ///
    /// let sampling = ItemSampling::shared(0.4, 1)?;
    /// let mary = sampling.indices(Some("Mary Holt"), "Empathy", 18);
    /// assert_eq!(mary, sampling.indices(None, "Empathy", 18));
    /// assert!(sampling.is_shared() && !ItemSampling::seeded(0.4, 1)?.is_shared());
    /// # Ok::<(), valuebench::FractionError>(())
    /// ```
    pub fn shared(rate: f64, seed: u64) -> Result<Self, FractionError> {
        Self::new(rate, Source::Shared(seed))
    }

    /// Drawn for each role and value with ChaCha8, keyed by the SHA-256 of the seed, the role and
    /// the value; the same over releases of this crate and machines.
    ///
    /// # Errors
    ///
    /// [`FractionError`] for a rate outside \[0, 1\].
    pub fn seeded(rate: f64, seed: u64) -> Result<Self, FractionError> {
        Self::new(rate, Source::Seeded(seed))
    }

    /// Whether all roles are asked the same items of a value, whatever its number of items.
    pub fn is_shared(&self) -> bool {
        self.rate == 0.0 || self.rate == 1.0 || matches!(self.source, Source::Shared(_))
    }

    /// The places, in ascending order, of those of a value's `n` items that the role is asked.
    ///
    /// Time and memory are at most linear in `n`.
    pub fn indices(&self, role: Option<&str>, value: &str, n: usize) -> Vec<usize> {
        let mut drawn = self.draw(role, value, n);
        drawn.sort_unstable();
        drawn
    }

    fn new(rate: f64, source: Source) -> Result<Self, FractionError> {
        FractionError::check("a sampling rate", rate)?;
        Ok(Self { rate, source })
    }

    fn draw(&self, role: Option<&str>, value: &str, n: usize) -> Vec<usize> {
        let role = role.filter(|name| !name.is_empty());
        let k = ceil_share(n, self.rate);
        match self.source {
            Source::Released => {
                let seed = format!("{}{value}", role.unwrap_or("None"));
                sample(&mut python_seeded(&seed), n, k)
            }
            Source::Seeded(seed) => {
                let seed = Seed::new("items", seed).optional(role).text(value);
                sample(&mut seed.source(), n, k)
            }
            Source::Shared(seed) => {
                let seed = Seed::new("items for all roles", seed).text(value);
                sample(&mut seed.source(), n, k)
            }
        }
    }
}

/// ⌊fraction · n⌋ of the product in floating point, as Python computes it.
pub(crate) fn floor_share(n: usize, fraction: f64) -> usize {
    to_count((n as f64 * fraction).floor(), n)
}

/// ⌈fraction · n⌉ of the product in floating point, as Python computes it.
fn ceil_share(n: usize, fraction: f64) -> usize {
    to_count((n as f64 * fraction).ceil(), n)
}

/// A whole number between 0 and `n`.
fn to_count(x: f64, n: usize) -> usize {
    (x as usize).min(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_rounded_as_python_rounds_them() {
        assert_eq!(floor_share(20, 0.7), 14);
        assert_eq!(floor_share(27, 0.7), 18);
        assert_eq!(floor_share(100, 0.29), 28);
        assert_eq!(floor_share(1, 0.7), 0);
        assert_eq!(ceil_share(14, 0.4), 6);
        assert_eq!(ceil_share(15, 0.4), 6);
        assert_eq!(ceil_share(18, 0.4), 8);
        assert_eq!(ceil_share(100, 0.07), 8);
        assert_eq!(ceil_share(7, 1.0), 7);
    }

    #[test]
    fn rates_are_checked() {
        for rate in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = ItemSampling::released(rate).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected a sampling rate in [0, 1], found {rate}")
            );
        }
    }

    /// Drawn by Python 3.11: `random.seed("Mary HoltEmpathy")`, `sorted(random.sample(range(18),
    /// 8))`.
    #[test]
    fn released_draws_are_pythons() {
        let sampling = ItemSampling::released(0.4).unwrap();
        let drawn = sampling.indices(Some("Mary Holt"), "Empathy", 18);
        assert_eq!(drawn, [1, 2, 4, 7, 9, 10, 12, 17]);
        let drawn = sampling.indices(None, "Empathy", 18);
        assert_eq!(drawn, [0, 3, 4, 7, 11, 12, 13, 17]);
        assert_eq!(drawn, sampling.indices(Some("None"), "Empathy", 18));
        assert_eq!(drawn, sampling.indices(Some(""), "Empathy", 18));
    }

    proptest! {
        /// Nobody's items differ from anybody's exactly where the sampling says so.
        #[test]
        fn shared_draws_are_those_of_all_roles(
            rate in 0.0..=1.0_f64, seed in any::<u64>(), n in 0..40_usize, value in "[A-Z][a-z]{0,5}", role in "[a-z]{1,6}",
        ) {
            let shared = ItemSampling::shared(rate, seed).unwrap();
            let drawn = shared.indices(None, &value, n);
            prop_assert_eq!(drawn.len(), ceil_share(n, rate));
            prop_assert!(drawn.is_sorted_by(|a, b| a < b) && drawn.iter().all(|&place| place < n));
            for sampling in [shared, ItemSampling::all()] {
                prop_assert!(sampling.is_shared());
                let [a, b] = [None, Some(role.as_str())].map(|role| sampling.indices(role, &value, n));
                prop_assert_eq!(a, b);
            }
        }
    }

    #[test]
    fn shared_draws_depend_on_seed_and_value() {
        let draw = |seed, value| {
            ItemSampling::shared(0.4, seed)
                .unwrap()
                .indices(None, value, 200)
        };
        assert_ne!(draw(1, "Empathy"), draw(2, "Empathy"));
        assert_ne!(draw(1, "Empathy"), draw(1, "Social"));
        // Fixed for good: another draw would change the items of finished studies.
        let few = ItemSampling::shared(0.4, 1)
            .unwrap()
            .indices(None, "Empathy", 18);
        assert_eq!(few, [2, 6, 7, 8, 9, 12, 13, 17]);
    }

    #[test]
    fn own_draws_depend_on_seed_role_and_value() {
        let draw = |seed, role, value| {
            let sampling = ItemSampling::seeded(0.4, seed).unwrap();
            sampling.indices(role, value, 200)
        };
        let first = draw(1, None, "Empathy");
        assert_eq!(first, draw(1, None, "Empathy"));
        assert_ne!(first, draw(2, None, "Empathy"));
        assert_ne!(first, draw(1, Some("None"), "Empathy"));
        assert_ne!(first, draw(1, None, "Social"));
    }
}
