use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use thiserror::Error;

use super::fit::{FactorFit, Ingredients};
use super::likelihood::{LEAST_UNIQUENESS, Minimum, NotReached, minimise};
use crate::correlation::{CorrelationError, Correlations};
use crate::linalg::{from_dense, to_dense};
use crate::moments::{below_diagonal, correlations as correlations_of};
use crate::variable::Variable;

/// Why no factors could be fitted.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FactorError {
    /// No factor was asked for, or more than the correlations can tell apart.
    #[error(
        "the number of factors: expected from 1 to {most} for as many variables ({variables}), found {factors}"
    )]
    Factors {
        /// Number of factors asked for.
        factors: usize,
        /// Number of variables.
        variables: usize,
        /// The most that leave degrees of freedom.
        most: usize,
    },
    /// The correction for small samples leaves nothing.
    #[error("too few cases ({cases}) for so many factors ({factors}) and variables ({variables})")]
    FewCases {
        /// Number of cases.
        cases: usize,
        /// Number of factors asked for.
        factors: usize,
        /// Number of variables.
        variables: usize,
    },
    /// Loadings and correlations are of different variables.
    #[error(
        "expected correlations of as many variables as loadings ({loadings}), found {correlations}"
    )]
    Variables {
        /// Number of rows of the loadings.
        loadings: usize,
        /// Number of variables of the correlations.
        correlations: usize,
    },
    /// A factor explains all of a variable, so that nothing is left to correlate.
    #[error("the factors leave nothing of {variable}")]
    NothingLeft {
        /// The variable.
        variable: Variable,
    },
    /// The search for the maximum of the likelihood came to no end.
    #[error("no maximum of the likelihood was found: slope {slope} after the last step")]
    NotReached {
        /// The largest part of the gradient that was left.
        slope: f64,
    },
    /// The correlations have no inverse.
    #[error(transparent)]
    Correlation(#[from] CorrelationError),
}

/// Common factors of a correlation matrix, `R ≈ Λ Λ' + Ψ`, by maximum likelihood.
///
/// # Example
/// ```
/// use ndarray::Array2;
/// use psychometrics::{Correlations, factors::FactorModel};
///
/// // One factor, with loadings .9, .8, .7, .6 and .5.
/// let loading = |i: usize| 0.9 - 0.1 * i as f64;
/// let matrix = Array2::from_shape_fn((5, 5), |(i, j)| if i == j { 1.0 } else { loading(i) * loading(j) });
/// let correlations = Correlations::from_matrix(matrix.view(), 200)?;
/// let model = FactorModel::fit(&correlations, 1)?;
/// assert!((model.loadings[[4, 0]] - 0.5).abs() < 1e-6);
/// assert!(model.fit.chi2 < 1e-6 && model.fit.cfi > 0.999);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FactorModel {
    /// `[variables, factors]`, not rotated: the columns explain less and less of the variables in
    /// units of their unique variances, and each adds up to no less than 0.
    pub loadings: Array2<f64>,
    /// Unique variances, `[variables]`, from 0.005 to 1.
    pub uniquenesses: Array1<f64>,
    /// What the likelihood leaves unexplained: `ln |Λ Λ' + Ψ| - ln |R| + tr(R (Λ Λ' + Ψ)⁻¹) - p`.
    pub discrepancy: f64,
    /// Indices of fit.
    pub fit: FactorFit,
    /// Variables that a factor explains (all but) wholly: Heywood cases, a sign of too many factors
    /// or too few cases.
    pub heywood: Vec<Variable>,
    /// Steps of the search.
    pub n_steps: usize,
}

impl FactorModel {
    /// Fits `n_factors` factors.
    ///
    /// The likelihood is maximised over the unique variances by Newton's method with exact second
    /// derivatives, from the start of Jöreskog, each variance within [0.005, 1]. Where the model
    /// fits badly the likelihood may have several maxima, of which this finds the one that programs
    /// with a single start find; [`fit_best_of`](Self::fit_best_of) looks for the highest.
    ///
    /// # Errors
    /// [`FactorError::Factors`] for no factor or more than leave degrees of freedom,
    /// [`FactorError::FewCases`], [`FactorError::Correlation`] for a singular matrix,
    /// [`FactorError::NotReached`].
    ///
    /// # Complexity
    /// `O(p³)` for each of some ten steps.
    ///
    /// K. G. Jöreskog, "Some contributions to maximum likelihood factor analysis", Psychometrika 32
    /// (1967); D. N. Lawley and A. E. Maxwell, "Factor analysis as a statistical method" (1971).
    pub fn fit(correlations: &Correlations, n_factors: usize) -> Result<Self, FactorError> {
        Self::fit_best_of(correlations, n_factors, 1, 0)
    }

    /// As [`fit`](Self::fit), from Jöreskog's start and `n_starts - 1` others, strewn at random: the
    /// highest maximum found. The same seed gives the same.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_best_of(
        correlations: &Correlations,
        n_factors: usize,
        n_starts: usize,
        seed: u64,
    ) -> Result<Self, FactorError> {
        let p = correlations.n_variables();
        let df = degrees_of_freedom(p, n_factors)?;
        let ingredients = Ingredients {
            n_cases: correlations.n_cases(),
            n_variables: p,
            n_factors,
            log_determinant: correlations.log_determinant()?,
        };
        if ingredients.factor(n_factors) <= 0.0 {
            return Err(FactorError::FewCases {
                cases: correlations.n_cases(),
                factors: n_factors,
                variables: p,
            });
        }
        let matrix = to_dense(correlations.matrix());
        let start = start(correlations, n_factors)?;
        let found = least_of_all(&matrix, n_factors, &start, n_starts, seed)
            .map_err(|NotReached(slope)| FactorError::NotReached { slope })?;
        let loadings = positive(from_dense(&found.loadings));
        let uniquenesses: Array1<f64> = found.uniquenesses.iter().copied().collect();
        let is_heywood = |&index: &usize| uniquenesses[index] <= LEAST_UNIQUENESS * 1.000_001;
        let heywood = (0..p).filter(is_heywood);
        let left = &correlations.matrix() - &implied(&loadings, &uniquenesses);
        Ok(Self {
            fit: ingredients.indices(df, found.discrepancy, root_mean_square(left.view())),
            heywood: heywood.map(|index| correlations.variable(index)).collect(),
            loadings,
            uniquenesses,
            discrepancy: found.discrepancy,
            n_steps: found.n_steps,
        })
    }

    /// The correlations that the model implies, `Λ Λ' + Ψ`.
    #[must_use]
    pub fn implied(&self) -> Array2<f64> {
        implied(&self.loadings, &self.uniquenesses)
    }

    /// What the factors leave of each variable, correlated: `R - Λ Λ'` scaled to a diagonal of 1.
    ///
    /// # Errors
    /// [`FactorError::Variables`] for correlations of other variables, [`FactorError::NothingLeft`]
    /// where the factors explain more than a variable has.
    pub fn residual_correlations(
        &self,
        correlations: &Correlations,
    ) -> Result<Array2<f64>, FactorError> {
        let (loadings, p) = (self.loadings.nrows(), correlations.n_variables());
        if loadings != p {
            return Err(FactorError::Variables {
                loadings,
                correlations: p,
            });
        }
        let left = &correlations.matrix() - &self.loadings.dot(&self.loadings.t());
        if let Some(index) = left.diag().iter().position(|own| *own <= 0.0) {
            return Err(FactorError::NothingLeft {
                variable: correlations.variable(index),
            });
        }
        Ok(correlations_of(left.view()))
    }

    /// Normal data of the model, `[cases, variables]`: what correlations would come of the factors
    /// alone. The same seed gives the same.
    ///
    /// # Errors
    /// [`FactorError::NothingLeft`] where unique variances were set to zero.
    pub fn draw(&self, n_cases: usize, seed: u64) -> Result<Array2<f64>, FactorError> {
        if let Some(index) = self.uniquenesses.iter().position(|own| *own <= 0.0) {
            let variable = Variable { index, name: None };
            return Err(FactorError::NothingLeft { variable });
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = |shape| Array2::from_shape_simple_fn(shape, || rng.sample(StandardNormal));
        let (p, k) = self.loadings.dim();
        let factors: Array2<f64> = normal((n_cases, k));
        let unique: Array2<f64> = normal((n_cases, p)) * self.uniquenesses.sqrt();
        Ok(factors.dot(&self.loadings.t()) + unique)
    }
}

fn implied(loadings: &Array2<f64>, uniquenesses: &Array1<f64>) -> Array2<f64> {
    loadings.dot(&loadings.t()) + Array2::from_diag(uniquenesses)
}

/// Of what lies below the diagonal.
fn root_mean_square(matrix: ArrayView2<'_, f64>) -> f64 {
    let squares: Vec<f64> = below_diagonal(matrix).map(|gap| gap * gap).collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

fn degrees_of_freedom(variables: usize, factors: usize) -> Result<usize, FactorError> {
    let of = |factors| Ingredients::degrees_of_freedom(variables, factors);
    let found = of(factors).filter(|_| factors > 0);
    found.ok_or_else(|| FactorError::Factors {
        factors,
        variables,
        most: (1..=variables).take_while(|&k| of(k).is_some()).count(),
    })
}

/// Jöreskog's: the logarithms of `(1 - k / 2p) / (R⁻¹)ᵢᵢ`.
fn start(correlations: &Correlations, n_factors: usize) -> Result<DVector<f64>, CorrelationError> {
    let inverse = correlations.cholesky()?;
    let inverse = Cholesky::inverse(&inverse);
    let p = correlations.n_variables();
    let share = 1.0 - n_factors as f64 / (2.0 * p as f64);
    Ok(inverse.diagonal().map(|entry| (share / entry).ln()))
}

/// Goes down from the start given and from others strewn over the range of the unique variances.
fn least_of_all(
    matrix: &DMatrix<f64>,
    n_factors: usize,
    start: &DVector<f64>,
    n_starts: usize,
    seed: u64,
) -> Result<Minimum, NotReached> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut best = minimise(matrix, n_factors, start.clone());
    for _ in 1..n_starts {
        let strewn = start.map(|_| rng.random_range(LEAST_UNIQUENESS.ln() / 2.0..0.0));
        let found = minimise(matrix, n_factors, strewn);
        best = match (best, found) {
            (Ok(best), Ok(found)) if found.discrepancy < best.discrepancy => Ok(found),
            (Err(_), found) => found,
            (best, _) => best,
        };
    }
    best
}

/// The sign of a factor is arbitrary: its loadings add up to no less than 0.
fn positive(mut loadings: Array2<f64>) -> Array2<f64> {
    for mut column in loadings.columns_mut() {
        if column.sum() < 0.0 {
            column.mapv_inplace(|loading| -loading);
        }
    }
    loadings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::Scores;
    use ndarray::array;

    fn two_factors() -> FactorModel {
        let loadings = array![
            [0.7, 0.0],
            [0.6, 0.1],
            [0.8, 0.0],
            [0.1, 0.7],
            [0.0, 0.6],
            [0.2, 0.5],
            [0.5, 0.5],
        ];
        let uniquenesses = loadings
            .rows()
            .into_iter()
            .map(|row| 1.0 - row.dot(&row))
            .collect();
        let correlations = Correlations::from_matrix(Array2::eye(7).view(), 100).unwrap();
        let shape = FactorModel::fit(&correlations, 2).unwrap();
        FactorModel {
            loadings,
            uniquenesses,
            ..shape
        }
    }

    #[test]
    fn factors_of_drawn_data_are_those_drawn_from() {
        let planted = two_factors();
        let drawn = planted.draw(20_000, 7).unwrap();
        assert_eq!(drawn, planted.draw(20_000, 7).unwrap());
        let correlations = Correlations::of(&Scores::new(drawn.view()).unwrap()).unwrap();
        let one = FactorModel::fit(&correlations, 1).unwrap();
        let two = FactorModel::fit(&correlations, 2).unwrap();
        assert!(
            one.fit.p_value < 1e-10 && two.fit.p_value > 0.001,
            "{:?}",
            two.fit
        );
        let gap = two.loadings.dot(&two.loadings.t()) - planted.loadings.dot(&planted.loadings.t());
        assert!(below_diagonal(gap.view()).all(|gap| gap.abs() < 0.03));
        let left = two.residual_correlations(&correlations).unwrap();
        assert!(below_diagonal(left.view()).all(|r| r.abs() < 0.05));
    }

    #[test]
    fn too_many_factors_and_too_few_cases_are_refused() {
        let fit = |p: usize, n, k| {
            let identity = Array2::eye(p);
            let correlations = Correlations::from_matrix(identity.view(), n).unwrap();
            FactorModel::fit(&correlations, k).unwrap_err().to_string()
        };
        assert_eq!(
            fit(6, 99, 4),
            "the number of factors: expected from 1 to 3 for as many variables (6), found 4"
        );
        assert_eq!(
            fit(6, 99, 0),
            "the number of factors: expected from 1 to 3 for as many variables (6), found 0"
        );
        assert_eq!(
            fit(2, 99, 1),
            "the number of factors: expected from 1 to 0 for as many variables (2), found 1"
        );
        assert_eq!(
            fit(6, 4, 1),
            "too few cases (4) for so many factors (1) and variables (6)"
        );
    }

    #[test]
    fn a_variable_that_a_factor_explains_wholly_is_named() {
        // By the first three alone, its communality would be .8 x .8 / .5.
        let r = array![
            [1.0, 0.8, 0.8, 0.4],
            [0.8, 1.0, 0.5, 0.3],
            [0.8, 0.5, 1.0, 0.3],
            [0.4, 0.3, 0.3, 1.0],
        ];
        let correlations = Correlations::from_matrix(r.view(), 300).unwrap();
        let model = FactorModel::fit(&correlations, 1).unwrap();
        let names: Vec<String> = model.heywood.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["variable 0"]);
    }

    #[test]
    fn correlations_of_other_variables_have_no_residuals() {
        let other = Correlations::from_matrix(Array2::eye(3).view(), 100).unwrap();
        let error = two_factors().residual_correlations(&other).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected correlations of as many variables as loadings (7), found 3"
        );
    }
}
