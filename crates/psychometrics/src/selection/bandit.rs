use super::SelectionError;

/// Which of several arms to pull next: the one that may pay most, by the upper confidence bound
/// `mean + √(2 ln N / n)` of `n` pulls out of `N`.
///
/// For rewards between 0 and 1 the regret grows with the logarithm of the pulls.
///
/// # Example
/// ```
/// use psychometrics::selection::Ucb1;
///
/// let mut topics = Ucb1::new(2);
/// for pays in [0.9, 0.1, 0.8] {
///     let topic = topics.next_arm().unwrap();
///     topics.reward(topic, pays)?;
/// }
/// assert_eq!(topics.pulls(), [2, 1]);
/// # Ok::<(), psychometrics::selection::SelectionError>(())
/// ```
///
/// P. Auer, N. Cesa-Bianchi and P. Fischer, "Finite-time analysis of the multiarmed bandit problem",
/// Machine Learning 47 (2002).
#[derive(Clone, Debug)]
pub struct Ucb1 {
    pulls: Vec<usize>,
    totals: Vec<f64>,
}

impl Ucb1 {
    /// Nothing pulled yet.
    #[must_use]
    pub fn new(arms: usize) -> Self {
        Self {
            pulls: vec![0; arms],
            totals: vec![0.0; arms],
        }
    }

    /// How often each arm was pulled.
    #[must_use]
    pub fn pulls(&self) -> &[usize] {
        &self.pulls
    }

    /// The first arm that was never pulled, or that with the highest bound, the first of equals;
    /// `None` without arms. `O(arms)`.
    #[must_use]
    pub fn next_arm(&self) -> Option<usize> {
        let all: usize = self.pulls.iter().sum();
        let bound = |arm: usize| match self.pulls[arm] {
            0 => f64::INFINITY,
            pulls => {
                let pulls = pulls as f64;
                self.totals[arm] / pulls + (2.0 * (all as f64).ln() / pulls).sqrt()
            }
        };
        // The last of equal maxima, of arms in descending order.
        let arms = (0..self.pulls.len()).rev();
        arms.max_by(|&a, &b| bound(a).total_cmp(&bound(b)))
    }

    /// Takes in what an arm paid.
    ///
    /// # Errors
    /// [`SelectionError`] for an arm that there is not, and a reward that is no finite number.
    pub fn reward(&mut self, arm: usize, reward: f64) -> Result<(), SelectionError> {
        let arms = self.pulls.len();
        if arm >= arms {
            return Err(SelectionError::UnknownArm { arm, arms });
        }
        if !reward.is_finite() {
            return Err(SelectionError::NotANumber {
                what: "reward of arm",
                place: arm,
                found: reward,
            });
        }
        self.pulls[arm] += 1;
        self.totals[arm] += reward;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_is_tried_and_what_is_none_is_refused() {
        let mut arms = Ucb1::new(3);
        for expected in 0..3 {
            assert_eq!(arms.next_arm(), Some(expected));
            arms.reward(expected, 0.5).unwrap();
        }
        // All bounds are equal.
        assert_eq!(arms.next_arm(), Some(0));
        let message = |found: Result<(), SelectionError>| found.unwrap_err().to_string();
        assert_eq!(
            message(arms.reward(3, 0.5)),
            "arm 3; there are 3, numbered from 0"
        );
        assert_eq!(
            message(arms.reward(1, f64::INFINITY)),
            "reward of arm 1 is inf: expected a number"
        );
        assert_eq!(Ucb1::new(0).next_arm(), None);
    }
}
