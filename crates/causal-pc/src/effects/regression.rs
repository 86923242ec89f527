use ndarray::{Array2, ArrayRef2};

/// The regression of any variable on fixed others, by Cholesky's factor of their covariance.
#[derive(Clone, Debug)]
pub(crate) struct Regression<'a> {
    covariance: &'a ArrayRef2<f64>,
    on: Vec<usize>,
    /// Lower triangle, `[on, on]`.
    factor: Array2<f64>,
}

impl<'a> Regression<'a> {
    /// On the variables `on`; `None` if their covariance is singular or not a number. O(on^3).
    pub(crate) fn new(covariance: &'a ArrayRef2<f64>, on: Vec<usize>) -> Option<Self> {
        let n = on.len();
        let mut factor = Array2::<f64>::zeros((n, n));
        for i in 0..n {
            for j in 0..i {
                let done: f64 = (0..j).map(|k| factor[[i, k]] * factor[[j, k]]).sum();
                factor[[i, j]] = (covariance[[on[i], on[j]]] - done) / factor[[j, j]];
            }
            let done: f64 = (0..i).map(|k| factor[[i, k]] * factor[[i, k]]).sum();
            let own = covariance[[on[i], on[i]]];
            // Written so that a NaN is refused too.
            let positive = own - done > 1e-13 * own;
            if !positive {
                return None;
            }
            factor[[i, i]] = (own - done).sqrt();
        }
        Some(Self {
            covariance,
            on,
            factor,
        })
    }

    /// The coefficient of the last regressor for `y`. O(on^2).
    pub(crate) fn last_coefficient(&self, y: usize) -> f64 {
        let scores = self.scores(y);
        let last = self.on.len() - 1;
        scores[last] / self.factor[[last, last]]
    }

    /// The coefficients for `y`, in the order of the regressors, and the variance that is left.
    /// O(on^2).
    pub(crate) fn of(&self, y: usize) -> (Vec<f64>, f64) {
        let mut coefficients = self.scores(y);
        let explained: f64 = coefficients.iter().map(|score| score * score).sum();
        let n = self.on.len();
        for i in (0..n).rev() {
            let done: f64 = (i + 1..n)
                .map(|k| self.factor[[k, i]] * coefficients[k])
                .sum();
            coefficients[i] = (coefficients[i] - done) / self.factor[[i, i]];
        }
        (coefficients, self.covariance[[y, y]] - explained)
    }

    /// The covariances of `y` with the regressors made uncorrelated, each of variance 1.
    fn scores(&self, y: usize) -> Vec<f64> {
        let mut scores: Vec<f64> = Vec::with_capacity(self.on.len());
        for (i, &v) in self.on.iter().enumerate() {
            let done: f64 = (0..i).map(|k| self.factor[[i, k]] * scores[k]).sum();
            scores.push((self.covariance[[y, v]] - done) / self.factor[[i, i]]);
        }
        scores
    }
}
