//! Changes on the test rows as a sample whose units can be drawn again.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::metrics::{ChangeRates, Expectations};
use value_causal::ndarray::Array2;

use super::comparisons::{Steering, of_features};
use super::null_tests::OverBaselines;
use super::search::with_features;
use program::Failure;
use reproduce::Loaded;
use reproduce::effects::change_rates;

/// What changed, split by the units that are drawn again: the roles, or against one baseline the
/// settings compared with it.
pub struct Sample {
    /// What steers.
    pub steering: Steering,
    /// The baselines.
    pub baselines: OverBaselines,
    n_units: usize,
    /// For each baseline what changed against it, by unit; `None` is there in every resample.
    parts: Vec<Vec<(Option<usize>, ChangeRates)>>,
    /// Whether baseline `i` is as often there as unit `i`.
    weigh_baselines: bool,
    n_nodes: usize,
}

/// Mean effects over baselines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Means {
    /// Of values expected to change.
    pub expected: Option<f64>,
    /// Of the others.
    pub unexpected: Option<f64>,
    /// Their difference, over the baselines that have both.
    pub gap: Option<f64>,
}

impl Sample {
    /// The four samples of a study: role prompts and features, each against the published baseline
    /// and against every one.
    ///
    /// # Errors
    /// If rows cannot be compared.
    pub fn all(loaded: &Loaded, features: &BTreeSet<u64>) -> Result<Vec<Self>, Failure> {
        let (study, experiment) = (&loaded.study, &loaded.experiment);
        let test = with_features(&study.test, features);
        let named = test.select(|s| s.is_unsteered() && s.role.is_some());
        let unsteered = test.select(Setting::is_unsteered);
        let sae_role = Some(experiment.baselines.sae.as_str());
        let own = test.select(|s| s.role.as_deref() == sae_role);
        Ok(vec![
            Self::one(Steering::Role, &named, Some(&study.role_baseline))?,
            Self::roles(&unsteered)?,
            Self::one(Steering::Sae, &own, sae_role)?,
            Self::features(&test)?,
        ])
    }

    /// One baseline; the settings compared with it are the units.
    fn one(
        steering: Steering,
        rows: &OrientationTable,
        baseline: Option<&str>,
    ) -> Result<Self, Failure> {
        let baseline = Setting::of_role(baseline);
        let parts = by_setting(rows, &baseline)?;
        Ok(Self {
            steering,
            baselines: OverBaselines::Published,
            n_units: parts.len(),
            parts: vec![
                parts
                    .into_iter()
                    .enumerate()
                    .map(|(unit, (_, rates))| (Some(unit), rates))
                    .collect(),
            ],
            weigh_baselines: false,
            n_nodes: rows.n_values(),
        })
    }

    /// Every unsteered row against every other; the roles are the units.
    fn roles(rows: &OrientationTable) -> Result<Self, Failure> {
        let against = |baseline: &Setting| {
            let parts = by_setting(rows, baseline)?;
            let unit = |(setting, rates): (Setting, ChangeRates)| (rows.position(&setting), rates);
            Ok(parts.into_iter().map(unit).collect())
        };
        let parts: Result<Vec<_>, Failure> = rows.settings().iter().map(against).collect();
        Ok(Self {
            steering: Steering::Role,
            baselines: OverBaselines::Every,
            n_units: rows.n_settings(),
            parts: parts?,
            weigh_baselines: true,
            n_nodes: rows.n_values(),
        })
    }

    /// Every role's steered rows against its unsteered one; the roles are the units.
    fn features(test: &OrientationTable) -> Result<Self, Failure> {
        let comparisons = of_features(test)?;
        Ok(Self {
            steering: Steering::Sae,
            baselines: OverBaselines::Every,
            n_units: comparisons.len(),
            parts: comparisons
                .into_iter()
                .map(|comparison| vec![(None, comparison.rates)])
                .collect(),
            weigh_baselines: true,
            n_nodes: test.n_values(),
        })
    }

    /// Name of what is drawn again.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match (self.baselines, self.steering) {
            (OverBaselines::Published, Steering::Sae) => "features",
            _ => "roles",
        }
    }

    /// Number of units.
    #[must_use]
    pub fn n_units(&self) -> usize {
        self.n_units
    }

    /// Every unit once.
    #[must_use]
    pub fn as_it_is(&self) -> Vec<usize> {
        vec![1; self.n_units]
    }

    /// How often each unit is drawn in the resample of this number.
    #[must_use]
    pub fn draw(&self, seed: u64, resample: usize) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(resample as u64);
        let mut times = vec![0; self.n_units];
        for _ in 0..self.n_units {
            times[rng.random_range(0..self.n_units)] += 1;
        }
        times
    }

    /// The change rates against each baseline, with how often the baseline is there.
    fn rates<'a>(&'a self, times: &'a [usize]) -> impl Iterator<Item = (usize, ChangeRates)> + 'a {
        let weigh = |baseline: usize| {
            if self.weigh_baselines {
                times[baseline]
            } else {
                1
            }
        };
        let baselines = self.parts.iter().enumerate();
        let there = baselines.filter(move |(baseline, _)| weigh(*baseline) > 0);
        there.map(move |(baseline, parts)| {
            let mut sum = no_changes(self.n_nodes);
            for (unit, rates) in parts {
                match unit.map_or(1, |unit| times[unit]) {
                    0 => {}
                    times => sum.add(rates, times),
                }
            }
            (weigh(baseline), sum)
        })
    }

    /// What all baselines saw together.
    #[must_use]
    pub fn pooled(&self, times: &[usize]) -> ChangeRates {
        let mut all = no_changes(self.n_nodes);
        for (weight, rates) in self.rates(times) {
            all.add(&rates, weight);
        }
        all
    }

    /// What a graph lets one expect, as the mean over baselines.
    #[must_use]
    pub fn means(&self, times: &[usize], graph: &Expectations) -> Means {
        let mut sums = [(0.0, 0.0); 3];
        for (weight, rates) in self.rates(times) {
            let means = graph.means(rates.rate_matrix().view());
            let numbers = [means.expected, means.unexpected, means.gap()];
            for (sum, number) in sums.iter_mut().zip(numbers) {
                if let Some(number) = number {
                    sum.0 += weight as f64 * number;
                    sum.1 += weight as f64;
                }
            }
        }
        let [expected, unexpected, gap] = sums.map(|(sum, n)| (n > 0.0).then(|| sum / n));
        Means {
            expected,
            unexpected,
            gap,
        }
    }
}

/// What changed in each row against the baseline's.
fn by_setting(
    rows: &OrientationTable,
    baseline: &Setting,
) -> Result<Vec<(Setting, ChangeRates)>, Failure> {
    let others = rows
        .settings()
        .iter()
        .filter(|setting| *setting != baseline);
    others
        .map(|setting| {
            let two = rows.select(|row| row == baseline || row == setting);
            Ok((setting.clone(), change_rates(&two, baseline)?))
        })
        .collect()
}

fn no_changes(n_nodes: usize) -> ChangeRates {
    ChangeRates::from_changes(Array2::from_elem((0, n_nodes), false).view())
}
