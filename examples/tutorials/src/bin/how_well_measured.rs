//! psychometrics: how far items that should measure one thing do, and how many things they measure.
//!
//! `cargo run --package tutorials --bin how_well_measured`

use std::error::Error;

use value_causal::ndarray::Array2;
use value_causal::psychometrics::factors::{FactorModel, ParallelAnalysis, ParallelOptions};
use value_causal::psychometrics::{Correlations, Scores, reliability};

const ITEMS: [&str; 6] = ["warm", "kind", "fair", "neat", "early", "exact"];

/// A number from -1 to 1 that looks random and is always the same.
fn wobble(case: usize, item: usize) -> f64 {
    ((case * 7919 + item * 104_729 + case * item * 31) % 1000) as f64 / 500.0 - 1.0
}

fn main() -> Result<(), Box<dyn Error>> {
    // 200 people answer six items: three by how kind they are, three by how orderly, [n_cases, n_items].
    let answers = Array2::from_shape_fn((200, ITEMS.len()), |(case, item)| {
        let leaning = wobble(case, 100 + item / 3);
        2.0 * leaning + wobble(case, item)
    });

    // Alpha takes all six for one scale. Half of them by themselves do better.
    for (what, items) in [("all six", 0..6), ("kind", 0..3), ("orderly", 3..6)] {
        let columns = answers.slice(value_causal::ndarray::s![.., items.clone()]);
        let scores = Scores::named(columns, ITEMS[items].iter().copied())?;
        let alpha = reliability::alpha(&scores)?;
        let [low, high] = alpha.interval(0.95)?;
        println!(
            "alpha of {what}: {:.2} ({low:.2} to {high:.2})",
            alpha.value
        );
    }

    // Parallel analysis counts the factors that stand out from answers without any structure.
    let scores = Scores::named(answers.view(), ITEMS)?;
    let scree = ParallelAnalysis::of(&scores, ParallelOptions::default())?;
    println!("{} factors stand out", scree.n_factors());

    // A maximum-likelihood factor model says how well so many explain the correlations.
    let correlations = Correlations::of(&scores)?;
    for n_factors in [1, 2] {
        let fit = FactorModel::fit(&correlations, n_factors)?.fit;
        println!(
            "{n_factors} factors: chi2 {:.1} with {} degrees of freedom",
            fit.chi2, fit.df
        );
    }
    Ok(())
}
