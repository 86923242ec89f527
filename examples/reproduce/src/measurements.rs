//! The measurements of an experiment, read and checked against its choices.

use std::collections::BTreeSet;
use std::path::PathBuf;

use value_causal::bench::{OrientationTable, ReadError, Setting, TableError};
use value_causal::ndarray::Axis;

use crate::experiment::{Experiment, LittleVaried, RoleBaseline};
use crate::source::{Source, SourceError};
use crate::varied::{LeftOut, left_out};

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
    /// The values that are no part of the graph, because they hardly vary.
    pub left_out: Vec<LeftOut>,
    /// What the reader of any result should know of these measurements.
    pub notes: Vec<String>,
}

/// The orientation tables by themselves; [`Study`] has them checked.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Training roles and items.
    pub train: OrientationTable,
    /// Test roles and items.
    pub test: OrientationTable,
    /// Test roles, each value under the instruction that inclines to it.
    pub raise: OrientationTable,
    /// Test roles, each value under the instruction that disinclines from it.
    pub lower: OrientationTable,
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
        let tables = Tables {
            train: table(&files.train)?,
            test: table(&files.test)?,
            raise: table(&files.raise)?,
            lower: table(&files.lower)?,
        };
        Self::new(experiment, tables, data)
    }

    /// The tables of `experiment`, checked against its choices. Errors name them as the files of `data`.
    ///
    /// # Errors
    /// A table lacks a value, feature, role or row that the experiment speaks of.
    pub fn new(experiment: &Experiment, tables: Tables, data: &Source) -> Result<Self, StudyError> {
        let files = &experiment.files;
        let Tables {
            train,
            test,
            raise,
            lower,
        } = tables;
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
        let mut study = Self {
            left_out: left_out(experiment, &train),
            train,
            test,
            raise,
            lower,
            role_baseline,
            notes: Vec::new(),
        };
        study.check(experiment, data)?;
        study.notes = study.notes_on(experiment);
        Ok(study)
    }

    /// The values, in the order of the training table's columns.
    #[must_use]
    pub fn values(&self) -> &[String] {
        self.train.values()
    }

    /// The measurements of the values that the graph is over.
    ///
    /// # Errors
    /// Never for tables that could be read.
    pub fn of_graph(&self) -> Result<Self, TableError> {
        if self.left_out.is_empty() {
            return Ok(self.clone());
        }
        let narrowed = |table: &OrientationTable| without(table, &self.left_out);
        Ok(Self {
            train: narrowed(&self.train)?,
            test: narrowed(&self.test)?,
            raise: narrowed(&self.raise)?,
            lower: narrowed(&self.lower)?,
            ..self.clone()
        })
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
            require(&self.test, &Setting::of_role(role), data, test)?;
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
        self.check_instructed(experiment, data)?;
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

    /// Table 3 compares every unsteered test row with steered and instructed ones of its role.
    fn check_instructed(&self, experiment: &Experiment, data: &Source) -> Result<(), StudyError> {
        let files = &experiment.files;
        let features = steered_features(&self.train);
        if features != steered_features(&self.test) {
            return Err(StudyError::Lacks {
                file: data.label(&files.test),
                reason: format!(
                    "expected the features of {} ({features:?}), found {:?}",
                    files.train,
                    steered_features(&self.test)
                ),
            });
        }
        let roles = self
            .test
            .settings()
            .iter()
            .filter(|setting| setting.is_unsteered());
        for role in roles {
            for (name, table) in [(&files.raise, &self.raise), (&files.lower, &self.lower)] {
                require(table, role, data, name)?;
            }
            let choices = &experiment.choices;
            for &feature in choices.raise.values().chain(choices.lower.values()) {
                let steered = Setting::steered(role.role.as_deref(), feature);
                require(&self.test, &steered, data, &files.test)?;
            }
        }
        Ok(())
    }

    fn notes_on(&self, experiment: &Experiment) -> Vec<String> {
        let files = &experiment.files;
        let mut notes = Vec::new();
        for (name, table) in [(&files.train, &self.train), (&files.test, &self.test)] {
            let alone: BTreeSet<String> = table
                .settings()
                .iter()
                .filter(|setting| table.position(&setting.unsteered()).is_none())
                .map(|setting| setting.unsteered().to_string())
                .collect();
            if !alone.is_empty() {
                let alone = alone.into_iter().collect::<Vec<_>>().join("; ");
                notes.push(format!(
                    "{name} lacks rows to compare others with ({alone}): the steered rows of these \
                     roles are left out of the tables of features"
                ));
            }
        }
        if !self.left_out.is_empty() {
            let named: Vec<String> = self.left_out.iter().map(ToString::to_string).collect();
            notes.push(format!(
                "values that hardly vary in {} are left out of the graph and of what is held against it: {}",
                files.train,
                named.join("; ")
            ));
        }
        if experiment.little_varied == LittleVaried::LeaveOut {
            return notes;
        }
        for (value, column) in self.values().iter().zip(self.train.matrix().columns()) {
            if column.iter().all(|orientation| *orientation == column[0]) {
                notes.push(format!(
                    "{value} is constant in {}: no test of independence can remove its edges",
                    files.train
                ));
            }
        }
        notes
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

/// The steered features of a table, ascending.
#[must_use]
pub fn steered_features(table: &OrientationTable) -> Vec<u64> {
    let features: BTreeSet<u64> = table
        .settings()
        .iter()
        .filter_map(Setting::feature)
        .collect();
    features.into_iter().collect()
}

fn require_feature(
    table: &OrientationTable,
    feature: u64,
    data: &Source,
    file: &str,
) -> Result<(), StudyError> {
    let features = steered_features(table);
    if features.contains(&feature) {
        return Ok(());
    }
    let reason = format!("expected rows of feature {feature}, found those of {features:?}");
    Err(StudyError::Lacks {
        file: data.label(file),
        reason,
    })
}

fn require(
    table: &OrientationTable,
    setting: &Setting,
    data: &Source,
    file: &str,
) -> Result<(), StudyError> {
    if table.position(setting).is_some() {
        return Ok(());
    }
    let rows = table.n_settings();
    let reason = format!("expected a row for {setting}, found none in {rows} rows");
    Err(StudyError::Lacks {
        file: data.label(file),
        reason,
    })
}

/// The table without these values, and without what it tells of single answers.
pub(crate) fn without(
    table: &OrientationTable,
    left_out: &[LeftOut],
) -> Result<OrientationTable, TableError> {
    select_values(table, |value| {
        left_out.iter().all(|left| left.value != value)
    })
}

/// The table of the values for which `keep` holds, in their order, without what it tells of single answers.
///
/// # Errors
/// No value is kept.
pub fn select_values(
    table: &OrientationTable,
    keep: impl Fn(&str) -> bool,
) -> Result<OrientationTable, TableError> {
    let kept: Vec<usize> = (0..table.n_values())
        .filter(|&at| keep(&table.values()[at]))
        .collect();
    let values = kept.iter().map(|&at| table.values()[at].clone());
    let numbers = table.matrix().select(Axis(1), &kept);
    OrientationTable::new(values.collect(), table.settings().to_vec(), numbers, None)
}
