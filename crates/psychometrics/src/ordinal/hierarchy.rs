//! The posterior density of the cumulative logit model with effects of groups.

use nalgebra::DVector;
use ndarray::Array2;

use super::sampler::Density;
use crate::logit::Parameters;

/// Answers that share predictors and group.
pub(super) struct Cell {
    pub(super) predictors: Vec<f64>,
    pub(super) group: usize,
    /// How often each category was given.
    pub(super) counts: Vec<f64>,
}

/// Counts and priors. A place is, in order: the lowest threshold, the logarithms of the distances
/// to the next ones, the coefficients, the effects of the groups in units of their deviation, and
/// the logarithm of that deviation. In these units the parts of the density depend little on each
/// other.
pub(super) struct Hierarchy {
    pub(super) cells: Vec<Cell>,
    pub(super) n_categories: usize,
    pub(super) n_predictors: usize,
    pub(super) n_groups: usize,
    pub(super) prior_deviation: f64,
    pub(super) group_scale: f64,
}

/// A place in the units of the model.
pub(super) struct Unpacked {
    pub(super) parameters: Parameters,
    pub(super) groups: Vec<f64>,
    pub(super) group_deviation: f64,
}

impl Hierarchy {
    pub(super) fn n_parameters(&self) -> usize {
        self.n_categories - 1 + self.n_predictors + self.n_groups + 1
    }

    /// Thresholds of the shares of the categories, no effects.
    pub(super) fn start(&self) -> DVector<f64> {
        let mut counts = Array2::zeros((1, self.n_categories));
        for cell in &self.cells {
            for (sum, count) in counts.iter_mut().zip(&cell.counts) {
                *sum += count;
            }
        }
        let predictors = Array2::zeros((1, 0));
        let table = crate::logit::Counts { predictors, counts };
        let thresholds = Parameters::marginal(&table).thresholds;
        let mut start = DVector::zeros(self.n_parameters());
        start[0] = thresholds[0];
        for (at, ends) in thresholds.windows(2).enumerate() {
            start[at + 1] = (ends[1] - ends[0]).ln();
        }
        start[self.n_parameters() - 1] = (self.group_scale / 2.0).ln();
        start
    }

    pub(super) fn unpack(&self, place: &DVector<f64>) -> Unpacked {
        let n_thresholds = self.n_categories - 1;
        let mut threshold = place[0];
        let mut thresholds = vec![threshold];
        for at in 1..n_thresholds {
            threshold += place[at].exp();
            thresholds.push(threshold);
        }
        let first_group = n_thresholds + self.n_predictors;
        let group_deviation = place[self.n_parameters() - 1].exp();
        let part =
            |from: usize, n: usize| place.rows(from, n).iter().copied().collect::<Vec<f64>>();
        let groups = part(first_group, self.n_groups);
        Unpacked {
            parameters: Parameters {
                thresholds,
                coefficients: part(n_thresholds, self.n_predictors),
            },
            groups: groups.iter().map(|unit| unit * group_deviation).collect(),
            group_deviation,
        }
    }
}

impl Density for Hierarchy {
    fn at(&self, place: &DVector<f64>) -> (f64, DVector<f64>) {
        let Unpacked {
            parameters,
            groups,
            group_deviation,
        } = self.unpack(place);
        let n_thresholds = self.n_categories - 1;
        let precision = self.prior_deviation.powi(-2);
        let mut log_density = 0.0;
        let mut by_threshold = vec![0.0; n_thresholds];
        let mut by_coefficient = vec![0.0; self.n_predictors];
        let mut by_group = vec![0.0; self.n_groups];

        for cell in &self.cells {
            let eta = parameters.eta(cell.predictors.as_slice().into()) + groups[cell.group];
            let mut by_eta = 0.0;
            for (category, &count) in cell.counts.iter().enumerate().filter(|(_, n)| **n > 0.0) {
                log_density += count * parameters.log_probability(category, eta);
                let ends = parameters.ends(category, eta);
                if category < n_thresholds {
                    by_threshold[category] += count * ends.by_upper;
                }
                if category > 0 {
                    by_threshold[category - 1] += count * ends.by_lower;
                }
                by_eta -= count * (ends.by_upper + ends.by_lower);
            }
            by_group[cell.group] += by_eta;
            for (sum, x) in by_coefficient.iter_mut().zip(&cell.predictors) {
                *sum += by_eta * x;
            }
        }

        let normal = |numbers: &[f64], slopes: &mut [f64]| {
            let mut log = 0.0;
            for (number, slope) in numbers.iter().zip(slopes) {
                log -= precision * number * number / 2.0;
                *slope -= precision * number;
            }
            log
        };
        log_density += normal(&parameters.thresholds, &mut by_threshold);
        log_density += normal(&parameters.coefficients, &mut by_coefficient);

        let mut gradient = DVector::zeros(self.n_parameters());
        gradient[0] = by_threshold.iter().sum();
        for at in 1..n_thresholds {
            // The logarithm of a distance moves all thresholds above it; 1 is of the Jacobian.
            let above: f64 = by_threshold[at..].iter().sum();
            gradient[at] = above * place[at].exp() + 1.0;
            log_density += place[at];
        }
        for (at, slope) in by_coefficient.iter().enumerate() {
            gradient[n_thresholds + at] = *slope;
        }
        let first_group = n_thresholds + self.n_predictors;
        let mut by_deviation = 0.0;
        for (at, slope) in by_group.iter().enumerate() {
            let unit = place[first_group + at];
            gradient[first_group + at] = slope * group_deviation - unit;
            by_deviation += slope * unit * group_deviation;
            log_density -= unit * unit / 2.0;
        }
        let scaled = (group_deviation / self.group_scale).powi(2);
        let last = self.n_parameters() - 1;
        gradient[last] = by_deviation - scaled + 1.0;
        log_density += place[last] - scaled / 2.0;
        (log_density, gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_small_differences() {
        let cell = |x: f64, group, counts: [f64; 4]| Cell {
            predictors: vec![x, x * x],
            group,
            counts: counts.to_vec(),
        };
        let hierarchy = Hierarchy {
            cells: vec![
                cell(0.5, 0, [1.0, 2.0, 0.0, 3.0]),
                cell(-1.0, 1, [2.0, 2.0, 1.0, 0.0]),
                cell(1.5, 2, [0.0, 1.0, 4.0, 1.0]),
            ],
            n_categories: 4,
            n_predictors: 2,
            n_groups: 3,
            prior_deviation: 2.5,
            group_scale: 1.0,
        };
        let start = hierarchy.start();
        let place = start.map_with_location(|at, _, x| x + 0.1 * at as f64 - 0.3);
        let (_, gradient) = hierarchy.at(&place);
        for at in 0..place.len() {
            let moved = |step: f64| {
                let mut place = place.clone();
                place[at] += step;
                hierarchy.at(&place).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!(
                (slope - gradient[at]).abs() < 1e-6,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }
}
