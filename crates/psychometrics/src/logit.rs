//! The cumulative logit model `P(y ≤ k) = logistic(threshold_k - x·β)`: its likelihood over a table
//! of counts, and the maximum.

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array2, ArrayView1};

const MOST_STEPS: usize = 100;
/// Of the gain in log likelihood that the next step promises, for each unit of log likelihood.
const TOLERANCE: f64 = 1e-14;

/// How often each category was seen with each set of predictors.
pub(crate) struct Counts {
    /// `[cells, predictors]`.
    pub(crate) predictors: Array2<f64>,
    /// `[cells, categories]`.
    pub(crate) counts: Array2<f64>,
}

/// Thresholds in ascending order, and a coefficient for each predictor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    pub(crate) thresholds: Vec<f64>,
    pub(crate) coefficients: Vec<f64>,
}

pub(crate) struct Maximum {
    pub(crate) parameters: Parameters,
    pub(crate) log_likelihood: f64,
    /// Minus the second derivatives, thresholds first.
    pub(crate) information: DMatrix<f64>,
    pub(crate) n_steps: usize,
}

/// The promised gain after the last step.
pub(crate) struct NotReached(pub(crate) f64);

/// `ln(1 + eˣ)`.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Parameters {
    /// Thresholds that give each category its share of all counts, coefficients of zero.
    pub(crate) fn marginal(counts: &Counts) -> Self {
        let shares = counts.counts.sum_axis(ndarray::Axis(0));
        let total = shares.sum();
        let mut below = 0.0;
        let thresholds = shares.iter().take(shares.len() - 1).map(|share| {
            below += share;
            (below / (total - below)).ln()
        });
        Self {
            thresholds: thresholds.collect(),
            coefficients: vec![0.0; counts.predictors.ncols()],
        }
    }

    /// `ln P(y = category)` where the predictors add up to `eta`.
    ///
    /// The difference of two cumulative probabilities is written as a product, which keeps its
    /// digits in both tails.
    pub(crate) fn log_probability(&self, category: usize, eta: f64) -> f64 {
        let (lower, upper) = self.between(category);
        let width = match (lower, upper) {
            (Some(lower), Some(upper)) => (-(lower - upper).exp()).ln_1p(),
            _ => 0.0,
        };
        width
            - upper.map_or(0.0, |upper| softplus(eta - upper))
            - lower.map_or(0.0, |lower| softplus(lower - eta))
    }

    fn between(&self, category: usize) -> (Option<f64>, Option<f64>) {
        let lower = category.checked_sub(1).map(|below| self.thresholds[below]);
        (lower, self.thresholds.get(category).copied())
    }

    pub(crate) fn ends(&self, category: usize, eta: f64) -> Ends {
        let (lower, upper) = self.between(category);
        // Of ln(1 - e^-width), first and minus second.
        let (first, both) = match (lower, upper) {
            (Some(lower), Some(upper)) => {
                let grown = (upper - lower).exp_m1();
                (1.0 / grown, (1.0 + 1.0 / grown) / grown)
            }
            _ => (0.0, 0.0),
        };
        let below_upper = upper.map_or(1.0, |upper| logistic(upper - eta));
        let below_lower = lower.map_or(0.0, |lower| logistic(lower - eta));
        Ends {
            by_upper: 1.0 - below_upper + first,
            by_lower: -below_lower - first,
            upper_twice: below_upper * (1.0 - below_upper) + both,
            lower_twice: below_lower * (1.0 - below_lower) + both,
            both,
        }
    }

    pub(crate) fn eta(&self, predictors: ArrayView1<'_, f64>) -> f64 {
        predictors
            .iter()
            .zip(&self.coefficients)
            .map(|(x, b)| x * b)
            .sum()
    }

    fn is_ordered(&self) -> bool {
        self.thresholds.is_sorted_by(|a, b| a < b)
    }

    pub(crate) fn log_likelihood(&self, table: &Counts) -> f64 {
        let mut sum = 0.0;
        for (predictors, counts) in table.predictors.rows().into_iter().zip(table.counts.rows()) {
            let eta = self.eta(predictors);
            for (category, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                sum += count * self.log_probability(category, eta);
            }
        }
        sum
    }

    fn moved(&self, step: &DVector<f64>, length: f64) -> Self {
        let mut moved = self.clone();
        let all = moved.thresholds.iter_mut().chain(&mut moved.coefficients);
        for (parameter, step) in all.zip(step) {
            *parameter += length * step;
        }
        moved
    }
}

/// Derivatives of `ln P(y = category)` with respect to the thresholds at its ends: first, and minus
/// the second. With respect to what the predictors add up to they are minus the sum.
pub(crate) struct Ends {
    pub(crate) by_upper: f64,
    pub(crate) by_lower: f64,
    upper_twice: f64,
    lower_twice: f64,
    /// Once each.
    both: f64,
}

/// First derivatives, and minus the second ones, with respect to thresholds and coefficients.
struct Slope {
    gradient: DVector<f64>,
    information: DMatrix<f64>,
}

impl Slope {
    fn at(parameters: &Parameters, table: &Counts) -> Self {
        let n = parameters.thresholds.len() + parameters.coefficients.len();
        let mut slope = Self {
            gradient: DVector::zeros(n),
            information: DMatrix::zeros(n, n),
        };
        for (predictors, counts) in table.predictors.rows().into_iter().zip(table.counts.rows()) {
            let eta = parameters.eta(predictors);
            for (category, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                slope.add(parameters, predictors, eta, category, count);
            }
        }
        slope
    }

    fn add(
        &mut self,
        parameters: &Parameters,
        predictors: ArrayView1<'_, f64>,
        eta: f64,
        category: usize,
        count: f64,
    ) {
        let (lower, upper) = parameters.between(category);
        let Ends {
            by_upper,
            by_lower,
            upper_twice,
            lower_twice,
            both,
        } = parameters.ends(category, eta);

        // The ends of the category, with the derivatives with respect to them.
        let ends = [
            upper.map(|_| (category, by_upper, upper_twice)),
            lower.map(|_| (category - 1, by_lower, lower_twice)),
        ];
        let n_thresholds = parameters.thresholds.len();
        for &(at, once, twice) in ends.iter().flatten() {
            self.gradient[at] += count * once;
            self.information[(at, at)] += count * twice;
            // The other end moves against it.
            let with_eta = twice - both;
            for (j, x) in predictors.iter().enumerate() {
                self.add_pair(at, n_thresholds + j, -count * with_eta * x);
            }
        }
        if let [Some((upper, ..)), Some((lower, ..))] = ends {
            self.add_pair(upper, lower, -count * both);
        }
        let slope = -(by_upper + by_lower);
        let curvature = upper_twice + lower_twice - 2.0 * both;
        for (i, x) in predictors.iter().enumerate() {
            self.gradient[n_thresholds + i] += count * slope * x;
            for (j, y) in predictors.iter().enumerate() {
                self.information[(n_thresholds + i, n_thresholds + j)] += count * curvature * x * y;
            }
        }
    }

    fn add_pair(&mut self, a: usize, b: usize, amount: f64) {
        self.information[(a, b)] += amount;
        self.information[(b, a)] += amount;
    }

    /// Newton's step, and the gain that it promises.
    fn step(&self) -> (DVector<f64>, f64) {
        let n = self.gradient.len();
        let plain = Cholesky::new(self.information.clone());
        let curvature = plain.or_else(|| {
            // Nearly flat: a little less far than Newton would go.
            let ridge = 1e-8 * (1.0 + self.information.diagonal().amax());
            Cholesky::new(&self.information + DMatrix::identity(n, n) * ridge)
        });
        let step = curvature.map_or_else(|| self.gradient.clone(), |c| c.solve(&self.gradient));
        let gain = self.gradient.dot(&step) / 2.0;
        (step, gain)
    }
}

/// Newton's method with halved steps; the log likelihood is concave (J. W. Pratt, "Concavity of the
/// log likelihood", JASA 76, 1981).
pub(crate) fn maximise(table: &Counts, start: Parameters) -> Result<Maximum, NotReached> {
    let mut parameters = start;
    let mut log_likelihood = parameters.log_likelihood(table);
    for n_steps in 0..MOST_STEPS {
        let slope = Slope::at(&parameters, table);
        let (step, gain) = slope.step();
        let enough = TOLERANCE * (1.0 + log_likelihood.abs());
        let higher = match gain > enough {
            true => higher(table, &parameters, log_likelihood, &step),
            false => None,
        };
        match higher {
            Some((moved, found)) => (parameters, log_likelihood) = (moved, found),
            // Rounding hides what is left to gain.
            None if gain <= 1e6 * enough => {
                return Ok(Maximum {
                    parameters,
                    log_likelihood,
                    information: slope.information,
                    n_steps,
                });
            }
            None => return Err(NotReached(gain)),
        }
    }
    Err(NotReached(Slope::at(&parameters, table).step().1))
}

fn higher(
    table: &Counts,
    from: &Parameters,
    log_likelihood: f64,
    step: &DVector<f64>,
) -> Option<(Parameters, f64)> {
    let lengths = std::iter::successors(Some(1.0), |length| Some(length / 2.0));
    lengths.take(40).find_map(|length| {
        let moved = from.moved(step, length);
        let found = moved.log_likelihood(table);
        (moved.is_ordered() && found > log_likelihood).then_some((moved, found))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn example() -> (Counts, Parameters) {
        let counts = Counts {
            predictors: array![[0.0, 1.0], [1.0, -0.5], [2.0, 0.3], [-1.0, 0.8]],
            counts: array![
                [3.0, 1.0, 2.0, 0.5],
                [1.0, 4.0, 0.0, 2.0],
                [0.0, 1.0, 3.0, 5.0],
                [4.0, 2.0, 1.0, 1.0],
            ],
        };
        let parameters = Parameters {
            thresholds: vec![-0.8, 0.3, 1.4],
            coefficients: vec![0.6, -0.2],
        };
        (counts, parameters)
    }

    #[test]
    fn probabilities_add_up_to_one_and_keep_their_digits() {
        let (_, parameters) = example();
        for eta in [-700.0, -3.0, 0.0, 2.0, 700.0] {
            let sum: f64 = (0..4)
                .map(|k| parameters.log_probability(k, eta).exp())
                .sum();
            assert!((sum - 1.0).abs() < 1e-12, "{eta}");
        }
        let far = parameters.log_probability(1, 40.0);
        // In the tail the density times the width, summed up: e^(0.3 - 40) - e^(-0.8 - 40).
        let wanted = (0.3_f64.exp() - (-0.8_f64).exp()).ln() - 40.0;
        assert!((far - wanted).abs() < 1e-12);
    }

    #[test]
    fn derivatives_are_those_of_small_differences() {
        let (counts, parameters) = example();
        let slope = Slope::at(&parameters, &counts);
        let h = 1e-5;
        for i in 0..5 {
            let unit = DVector::from_fn(5, |j, _| f64::from(u8::from(i == j)));
            let [up, down] = [h, -h].map(|length| parameters.moved(&unit, length));
            let rise = up.log_likelihood(&counts) - down.log_likelihood(&counts);
            assert!((rise / (2.0 * h) - slope.gradient[i]).abs() < 1e-8);
            let [up, down] = [up, down].map(|at| Slope::at(&at, &counts).gradient);
            let curvature = (down - up) / (2.0 * h);
            assert!(
                (curvature - slope.information.column(i)).amax() < 1e-7,
                "{i}"
            );
        }
    }

    #[test]
    fn the_maximum_has_no_slope() {
        let (counts, start) = example();
        let found = maximise(&counts, Parameters::marginal(&counts))
            .ok()
            .unwrap();
        assert!(Slope::at(&found.parameters, &counts).gradient.amax() < 1e-6);
        assert!(found.log_likelihood > start.log_likelihood(&counts));
        let again = maximise(&counts, start).ok().unwrap();
        for (a, b) in found
            .parameters
            .thresholds
            .iter()
            .zip(&again.parameters.thresholds)
        {
            assert!((a - b).abs() < 1e-7);
        }
    }
}
