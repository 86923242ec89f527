//! Whether common factors describe the correlations as well as arrows do.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::Serialize;
use value_causal::ndarray::Array2;
use value_causal::psychometrics::factors::FactorModel;
use value_causal::psychometrics::{Correlations, Scores};

use crate::arrows::Arrows;
use crate::rows::{Clustering, Rows};
use crate::verdict::LEVEL;
use crate::{Failure, Settings};

/// The most common factors that a graph is held against: saying yes to everything and wanting to be liked are two.
///
/// The number is fixed beforehand. As many as parallel analysis finds would be no test: of twelve values it finds three or
/// four where only arrows are, and so many imitate the correlations of any sparse graph.
pub const MOST_FACTORS: usize = 2;

/// Arrows against common factors without any arrow.
///
/// Both describe the correlations by maximum likelihood, and are compared by Akaike's criterion (AIC): minus twice the
/// logarithm of the likelihood, and two for each parameter. Arrows are the best acyclic graph that greedy search finds; the
/// likelihood counts as many rows as are independent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstFactors {
    /// AIC of arrows; 0 is that of values without any relation.
    pub arrows_aic: f64,
    /// How many arrows these are.
    pub n_arrows: usize,
    /// No common factor, one, and two, as far as the values have so many.
    pub rivals: Vec<Rival>,
}

/// So many common factors and no arrow.
///
/// AIC's margin of arrows over the factors is held against that in data that have these factors and nothing else: models of
/// which neither contains the other are compared by drawing from one (Cox 1961; Williams 1970). Such data are drawn with the
/// clusters of the rows: each value's clusters mixed up by themselves, so that nothing hangs together and what rows of a
/// cluster have in common stays; then given the correlations that the factors imply, by their symmetric square root, which
/// changes each column as little as can be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rival {
    /// Common factors.
    pub n_factors: usize,
    /// AIC of them.
    pub aic: f64,
    /// By how much the AIC of arrows is below it.
    pub margin: f64,
    /// Mean of the margin in data of these factors alone.
    pub null_mean: f64,
    /// Share of such data, the rows counted among them, with as large a margin.
    pub p_value: f64,
    /// Data drawn.
    pub n_draws: usize,
}

impl AgainstFactors {
    /// None where no factor can be fitted: few values, or exact dependence among them. If `brief`, no more rivals than up to
    /// the first that is not beaten, from the most factors down.
    pub(crate) fn compute(
        rows: &Rows,
        clustering: Clustering,
        effective_rows: f64,
        brief: bool,
        settings: &Settings,
    ) -> Result<Option<Self>, Failure> {
        let cells = rows.cells_for(clustering);
        let correlations = Correlations::of(&Scores::new(cells.view())?)?;
        let n = effective_rows.min(rows.n() as f64);
        let models: Option<Vec<Factors>> = [0, 1]
            .into_iter()
            .map(|k| Factors::fit(&correlations, k))
            .collect();
        let Some(mut models) = models else {
            return Ok(None);
        };
        models.extend((2..=MOST_FACTORS).map_while(|k| Factors::fit(&correlations, k)));
        let null = rows.null(clustering, settings.draws, settings.seed.wrapping_add(1))?;
        let tables = null.tables(cells.view())?.map(standardised);
        let tables: Vec<Array2<f64>> = tables.collect();
        let arrows = Arrows::best(correlations.matrix(), n);
        let mut rivals = Vec::new();
        if brief {
            // Two factors are the least often beaten where there is no graph.
            models.reverse();
        }
        for model in models {
            let rival = model.rival(&correlations, &arrows, &tables, n);
            rivals.push(rival);
            if brief && !rival.is_beaten() {
                break;
            }
        }
        Ok(Some(Self {
            arrows_aic: arrows.aic,
            n_arrows: arrows.n,
            rivals,
        }))
    }

    /// Whether arrows are needed beside every number of common factors.
    #[must_use]
    pub fn arrows_are_needed(&self) -> bool {
        self.rivals.iter().all(Rival::is_beaten)
    }
}

impl Rival {
    /// Whether arrows describe the correlations better than they would if there were these factors alone.
    #[must_use]
    pub fn is_beaten(&self) -> bool {
        self.p_value <= LEVEL
    }
}

/// Common factors that were fitted; none of them is a model, too.
struct Factors {
    n: usize,
    discrepancy: f64,
    implied: Array2<f64>,
}

impl Factors {
    /// None where so many cannot be fitted, or leave no degrees of freedom.
    fn fit(correlations: &Correlations, n: usize) -> Option<Self> {
        if n == 0 {
            return Some(Self {
                n,
                discrepancy: -log_determinant(correlations),
                implied: Array2::eye(correlations.n_variables()),
            });
        }
        let model = FactorModel::fit(correlations, n).ok()?;
        (model.fit.df > 0).then(|| Self {
            n,
            discrepancy: model.discrepancy,
            implied: model.implied(),
        })
    }

    /// As that of arrows: 0 where nothing hangs together and nothing is fitted.
    fn aic(&self, correlations: &Correlations, n: f64) -> f64 {
        let (p, k) = (correlations.n_variables(), self.n);
        // Loadings, less the rotations that change nothing.
        let parameters = p * k - k * k.saturating_sub(1) / 2;
        n * (self.discrepancy + log_determinant(correlations)) + 2.0 * parameters as f64
    }

    /// Held against data of these factors, which are made of tables in which nothing hangs together.
    fn rival(
        &self,
        correlations: &Correlations,
        arrows: &Arrows,
        tables: &[Array2<f64>],
        n: f64,
    ) -> Rival {
        let aic = self.aic(correlations, n);
        let margin = aic - arrows.aic;
        let root = square_root(&self.implied);
        let drawn = tables.par_iter().map(|table| {
            let drawn = table.dot(&root);
            let correlations = Correlations::of(&Scores::new(drawn.view()).ok()?).ok()?;
            let again = Self::fit(&correlations, self.n)?;
            Some(again.aic(&correlations, n) - Arrows::best(correlations.matrix(), n).aic)
        });
        let drawn: Vec<Option<f64>> = drawn.collect();
        let told: Vec<f64> = drawn.iter().copied().flatten().collect();
        // Data that the factors cannot be fitted to speak for the factors.
        let as_large = drawn
            .iter()
            .filter(|drawn| drawn.is_none_or(|drawn| drawn >= margin));
        Rival {
            n_factors: self.n,
            aic,
            margin,
            null_mean: told.iter().sum::<f64>() / told.len() as f64,
            p_value: (1 + as_large.count()) as f64 / (1 + drawn.len()) as f64,
            n_draws: drawn.len(),
        }
    }
}

fn log_determinant(correlations: &Correlations) -> f64 {
    correlations.eigenvalues().iter().map(|w| w.ln()).sum()
}

/// Each column with mean 0 and variance 1, or all 0.
fn standardised(mut table: Array2<f64>) -> Array2<f64> {
    for mut column in table.columns_mut() {
        let (mean, sd) = (column.mean().unwrap_or(0.0), column.std(0.0));
        column.mapv_inplace(|cell| if sd > 0.0 { (cell - mean) / sd } else { 0.0 });
    }
    table
}

/// The symmetric square root.
fn square_root(matrix: &Array2<f64>) -> Array2<f64> {
    let p = matrix.nrows();
    let eigen = DMatrix::from_fn(p, p, |i, j| matrix[[i, j]]).symmetric_eigen();
    let roots = eigen.eigenvalues.map(|w| w.max(0.0).sqrt());
    let root =
        &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose();
    Array2::from_shape_fn((p, p), |(i, j)| root[(i, j)])
}
