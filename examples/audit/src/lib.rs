//! How far the conclusions of a study hold when its choices are made otherwise.
//!
//! The study's own analysis rests on one set of features, one baseline, one level and one graph.
//! [`Audit::compute`] makes all these choices in other ways too, holds the gap between expected and
//! unexpected effects against chance, and says how sure the edges are. Each part is a module with
//! one record that serialises; all together are `audit.json`. `docs/audit.md` of the repository
//! says how to read them.

pub mod baselines;
pub mod comparisons;
pub mod edge_confidence;
pub mod effects;
pub mod manifest;
pub mod moved;
pub mod multiverse;
pub mod null_tests;
pub mod own;
pub mod planner;
pub mod report;
pub mod resampled;
pub mod rivals;
pub mod search;
mod settings;
mod write;

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use serde::Serialize;

use baselines::{BaselineCounts, Baselines};
use edge_confidence::EdgeConfidence;
use effects::OfGraph;
use manifest::Manifest;
use moved::{Discovered, Moved};
use multiverse::{Multiverse, Specification};
use null_tests::NullTest;
use planner::Plan;
use program::Failure;
use reproduce::Loaded;
use reproduce::dyads::{SteeringTable, steering_table};
use rivals::Contest;
use search::{Basis, Rows};
use study::Answers;

pub use settings::Settings;
pub use write::write;

/// All parts. Serialises to `audit.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// The experiment's name.
    pub experiment: String,
    /// What the audit was made of and by what.
    pub manifest: Manifest,
    /// What was drawn how often, from which seed.
    pub settings: Settings,
    /// The values, in the order of the training table.
    pub values: Vec<String>,
    /// The features behind the published graph.
    pub published_features: Vec<u64>,
    /// The training rows behind the published graph; all rows are behind the one with all features.
    pub published_rows: Rows,
    /// The reference graphs' titles by key.
    pub references: BTreeMap<String, String>,
    /// Key of the reference graph that figure 4 shows beside the discovered one.
    pub reference: String,
    /// The discovered graph, with the published features.
    pub discovered: Discovered,
    /// Which values moved together, with the published features.
    pub moved: Vec<Moved>,
    /// What each feature does to each value.
    pub steering_table: SteeringTable,
    /// With the published features: against how many baselines the published comparison comes out
    /// as published.
    pub baseline_counts: BaselineCounts,
    /// The same with all features.
    pub baseline_counts_all_features: BaselineCounts,
    /// The numbers behind the counts, with the published features.
    pub baselines: Baselines,
    /// The numbers behind the counts, with all features.
    pub baselines_all_features: Baselines,
    /// Every combination of choices.
    pub multiverse: Multiverse,
    /// Whether gaps are more than chance.
    pub null_tests: Vec<NullTest>,
    /// How sure the edges and the rates are, with the published features and with all.
    pub edge_confidence: Vec<EdgeConfidence>,
    /// Whether the graph foretells better than simpler scores.
    pub rivals: Vec<Contest>,
    /// What values do to each other by a graph, with bounds, and whether that foretells steering.
    pub effects: BTreeMap<String, OfGraph>,
    /// What to steer each value with, where there is a reliable choice.
    pub plan: Plan,
    /// Every combination, one by one: `multiverse.csv.gz`.
    #[serde(skip)]
    pub specifications: Vec<Specification>,
}

impl Audit {
    /// Computes all parts.
    ///
    /// Every random number comes from `settings.seed`, and the numbers do not depend on the number
    /// of threads.
    ///
    /// # Errors
    /// If the measurements cannot be analysed at all. A combination of choices that cannot be
    /// searched is counted, not an error.
    pub fn compute(
        loaded: &Loaded,
        answers: Option<&Answers>,
        settings: &Settings,
        progress: &ProgressBar,
    ) -> Result<Self, Failure> {
        let published = Baselines::compute(loaded, &Basis::published(loaded))?;
        let all = Baselines::compute(loaded, &Basis::all(loaded))?;
        let (multiverse, specifications) = multiverse::compute(loaded, settings, progress)?;
        progress.set_message("drawing graphs by chance");
        let null_tests = null_tests::compute(loaded, settings)?;
        let edge_confidence = edge_confidence::compute(loaded, settings, progress)?;
        progress.set_message("holding rivals against the graph");
        let rivals = rivals::compute(loaded, settings, &edge_confidence)?;
        progress.set_message("foretelling held-out steering, planning");
        let effects = effects::compute(loaded, settings);
        let plan = planner::compute(loaded, answers, settings)?;
        Ok(Self {
            experiment: loaded.experiment.name.clone(),
            manifest: Manifest::of(&loaded.inputs),
            settings: settings.clone(),
            values: loaded.study.values().to_vec(),
            published_features: search::published_features(loaded).into_iter().collect(),
            published_rows: Basis::published(loaded).rows,
            references: titles(loaded),
            reference: loaded.experiment.figures.reference.clone(),
            discovered: Discovered::compute(loaded)?,
            moved: Moved::compute(loaded)?,
            steering_table: steering_table(&loaded.study.train, &loaded.study.test)?,
            baseline_counts: published.counts(),
            baseline_counts_all_features: all.counts(),
            baselines: published,
            baselines_all_features: all,
            multiverse,
            null_tests,
            edge_confidence,
            rivals,
            effects,
            plan,
            specifications,
        })
    }
}

fn titles(loaded: &Loaded) -> BTreeMap<String, String> {
    let references = loaded.experiment.references.iter();
    references
        .map(|reference| (reference.key.clone(), reference.title.clone()))
        .collect()
}
