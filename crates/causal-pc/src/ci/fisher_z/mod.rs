//! Fisher's z test of partial correlations.

mod correlation;
mod double;
mod error;
mod given;
mod incomplete;
mod kernel;
mod options;
mod partial;
mod pseudo_inverse;
mod semidefinite;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::{Bound, CiTest, Next, QueryError, SetOutcome, SetScan, normal, scan};
use crate::data::{self, DataError, Variable};
use given::check_correlation;
use incomplete::Incomplete;
use partial::{Determined, Partial};

pub use error::FisherZError;
pub(super) use incomplete::standardised_correlations;
pub use options::{Correlation, FisherZOptions, Singular, TooFew};

/// Fisher's z test of zero partial correlation.
///
/// Correlations are computed once; each test then takes the partial correlation r of x and y given
/// S and compares `sqrt(n - |S| - 3) |atanh r|` with the standard normal distribution, on both
/// sides. Exact for independent samples of a multivariate normal distribution up to the normal
/// approximation of `atanh r`; with Spearman's ranks or normal scores ([`Correlation`]) it serves
/// ordinal data and monotone transforms of normal data. It cannot see dependence that leaves
/// partial correlations at zero.
///
/// Partial correlations are computed in doubled precision: from given correlations
/// ([`FisherZ::from_correlation`]) p-values are right to about 12 digits for condition numbers up to
/// 1e12, also far below 1e-16. From samples about 14 − log₁₀ c digits of a partial correlation are
/// right, for a set of condition number c. The elimination is not what limits them: correlations are
/// kept in `f64`, hence rounded at 1 part in 10¹⁶ however carefully they are summed, and the set
/// magnifies that c times. Exact sums would gain one digit at most; more would take correlations in
/// doubled precision, some twenty operations in place of each of the O(p² n) that make up most of the
/// time. [`CiTest::log_p_value`] goes on where p leaves the range of `f64`. Searches use a quicker
/// kernel whose answers are the same: what it cannot decide with certainty, it asks of the precise one.
///
/// Columns that are constant or equal, and sets in which a variable is a linear combination of
/// others, are refused with their names unless [`FisherZOptions::singular`] says otherwise.
///
/// Memory: one `[p, p]` matrix (and the columns, if values are missing). Time: O(p² n) once,
/// O((|S| + 2)³) for a single test, and O(|S|) for most tests of a [`scan`](CiTest::scan).
///
/// ```
/// use causal_pc::ci::{CiTest, FisherZ};
/// use ndarray::array;
///
/// // [n_samples, n_variables]; f32 or f64, row- or column-major
/// let samples = array![[1.0, 2.1, 0.4], [2.0, 3.9, 0.1], [3.0, 6.2, 0.9], [4.0, 8.1, 0.3],
///     [5.0, 9.8, 0.6], [6.0, 12.2, 0.5]];
/// let test = FisherZ::from_samples(samples.view())?;
/// assert!(test.p_value(0, 1, &[])? < 1e-3);
/// assert!(test.p_value(0, 2, &[1])? > 0.05);
/// # Ok::<(), causal_pc::ci::FisherZError>(())
/// ```
///
/// R. A. Fisher, "The distribution of the partial correlation coefficient", Metron 3 (1924);
/// M. Kalisch and P. Bühlmann, "Estimating high-dimensional directed acyclic graphs with the
/// PC-algorithm", JMLR 8 (2007), section 2.2.2.
#[derive(Clone, Debug)]
pub struct FisherZ {
    correlation: Array2<f64>,
    n_samples: usize,
    options: FisherZOptions,
    /// Whether each column is constant; empty if none is.
    constant: Vec<bool>,
    incomplete: Option<Incomplete>,
}

impl FisherZ {
    /// A test on samples `[n_samples, n_variables]`, with [`FisherZOptions::new`].
    ///
    /// # Errors
    ///
    /// [`FisherZError`] if a value is missing or infinite, a column constant, two columns equal, or
    /// there are fewer than four rows.
    pub fn from_samples<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
    ) -> Result<Self, FisherZError> {
        Self::with_options(samples, FisherZOptions::new())
    }

    /// A test on samples `[n_samples, n_variables]`.
    ///
    /// # Errors
    ///
    /// As [`FisherZ::from_samples`], less what the options allow.
    pub fn with_options<'a, A: Copy + Into<f64> + Sync + 'a>(
        samples: impl Into<ArrayView2<'a, A>>,
        options: FisherZOptions,
    ) -> Result<Self, FisherZError> {
        Ok(Self::with_columns(&samples.into(), options)?.0)
    }

    /// As [`FisherZ::with_options`], with the columns that it was made from, `[p, n]`: each with mean
    /// 0 and sum of squares 1, NaN where missing, 0 if constant.
    pub(super) fn with_columns<A: Copy + Into<f64> + Sync>(
        samples: &ArrayView2<'_, A>,
        options: FisherZOptions,
    ) -> Result<(Self, Array2<f64>), FisherZError> {
        let n_samples = samples.nrows();
        check_rows(n_samples)?;
        options.check()?;
        let mut columns = data::columns(samples, options.names.as_deref(), options.missing)?;
        let mut constant = prepare(&mut columns, options.correlation);
        match constant.iter().position(|&constant| constant) {
            None => constant.clear(),
            Some(index) if options.for_constants() == Singular::Refuse => {
                return Err(constant_column(samples, index, &options).into());
            }
            Some(_) => {}
        }
        let mut test = Self {
            correlation: correlation::correlations(&columns),
            n_samples,
            options,
            constant,
            incomplete: None,
        };
        test.detach_constants();
        test.incomplete = Incomplete::new(&columns, test.options.missing);
        test.refuse_duplicates()?;
        for v in (0..test.constant.len()).filter(|&v| test.constant[v]) {
            columns.row_mut(v).fill(0.0);
        }
        Ok((test, columns))
    }

    /// A test on a correlation matrix `[p, p]` of `n_samples` samples.
    ///
    /// # Errors
    ///
    /// [`FisherZError`] if the matrix is not square and symmetric with ones on its diagonal and
    /// numbers between -1 and 1 elsewhere, if it is not positive semidefinite (no data have such
    /// correlations; those taken pair by pair over the rows that each pair has may well be so), if
    /// two variables are perfectly correlated, or if there are fewer than four samples.
    pub fn from_correlation<'a>(
        correlation: impl Into<ArrayView2<'a, f64>>,
        n_samples: usize,
        options: FisherZOptions,
    ) -> Result<Self, FisherZError> {
        let correlation = correlation.into();
        check_rows(n_samples)?;
        check_correlation(&correlation)?;
        options.check()?;
        data::check_names(options.names.as_deref(), correlation.nrows())?;
        let test = Self {
            correlation: correlation::unit_diagonal(&correlation),
            n_samples,
            options,
            constant: Vec::new(),
            incomplete: None,
        };
        test.refuse_duplicates()?;
        Ok(test)
    }

    /// The correlation matrix `[p, p]` that tests are made on. Where values are missing, entries
    /// of the columns concerned are NaN: each test computes its own.
    pub fn correlation(&self) -> ArrayView2<'_, f64> {
        self.correlation.view()
    }

    /// Rows of the data, or the number of samples given with the correlation matrix.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// The partial correlation of `x` and `y` given `given`, between -1 and 1.
    ///
    /// # Errors
    ///
    /// [`FisherZError::Collinear`] if the set is singular.
    pub fn partial_correlation(
        &self,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<f64, FisherZError> {
        self.check_question(x, y, given)?;
        let (x, y) = (x.min(y), x.max(y));
        let (partial, _) = self.partial(x, y, given);
        match self.singular_variable(&partial, x, y, given) {
            Some(error) => Err(error),
            None => Ok(partial.r),
        }
    }

    /// Refuses variables of which one follows exactly from all others, as any of those does that are
    /// centred on their own mean. A search may never ask about all of them at once, and then finds
    /// edges that come from the dependence alone. O(p³).
    ///
    /// # Errors
    ///
    /// [`FisherZError::Collinear`] with the variable and those that it follows from.
    pub fn check_dependence(&self) -> Result<(), FisherZError> {
        let others: Vec<usize> = (2..self.correlation.nrows()).collect();
        match others.is_empty() {
            // Of two, duplicates were refused when the test was made.
            true => Ok(()),
            false => self.partial_correlation(0, 1, &others).map(|_| ()),
        }
    }

    /// What decides a question before any statistic is computed: an error that names the question or
    /// its singular set, or the p-value that the policy for constant columns gives.
    pub(super) fn standing(
        &self,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<Option<f64>, FisherZError> {
        self.check_question(x, y, given)?;
        if self.has_constant(x, y, given)
            && let Some(Answer::P(p)) = self.options.for_constants().answer()
        {
            return Ok(Some(p));
        }
        let (partial, _) = self.partial(x, y, given);
        match self.singular_variable(&partial, x, y, given) {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Whether one of the variables lacks a value somewhere.
    pub(super) fn lacks_a_value(&self, variables: &[usize]) -> bool {
        let lacks = |incomplete: &Incomplete| variables.iter().any(|&v| incomplete.lacks[v]);
        self.incomplete.as_ref().is_some_and(lacks)
    }

    /// What the test makes of a question.
    fn answer(&self, x: usize, y: usize, given: &[usize]) -> Result<Answer, FisherZError> {
        self.check_question(x, y, given)?;
        // Rounding, and with it what counts as singular, is to be the same both ways.
        let (x, y) = (x.min(y), x.max(y));
        if self.has_constant(x, y, given)
            && let Some(answer) = self.options.for_constants().answer()
        {
            return Ok(answer);
        }
        let (partial, n_samples) = self.partial(x, y, given);
        let counted = self.counted(n_samples);
        if counted.min(n_samples as f64) < given.len() as f64 + 3.0 {
            return self.too_few(n_samples.min(counted as usize), x, y, given.len());
        }
        let partial = match self.singular_variable(&partial, x, y, given) {
            None => partial,
            Some(error) => match self.options.singular {
                Singular::Refuse => return Err(error),
                Singular::PseudoInverse => self.pseudo_partial(x, y, given),
                Singular::KeepEdge => return Ok(Answer::P(0.0)),
                Singular::DropEdge => return Ok(Answer::P(1.0)),
            },
        };
        let weight = self.weight(n_samples, given.len());
        Ok(Answer::Z(weight.sqrt() * self.cut(partial).fisher_z()))
    }

    /// The partial correlation and the number of samples behind it.
    fn partial(&self, x: usize, y: usize, given: &[usize]) -> (Partial, usize) {
        if let Some((corr, n)) = self.own_correlations(x, y, given) {
            let local: Vec<usize> = (2..given.len() + 2).collect();
            return (partial::partial(|i, j| corr[(i, j)], 0, 1, &local), n);
        }
        let corr = |i: usize, j: usize| self.correlation[(i, j)];
        (partial::partial(corr, x, y, given), self.n_samples)
    }

    /// The partial correlation by the pseudo-inverse of a singular matrix.
    fn pseudo_partial(&self, x: usize, y: usize, given: &[usize]) -> Partial {
        let corr = match self.own_correlations(x, y, given) {
            Some((corr, _)) => corr,
            None => {
                let order: Vec<usize> = [x, y].iter().chain(given).copied().collect();
                Array2::from_shape_fn((order.len(), order.len()), |(i, j)| {
                    self.correlation[(order[i], order[j])]
                })
            }
        };
        pseudo_inverse::partial(&corr)
    }

    /// The correlations `[x, y, given...]` over the rows complete in them, and their number, if
    /// any of these columns lacks a value.
    fn own_correlations(
        &self,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Option<(Array2<f64>, usize)> {
        let incomplete = self.incomplete.as_ref()?;
        let order: Vec<usize> = [x, y].iter().chain(given).copied().collect();
        order
            .iter()
            .any(|&v| incomplete.lacks[v])
            .then(|| incomplete.correlations(&order))
    }

    /// How many independent samples these are, or are said to be worth.
    fn counted(&self, n_samples: usize) -> f64 {
        match self.options.effective_samples {
            None => n_samples as f64,
            Some(effective) => effective * (n_samples as f64 / self.n_samples as f64),
        }
    }

    /// What the squared statistic is multiplied by: the samples counted, less |S| + 3.
    fn weight(&self, n_samples: usize, n_given: usize) -> f64 {
        (self.counted(n_samples) - n_given as f64 - 3.0).max(0.0)
    }

    fn too_few(
        &self,
        n_samples: usize,
        x: usize,
        y: usize,
        n_given: usize,
    ) -> Result<Answer, FisherZError> {
        match self.options.too_few {
            TooFew::KeepEdge => Ok(Answer::P(0.0)),
            TooFew::DropEdge => Ok(Answer::P(1.0)),
            TooFew::Refuse => Err(FisherZError::TooFewSamples {
                n_samples,
                x: self.variable(x),
                y: self.variable(y),
                n_given,
            }),
        }
    }

    /// The error that names a variable which the others determine, if one does.
    fn singular_variable(
        &self,
        partial: &Partial,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Option<FisherZError> {
        let tolerance = self.options.tolerance;
        let (determined, one_minus_r2) = partial.determined(tolerance, given.len())?;
        let named = |variables: &[usize]| variables.iter().map(|&v| self.variable(v)).collect();
        let (variable, mut on): (usize, Vec<Variable>) = match determined {
            Determined::Member(at) => (given[at], named(&given[..at])),
            Determined::X => (x, named(given)),
            Determined::Y | Determined::YByX => (y, named(given)),
        };
        if determined == Determined::YByX {
            on.push(self.variable(x));
        }
        Some(FisherZError::Collinear {
            variable: self.variable(variable),
            on,
            // Rounding can leave less than nothing unexplained.
            one_minus_r2: one_minus_r2.max(0.0),
            tolerance,
        })
    }

    fn cut(&self, mut partial: Partial) -> Partial {
        let cut = self.options.cut;
        if partial.r.abs() > cut {
            partial.r = cut.copysign(partial.r);
            partial.one_minus_r2 = (1.0 - cut) * (1.0 + cut);
        }
        partial
    }

    fn has_constant(&self, x: usize, y: usize, given: &[usize]) -> bool {
        !self.constant.is_empty() && [x, y].iter().chain(given).any(|&v| self.constant[v])
    }

    fn variable(&self, index: usize) -> Variable {
        Variable::new(index, self.options.names.as_deref())
    }

    fn check_question(&self, x: usize, y: usize, given: &[usize]) -> Result<(), FisherZError> {
        Ok(QueryError::check(self.correlation.nrows(), x, y, given)?)
    }

    /// Makes constant columns uncorrelated with all others.
    fn detach_constants(&mut self) {
        for v in (0..self.constant.len()).filter(|&v| self.constant[v]) {
            self.correlation.row_mut(v).fill(0.0);
            self.correlation.column_mut(v).fill(0.0);
            self.correlation[(v, v)] = 1.0;
        }
    }

    fn refuse_duplicates(&self) -> Result<(), FisherZError> {
        if self.options.singular != Singular::Refuse {
            return Ok(());
        }
        let limit = (1.0 - self.options.tolerance).sqrt();
        for (first, row) in self.correlation.rows().into_iter().enumerate() {
            let row = row.to_slice().unwrap_or_default();
            let later = row.iter().enumerate().skip(first + 1);
            if let Some((second, &r)) = later.into_iter().find(|(_, r)| r.abs() > limit) {
                return Err(FisherZError::Duplicate {
                    first: self.variable(first),
                    second: self.variable(second),
                    correlation: r,
                });
            }
        }
        Ok(())
    }
}

impl CiTest for FisherZ {
    type Error = FisherZError;

    fn n_variables(&self) -> usize {
        self.correlation.nrows()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, FisherZError> {
        Ok(match self.answer(x, y, given)? {
            Answer::P(p) => p,
            Answer::Z(z) if self.options.coarse_p => {
                2.0 * (1.0 - (1.0 - 0.5 * normal::two_sided_p(z)))
            }
            Answer::Z(z) => normal::two_sided_p(z),
        })
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, FisherZError> {
        Ok(match self.answer(x, y, given)? {
            Answer::P(p) => p.ln(),
            Answer::Z(z) => normal::log_two_sided_p(z),
        })
    }

    fn association(
        &self,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<Option<f64>, FisherZError> {
        match self.partial_correlation(x, y, given) {
            Ok(r) => Ok(Some(r)),
            Err(FisherZError::Collinear { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn names(&self) -> Option<&[String]> {
        self.options.names.as_deref()
    }

    fn scan(
        &self,
        sets: &SetScan<'_>,
        bound: Bound,
        visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
    ) -> Result<u64, FisherZError> {
        let n_given = sets.always.len() + sets.size;
        let plain = self.incomplete.is_none() && self.constant.is_empty();
        if !plain || sets.size == 0 || self.weight(self.n_samples, n_given) <= 0.0 {
            return scan::one_by_one(self, sets, bound, visit);
        }
        kernel::scan(self, sets, bound, visit)
    }
}

/// What a question comes to.
enum Answer {
    /// The statistic, standard normal under independence.
    Z(f64),
    /// A p-value by policy.
    P(f64),
}

impl Singular {
    /// The answer for a question that names a constant, unless it is left to the computation.
    fn answer(self) -> Option<Answer> {
        match self {
            Self::KeepEdge => Some(Answer::P(0.0)),
            Self::DropEdge => Some(Answer::P(1.0)),
            Self::Refuse | Self::PseudoInverse => None,
        }
    }
}

/// Transforms and standardises the columns; tells which are constant.
fn prepare(columns: &mut Array2<f64>, correlation: Correlation) -> Vec<bool> {
    let n_samples = columns.ncols();
    let values = columns.as_slice_mut().unwrap_or_default();
    let is_constant = |values: &mut [f64]| {
        match correlation {
            Correlation::Pearson => {}
            Correlation::Spearman => correlation::rank(values),
            Correlation::Nonparanormal => correlation::normal_scores(values),
        }
        !correlation::standardise(values)
    };
    let constant: Vec<bool> = if values.len() < data::PARALLEL_FROM {
        values.chunks_mut(n_samples).map(is_constant).collect()
    } else {
        values.par_chunks_mut(n_samples).map(is_constant).collect()
    };
    constant
}

fn constant_column<A: Copy + Into<f64> + Sync>(
    samples: &ArrayView2<'_, A>,
    index: usize,
    options: &FisherZOptions,
) -> DataError {
    let variable = Variable::new(index, options.names.as_deref());
    let mut values = samples.column(index).into_iter().map(|&v| v.into());
    match values.find(|v: &f64| !v.is_nan()) {
        Some(value) => DataError::Constant { variable, value },
        None => DataError::AllMissing { variable },
    }
}

fn check_rows(found: usize) -> Result<(), DataError> {
    const NEEDED: usize = 4;
    if found < NEEDED {
        return Err(DataError::TooFewRows {
            found,
            needed: NEEDED,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_constant_is_named_with_its_own_value() {
        let samples = array![[1.0, 7.0], [2.0, 7.0], [4.0, 7.0], [3.0, 7.0]];
        for correlation in [
            Correlation::Pearson,
            Correlation::Spearman,
            Correlation::Nonparanormal,
        ] {
            let options = FisherZOptions::new().correlation(correlation);
            let error = FisherZ::with_options(samples.view(), options).unwrap_err();
            assert_eq!(
                error.to_string(),
                "variable 1 is constant: every value is 7",
                "{correlation:?}"
            );
        }
    }
}
