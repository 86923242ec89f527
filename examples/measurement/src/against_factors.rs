//! Whether common factors alone give these correlations.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::Serialize;
use value_causal::ndarray::{Array1, Array2, ArrayView1};
use value_causal::psychometrics::factors::FactorModel;
use value_causal::psychometrics::{Correlations, Scores};

use crate::rows::{Clustering, Rows};
use crate::{Failure, Settings};

/// The rival of a graph: so many common factors and no arrow.
///
/// Their discrepancy from the correlations of the rows is held against that of data that have these factors and nothing
/// else. Such data are drawn with the clusters of the rows: each value's clusters mixed up by themselves, so that nothing
/// hangs together and what rows of a cluster have in common stays; then given the correlations that the factors imply, by
/// their symmetric square root, which changes each column as little as can be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rival {
    /// Common factors: as many as parallel analysis with clusters mixed up finds, and at least one.
    pub n_factors: usize,
    /// Discrepancy of the rows from the fitted factors.
    pub discrepancy: f64,
    /// Its mean over data of these factors alone.
    pub null_mean: f64,
    /// Share of such data, the rows counted among them, with as large a discrepancy.
    pub p_value: f64,
    /// Data drawn.
    pub n_draws: usize,
}

impl Rival {
    /// None where no factor can be fitted: few values, or exact dependence among them.
    pub(crate) fn compute(
        rows: &Rows,
        clustering: Clustering,
        n_factors: usize,
        settings: &Settings,
    ) -> Result<Option<Self>, Failure> {
        let cells = rows.cells_for(clustering);
        let correlations = Correlations::of(&Scores::new(cells.view())?)?;
        // Fewer factors where so many leave no degrees of freedom.
        let fitted = (1..=n_factors.max(1)).rev().find_map(|k| {
            FactorModel::fit(&correlations, k)
                .ok()
                .filter(|m| m.fit.df > 0)
        });
        let Some(model) = fitted else {
            return Ok(None);
        };
        let k = model.loadings.ncols();
        let root = square_root(&model);
        let null = rows.null(clustering, settings.draws, settings.seed.wrapping_add(1))?;
        let tables: Vec<Array2<f64>> = null.tables(cells.view())?.collect();
        let drawn = tables.into_par_iter().filter_map(|mut table| {
            table.columns_mut().into_iter().for_each(|mut column| {
                let scaled = standardised(column.view());
                column.assign(&scaled);
            });
            let drawn = table.dot(&root);
            let correlations = Correlations::of(&Scores::new(drawn.view()).ok()?).ok()?;
            Some(FactorModel::fit(&correlations, k).ok()?.discrepancy)
        });
        let drawn: Vec<f64> = drawn.collect();
        let as_large = drawn.iter().filter(|&&d| d >= model.discrepancy).count();
        Ok(Some(Self {
            n_factors: k,
            discrepancy: model.discrepancy,
            null_mean: drawn.iter().sum::<f64>() / drawn.len() as f64,
            p_value: (1 + as_large) as f64 / (1 + drawn.len()) as f64,
            n_draws: drawn.len(),
        }))
    }
}

fn standardised(column: ArrayView1<'_, f64>) -> Array1<f64> {
    let mean = column.mean().unwrap_or(0.0);
    let sd = column.std(0.0);
    column.mapv(|cell| if sd > 0.0 { (cell - mean) / sd } else { 0.0 })
}

/// The symmetric square root of the correlations that the factors imply.
fn square_root(model: &FactorModel) -> Array2<f64> {
    let implied = model.implied();
    let p = implied.nrows();
    let eigen = DMatrix::from_fn(p, p, |i, j| implied[[i, j]]).symmetric_eigen();
    let roots = eigen.eigenvalues.map(|w| w.max(0.0).sqrt());
    let root =
        &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose();
    Array2::from_shape_fn((p, p), |(i, j)| root[(i, j)])
}
