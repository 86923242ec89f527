use ndarray::{Array2, ArrayView2, Axis, s};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{Eigh, UPLO};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::chi_squared::log_gamma_upper_tail;
use super::{CiTest, QueryError};
use crate::data::{self, DataError, Missing, Variable};
use crate::words::counted;

/// The kernel-based test of conditional independence (KCI) for continuous data: any dependence, not
/// only linear.
///
/// Variables are scaled to variance 1 and compared by Gaussian kernels. Without a conditioning set
/// the statistic is that of HSIC, the sum over all pairs of samples of the product of the two
/// centred kernel matrices. With a set `z` the kernel matrices, that of the first variable joined
/// with half of `z`, are first freed of what ridge regression on the kernel of `z` explains. Under
/// independence the statistic is about gamma distributed, with the mean and variance that the
/// matrices' eigenvalues give (Zhang, Peters, Janzing and Schölkopf 2011, "Kernel-based conditional
/// independence test and application in causal discovery", propositions 5 and 6; Gretton et al.
/// 2008). Kernel widths, regularisation and the cut of small eigenvalues are by default those of
/// causal-learn, whose p-values this reproduces to 1e-8 of the value; the smaller
/// index is the first variable, as there.
///
/// Assumes independent samples and a smooth influence of the conditioning set. Its level is kept
/// poorly with more than some three variables in the set, or far fewer than 100 samples.
///
/// Kernel matrices are not made but factored, by Cholesky's method with pivots up to rounding. With
/// n samples and rank r, some ten to a few hundred as kernels are smooth, a test takes O(n r^2)
/// and with a set also O(n^2 r), and memory O(n r); at worst r = n. Still a thousand times slower
/// than a test of correlations: search with a depth limit, and share answers by
/// [`Cached`](super::Cached). OpenBLAS may start threads of its own: in a search on many threads set
/// `OPENBLAS_NUM_THREADS=1`.
///
/// Needs the feature `lapack`, and with it the system's OpenBLAS with its headers (on Debian and
/// Ubuntu the package `libopenblas-dev`, and `pkg-config`).
///
/// ```
/// use causal_pc::ci::{CiTest, Kci};
/// use ndarray::Array2;
///
/// // The second column is the square of the first: dependent, but not correlated.
/// let samples = Array2::from_shape_fn((101, 2), |(i, v)| {
///     let x = i as f64 / 50.0 - 1.0;
///     if v == 0 { x } else { x * x }
/// });
/// assert!(Kci::from_samples(samples.view())?.p_value(0, 1, &[])? < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kci {
    /// `[n_variables, n_samples]`, NaN where missing.
    columns: Array2<f64>,
    is_complete: bool,
    options: KciOptions,
}

/// The standard deviation of the Gaussian kernels, in units in which variables have variance 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KernelWidth {
    /// By the number of samples n. Without a conditioning set 0.8 for n below 200, 0.5 below 1,200,
    /// else 0.3; with one of d variables 1.2, 0.7 or 0.4, times the square root of d.
    #[default]
    Empirical,
    /// The square root of 2 times the median distance between two different samples.
    Median,
    /// This.
    Fixed(f64),
}

/// How a [`Kci`] test is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct KciOptions {
    width: KernelWidth,
    regularization: f64,
    eigenvalue_cut: f64,
    missing: Missing,
    names: Option<Vec<String>>,
}

impl Default for KciOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl KciOptions {
    /// As causal-learn: empirical widths, regularisation 1e-3, eigenvalues below 1e-5 of the largest
    /// left out; missing values refused, no names.
    pub fn new() -> Self {
        Self {
            width: KernelWidth::default(),
            regularization: 1e-3,
            eigenvalue_cut: 1e-5,
            missing: Missing::default(),
            names: None,
        }
    }

    /// The width of the kernels. Default: [`KernelWidth::Empirical`].
    pub fn width(mut self, width: KernelWidth) -> Self {
        self.width = width;
        self
    }

    /// The ridge added to the kernel matrix of the conditioning set. Default: 1e-3.
    pub fn regularization(mut self, regularization: f64) -> Self {
        self.regularization = regularization;
        self
    }

    /// Of conditional tests, the share of the largest eigenvalue at or below which an eigenvalue
    /// does not count in the distribution under independence. Default: 1e-5. With 0 all count, which
    /// changes p-values in the third digit or so.
    pub fn eigenvalue_cut(mut self, eigenvalue_cut: f64) -> Self {
        self.eigenvalue_cut = eigenvalue_cut;
        self
    }

    /// What to do about missing values. Default: [`Missing::Refuse`].
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// The variables' names, which errors and graphs then use. Default: none.
    pub fn names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(data::owned(names));
        self
    }
}

/// Why a kernel test could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KciError {
    /// The data cannot be tested.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The question makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// An option is out of range.
    #[error("{option} must be {expected}, found {found}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// Too few samples are complete in the variables of the test.
    #[error(
        "expected at least {needed} samples that are complete in {x}, {y} and what is given ({n_given}), found {found}"
    )]
    TooFewSamples {
        /// Complete samples.
        found: usize,
        /// The fewest that are tested.
        needed: usize,
        /// One variable tested.
        x: Variable,
        /// The other.
        y: Variable,
        /// Variables in the conditioning set.
        n_given: usize,
    },
    /// LAPACK failed.
    #[error("testing {x} and {y} given {}", counted(n_given, "variable"))]
    Linalg {
        /// One variable tested.
        x: Variable,
        /// The other.
        y: Variable,
        /// Variables in the conditioning set.
        n_given: usize,
        /// What LAPACK said.
        #[source]
        source: LinalgError,
    },
}

/// The fewest samples that are tested.
const FEWEST: usize = 5;

impl Kci {
    /// The test of these samples, `[n_samples, n_variables]`, with the default options.
    ///
    /// # Errors
    ///
    /// As [`Kci::with_options`].
    pub fn from_samples<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
    ) -> Result<Self, KciError> {
        Self::with_options(samples, KciOptions::new())
    }

    /// The test of these samples, `[n_samples, n_variables]`. Missing values are NaN.
    ///
    /// # Errors
    ///
    /// [`KciError`] if there are fewer than 5 samples, a value is infinite or missing and that is
    /// refused, names are too few, too many or repeated, or an option is out of range.
    pub fn with_options<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        options: KciOptions,
    ) -> Result<Self, KciError> {
        options.check()?;
        let samples = samples.into();
        let columns = data::columns(&samples, options.names.as_deref(), options.missing)?;
        let found = samples.nrows();
        if found < FEWEST {
            return Err(DataError::TooFewRows {
                found,
                needed: FEWEST,
            }
            .into());
        }
        let is_complete = !columns.iter().any(|value| value.is_nan());
        Ok(Self {
            columns,
            is_complete,
            options,
        })
    }

    fn log_p(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, KciError> {
        QueryError::check(self.columns.nrows(), x, y, given)?;
        let (x, y) = (x.min(y), x.max(y));
        let mut given = given.to_vec();
        given.sort_unstable();
        let values = self.standardized(&[&[x, y], &given[..]].concat());
        let variable = |v| Variable::new(v, self.names());
        let (found, n_given) = (values.ncols(), given.len());
        if found < FEWEST {
            let (x, y) = (variable(x), variable(y));
            return Err(KciError::TooFewSamples {
                found,
                needed: FEWEST,
                x,
                y,
                n_given,
            });
        }
        if given.is_empty() {
            return Ok(self.unconditional(&values));
        }
        let answer = self.conditional(&values);
        answer.map_err(|source| KciError::Linalg {
            x: variable(x),
            y: variable(y),
            n_given,
            source,
        })
    }

    /// The complete samples of some variables, each with mean 0 and variance 1, or all 0 if it does
    /// not vary: `[n_chosen, n_samples]`.
    fn standardized(&self, chosen: &[usize]) -> Array2<f64> {
        let mut values = self.columns.select(Axis(0), chosen);
        if !self.is_complete {
            let is_present = |&sample: &usize| values.column(sample).iter().all(|v| !v.is_nan());
            let present: Vec<usize> = (0..values.ncols()).filter(is_present).collect();
            values = values.select(Axis(1), &present);
        }
        for mut row in values.rows_mut() {
            let largest = row
                .iter()
                .fold(0.0, |largest: f64, value| largest.max(value.abs()));
            row.mapv_inplace(|value| if largest > 0.0 { value / largest } else { 0.0 });
            let mean = row.mean().unwrap_or_default();
            let squares: f64 = row.iter().map(|value| (value - mean).powi(2)).sum();
            let sd = (squares / (row.len() as f64 - 1.0)).sqrt();
            let varies = sd > 1e-14 * mean.abs().max(f64::MIN_POSITIVE);
            row.mapv_inplace(|value| if varies { (value - mean) / sd } else { 0.0 });
        }
        values
    }

    fn unconditional(&self, values: &Array2<f64>) -> f64 {
        let n = values.ncols() as f64;
        let factor = |row: usize| {
            let row = values.slice(s![row..row + 1, ..]);
            centred(kernel_factor(
                &row,
                &[1.0],
                self.width(n, [0.8, 0.5, 0.3], 1.0),
            ))
        };
        let (fx, fy) = (factor(0), factor(1));
        let statistic = square_sum(&fx.dot(&fy.t()));
        let mean = square_sum(&fx) * square_sum(&fy) / n;
        let products = square_sum(&fx.dot(&fx.t())) * square_sum(&fy.dot(&fy.t()));
        log_gamma_p(statistic, mean, 2.0 * products / (n * n))
    }

    fn conditional(&self, values: &Array2<f64>) -> Result<f64, LinalgError> {
        let n = values.ncols() as f64;
        let n_given = values.nrows() - 2;
        let width = self.width(n, [1.2, 0.7, 0.4], (n_given as f64).sqrt());
        let mut joined = values.slice(s![1.., ..]).to_owned();
        joined.row_mut(0).assign(&values.row(0));
        let mut weights = vec![0.5; n_given + 1];
        weights[0] = 1.0;
        let ridge = Ridge::new(
            &centred(kernel_factor(
                &values.slice(s![2.., ..]),
                &vec![1.0; n_given],
                width,
            )),
            self.options.regularization,
        )?;
        let fx = ridge.residual(centred(kernel_factor(&joined.view(), &weights, width)));
        let y = values.slice(s![1..2, ..]);
        let fy = ridge.residual(centred(kernel_factor(&y, &[1.0], width)));
        let statistic = square_sum(&fx.dot(&fy.t()));
        let (fx, fy) = (
            self.without_small_eigenvalues(fx)?,
            self.without_small_eigenvalues(fy)?,
        );
        let (mean, variance) = moments(&fx, &fy);
        Ok(log_gamma_p(statistic, mean, variance))
    }

    /// The kernels' standard deviation, by the number of samples if it is not given otherwise;
    /// none if it is the median's turn.
    fn width(&self, n: f64, by_samples: [f64; 3], scale: f64) -> Option<f64> {
        match self.options.width {
            KernelWidth::Empirical => {
                let at = usize::from(n >= 200.0) + usize::from(n >= 1_200.0);
                Some(by_samples[at] * scale)
            }
            KernelWidth::Median => None,
            KernelWidth::Fixed(width) => Some(width),
        }
    }

    /// The factor of a kernel matrix without its small eigenvalues.
    fn without_small_eigenvalues(&self, factor: Array2<f64>) -> Result<Array2<f64>, LinalgError> {
        let cut = self.options.eigenvalue_cut;
        if cut == 0.0 || factor.is_empty() {
            return Ok(factor);
        }
        // The matrix has the eigenvalues of the small one of its factor's products; they ascend.
        let (values, vectors) = factor.dot(&factor.t()).eigh(UPLO::Lower)?;
        let largest = values.last().copied().unwrap_or_default();
        let n_small = values
            .iter()
            .take_while(|&&value| value <= largest * cut)
            .count();
        Ok(vectors.slice(s![.., n_small..]).t().dot(&factor))
    }
}

/// Ridge regression on a kernel, to take what it explains out of others.
struct Ridge {
    /// The eigenvectors of the kernel matrix, each times the root of its eigenvalue: `[rank, n]`.
    directions: Array2<f64>,
    /// Each eigenvalue plus the regularisation, `[rank, 1]`.
    shrinkage: Array2<f64>,
}

impl Ridge {
    /// On the kernel with this factor.
    fn new(factor: &Array2<f64>, regularization: f64) -> Result<Self, LinalgError> {
        if factor.is_empty() {
            return Ok(Self {
                directions: factor.clone(),
                shrinkage: Array2::zeros((0, 1)),
            });
        }
        let (values, vectors) = factor.dot(&factor.t()).eigh(UPLO::Lower)?;
        let shrinkage = values.mapv(|value| value.max(0.0) + regularization);
        Ok(Self {
            directions: vectors.t().dot(factor),
            shrinkage: shrinkage.insert_axis(Axis(1)),
        })
    }

    /// The factor of another kernel, less what the regression explains: the rows of `factor` times
    /// `e (K + e I)^-1` for kernel matrix K and regularisation e.
    fn residual(&self, mut factor: Array2<f64>) -> Array2<f64> {
        if !self.directions.is_empty() {
            let coefficients = self.directions.dot(&factor.t()) / &self.shrinkage;
            factor -= &coefficients.t().dot(&self.directions);
        }
        factor
    }
}

impl CiTest for Kci {
    type Error = KciError;

    fn n_variables(&self) -> usize {
        self.columns.nrows()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, KciError> {
        Ok(self.log_p(x, y, given)?.exp())
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, KciError> {
        self.log_p(x, y, given)
    }

    fn names(&self) -> Option<&[String]> {
        self.options.names.as_deref()
    }
}

impl KciOptions {
    fn check(&self) -> Result<(), KciError> {
        let option = |option, expected, found| {
            Err(KciError::Option {
                option,
                expected,
                found,
            })
        };
        if !(self.regularization > 0.0 && self.regularization.is_finite()) {
            return option("regularization", "positive and finite", self.regularization);
        }
        if !(0.0..1.0).contains(&self.eigenvalue_cut) {
            return option(
                "eigenvalue_cut",
                "at least 0 and below 1",
                self.eigenvalue_cut,
            );
        }
        match self.width {
            KernelWidth::Fixed(width) if !(width > 0.0 && width.is_finite()) => {
                option("width", "positive and finite", width)
            }
            _ => Ok(()),
        }
    }
}

/// A factor F of the kernel matrix `F' F` with entries `exp(-d^2 / (2 width^2))` of the distances
/// `d` between samples of `[n_variables, n_samples]`, each variable multiplied by its weight first;
/// without a width by the median rule. `[rank, n_samples]`.
///
/// By Cholesky's method with pivots, until nothing of the diagonal is left but rounding. Smooth
/// kernels have a small rank, so that the matrix itself need not be made.
fn kernel_factor(values: &ArrayView2<'_, f64>, weights: &[f64], width: Option<f64>) -> Array2<f64> {
    const ROUNDING: f64 = 1e-15;
    let n = values.ncols();
    let width = width.unwrap_or_else(|| median_width(values, weights));
    let scale = -0.5 / (width * width);
    let (mut factor, mut left) = (Vec::new(), vec![1.0_f64; n]);
    for rank in 0..n {
        let Some(pivot) = (0..n).max_by(|&i, &j| left[i].total_cmp(&left[j])) else {
            break;
        };
        if left[pivot] <= ROUNDING {
            break;
        }
        let mut row = squared_distances(values, weights, pivot);
        row.iter_mut()
            .for_each(|square| *square = (scale * *square).exp());
        for before in factor.chunks_exact(n).take(rank) {
            let times: f64 = before[pivot];
            row.iter_mut()
                .zip(before)
                .for_each(|(value, other)| *value -= times * other);
        }
        let root = left[pivot].sqrt();
        for (value, left) in row.iter_mut().zip(&mut left) {
            *value /= root;
            *left -= *value * *value;
        }
        left[pivot] = 0.0;
        factor.extend(row);
    }
    Array2::from_shape_vec((factor.len() / n.max(1), n), factor)
        .expect("each row of the factor has a value for each sample")
}

/// From one sample to all.
fn squared_distances(values: &ArrayView2<'_, f64>, weights: &[f64], from: usize) -> Vec<f64> {
    let mut squares = vec![0.0; values.ncols()];
    for (row, weight) in values.rows().into_iter().zip(weights) {
        let here = row[from];
        let all = squares.iter_mut().zip(row);
        all.for_each(|(sum, there)| *sum += (weight * (here - there)).powi(2));
    }
    squares
}

/// The square root of 2 times the median distance that is not 0; 1 if all are.
fn median_width(values: &ArrayView2<'_, f64>, weights: &[f64]) -> f64 {
    let from = |sample| squared_distances(values, weights, sample).split_off(sample);
    let all = (0..values.ncols()).flat_map(from);
    let mut positive: Vec<f64> = all.filter(|&square| square > 0.0).collect();
    if positive.is_empty() {
        return 1.0;
    }
    let middle = positive.len() / 2;
    let (below, &mut upper, _) = positive.select_nth_unstable_by(middle, f64::total_cmp);
    let largest_below = below.iter().copied().fold(0.0, f64::max);
    let median = if positive.len() % 2 == 1 {
        upper.sqrt()
    } else {
        0.5 * (largest_below.sqrt() + upper.sqrt())
    };
    2.0_f64.sqrt() * median
}

/// The factor of the kernel of features with mean 0.
fn centred(mut factor: Array2<f64>) -> Array2<f64> {
    for mut row in factor.rows_mut() {
        let mean = row.mean().unwrap_or_default();
        row.mapv_inplace(|value| value - mean);
    }
    factor
}

/// The mean and variance of the statistic under independence: the trace of the elementwise product
/// of the two kernel matrices, and twice the sum of its squares, made a few rows at a time.
fn moments(fx: &Array2<f64>, fy: &Array2<f64>) -> (f64, f64) {
    const ROWS: usize = 128;
    let norms = |factor: &Array2<f64>| factor.mapv(|value| value * value).sum_axis(Axis(0));
    let mean = norms(fx).dot(&norms(fy));
    let chunks = fx
        .axis_chunks_iter(Axis(1), ROWS)
        .zip(fy.axis_chunks_iter(Axis(1), ROWS));
    let squares = chunks.map(|(x, y)| square_sum(&(x.t().dot(fx) * y.t().dot(fy))));
    (mean, 2.0 * squares.sum::<f64>())
}

fn square_sum(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|value| value * value).sum()
}

/// `ln P(X >= statistic)` for a gamma variable with this mean and variance; 0 if it does not vary,
/// which is so if one of the variables does not.
fn log_gamma_p(statistic: f64, mean: f64, variance: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return 0.0;
    }
    log_gamma_upper_tail(statistic * mean / variance, mean * mean / variance)
}
