//! Whether a graph can be seen in the measurements of an experiment.

use std::time::Duration;

use measurement::{AgainstChance, Input, Measurement, Searched, Settings, Structure, Verdict};
use serde::Serialize;

use crate::arguments::Loaded;
use crate::experiment::{Experiment, GraphRows};
use crate::varied::figure_rows;

/// What a report needs, quickly: an audit draws more.
#[must_use]
pub fn few_draws(experiment: &Experiment) -> Settings {
    Settings::new(experiment.alpha).few()
}

/// The measurements judged, in all training rows or, where the figures' graph is that of the unsteered ones, in these.
#[must_use]
pub fn judged(loaded: &Loaded, settings: &Settings) -> Measurement {
    Measurement::of(&input(loaded), settings)
}

/// How long that takes; none where a single search outlasts `limit`.
#[must_use]
pub fn foreseen(loaded: &Loaded, settings: &Settings, limit: Duration) -> Option<Duration> {
    measurement::foresee(&input(loaded), settings, limit)
}

fn input(loaded: &Loaded) -> Input<'_> {
    let Loaded {
        experiment, study, ..
    } = loaded;
    Input {
        train: &study.train,
        test: &study.test,
        searched: match experiment.features.rows {
            GraphRows::Published => Searched::All,
            GraphRows::Unsteered => Searched::Unsteered,
        },
        left_out: &study.left_out,
        items: experiment.items.as_ref(),
    }
}

/// The verdict on the rows behind the figures' graph, where these are fewer than all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfFigures {
    /// What follows from these rows alone.
    pub verdict: Verdict,
    /// The same in one plain sentence.
    pub sentence: String,
    /// Their number.
    pub n_rows: usize,
    /// Features among them, no feature counted as one.
    pub n_features: usize,
    /// The search that the verdict rests on; none where they cannot be judged at all.
    pub search: Option<AgainstChance>,
}

impl OfFigures {
    /// None where the figures' graph is that of the rows that [`judged`] judges.
    #[must_use]
    pub fn judged(loaded: &Loaded) -> Option<Self> {
        let Loaded {
            experiment, study, ..
        } = loaded;
        let train = figure_rows(experiment, &study.train);
        if experiment.features.rows == GraphRows::Unsteered
            || train.n_settings() == study.train.n_settings()
        {
            return None;
        }
        let input = Input {
            train: &train,
            test: &study.test,
            searched: Searched::All,
            left_out: &study.left_out,
            items: experiment.items.as_ref(),
        };
        // Nothing but the verdict is wanted of these.
        let settings = Settings {
            quick_draws: 1,
            resamples: 0,
            ..few_draws(experiment)
        };
        let found = Measurement::of(&input, &settings);
        Some(Self {
            verdict: found.verdict,
            sentence: found.sentence,
            n_rows: found.n_rows,
            n_features: found.n_features,
            search: found.structure.as_ref().map(Structure::honest).cloned(),
        })
    }
}
