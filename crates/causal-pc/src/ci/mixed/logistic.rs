//! Multinomial logistic regression by Newton's method.

use ndarray::{Array1, Array2, Axis, s};

const MAX_STEPS: usize = 100;

/// The largest log likelihood of levels regressed on a design, `[n_samples, n_columns]`, and its
/// coefficients, `[n_levels - 1, n_columns]`. `start` holds coefficients of the first columns.
///
/// If a combination of columns separates levels, coefficients grow without end while the likelihood
/// converges; the search ends when that no longer gains.
pub(super) fn log_likelihood(
    design: &Array2<f64>,
    levels: &[usize],
    n_levels: usize,
    start: Option<Array2<f64>>,
) -> (f64, Array2<f64>) {
    let mut coefficients = Array2::zeros((n_levels.saturating_sub(1), design.ncols()));
    if let Some(start) = start {
        coefficients
            .slice_mut(s![.., ..start.ncols()])
            .assign(&start);
    }
    let mut fit = Fit::new(design, levels, coefficients);
    for _ in 0..MAX_STEPS {
        let Some(better) = fit.step(design, levels) else {
            break;
        };
        let gain = better.log_likelihood - fit.log_likelihood;
        fit = better;
        if gain < 1e-10 * (1.0 + fit.log_likelihood.abs()) {
            break;
        }
    }
    (fit.log_likelihood, fit.coefficients)
}

/// Coefficients, and what they make of the data.
struct Fit {
    coefficients: Array2<f64>,
    log_likelihood: f64,
    /// Of each level but the first, `[n_levels - 1, n_samples]`.
    probabilities: Array2<f64>,
}

impl Fit {
    fn new(design: &Array2<f64>, levels: &[usize], coefficients: Array2<f64>) -> Self {
        let mut probabilities = coefficients.dot(&design.t());
        let mut log_likelihood = 0.0;
        for (mut scores, &level) in probabilities.columns_mut().into_iter().zip(levels) {
            let largest = scores.iter().fold(0.0, |a: f64, &b| a.max(b));
            let sum = (-largest).exp() + scores.iter().map(|s| (s - largest).exp()).sum::<f64>();
            let log_sum = largest + sum.ln();
            log_likelihood += level.checked_sub(1).map_or(0.0, |at| scores[at]) - log_sum;
            scores.mapv_inplace(|score| (score - log_sum).exp());
        }
        Self {
            coefficients,
            log_likelihood,
            probabilities,
        }
    }

    /// Newton's step, halved until it gains; none if it cannot.
    fn step(&self, design: &Array2<f64>, levels: &[usize]) -> Option<Self> {
        let direction = solve(self.information(design), self.gradient(design, levels))?;
        let direction = direction
            .into_shape_with_order(self.coefficients.dim())
            .ok()?;
        let mut length = 1.0;
        for _ in 0..20 {
            let next = Self::new(design, levels, &self.coefficients + &(&direction * length));
            if next.log_likelihood > self.log_likelihood {
                return Some(next);
            }
            length *= 0.5;
        }
        None
    }

    fn gradient(&self, design: &Array2<f64>, levels: &[usize]) -> Array1<f64> {
        let mut misses = -&self.probabilities;
        for (sample, &level) in levels.iter().enumerate() {
            if let Some(at) = level.checked_sub(1) {
                misses[[at, sample]] += 1.0;
            }
        }
        let gradient = misses.dot(design);
        gradient.iter().copied().collect()
    }

    /// The negative second derivatives of the log likelihood.
    fn information(&self, design: &Array2<f64>) -> Array2<f64> {
        let (n_equations, width) = self.coefficients.dim();
        let mut information = Array2::zeros((n_equations * width, n_equations * width));
        for a in 0..n_equations {
            for b in 0..=a {
                let (p, q) = (self.probabilities.row(a), self.probabilities.row(b));
                let same = f64::from(u8::from(a == b));
                let weights: Array1<f64> = p.iter().zip(q).map(|(p, q)| p * (same - q)).collect();
                let block = design.t().dot(&(design * &weights.insert_axis(Axis(1))));
                let (i, j) = (a * width, b * width);
                information
                    .slice_mut(s![i..i + width, j..j + width])
                    .assign(&block);
                information
                    .slice_mut(s![j..j + width, i..i + width])
                    .assign(&block.t());
            }
        }
        information
    }
}

/// Solves a positive semidefinite system; a direction without curvature is left out.
fn solve(mut matrix: Array2<f64>, mut right: Array1<f64>) -> Option<Array1<f64>> {
    let n = right.len();
    let is_flat = |pivot: f64, diagonal: f64| pivot <= 1e-12 * diagonal || pivot < 1e-300;
    let diagonal: Vec<f64> = matrix.diag().to_vec();
    let mut flat = vec![false; n];
    for j in 0..n {
        let pivot = matrix[[j, j]] - (0..j).map(|k| matrix[[j, k]].powi(2)).sum::<f64>();
        flat[j] = is_flat(pivot, diagonal[j]);
        matrix[[j, j]] = if flat[j] { 1.0 } else { pivot.sqrt() };
        for i in j + 1..n {
            let done: f64 = (0..j).map(|k| matrix[[i, k]] * matrix[[j, k]]).sum();
            matrix[[i, j]] = if flat[j] {
                0.0
            } else {
                (matrix[[i, j]] - done) / matrix[[j, j]]
            };
        }
    }
    for i in 0..n {
        let done: f64 = (0..i).map(|k| matrix[[i, k]] * right[k]).sum();
        right[i] = if flat[i] {
            0.0
        } else {
            (right[i] - done) / matrix[[i, i]]
        };
    }
    for i in (0..n).rev() {
        let done: f64 = (i + 1..n).map(|k| matrix[[k, i]] * right[k]).sum();
        right[i] = if flat[i] {
            0.0
        } else {
            (right[i] - done) / matrix[[i, i]]
        };
    }
    right.iter().all(|value| value.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A two-by-two table has the log likelihood of its proportions.
    #[test]
    fn a_saturated_model_reproduces_the_table() {
        let counts = [[30, 10, 5], [7, 20, 9]];
        let mut rows = Vec::new();
        let mut levels = Vec::new();
        let mut exact = 0.0;
        for (group, counts) in counts.iter().enumerate() {
            let n: usize = counts.iter().sum();
            for (level, &count) in counts.iter().enumerate() {
                exact += count as f64 * (count as f64 / n as f64).ln();
                levels.extend(std::iter::repeat_n(level, count));
                rows.extend(std::iter::repeat_n([1.0, group as f64], count));
            }
        }
        let (found, _) = log_likelihood(&Array2::from(rows), &levels, 3, None);
        assert!((found - exact).abs() < 1e-9, "{found} {exact}");
    }

    #[test]
    fn separated_levels_reach_certainty() {
        let design = Array2::from_shape_fn((40, 2), |(i, v)| if v == 0 { 1.0 } else { i as f64 });
        let levels: Vec<usize> = (0..40).map(|i| i / 20).collect();
        let (found, _) = log_likelihood(&design, &levels, 2, None);
        assert!(found > -1e-6 && found <= 0.0, "{found}");
    }

    #[test]
    fn one_level_is_certain() {
        let design = Array2::ones((5, 1));
        assert_eq!(log_likelihood(&design, &[0; 5], 1, None).0, 0.0);
    }
}
