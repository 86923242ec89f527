//! An objective with the numbers that it is held against.

use program::Failure;
use value_causal::discovery::decide::Objective;
use value_causal::ndarray::{Array1, ArrayView1};
use value_causal::psychometrics::ranks::spearman;

use crate::file::Wanted;
use crate::levers::known_value;

/// How far rounding may carry an orientation over its tolerance.
const ROUNDING: f64 = 1e-9;

/// Where the values of one respondent should be.
#[derive(Clone, Debug)]
pub struct Goal {
    objective: Objective,
    /// Infinite for a value that is free.
    tolerances: Array1<f64>,
    /// The places of the values that are wanted somewhere, not only to stay.
    wanted: Vec<usize>,
}

impl Goal {
    /// Of somebody whose orientations are `now`, `[values]`: others stay there, where that is wanted.
    ///
    /// # Errors
    /// A value that there is not.
    pub fn of(
        wanted: &Wanted,
        values: &[String],
        now: ArrayView1<'_, f64>,
    ) -> Result<Self, Failure> {
        let (mut target, mut weights) = (now.to_owned(), Array1::zeros(values.len()));
        let mut tolerances = Array1::from_elem(values.len(), f64::INFINITY);
        if let Some(stay) = wanted.others {
            weights.fill(stay.priority);
            tolerances.fill(stay.tolerance);
        }
        let mut places = Vec::new();
        for (value, aim) in &wanted.values {
            let at = known_value(values, value)
                .map_err(|why| format!("objective {:?}: {why}", wanted.name))?;
            (target[at], weights[at], tolerances[at]) = (aim.target, aim.priority, aim.tolerance);
            places.push(at);
        }
        places.sort_unstable();
        Ok(Self {
            objective: Objective::new(target, weights)?,
            tolerances,
            wanted: places,
        })
    }

    /// Targets and priorities.
    #[must_use]
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// How far from its target a value may be; none for one that is free.
    #[must_use]
    pub fn tolerance(&self, value: usize) -> Option<f64> {
        Some(self.tolerances[value]).filter(|tolerance| tolerance.is_finite())
    }

    /// Whether a value is wanted somewhere, not only to stay.
    #[must_use]
    pub fn wants(&self, value: usize) -> bool {
        self.wanted.contains(&value)
    }

    /// The weighted distance from the targets.
    ///
    /// # Errors
    /// Another number of values.
    pub fn deviation(&self, values: ArrayView1<'_, f64>) -> Result<f64, Failure> {
        Ok(self.objective.deviation(values)?)
    }

    /// The weighted squared deviation that is left where every value is as far from its target as it may be.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        let weights = self.objective.weights();
        let both = self.tolerances.iter().zip(weights);
        both.filter(|(tolerance, _)| tolerance.is_finite())
            .map(|(tolerance, weight)| weight * tolerance * tolerance)
            .sum()
    }

    /// Whether every value is within its tolerance.
    #[must_use]
    pub fn is_met(&self, values: ArrayView1<'_, f64>) -> bool {
        let target = self.objective.target();
        let distances = target
            .iter()
            .zip(values)
            .map(|(target, value)| (target - value).abs());
        distances
            .zip(&self.tolerances)
            .all(|(distance, tolerance)| distance <= tolerance + ROUNDING)
    }

    /// The mean distance of the wanted values, unweighted.
    #[must_use]
    pub fn mean_error(&self, values: ArrayView1<'_, f64>) -> f64 {
        let distance = |&at: &usize| (self.objective.target()[at] - values[at]).abs();
        self.wanted.iter().map(distance).sum::<f64>() / self.wanted.len() as f64
    }

    /// Spearman's correlation of the wanted values with their targets; none where either side has no order.
    #[must_use]
    pub fn rank_correlation(&self, values: ArrayView1<'_, f64>) -> Option<f64> {
        let of = |all: ArrayView1<'_, f64>| -> Vec<f64> {
            self.wanted.iter().map(|&at| all[at]).collect()
        };
        let found = spearman(&of(self.objective.target()), &of(values)).ok()?;
        found.is_finite().then_some(found)
    }

    /// The wanted value that is furthest from its target, by weight, and whether it is to rise.
    #[must_use]
    pub fn most_wanted(&self, now: ArrayView1<'_, f64>) -> Option<(usize, bool)> {
        let gap = |at: usize| self.objective.target()[at] - now[at];
        let size = |at: &usize| self.objective.weights()[*at] * gap(*at).abs();
        // Of equal ones the first.
        let far = self.wanted.iter().copied().rev();
        let furthest = far.max_by(|a, b| size(a).total_cmp(&size(b)))?;
        Some((furthest, gap(furthest) > 0.0))
    }
}
