use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView2};

use super::{Choice, ComparisonError};
use crate::logit::{logistic, softplus};
use crate::variable::Names;

const MOST_STEPS: usize = 100;
const TOLERANCE: f64 = 1e-12;

/// How often each option (row) won against each other (column).
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::comparisons::Wins;
///
/// let wins = array![[0.0, 3.0, 2.0], [1.0, 0.0, 3.0], [2.0, 1.0, 0.0]];
/// let wins = Wins::named(wins.view(), ["care", "fairness", "loyalty"])?;
/// assert_eq!(wins.win_rates()[0], Some(0.625));
/// let strengths = wins.bradley_terry()?;
/// assert!(strengths.log_strengths[0] > strengths.log_strengths[2]);
/// assert!(wins.cyclic_triples().is_empty());
/// # Ok::<(), psychometrics::comparisons::ComparisonError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Wins {
    counts: Array2<f64>,
    names: Names,
}

/// Strengths by which `P(a wins against b) = logistic(strength_a - strength_b)`.
#[derive(Clone, Debug, PartialEq)]
pub struct BradleyTerry {
    /// `[options]`, logarithms; their mean is 0.
    pub log_strengths: Array1<f64>,
    /// The log likelihood.
    pub log_likelihood: f64,
    /// Steps of Newton's method.
    pub n_steps: usize,
}

impl Wins {
    /// Options are spoken of by number.
    ///
    /// # Errors
    /// [`ComparisonError`] for a table that is not square, or a cell that is no number of wins.
    pub fn new(counts: ArrayView2<'_, f64>) -> Result<Self, ComparisonError> {
        Self::checked(counts, Names::default())
    }

    /// Errors name the options.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where there are more or fewer names than options.
    pub fn named(
        counts: ArrayView2<'_, f64>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, ComparisonError> {
        let (names, options) = (Names::new(names), counts.nrows());
        match names.len() == options {
            true => Self::checked(counts, names),
            false => Err(ComparisonError::Names {
                names: names.len(),
                options,
            }),
        }
    }

    /// Counts choices between the options of these names.
    ///
    /// # Errors
    /// As [`named`](Self::named), and [`ComparisonError::Unknown`] for a choice of what is no option.
    pub fn of_choices(
        names: impl IntoIterator<Item = impl Into<String>>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Result<Self, ComparisonError> {
        let names = Names::new(names);
        let options = names.len();
        let mut counts = Array2::zeros((options, options));
        for Choice { winner, loser } in choices {
            match counts.get_mut((winner, loser)) {
                Some(count) => *count += 1.0,
                None => {
                    let option = winner.max(loser);
                    return Err(ComparisonError::Unknown { option, options });
                }
            }
        }
        Self::checked(counts.view(), names)
    }

    fn checked(counts: ArrayView2<'_, f64>, names: Names) -> Result<Self, ComparisonError> {
        let (rows, columns) = counts.dim();
        if rows != columns || rows < 2 {
            return Err(ComparisonError::Shape { rows, columns });
        }
        let is_wrong = |((a, b), found): &((usize, usize), &f64)| {
            !found.is_finite() || **found < 0.0 || (a == b && **found != 0.0)
        };
        match counts.indexed_iter().find(is_wrong) {
            None => Ok(Self {
                counts: counts.to_owned(),
                names,
            }),
            Some(((winner, loser), &found)) => Err(ComparisonError::Count {
                winner: names.variable(winner),
                loser: names.variable(loser),
                found,
            }),
        }
    }

    /// The wins, `[winners, losers]`.
    #[must_use]
    pub fn counts(&self) -> ArrayView2<'_, f64> {
        self.counts.view()
    }

    /// With `amount` more wins each way for every pair that was compared: strengths shrink towards
    /// each other, and those of options that never won stay finite.
    #[must_use]
    pub fn with_pseudo_wins(&self, amount: f64) -> Self {
        let more = |(a, b)| {
            let compared = self.counts[[a, b]] + self.counts[[b, a]] > 0.0;
            self.counts[[a, b]] + if compared { amount } else { 0.0 }
        };
        Self {
            counts: Array2::from_shape_fn(self.counts.dim(), more),
            names: self.names.clone(),
        }
    }

    /// The share of its comparisons that each option won; `None` for one that was not compared.
    #[must_use]
    pub fn win_rates(&self) -> Vec<Option<f64>> {
        let rate = |option: usize| {
            let won = self.counts.row(option).sum();
            let all = won + self.counts.column(option).sum();
            (all > 0.0).then(|| won / all)
        };
        (0..self.counts.nrows()).map(rate).collect()
    }

    /// By how much the win rate of each option is higher in `later`; `None` for one that was not
    /// compared in both.
    ///
    /// # Errors
    /// [`ComparisonError::Names`] where the options are not equally many.
    pub fn win_rate_shift(&self, later: &Self) -> Result<Vec<Option<f64>>, ComparisonError> {
        let (before, after) = (self.win_rates(), later.win_rates());
        if before.len() != after.len() {
            let (names, options) = (after.len(), before.len());
            return Err(ComparisonError::Names { names, options });
        }
        let shift = |(before, after): (Option<f64>, Option<f64>)| Some(after? - before?);
        Ok(before.into_iter().zip(after).map(shift).collect())
    }

    /// Options of which each won most comparisons with the next, and the last with the first;
    /// each triple once, from its lowest number.
    ///
    /// # Complexity
    /// `O(options³)`.
    #[must_use]
    pub fn cyclic_triples(&self) -> Vec<[usize; 3]> {
        let n = self.counts.nrows();
        let beats = |a: usize, b: usize| self.counts[[a, b]] > self.counts[[b, a]];
        let triples =
            (0..n).flat_map(|a| (a + 1..n).flat_map(move |b| (a + 1..n).map(move |c| [a, b, c])));
        triples
            .filter(|&[a, b, c]| b != c && beats(a, b) && beats(b, c) && beats(c, a))
            .collect()
    }

    /// Bradley and Terry's strengths by maximum likelihood.
    ///
    /// # Errors
    /// [`ComparisonError::Unconnected`] with two options between which no chain of wins leads, for
    /// then no strengths are the likeliest.
    ///
    /// # Complexity
    /// `O(options³)` for each of some five steps.
    ///
    /// R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", Biometrika 39
    /// (1952); when strengths exist: L. R. Ford, American Mathematical Monthly 64 (1957).
    pub fn bradley_terry(&self) -> Result<BradleyTerry, ComparisonError> {
        self.check_chains()?;
        let mut strengths = DVector::zeros(self.counts.nrows());
        let mut log_likelihood = self.log_likelihood(&strengths);
        let mut slope = f64::INFINITY;
        for n_steps in 0..MOST_STEPS {
            let gradient = self.gradient(&strengths);
            slope = gradient.amax();
            let step = (slope > TOLERANCE * (1.0 + self.counts.sum()))
                .then(|| Cholesky::new(self.information(&strengths)))
                .flatten()
                .map(|information| information.solve(&gradient));
            let better = step.and_then(|step| {
                self.higher(&strengths, log_likelihood, &step)
                    .or_else(|| self.flatter(&strengths, slope, &step))
            });
            match better {
                Some(found) => (strengths, log_likelihood) = found,
                // Rounding hides what is left to gain.
                None if slope <= 1e-6 * (1.0 + self.counts.sum()) => {
                    let strengths = strengths.add_scalar(-strengths.mean());
                    return Ok(BradleyTerry {
                        log_strengths: strengths.iter().copied().collect(),
                        log_likelihood,
                        n_steps,
                    });
                }
                None => break,
            }
        }
        Err(ComparisonError::NotReached { slope })
    }

    /// A full step where rounding hides what the likelihood gains, as it does once strengths are right
    /// to half of their digits; the gradient still tells.
    fn flatter(
        &self,
        from: &DVector<f64>,
        slope: f64,
        step: &DVector<f64>,
    ) -> Option<(DVector<f64>, f64)> {
        let there = from + step;
        let is_flatter = self.gradient(&there).amax() < slope / 2.0;
        let log_likelihood = self.log_likelihood(&there);
        is_flatter.then_some((there, log_likelihood))
    }

    fn higher(
        &self,
        from: &DVector<f64>,
        log_likelihood: f64,
        step: &DVector<f64>,
    ) -> Option<(DVector<f64>, f64)> {
        let lengths = std::iter::successors(Some(1.0), |length| Some(length / 2.0));
        lengths.take(30).find_map(|length| {
            let moved = from + step * length;
            let found = self.log_likelihood(&moved);
            (found > log_likelihood).then_some((moved, found))
        })
    }

    fn log_likelihood(&self, strengths: &DVector<f64>) -> f64 {
        let parts = self.counts.indexed_iter().map(|((winner, loser), count)| {
            -count * softplus(strengths[loser] - strengths[winner])
        });
        parts.sum()
    }

    fn gradient(&self, strengths: &DVector<f64>) -> DVector<f64> {
        DVector::from_fn(strengths.len(), |a, _| {
            let parts = (0..strengths.len()).map(|b| {
                let lost = logistic(strengths[b] - strengths[a]);
                self.counts[[a, b]] * lost - self.counts[[b, a]] * (1.0 - lost)
            });
            parts.sum()
        })
    }

    /// Minus the second derivatives, made regular along the mean, which the likelihood leaves open.
    fn information(&self, strengths: &DVector<f64>) -> DMatrix<f64> {
        let n = strengths.len();
        let weight = |a: usize, b: usize| {
            let won = logistic(strengths[a] - strengths[b]);
            (self.counts[[a, b]] + self.counts[[b, a]]) * won * (1.0 - won)
        };
        DMatrix::from_fn(n, n, |a, b| match a == b {
            true => (0..n).map(|c| weight(a, c)).sum::<f64>() + 1.0 / n as f64,
            false => 1.0 / n as f64 - weight(a, b),
        })
    }

    fn check_chains(&self) -> Result<(), ComparisonError> {
        let variable = |option| self.names.variable(option);
        if let Some(loser) = self.first_not_met(|a, b| self.counts[[a, b]] > 0.0) {
            let winner = variable(0);
            let loser = variable(loser);
            return Err(ComparisonError::Unconnected { winner, loser });
        }
        match self.first_not_met(|a, b| self.counts[[b, a]] > 0.0) {
            None => Ok(()),
            Some(winner) => Err(ComparisonError::Unconnected {
                winner: variable(winner),
                loser: variable(0),
            }),
        }
    }

    /// The first option that no chain from option 0 meets.
    fn first_not_met(&self, leads: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let n = self.counts.nrows();
        let mut met = vec![false; n];
        let mut waiting = vec![0];
        while let Some(from) = waiting.pop() {
            if !std::mem::replace(&mut met[from], true) {
                waiting.extend((0..n).filter(|&to| leads(from, to) && !met[to]));
            }
        }
        met.iter().position(|met| !met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn an_option_that_never_wins_is_named_and_has_a_strength_with_pseudo_wins() {
        let wins = array![[0.0, 3.0, 2.0], [1.0, 0.0, 3.0], [0.0, 0.0, 0.0]];
        let wins = Wins::named(wins.view(), ["care", "fairness", "loyalty"]).unwrap();
        let message = wins.bradley_terry().unwrap_err().to_string();
        assert!(
            message.contains("from variable 2 (loyalty) to variable 0 (care)"),
            "{message}"
        );
        let strengths = wins
            .with_pseudo_wins(0.5)
            .bradley_terry()
            .unwrap()
            .log_strengths;
        assert!(strengths[2] < strengths[1] && strengths.sum().abs() < 1e-12);
    }

    #[test]
    fn cells_that_are_no_wins_are_named() {
        let message = |m: Array2<f64>| Wins::new(m.view()).unwrap_err().to_string();
        assert_eq!(
            message(array![[0.0, -1.0], [2.0, 0.0]]),
            "variable 0 won -1 times against variable 1"
        );
        assert_eq!(
            message(array![[0.0, 1.0], [2.0, 3.0]]),
            "variable 1 won 3 times against variable 1"
        );
        assert!(message(array![[0.0, 1.0]]).starts_with("1 x 2 wins"));
    }

    /// Of two options each is as strong as its wins: half the logarithm of their ratio.
    #[test]
    fn strengths_are_right_to_more_than_half_of_their_digits() {
        for (won, lost) in (1..40).flat_map(|won| (1..40).map(move |lost| (won, lost))) {
            let (won, lost) = (f64::from(won), f64::from(lost));
            let wins = Wins::new(array![[0.0, won], [lost, 0.0]].view()).unwrap();
            let found = wins.bradley_terry().unwrap().log_strengths[0];
            let gap = (found - (won / lost).ln() / 2.0).abs();
            assert!(gap < 1e-10, "{won} to {lost}: off by {gap:e}");
        }
    }

    #[test]
    fn a_cycle_is_found_once() {
        let wins = array![[0.0, 2.0, 0.0], [1.0, 0.0, 2.0], [3.0, 1.0, 0.0]];
        assert_eq!(
            Wins::new(wins.view()).unwrap().cyclic_triples(),
            [[0, 1, 2]]
        );
    }
}
