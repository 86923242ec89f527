//! All parts in one record.

use std::collections::BTreeMap;

use serde::Serialize;

use super::baselines::{BaselineCounts, Baselines};
use super::edge_confidence::{self, EdgeConfidence};
use super::effects::{self, OfGraph};
use super::manifest::Manifest;
use super::moved::{Discovered, Moved};
use super::multiverse::{self, Multiverse, Specification};
use super::null_tests::{self, NullTest};
use super::planner::{self, Plan};
use super::rivals::{self, Contest};
use super::search::{self, Basis, Rows};
use super::settings::Settings;
use super::waiting::Waiting;
use measurement::Measurement;
use program::Failure;
use reproduce::Loaded;
use reproduce::dyads::{SteeringTable, steering_table};
use reproduce::judged::{OfFigures, judged};
use reproduce::varied::LeftOut;
use study::Answers;

/// All parts. Serialises to `audit.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// The experiment's name.
    pub experiment: String,
    /// What the audit was made of and by what.
    pub manifest: Manifest,
    /// What was drawn how often, from which seed.
    pub settings: Settings,
    /// Whether a graph can be seen in the measurements at all, and how good these are.
    pub measurement: Measurement,
    /// The same of the rows behind the published graph alone, where these are not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement_of_figures: Option<OfFigures>,
    /// The values that the graphs are over, in the order of the training table.
    pub values: Vec<String>,
    /// The values that are not, because they hardly vary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Whether the study's choices are those of a paper, whose numbers the experiment file has.
    pub is_published: bool,
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
    /// Whether the graph predicts better than simpler scores.
    pub rivals: Vec<Contest>,
    /// What values do to each other by a graph, with bounds, and whether that predicts steering.
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
        waiting: &Waiting,
    ) -> Result<Self, Failure> {
        waiting.stage(1, "judging the measurements");
        let measurement = judged(loaded, &settings.of_measurement(loaded.experiment.alpha));
        let graph = &loaded.of_graph()?;
        let published = Baselines::compute(graph, &Basis::published(graph))?;
        let all = Baselines::compute(graph, &Basis::all(graph))?;
        let (multiverse, specifications) = multiverse::compute(graph, settings, waiting)?;
        waiting.stage(1, "drawing graphs by chance");
        let null_tests = null_tests::compute(graph, settings)?;
        let edge_confidence = edge_confidence::compute(graph, settings, waiting)?;
        waiting.stage(1, "holding rivals against the graph");
        let rivals = rivals::compute(graph, settings, &edge_confidence)?;
        waiting.stage(1, "predicting held-out steering");
        let effects = effects::compute(graph, settings);
        waiting.stage(1, "planning what to steer with");
        let plan = planner::compute(loaded, answers, settings)?;
        Ok(Self {
            experiment: loaded.experiment.name.clone(),
            manifest: Manifest::of(&loaded.inputs),
            settings: settings.clone(),
            measurement,
            measurement_of_figures: OfFigures::judged(loaded),
            values: graph.study.values().to_vec(),
            left_out: loaded.study.left_out.clone(),
            is_published: loaded.experiment.paper.is_some(),
            published_features: search::published_features(loaded).into_iter().collect(),
            published_rows: Basis::published(loaded).rows,
            references: titles(loaded),
            reference: loaded.experiment.figures.reference.clone(),
            discovered: Discovered::compute(graph)?,
            moved: Moved::compute(graph)?,
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

impl Audit {
    /// The word for the choices that the study itself makes: they are published or just chosen.
    pub(crate) fn own(&self) -> &'static str {
        if self.is_published {
            "published"
        } else {
            "chosen"
        }
    }
}

fn titles(loaded: &Loaded) -> BTreeMap<String, String> {
    let references = loaded.experiment.references.iter();
    references
        .map(|reference| (reference.key.clone(), reference.title.clone()))
        .collect()
}
