use std::collections::BTreeMap;

use nalgebra::DVector;
use ndarray::{Array1, Array2, Array3, Axis, s};

use super::OrdinalError;
use super::diagnostics::PosteriorSummary;
use super::hierarchy::{Cell, Hierarchy};
use super::likelihood::{categories, check_weights, independent};
use super::sampler::{Lengths, chain};
use crate::scores::Scores;

/// Settings of [`OrdinalPosterior::sample`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct PosteriorOptions {
    prior_deviation: f64,
    group_scale: f64,
    n_chains: usize,
    n_warm_up: usize,
    n_draws: usize,
    seed: u64,
}

impl Default for PosteriorOptions {
    fn default() -> Self {
        Self {
            prior_deviation: 2.5,
            group_scale: 1.0,
            n_chains: 4,
            n_warm_up: 1_000,
            n_draws: 2_000,
            seed: 0,
        }
    }
}

impl PosteriorOptions {
    /// Deviation of the normal priors of thresholds and coefficients, about 0. Default: 2.5.
    pub fn prior_deviation(mut self, deviation: f64) -> Self {
        self.prior_deviation = deviation;
        self
    }

    /// Scale of the half-normal prior of the groups' deviation. Default: 1.
    pub fn group_scale(mut self, scale: f64) -> Self {
        self.group_scale = scale;
        self
    }

    /// Number of chains, each on a thread of its own. Default: 4.
    pub fn n_chains(mut self, n_chains: usize) -> Self {
        self.n_chains = n_chains;
        self
    }

    /// Steps of a chain before its draws count. Default: 1,000.
    pub fn n_warm_up(mut self, n_warm_up: usize) -> Self {
        self.n_warm_up = n_warm_up;
        self
    }

    /// Draws of a chain. Default: 2,000.
    pub fn n_draws(mut self, n_draws: usize) -> Self {
        self.n_draws = n_draws;
        self
    }

    /// The seed; the same gives the same draws. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Refuses settings that no posterior can be drawn with.
    ///
    /// # Errors
    /// The setting, what was expected and what was found.
    pub fn check(self) -> Result<Self, OrdinalError> {
        /// Chains, and draws of each: more would take all memory.
        const MOST: [usize; 2] = [1_000, 10_000_000];
        let most = [
            ("n_chains", self.n_chains, MOST[0], "1000 or less"),
            ("n_warm_up", self.n_warm_up, MOST[1], "10000000 or less"),
            ("n_draws", self.n_draws, MOST[1], "10000000 or less"),
            (
                "n_chains * n_draws",
                self.n_chains.saturating_mul(self.n_draws),
                MOST[1],
                "10000000 or less",
            ),
        ];
        if let Some((setting, found, _, expected)) =
            most.into_iter().find(|(_, found, most, _)| found > most)
        {
            return Err(OrdinalError::Setting {
                setting,
                found: found as f64,
                expected,
            });
        }
        let positive = "a number above 0";
        let settings = [
            ("prior_deviation", self.prior_deviation, 0.0, positive),
            ("group_scale", self.group_scale, 0.0, positive),
            ("n_chains", self.n_chains as f64, 0.0, "1 or more"),
            ("n_warm_up", self.n_warm_up as f64, 99.0, "100 or more"),
            ("n_draws", self.n_draws as f64, 9.0, "10 or more"),
        ];
        let is_wrong = |found: f64, above: f64| !found.is_finite() || found <= above;
        match settings
            .into_iter()
            .find(|&(_, found, above, _)| is_wrong(found, above))
        {
            None => Ok(self),
            Some((setting, found, _, expected)) => Err(OrdinalError::Setting {
                setting,
                found,
                expected,
            }),
        }
    }
}

/// The cumulative logit model with an effect of each group of answers (an item, a rater):
/// `P(y ≤ k) = logistic(threshold_k - x·β - group)`, groups normal about 0.
///
/// The summaries are of draws by Hamiltonian Monte Carlo; look at their R-hat.
///
/// # Example
/// ```
/// use ndarray::Array2;
/// use psychometrics::{Scores, ordinal::{OrdinalPosterior, PosteriorOptions}};
///
/// // Two answerers, the second higher, to three items four times each.
/// let second = Array2::from_shape_fn((24, 1), |(at, _)| f64::from(u8::from(at >= 12)));
/// let items: Vec<usize> = (0..24).map(|at| at % 3).collect();
/// let answers: Vec<usize> = (0..24).map(|at| (at / 12 + at % 3 + at % 5 / 3).min(3)).collect();
/// let options = PosteriorOptions::default().n_warm_up(200).n_draws(200);
/// let found = OrdinalPosterior::sample(&Scores::new(second.view())?, &items, &answers, options)?;
/// assert!(found.coefficients[0].mean > 0.0);
/// assert!(found.groups[2].mean > found.groups[0].mean);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OrdinalPosterior {
    /// `[categories - 1]`, ascending.
    pub thresholds: Vec<PosteriorSummary>,
    /// `[predictors]`.
    pub coefficients: Vec<PosteriorSummary>,
    /// `[groups]`.
    pub groups: Vec<PosteriorSummary>,
    /// Standard deviation of the groups' effects.
    pub group_deviation: PosteriorSummary,
    /// Of the coefficients, `[predictors, chains, draws]`.
    draws: Array3<f64>,
}

impl OrdinalPosterior {
    /// Draws from the posterior of answers (categories from 0) given predictors, `[cases,
    /// predictors]`, and the group of each case (numbers from 0).
    ///
    /// # Errors
    /// [`OrdinalError`] for answers that do not fill their categories, predictors that are linearly
    /// dependent, groups that are not one for each answer, or settings out of range.
    ///
    /// # Complexity
    /// `O(distinct cases × categories)` for each of some ten leaps of each draw.
    pub fn sample(
        predictors: &Scores<'_>,
        groups: &[usize],
        answers: &[usize],
        options: PosteriorOptions,
    ) -> Result<Self, OrdinalError> {
        let options = options.check()?;
        let n_categories = categories(answers, predictors.n_cases())?;
        independent(predictors)?;
        if groups.len() != answers.len() {
            return Err(OrdinalError::Groups {
                groups: groups.len(),
                answers: answers.len(),
            });
        }
        let hierarchy = Hierarchy {
            cells: cells(predictors, groups, answers, n_categories),
            n_categories,
            n_predictors: predictors.n_variables(),
            n_groups: groups.iter().max().map_or(0, |last| last + 1),
            prior_deviation: options.prior_deviation,
            group_scale: options.group_scale,
        };
        Ok(Self::of(&hierarchy, &chains(&hierarchy, options)))
    }

    /// Of draws by chain.
    fn of(hierarchy: &Hierarchy, chains: &[Vec<DVector<f64>>]) -> Self {
        let n_draws = chains.first().map_or(0, Vec::len);
        let shape = (hierarchy.n_parameters(), chains.len(), n_draws);
        let mut draws = Array3::zeros(shape);
        for (chain, places) in chains.iter().enumerate() {
            for (draw, place) in places.iter().enumerate() {
                let parameters = Array1::from(in_model_units(hierarchy, place));
                draws.slice_mut(s![.., chain, draw]).assign(&parameters);
            }
        }
        let summary = |parameter| PosteriorSummary::of(draws.index_axis(Axis(0), parameter));
        let n_thresholds = hierarchy.n_categories - 1;
        let first_group = n_thresholds + hierarchy.n_predictors;
        let last = first_group + hierarchy.n_groups;
        Self {
            thresholds: (0..n_thresholds).map(summary).collect(),
            coefficients: (n_thresholds..first_group).map(summary).collect(),
            groups: (first_group..last).map(summary).collect(),
            group_deviation: summary(last),
            draws: draws
                .slice(s![n_thresholds..first_group, .., ..])
                .to_owned(),
        }
    }

    /// The posterior of a sum of the coefficients with these weights.
    ///
    /// # Errors
    /// [`OrdinalError::Weights`] unless there is one weight for each coefficient.
    ///
    /// # Complexity
    /// `O(predictors × draws)`, and what the summary of a parameter takes.
    pub fn contrast(&self, weights: &[f64]) -> Result<PosteriorSummary, OrdinalError> {
        check_weights(weights, self.coefficients.len())?;
        let (_, chains, draws) = self.draws.dim();
        let mut sum = Array2::zeros((chains, draws));
        for (&weight, draws) in weights.iter().zip(self.draws.outer_iter()) {
            sum.scaled_add(weight, &draws);
        }
        Ok(PosteriorSummary::of(sum.view()))
    }
}

fn in_model_units(hierarchy: &Hierarchy, place: &DVector<f64>) -> Vec<f64> {
    let found = hierarchy.unpack(place);
    let parts = [
        found.parameters.thresholds,
        found.parameters.coefficients,
        found.groups,
        vec![found.group_deviation],
    ];
    parts.concat()
}

fn chains(hierarchy: &Hierarchy, options: PosteriorOptions) -> Vec<Vec<DVector<f64>>> {
    let start = hierarchy.start();
    let lengths = Lengths {
        n_warm_up: options.n_warm_up,
        n_draws: options.n_draws,
    };
    std::thread::scope(|scope| {
        let run = |number| {
            let start = &start;
            scope.spawn(move || chain(hierarchy, start, lengths, options.seed, number))
        };
        let threads: Vec<_> = (0..options.n_chains as u64).map(run).collect();
        let joined = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}

/// Answers with the same predictors and group, counted together.
fn cells(
    predictors: &Scores<'_>,
    groups: &[usize],
    answers: &[usize],
    n_categories: usize,
) -> Vec<Cell> {
    let mut cells: BTreeMap<(usize, Vec<u64>), Cell> = BTreeMap::new();
    let rows = predictors.cells();
    for ((row, &group), &answer) in rows.rows().into_iter().zip(groups).zip(answers) {
        let key = (group, row.iter().map(|x| x.to_bits()).collect());
        let cell = cells.entry(key).or_insert_with(|| Cell {
            predictors: row.to_vec(),
            group,
            counts: vec![0.0; n_categories],
        });
        cell.counts[answer] += 1.0;
    }
    cells.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn contrasts_are_sums_of_the_same_draws() {
        let x = Array2::from_shape_fn((24, 2), |(case, who)| {
            f64::from(u8::from(case % 3 == who + 1))
        });
        let groups: Vec<usize> = (0..24).map(|case| case % 4).collect();
        let answers: Vec<usize> = (0..24).map(|case| (case % 3 + case % 5) % 3).collect();
        let options = PosteriorOptions::default().n_warm_up(100).n_draws(50);
        let scores = Scores::new(x.view()).unwrap();
        let found = OrdinalPosterior::sample(&scores, &groups, &answers, options).unwrap();
        assert_eq!(found.contrast(&[0.0, 1.0]).unwrap(), found.coefficients[1]);
        let gap = found.contrast(&[-1.0, 1.0]).unwrap();
        let means = found.coefficients[1].mean - found.coefficients[0].mean;
        assert!((gap.mean - means).abs() < 1e-9);
        // Both lie apart from one reference, which the gap does not know.
        let variances = found.coefficients.iter().map(|of| of.deviation.powi(2));
        assert!(gap.deviation.powi(2) < variances.sum());
        assert!(found.contrast(&[1.0]).is_err());
    }

    #[test]
    fn settings_and_groups_are_checked_before_anything_is_drawn() {
        let x = array![[0.0], [1.0], [3.0]];
        let scores = Scores::new(x.view()).unwrap();
        let message = |groups: &[usize], options| {
            let found = OrdinalPosterior::sample(&scores, groups, &[0, 1, 0], options);
            found.unwrap_err().to_string()
        };
        let options = PosteriorOptions::default();
        assert_eq!(
            message(&[0, 1], options),
            "expected a group for each of the answers (3), found 2"
        );
        assert_eq!(
            message(&[0, 1, 0], options.group_scale(0.0)),
            "group_scale is 0: expected a number above 0"
        );
        assert_eq!(
            message(&[0, 1, 0], options.n_chains(0)),
            "n_chains is 0: expected 1 or more"
        );
    }
}
