//! Whether a graph can be seen in the measurements of an experiment.

use std::time::Duration;

use measurement::{Input, Measurement, Searched, Settings};

use crate::arguments::Loaded;
use crate::experiment::{Experiment, GraphRows};

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
