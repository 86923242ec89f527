//! The discrepancy of factor analysis by maximum likelihood, and its minimum.

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::linalg::{Eigen, eigen};

/// No variable's unique variance falls below this, as in R's `factanal`.
pub(super) const LEAST_UNIQUENESS: f64 = 0.005;

const MOST_STEPS: usize = 500;
/// Of the gradient with respect to the logarithms of the unique variances.
const TOLERANCE: f64 = 1e-10;
/// What rounding may leave of the gradient where no step lowers the discrepancy any more.
const ROUNDED_TOLERANCE: f64 = 1e-6;

/// Where the discrepancy is least.
pub(super) struct Minimum {
    pub(super) discrepancy: f64,
    pub(super) uniquenesses: DVector<f64>,
    /// `[variables, factors]`, columns in descending order of what they explain.
    pub(super) loadings: DMatrix<f64>,
    pub(super) n_steps: usize,
}

/// The largest part of the gradient after the last step.
pub(super) struct NotReached(pub(super) f64);

/// The discrepancy at one set of unique variances, by its profile over the loadings (Jöreskog 1967):
/// with `w` the eigenvalues of `Ψ^-½ R Ψ^-½` that no factor takes, it is `Σ (w - ln w - 1)`.
struct Point {
    log_uniquenesses: DVector<f64>,
    eigen: Eigen,
    discrepancy: f64,
}

impl Point {
    fn at(correlations: &DMatrix<f64>, n_factors: usize, log_uniquenesses: DVector<f64>) -> Self {
        let scale = log_uniquenesses.map(|log| (-log / 2.0).exp());
        let scaled =
            correlations.map_with_location(|row, column, r| scale[row] * r * scale[column]);
        let eigen = eigen(scaled);
        let left = &eigen.values[n_factors..];
        // Eigenvalues of a singular matrix may fall below zero by rounding, and have no logarithm.
        let discrepancy = left
            .iter()
            .map(|w| w - w.max(f64::MIN_POSITIVE).ln() - 1.0)
            .sum();
        Self {
            log_uniquenesses,
            eigen,
            discrepancy,
        }
    }

    fn gradient(&self, n_factors: usize) -> DVector<f64> {
        let p = self.eigen.values.len();
        DVector::from_fn(p, |variable, _| {
            let parts = (n_factors..p).map(|m| {
                let v = self.eigen.vectors[(variable, m)];
                v * v * (1.0 - self.eigen.values[m])
            });
            parts.sum()
        })
    }

    /// Second derivatives. Pairs of eigenvalues of which factors take neither leave no difference
    /// in a denominator, so that equal ones do no harm.
    fn hessian(&self, n_factors: usize) -> DMatrix<f64> {
        let (p, values, vectors) = (
            self.eigen.values.len(),
            &self.eigen.values,
            &self.eigen.vectors,
        );
        DMatrix::from_fn(p, p, |i, j| {
            let product = |m: usize| vectors[(i, m)] * vectors[(j, m)];
            let left = n_factors..p;
            let plain: f64 = left.clone().map(product).sum();
            let weighted: f64 = left.clone().map(|m| values[m] * product(m)).sum();
            let pairs = left.flat_map(|m| (0..n_factors).map(move |n| (m, n)));
            let with_taken = pairs.map(|(m, n)| {
                let ratio = (values[m] + values[n]) / (values[m] - values[n]);
                (values[m] - 1.0) * ratio * product(m) * product(n)
            });
            plain * weighted + with_taken.sum::<f64>()
        })
    }

    /// The expected second derivatives where the model holds: never negative.
    fn expected_hessian(&self, n_factors: usize) -> DMatrix<f64> {
        let p = self.eigen.values.len();
        let left = self.eigen.vectors.columns(n_factors, p - n_factors);
        (left * left.transpose()).map(|entry| entry * entry)
    }

    fn into_minimum(self, n_factors: usize, n_steps: usize) -> Minimum {
        let uniquenesses = self.log_uniquenesses.map(f64::exp);
        let loadings = DMatrix::from_fn(uniquenesses.len(), n_factors, |variable, factor| {
            let explained = (self.eigen.values[factor] - 1.0).max(0.0);
            (uniquenesses[variable] * explained).sqrt() * self.eigen.vectors[(variable, factor)]
        });
        Minimum {
            discrepancy: self.discrepancy,
            uniquenesses,
            loadings,
            n_steps,
        }
    }
}

/// Newton's method within bounds: variables whose unique variance stands at a bound and is pushed
/// beyond it stay there for the step (D. P. Bertsekas, "Projected Newton methods for optimization
/// problems with simple constraints", SIAM J. Control and Optimization 20, 1982).
pub(super) fn minimise(
    correlations: &DMatrix<f64>,
    n_factors: usize,
    start: DVector<f64>,
) -> Result<Minimum, NotReached> {
    let mut point = Point::at(correlations, n_factors, within_bounds(start));
    for n_steps in 0..MOST_STEPS {
        let gradient = point.gradient(n_factors);
        let free = free_variables(&point.log_uniquenesses, &gradient);
        let steepest = free
            .iter()
            .fold(0.0_f64, |most, &i| most.max(gradient[i].abs()));
        if steepest <= TOLERANCE {
            return Ok(point.into_minimum(n_factors, n_steps));
        }
        let direction = direction(&point, n_factors, &gradient, &free);
        match lower_point(correlations, n_factors, &point, &gradient, &direction) {
            Some(lower) => point = lower,
            None if steepest <= ROUNDED_TOLERANCE => {
                return Ok(point.into_minimum(n_factors, n_steps));
            }
            None => return Err(NotReached(steepest)),
        }
    }
    Err(NotReached(point.gradient(n_factors).amax()))
}

fn within_bounds(log_uniquenesses: DVector<f64>) -> DVector<f64> {
    log_uniquenesses.map(|log| log.clamp(LEAST_UNIQUENESS.ln(), 0.0))
}

fn free_variables(log_uniquenesses: &DVector<f64>, gradient: &DVector<f64>) -> Vec<usize> {
    let is_free = |&i: &usize| {
        let at_least = log_uniquenesses[i] <= LEAST_UNIQUENESS.ln() && gradient[i] > 0.0;
        let at_most = log_uniquenesses[i] >= 0.0 && gradient[i] < 0.0;
        !at_least && !at_most
    };
    (0..gradient.len()).filter(is_free).collect()
}

/// Newton's step for the free variables, zero for the others.
fn direction(
    point: &Point,
    n_factors: usize,
    gradient: &DVector<f64>,
    free: &[usize],
) -> DVector<f64> {
    let part = |whole: DMatrix<f64>| whole.select_rows(free).select_columns(free);
    let exact = Cholesky::new(part(point.hessian(n_factors)));
    let curvature = exact.or_else(|| {
        let expected = part(point.expected_hessian(n_factors));
        let ridge = DMatrix::identity(free.len(), free.len()) * 1e-8;
        Cholesky::new(expected + ridge)
    });
    let steepest = -gradient.select_rows(free);
    let step = curvature.map_or_else(|| steepest.clone(), |found| found.solve(&steepest));
    let mut direction = DVector::zeros(gradient.len());
    for (&variable, &length) in free.iter().zip(step.iter()) {
        direction[variable] = length;
    }
    direction
}

/// Half the step, and half of that, until the discrepancy falls by a share of what the slope promises.
fn lower_point(
    correlations: &DMatrix<f64>,
    n_factors: usize,
    from: &Point,
    gradient: &DVector<f64>,
    direction: &DVector<f64>,
) -> Option<Point> {
    let mut length = 1.0;
    for _ in 0..40 {
        let to = within_bounds(&from.log_uniquenesses + direction * length);
        let promised = gradient.dot(&(&to - &from.log_uniquenesses));
        let point = Point::at(correlations, n_factors, to);
        if point.discrepancy < from.discrepancy + 1e-4 * promised {
            return Some(point);
        }
        length /= 2.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_small_differences() {
        let p = 6;
        let loading = |i: usize| 0.8 - 0.1 * i as f64;
        let correlations = DMatrix::from_fn(p, p, |i, j| match i == j {
            true => 1.0,
            false => loading(i) * loading(j) + 0.02 * ((i * j) % 3) as f64,
        });
        let at = |logs: &DVector<f64>| Point::at(&correlations, 2, logs.clone());
        let logs = DVector::from_fn(p, |i, _| -0.3 - 0.1 * i as f64);
        let (gradient, hessian) = (at(&logs).gradient(2), at(&logs).hessian(2));
        let h = 1e-5;
        for i in 0..p {
            let mut moved = [logs.clone(), logs.clone()];
            moved[0][i] += h;
            moved[1][i] -= h;
            let [up, down] = [at(&moved[0]), at(&moved[1])];
            let slope = (up.discrepancy - down.discrepancy) / (2.0 * h);
            assert!(
                (slope - gradient[i]).abs() < 1e-8,
                "{slope} {}",
                gradient[i]
            );
            let curvature = (up.gradient(2) - down.gradient(2)) / (2.0 * h);
            assert!((curvature - hessian.column(i)).amax() < 1e-7);
        }
    }
}
