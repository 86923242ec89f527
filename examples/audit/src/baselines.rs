//! Whether the published comparison depends on the baseline that was taken.

use serde::Serialize;
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::metrics::{Expectations, Expected, MeanEffects, Unexpected};

use super::comparisons::{Compared, Comparison, of_features, of_roles, role_name};
use super::search::{Basis, with_features};
use program::Failure;
use reproduce::Loaded;
use reproduce::graphs::digraph;

/// Each baseline, for both ways to steer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baselines {
    /// Each unsteered test row against all of them.
    pub role: Vec<AgainstBaseline>,
    /// The steered test rows of each role against its own unsteered row.
    pub sae: Vec<AgainstBaseline>,
}

/// What the discovered graph and the reference graph let one expect, against one baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstBaseline {
    /// The role of the baseline.
    pub baseline: String,
    /// Number of rows compared with it.
    pub settings: usize,
    /// With the discovered graph.
    pub discovered: Effects,
    /// With the reference graph of figure 4.
    pub reference: Effects,
}

/// The two rates of figure 4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effects {
    /// Mean rate at which values expected to change did.
    pub expected: Option<f64>,
    /// Mean rate at which the others did.
    pub unexpected: Option<f64>,
}

impl From<MeanEffects> for Effects {
    fn from(means: MeanEffects) -> Self {
        Self {
            expected: means.expected,
            unexpected: means.unexpected,
        }
    }
}

/// For both ways to steer, against how many baselines the published comparison comes out as
/// published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BaselineCounts {
    /// Role prompts.
    pub role: Counts,
    /// SAE features.
    pub sae: Counts,
}

/// Number of baselines for which something holds. A rate that is missing is above and below none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Number of baselines.
    pub n: usize,
    /// The discovered graph's expected rate lies above its unexpected one.
    pub discovered_expected_above_unexpected: usize,
    /// The discovered graph's expected rate lies above the reference graph's.
    pub discovered_expected_above_reference: usize,
    /// The discovered graph's unexpected rate lies below the reference graph's.
    pub discovered_unexpected_below_reference: usize,
}

impl Baselines {
    /// Measures the discovered and the reference graph against every baseline, with the graph and the
    /// features of `basis`, all else as published.
    ///
    /// # Errors
    /// If the graph cannot be discovered.
    pub fn compute(loaded: &Loaded, basis: &Basis) -> Result<Self, Failure> {
        let (experiment, study) = (&loaded.experiment, &loaded.study);
        let found = basis.discover(loaded)?;
        let reference = &experiment.figures.reference;
        let edges = experiment.reference(reference).map(|r| r.edges.as_slice());
        let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
        let discovered = found.to_digraph(UndirectedEdges::BothWays);
        let discovered = Expectations::of(&discovered, expected, unexpected);
        let reference = digraph(study.values(), edges.unwrap_or_default());
        let reference = Expectations::of(&reference, expected, unexpected);
        let against = |comparison: &Comparison| {
            let rates = comparison.rates.rate_matrix();
            AgainstBaseline {
                baseline: role_name(comparison.baseline.as_deref()).to_owned(),
                settings: comparison.rates.n_interventions(),
                discovered: discovered.means(rates.view()).into(),
                reference: reference.means(rates.view()).into(),
            }
        };
        let roles = of_roles(&study.test, Compared::All)?;
        let steered = of_features(&with_features(&study.test, &basis.set))?;
        Ok(Self {
            role: roles.iter().map(against).collect(),
            sae: steered.iter().map(against).collect(),
        })
    }

    /// Counts the baselines.
    #[must_use]
    pub fn counts(&self) -> BaselineCounts {
        BaselineCounts {
            role: Counts::of(&self.role),
            sae: Counts::of(&self.sae),
        }
    }
}

impl Counts {
    fn of(baselines: &[AgainstBaseline]) -> Self {
        let count = |holds: fn(&Effects, &Effects) -> bool| {
            let holds = |b: &&AgainstBaseline| holds(&b.discovered, &b.reference);
            baselines.iter().filter(holds).count()
        };
        Self {
            n: baselines.len(),
            discovered_expected_above_unexpected: count(|found, _| {
                is_above(found.expected, found.unexpected)
            }),
            discovered_expected_above_reference: count(|found, reference| {
                is_above(found.expected, reference.expected)
            }),
            discovered_unexpected_below_reference: count(|found, reference| {
                is_above(reference.unexpected, found.unexpected)
            }),
        }
    }
}

fn is_above(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a > b)
}
