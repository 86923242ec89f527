//! The measurements of an experiment, read and checked against its choices.

use std::path::PathBuf;

use value_causal::bench::{OrientationTable, ReadError, Setting};

use crate::experiment::{Experiment, RoleBaseline};
use crate::source::{Source, SourceError};

/// The orientation tables of one model.
#[derive(Clone, Debug)]
pub struct Study {
    /// Training roles and items: what the graph is discovered from.
    pub train: OrientationTable,
    /// Test roles and items: what it is tested on.
    pub test: OrientationTable,
    /// Test roles, each value under the instruction that inclines to it.
    pub raise: OrientationTable,
    /// Test roles, each value under the instruction that disinclines from it.
    pub lower: OrientationTable,
    /// The role whose unsteered test row the role prompts are compared with.
    pub role_baseline: String,
}

/// Measurements that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// A file is missing.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file is malformed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file lacks what the experiment file speaks of.
    #[error("{}: {reason}", file.display())]
    Lacks {
        /// The file.
        file: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
}

impl Study {
    /// Reads the files that `experiment` names from `data`.
    ///
    /// # Errors
    /// If a file is missing or malformed, or lacks a value, feature, role or row that the
    /// experiment file asks for.
    pub fn read(experiment: &Experiment, data: &Source) -> Result<Self, StudyError> {
        let table = |name: &str| -> Result<OrientationTable, StudyError> {
            Ok(match data {
                Source::Folder(folder) => OrientationTable::from_path(folder.join(name))?,
                Source::Embedded(_) => OrientationTable::from_reader(data.read(name)?.as_slice())?,
            })
        };
        let files = &experiment.files;
        let train = table(&files.train)?;
        let test = table(&files.test)?;
        let raise = table(&files.raise)?;
        let lower = table(&files.lower)?;
        let first = test
            .settings()
            .iter()
            .find_map(|setting| setting.role.clone());
        let role_baseline = match &experiment.baselines.role {
            RoleBaseline::Named(role) => role.clone(),
            RoleBaseline::First => first.ok_or_else(|| StudyError::Lacks {
                file: data.label(&files.test),
                reason: "expected at least one named role, found none".to_owned(),
            })?,
        };
        let study = Self {
            train,
            test,
            raise,
            lower,
            role_baseline,
        };
        study.check(experiment, data)?;
        Ok(study)
    }

    /// The values, in the order of the training table's columns.
    #[must_use]
    pub fn values(&self) -> &[String] {
        self.train.values()
    }

    fn check(&self, experiment: &Experiment, data: &Source) -> Result<(), StudyError> {
        let files = &experiment.files;
        for (name, table) in [
            (&files.test, &self.test),
            (&files.raise, &self.raise),
            (&files.lower, &self.lower),
        ] {
            if table.values() != self.values() {
                return Err(StudyError::Lacks {
                    file: data.label(name),
                    reason: format!(
                        "expected the values of {} in the same order ({}), found {}",
                        files.train,
                        self.values().join(", "),
                        table.values().join(", ")
                    ),
                });
            }
        }
        for (name, table) in [(&files.train, &self.train), (&files.test, &self.test)] {
            for &feature in &experiment.features.published {
                require_feature(table, feature, data, name)?;
            }
        }
        let test = &files.test;
        for role in [experiment.baselines.sae.as_str(), &self.role_baseline] {
            require_role(&self.test, role, data, test)?;
        }
        for (value, &feature) in experiment
            .choices
            .raise
            .iter()
            .chain(&experiment.choices.lower)
        {
            self.known_value(value, "choices", data, &files.train)?;
            require_feature(&self.test, feature, data, test)?;
        }
        let planted = experiment.truth.iter().flat_map(|truth| &truth.edges);
        let planted = planted.map(|edge| ("truth", &edge.cause, &edge.effect));
        let referred = experiment.references.iter();
        let referred = referred.flat_map(|r| r.edges.iter().map(|(a, b)| (r.key.as_str(), a, b)));
        for (graph, cause, effect) in referred.chain(planted) {
            self.known_value(cause, graph, data, &files.train)?;
            self.known_value(effect, graph, data, &files.train)?;
        }
        Ok(())
    }

    fn known_value(
        &self,
        value: &str,
        named_by: &str,
        data: &Source,
        file: &str,
    ) -> Result<(), StudyError> {
        if self.values().iter().any(|known| known == value) {
            return Ok(());
        }
        Err(StudyError::Lacks {
            file: data.label(file),
            reason: format!(
                "{named_by} names the value {value:?}; the file has {}",
                self.values().join(", ")
            ),
        })
    }
}

fn require_feature(
    table: &OrientationTable,
    feature: u64,
    data: &Source,
    file: &str,
) -> Result<(), StudyError> {
    let mut features: Vec<u64> = table
        .settings()
        .iter()
        .filter_map(Setting::feature)
        .collect();
    if features.contains(&feature) {
        return Ok(());
    }
    features.sort_unstable();
    features.dedup();
    let reason = format!("expected rows of feature {feature}, found those of {features:?}");
    Err(StudyError::Lacks {
        file: data.label(file),
        reason,
    })
}

fn require_role(
    table: &OrientationTable,
    role: &str,
    data: &Source,
    file: &str,
) -> Result<(), StudyError> {
    let setting = Setting::of_role(role);
    if table.position(&setting).is_some() {
        return Ok(());
    }
    let rows = table.n_settings();
    let reason = format!("expected a row for {setting}, found none in {rows} rows");
    Err(StudyError::Lacks {
        file: data.label(file),
        reason,
    })
}
