//! Measurement quality: reliability, factor analysis, item response theory and disattenuation.
//!
//! [`ndarray`] matrices go in, numbers come out: rows are cases (people, texts, whatever is
//! measured), columns variables (items, raters, scales). A table is checked once, as [`Scores`]
//! (complete) or [`PartialScores`] (with gaps), and an error names the case and the variable.
//! [`reliability`] says how much of a score is more than the accident of its items;
//! [`Correlations`] hold a correlation matrix with its eigenvalues, to be tested for sphericity, corrected for
//! unreliability, or explained by [`factors`]; [`irt`] fits one trait behind graded answers.
//!
//! # Example
//! Five ratings of each case: are they reliable, and does one factor explain what they share?
//! ```
//! use ndarray::Array2;
//! use psychometrics::{Correlations, Scores, factors::FactorModel, reliability::alpha};
//!
//! // Made so: a trait of each case, and something of its own in each rating.
//! let ratings = Array2::from_shape_fn((60, 5), |(case, item)| {
//!     ((case * 7) % 60) as f64 + 1.5 * ((case * (item + 3) * 11) % 37) as f64
//! });
//! let scores = Scores::named(ratings.view(), ["warm", "kind", "fair", "open", "calm"])?;
//!
//! let reliability = alpha(&scores)?;
//! let [low, high] = reliability.interval(0.95)?;
//! assert!(low < reliability.value && reliability.value < high);
//!
//! let correlations = Correlations::of(&scores)?;
//! let model = FactorModel::fit(&correlations, 1)?;
//! assert!(model.fit.rmsea < 0.2 && model.loadings.iter().all(|&loading| loading > 0.3));
//! let left = model.residual_correlations(&correlations)?;
//! assert!(left[[0, 1]].abs() < 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which function for which question
//! | Question | Function |
//! |---|---|
//! | Do these items measure one thing, and how surely? | [`reliability::alpha`], [`reliability::omega_total`] |
//! | ... of answers that are right or wrong? | [`reliability::kuder_richardson`] |
//! | Would another half of the items say the same? | [`reliability::split_half`] |
//! | Do raters agree? | [`reliability::intraclass`] |
//! | What if each case was asked items of its own? | [`reliability::AskedItems`], [`reliability::pairwise_alpha`] |
//! | How much varies with rows, how much with columns? | [`reliability::variance_parts`] |
//! | Does anything hang together at all? | [`Correlations::sphericity`] |
//! | In how many ways? | [`factors::ParallelAnalysis`] |
//! | Do so many factors explain it, and what is left? | [`factors::FactorModel`] |
//! | Are these the factors of that other study? | [`factors::congruence`] |
//! | What would be correlated without error of measurement? | [`Correlations::disattenuated`] |
//! | How hard and how telling is each item? | [`irt::ResponseModel::fit`] |
//! | What to ask next? | [`irt::AdaptiveTest`], [`selection::Ucb1`] |
//! | Which items to ask at all? | [`selection::balanced_top`], [`selection::most_reliable`] |
//! | Which option wins, and how strong is each? | [`comparisons::Wins`] |
//! | Does who chooses stay with it? | [`comparisons::kept_choices`] |
//! | Do two orders agree? | [`ranks::spearman`], [`ranks::kendall_tau_b`], [`ranks::average_overlap`] |
//! | Do the variables lie on a circle? | [`circumplex::Circumplex`] |
//! | How much does an item tell of who answers it? | [`divergence::Distributions`] |
//! | On what do graded answers depend? | [`ordinal::CumulativeLogit`] |
//! | ... where items or raters differ? | [`ordinal::OrdinalPosterior`] |
//!
//! # A map of the files
//! | File | Holds |
//! |---|---|
//! | `scores.rs`, `variable.rs` | tables checked at the door, and how errors name their variables |
//! | `correlation.rs` | correlation matrices, sphericity, disattenuation |
//! | `reliability/` | one file per family of coefficients |
//! | `factors/` | `model` (what users meet), `likelihood` (the search), `fit` (indices), `parallel`, `congruence` |
//! | `irt/` | `item` (one item's formulas), `model` (likelihood and estimates), `estimation` (EM), `adaptive` (what to ask next), `responses`, `grid` |
//! | `ordinal/` | regression of graded answers: `likelihood` (the maximum), `hierarchy` (the density with groups), `sampler`, `diagnostics`, `posterior` |
//! | `comparisons/` | wins of one option over another: `wins` (counts, strengths), `choices` (one after the other) |
//! | `divergence.rs`, `ranks.rs` | distributions held against each other, and orders |
//! | `selection/` | items to ask: `balanced` (the best of each group), `reliable` (the best set), `bandit` (what to try next) |
//! | `circumplex.rs` | variables on a circle |
//! | `logit.rs` | the likelihood of the cumulative logit model, which items and regression share |
//! | `moments.rs`, `linalg.rs` | means and covariances; the bridge to nalgebra |
//!
//! # Who should use something else
//! * For rotation, several groups or structural models: R's `psych`, `lavaan` and `mirt`.
//! * For ordinal data with polychoric correlations: likewise.
//! * To search for causal graphs among the variables: a causal-discovery library.

pub mod circumplex;
pub mod comparisons;
pub mod divergence;
pub mod factors;
pub mod irt;
pub mod ordinal;
pub mod ranks;
pub mod reliability;
pub mod selection;

mod correlation;
mod linalg;
mod logit;
mod moments;
mod scores;
mod variable;

pub use correlation::{CorrelationError, Correlations, Disattenuated, Sphericity};
pub use ndarray;
pub use scores::{PartialScores, Scores, ScoresError};
pub use variable::Variable;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
