//! Values that vary too little for a graph to say anything of them.
//!
//! A test of independence cannot remove the edges of a value that never varies, and those of one that varies in a row or
//! two hang on these rows. In a study of one's own such values are no part of the graph, nor of what is held against it;
//! tables of what steering does have all values.

use measurement::{Clustered, hardly_varied};
use program::Failure;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::ci::{DynCiTest, FisherZ, FisherZOptions, Singular, boxed};

use crate::experiment::{Experiment, GraphRows, LittleVaried, Test};

pub use measurement::LeftOut;

/// The training rows behind the figures' graph: those that the experiment names.
#[must_use]
pub fn figure_rows(experiment: &Experiment, train: &OrientationTable) -> OrientationTable {
    let published = &experiment.features.published;
    match experiment.features.rows {
        GraphRows::Published => {
            train.select(|s| s.feature().is_none_or(|f| published.contains(&f)))
        }
        GraphRows::Unsteered => train.select(Setting::is_unsteered),
    }
}

/// The values that vary too little in the rows of either graph that a study reports: that of the figures and that of all
/// rows. None where the experiment keeps such values.
#[must_use]
pub fn left_out(experiment: &Experiment, train: &OrientationTable) -> Vec<LeftOut> {
    if experiment.little_varied == LittleVaried::Keep {
        return Vec::new();
    }
    hardly_varied(&[&figure_rows(experiment, train), train])
}

/// The test by which a study searches these rows.
///
/// # Errors
/// If the rows cannot be tested (too few of them).
pub fn independence(
    experiment: &Experiment,
    rows: &OrientationTable,
) -> Result<Box<DynCiTest>, Failure> {
    independence_by(experiment.test, experiment.little_varied, rows)
}

pub(crate) fn independence_by(
    test: Test,
    little_varied: LittleVaried,
    rows: &OrientationTable,
) -> Result<Box<DynCiTest>, Failure> {
    made(test, options(little_varied, rows.values()), rows)
}

/// The test of these rows, with `options` where it is Fisher's z.
pub(crate) fn made(
    test: Test,
    options: FisherZOptions,
    rows: &OrientationTable,
) -> Result<Box<DynCiTest>, Failure> {
    Ok(match test {
        Test::Clustered => boxed(Clustered::of(rows)?.test()?),
        Test::FisherZ => boxed(FisherZ::with_options(rows.matrix(), options)?),
    })
}

/// How a study makes Fisher's z: as causal-learn does, but that a value which is constant in the rows of one search,
/// such as a resample, has no edges there, unless the experiment keeps such values.
pub fn test_options(experiment: &Experiment, values: &[String]) -> FisherZOptions {
    options(experiment.little_varied, values)
}

fn options(little_varied: LittleVaried, values: &[String]) -> FisherZOptions {
    let options = FisherZOptions::like_causal_learn().names(values);
    match little_varied {
        LittleVaried::Keep => options,
        LittleVaried::LeaveOut => options.constant(Singular::DropEdge),
    }
}
