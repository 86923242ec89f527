//! The graph given common factors, and in data that have nothing else.

use rayon::prelude::*;
use serde::Serialize;
use value_causal::discovery::ci::FisherZ;
use value_causal::discovery::graph::MixedGraph;
use value_causal::discovery::pc;
use value_causal::psychometrics::factors::FactorModel;
use value_causal::psychometrics::{Correlations, Scores};

use crate::search::{fisher_options, fisher_z, pc_options};
use crate::{Failure, Rows, Settings};

/// Numbers of factors that are tried.
const NUMBERS: [usize; 4] = [1, 2, 3, 5];

/// What so many common factors explain, by Fisher's z on rows that are taken for independent: the search that the paper made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GivenFactors {
    /// Common factors, by maximum likelihood.
    pub n_factors: usize,
    /// Discrepancy by Bartlett's factor.
    pub chi2: f64,
    /// Its degrees of freedom.
    pub df: usize,
    /// Root mean square error of approximation.
    pub rmsea: f64,
    /// Standardised root mean square residual.
    pub srmr: f64,
    /// Comparative fit index.
    pub cfi: f64,
    /// `chi2 - df ln n`.
    pub bic: f64,
    /// Edges found in what the factors leave; none where they leave nothing of a value.
    pub edges_given: Option<usize>,
    /// Those of them that are found without factors too.
    pub kept: Option<usize>,
    /// Mean of the edges found in data simulated from the factors alone, without arrows.
    pub simulated_mean: f64,
    /// Their standard deviation over simulations.
    pub simulated_sd: f64,
    /// Simulations.
    pub n_simulations: usize,
}

impl GivenFactors {
    /// By number of factors, for those that can be fitted.
    pub(crate) fn all(rows: &Rows, settings: &Settings) -> Result<Vec<Self>, Failure> {
        if settings.simulations == 0 {
            return Ok(Vec::new());
        }
        let scores = Scores::named(rows.cells.view(), &rows.values)?;
        let correlations = Correlations::of(&scores)?;
        let found = pc(
            &fisher_z(rows.cells.view(), &rows.values)?,
            &pc_options(settings.alpha)?,
        )?;
        let with = NUMBERS.into_iter().filter_map(|k| {
            let model = FactorModel::fit(&correlations, k).ok()?;
            Some(Self::of(
                &model,
                &correlations,
                &found.graph,
                rows,
                settings,
            ))
        });
        with.collect()
    }

    fn of(
        model: &FactorModel,
        correlations: &Correlations,
        found: &MixedGraph,
        rows: &Rows,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let k = model.loadings.ncols();
        let options = pc_options(settings.alpha)?;
        let given = match model.residual_correlations(correlations) {
            Ok(left) => {
                let n = correlations.n_cases() - k;
                let test = FisherZ::from_correlation(&left, n, fisher_options(&rows.values))?;
                Some(pc(&test, &options)?.graph)
            }
            Err(_) => None,
        };
        let simulated = |draw: usize| -> Result<f64, Failure> {
            let seed = settings.seed.wrapping_mul(1_000).wrapping_add(draw as u64);
            let drawn = model.draw(correlations.n_cases(), seed)?;
            let test = fisher_z(drawn.view(), &rows.values)?;
            Ok(pc(&test, &options)?.graph.edges().count() as f64)
        };
        let drawn = (0..settings.simulations).into_par_iter().map(simulated);
        let drawn: Vec<f64> = drawn.collect::<Result<_, _>>()?;
        let n = drawn.len() as f64;
        let mean = drawn.iter().sum::<f64>() / n;
        let squares = drawn.iter().map(|edges| (edges - mean).powi(2));
        let kept = |graph: &MixedGraph| {
            let edges = graph.edges();
            edges
                .filter(|edge| found.edge(edge.a, edge.b).is_some())
                .count()
        };
        Ok(Self {
            n_factors: k,
            chi2: model.fit.chi2,
            df: model.fit.df,
            rmsea: model.fit.rmsea,
            srmr: model.fit.srmr,
            cfi: model.fit.cfi,
            bic: model.fit.bic,
            edges_given: given.as_ref().map(|graph| graph.edges().count()),
            kept: given.as_ref().map(kept),
            simulated_mean: mean,
            simulated_sd: (squares.sum::<f64>() / n).sqrt(),
            n_simulations: drawn.len(),
        })
    }
}
