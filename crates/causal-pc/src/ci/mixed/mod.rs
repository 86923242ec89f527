mod design;
mod logistic;
mod options;

use ndarray::{Array2, ArrayView2, Axis};
use thiserror::Error;

use self::design::{Columns, Question};
use super::discrete::{DiscreteError, DiscreteOptions, GSquare};
use super::{CiTest, QueryError, TooFew, chi_squared, f_distribution};
use crate::data::{self, DataError, Missing, Variable};
use crate::words::counted;

pub use self::options::{MixedOptions, VariableKind};

/// A test of conditional independence for continuous and discrete variables together: likelihood
/// ratios of regressions, both ways.
///
/// If `x` depends on `y` given `S`, then `y` helps to predict `x` from `S`, and `x` to predict `y`.
/// Both are tested, each by two nested regressions, with `S` alone and with `S` and the other
/// variable: linear ones for a continuous response, by the exact F test, and multinomial logistic
/// ones for a discrete response, by the likelihood ratio. Discrete predictors enter as one indicator
/// for each level but one. The two p-values become one, `min(2 min(p1, p2), max(p1, p2))`, which is
/// the same whichever variable is named first and holds its level, a little conservatively.
/// This is the symmetric test of Tsagris, Borboudakis, Lagani and Tsamardinos (2018),
/// "Constraint-based causal discovery with mixed data". Questions about continuous variables alone
/// come down to the t test of the partial correlation; those about discrete variables alone go to
/// [`GSquare`], which leaves no room for a wrong model.
///
/// The other known way, the conditional Gaussian likelihood ratio (Andrews, Ramsey and Cooper 2018),
/// compares models that are not nested once a discrete variable is conditioned on, so that its
/// statistic need not follow the chi-squared distribution, and spends its parameters on a covariance
/// for each combination of levels. Regressions stay nested whatever the kinds, and need samples only
/// for each coefficient.
///
/// Assumes that effects add up, without interactions, on the scale of the regression: a linear mean
/// with noise of equal variance, or linear log odds. A dependence through interactions alone may be
/// missed. A variable that the conditioning set determines is independent of every other given it.
///
/// O(n q^2) for a linear regression on q columns without missing values only O(q^3), and O(n (k q)^2)
/// for each of some ten steps of a logistic one with k levels.
///
/// ```
/// use causal_pc::ci::{CiTest, MixedTest, VariableKind::{Continuous, Discrete}};
/// use ndarray::Array2;
///
/// // Group 0 to 2, a measurement that depends on the group, and one that depends on neither.
/// let samples = Array2::from_shape_fn((90, 3), |(i, v)| match v {
///     0 => (i % 3) as f64,
///     1 => (i % 3) as f64 + (i as f64 * 1.7).sin(),
///     _ => (i as f64 * 2.3).cos(),
/// });
/// let test = MixedTest::from_samples(samples.view(), &[Discrete, Continuous, Continuous])?;
/// assert!(test.p_value(0, 1, &[])? < 1e-6);
/// assert!(test.p_value(0, 2, &[1])? > 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MixedTest {
    columns: Columns,
    /// The test of the discrete variables, and the place of each variable among them.
    discrete: Option<GSquare>,
    place: Vec<usize>,
    options: MixedOptions,
}

/// Why mixed data could not be tested.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MixedError {
    /// The data cannot be tested.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The question makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The discrete variables cannot be tested.
    #[error(transparent)]
    Discrete(#[from] DiscreteError),
    /// The number of kinds is not the number of columns.
    #[error("expected a kind for each column ({expected}), found {found}")]
    KindCount {
        /// Columns in the data.
        expected: usize,
        /// Kinds given.
        found: usize,
    },
    /// A discrete variable has more levels than allowed.
    #[error(
        "variable {variable} is said to be discrete but has {found} levels; at most {allowed} are \
         allowed"
    )]
    TooManyLevels {
        /// The column.
        variable: Variable,
        /// Its levels.
        found: usize,
        /// The most that the options allow.
        allowed: usize,
    },
    /// A regression has at least as many coefficients as samples.
    #[error(
        "{samples} cannot test {x} and {y} given {variables}: the regression has \
         {n_coefficients} coefficients; {}", data::too_few_advice(*n_given), samples = counted(n_samples, "sample"), variables = counted(n_given, "variable"))]
    TooFewSamples {
        /// Samples, complete in the variables of the test.
        n_samples: usize,
        /// Coefficients of the larger regression.
        n_coefficients: usize,
        /// One variable tested.
        x: Variable,
        /// The other.
        y: Variable,
        /// Variables in the conditioning set.
        n_given: usize,
    },
}

impl MixedTest {
    /// The test of these samples, `[n_samples, n_variables]`, with a kind for each variable and the
    /// default options.
    ///
    /// # Errors
    ///
    /// As [`MixedTest::with_options`].
    pub fn from_samples<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        kinds: &[VariableKind],
    ) -> Result<Self, MixedError> {
        Self::with_options(samples, kinds, MixedOptions::new())
    }

    /// The test of these samples, `[n_samples, n_variables]`, with a kind for each variable.
    /// Missing values are NaN.
    ///
    /// # Errors
    ///
    /// [`MixedError`] if kinds or names are not as many as columns, a value is infinite or missing
    /// and that is refused, a column is missing throughout, or a discrete variable has too many
    /// levels.
    pub fn with_options<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        kinds: &[VariableKind],
        options: MixedOptions,
    ) -> Result<Self, MixedError> {
        let samples = samples.into();
        if kinds.len() != samples.ncols() {
            return Err(MixedError::KindCount {
                expected: samples.ncols(),
                found: kinds.len(),
            });
        }
        let names = options.names.as_deref();
        let values = data::columns(&samples, names, options.missing)?;
        if samples.is_empty() {
            return Err(DataError::TooFewRows {
                found: samples.nrows(),
                needed: 1,
            }
            .into());
        }
        let columns = Columns::new(&values, kinds, names, options.max_levels)?;
        let is_discrete = |&v: &usize| kinds[v] == VariableKind::Discrete;
        let chosen: Vec<usize> = (0..kinds.len()).filter(is_discrete).collect();
        let mut place = vec![0; kinds.len()];
        chosen.iter().enumerate().for_each(|(at, &v)| place[v] = at);
        let discrete = (!chosen.is_empty()).then(|| tables(&values.select(Axis(0), &chosen)));
        Ok(Self {
            columns,
            discrete: discrete.transpose()?,
            place,
            options,
        })
    }

    fn log_p(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, MixedError> {
        QueryError::check(self.columns.n_variables(), x, y, given)?;
        let is_discrete = |v: &usize| self.columns.is_discrete(*v);
        if let Some(discrete) = &self.discrete
            && [x, y].iter().chain(given).all(is_discrete)
        {
            return self.log_p_of_tables(discrete, x, y, given);
        }
        let (x, y) = (x.min(y), x.max(y));
        let mut set = given.to_vec();
        set.sort_unstable();
        let forth = self.log_p_of_regression(x, y, &set)?;
        if !is_discrete(&x) && !is_discrete(&y) {
            return Ok(forth); // the same both ways
        }
        let back = self.log_p_of_regression(y, x, &set)?;
        Ok((std::f64::consts::LN_2 + forth.min(back)).min(forth.max(back)))
    }

    fn log_p_of_tables(
        &self,
        discrete: &GSquare,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<f64, MixedError> {
        let set: Vec<usize> = given.iter().map(|&v| self.place[v]).collect();
        Ok(discrete.log_p_value(self.place[x], self.place[y], &set)?)
    }

    /// Whether `predictor` helps to predict `response` from the set.
    fn log_p_of_regression(
        &self,
        response: usize,
        predictor: usize,
        given: &[usize],
    ) -> Result<f64, MixedError> {
        let question = Question::new(&self.columns, response, predictor, given);
        let n_coefficients = question.n_coefficients();
        let n_samples = question.n_samples();
        if question.n_tested() == 0 {
            return Ok(0.0);
        }
        if n_samples <= n_coefficients {
            let variable = |v| Variable::new(v, self.names());
            return match self.options.too_few {
                TooFew::KeepEdge => Ok(f64::NEG_INFINITY),
                TooFew::DropEdge => Ok(0.0),
                TooFew::Refuse => Err(MixedError::TooFewSamples {
                    n_samples,
                    n_coefficients,
                    x: variable(response),
                    y: variable(predictor),
                    n_given: given.len(),
                }),
            };
        }
        Ok(if self.columns.is_discrete(response) {
            let gain = question.logistic_gain();
            chi_squared::log_upper_tail(2.0 * gain, question.n_tested() as f64)
        } else {
            let left = (n_samples - n_coefficients) as f64;
            let ratio = question.linear_ratio();
            f_distribution::log_upper_tail(ratio, question.n_tested() as f64, left)
        })
    }
}

impl CiTest for MixedTest {
    type Error = MixedError;

    fn n_variables(&self) -> usize {
        self.columns.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, MixedError> {
        Ok(self.log_p(x, y, given)?.exp())
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, MixedError> {
        self.log_p(x, y, given)
    }

    fn names(&self) -> Option<&[String]> {
        self.options.names.as_deref()
    }
}

/// The test of the discrete columns, `[n_columns, n_samples]`.
fn tables(columns: &Array2<f64>) -> Result<GSquare, DiscreteError> {
    let options = DiscreteOptions::new()
        .missing(Missing::TestwiseDeletion)
        // The columns' levels were counted before.
        .max_levels(usize::MAX);
    GSquare::with_options(columns.t(), options)
}
