//! The experiment file: which measurements to read, and every choice that the analysis leaves open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use measurement::Items;
use value_causal::petgraph::algo::toposort;
use value_causal::petgraph::graphmap::DiGraphMap;

use crate::source::{Source, SourceError};

/// What an experiment file says (TOML; see `examples/experiments/`).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The model, as titles print it.
    pub name: String,
    /// Level of the tests of independence.
    pub alpha: f64,
    /// Name of the file with the reference graphs, beside the experiment file.
    #[serde(rename = "references")]
    pub references_file: String,
    /// The causal graph that the measurements were drawn from, if there is one.
    #[serde(rename = "truth", skip_serializing_if = "Option::is_none")]
    pub truth_file: Option<String>,
    /// The test of independence by which the graph is searched.
    #[serde(default)]
    pub test: Test,
    /// What becomes of values that hardly vary in the training rows.
    #[serde(default)]
    pub little_varied: LittleVaried,
    /// Names of the measured files, in the data folder.
    pub files: Files,
    /// What "changed" is measured against.
    pub baselines: Baselines,
    /// Which features the published graphs rest on.
    pub features: Features,
    /// The best feature of each value, by direction.
    pub choices: Choices,
    /// Which reference graph goes into which figure.
    pub figures: Figures,
    /// Which items the training roles were asked, where that is known: the reliability of orientations depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Items>,
    /// What the paper prints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// The reference graphs, read from `references_file`.
    #[serde(skip)]
    pub references: Vec<Reference>,
    /// The planted graph, read from `truth_file`.
    #[serde(skip)]
    pub truth: Option<Truth>,
    /// The paper's tables, read from the files that `paper` names.
    #[serde(skip)]
    pub paper_tables: PaperTables,
}

/// The measured files: orientation tables in the released CSV format.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Test roles under explicit instructions that disincline from a value.
    pub lower: String,
    /// Test roles under explicit instructions that incline to a value.
    pub raise: String,
    /// Other roles and items, for every test of what was discovered.
    pub test: String,
    /// Roles and items that the graph is discovered from.
    pub train: String,
}

/// What a changed orientation is compared with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// The role whose unsteered row the other roles are compared with.
    pub role: RoleBaseline,
    /// The role whose steered rows are compared with its unsteered one.
    pub sae: String,
}

/// The baseline of the role prompts.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(from = "String", into = "String")]
pub enum RoleBaseline {
    /// The first named role of the test file.
    First,
    /// This role.
    Named(String),
}

impl From<String> for RoleBaseline {
    fn from(name: String) -> Self {
        if name == "first" {
            Self::First
        } else {
            Self::Named(name)
        }
    }
}

impl From<RoleBaseline> for String {
    fn from(baseline: RoleBaseline) -> Self {
        match baseline {
            RoleBaseline::First => "first".to_owned(),
            RoleBaseline::Named(name) => name,
        }
    }
}

/// The SAE features that matter beyond "all".
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Those behind the published graphs and table 1.
    pub published: Vec<u64>,
    /// The training rows that the figures' graph is discovered from.
    #[serde(default)]
    pub rows: GraphRows,
}

/// Training rows that a graph is discovered from, beside the one of all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphRows {
    /// The unsteered ones and those of the published features, as behind the published graphs.
    #[default]
    Published,
    /// The unsteered ones alone: what is seen without interfering.
    Unsteered,
}

/// A test of independence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// That knows that rows of a role depend on one another, and rows of a feature: [`measurement::Clustered`].
    #[default]
    Clustered,
    /// Fisher's z, which takes rows for independent, as the paper does.
    FisherZ,
}

/// What becomes of values that (nearly) never vary in the training rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LittleVaried {
    /// They are no part of the graph.
    #[default]
    LeaveOut,
    /// They keep all their edges, as causal-learn has it.
    Keep,
}

/// Table 3: for each value, the feature that raises or lowers it best.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Value to lowering feature.
    pub lower: BTreeMap<String, u64>,
    /// Value to raising feature.
    pub raise: BTreeMap<String, u64>,
}

/// Which reference graphs the figures show, by key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Figures 3 and 4.
    pub reference: String,
    /// Figures 5 and 6.
    pub self_generated: Vec<String>,
    /// Figures 5 and 7.
    pub hierarchy: String,
}

/// A causal graph among the values from elsewhere than the measurements.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Its key in `results.json`.
    pub key: String,
    /// Its name in titles.
    pub title: String,
    /// Its name in legends.
    pub short: String,
    /// Edges from cause to effect.
    pub edges: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct References {
    reference: Vec<Reference>,
}

/// The planted graph of a synthetic study.
#[derive(Clone, Debug, Deserialize)]
pub struct Truth {
    /// Edges from cause to effect.
    pub edges: Vec<TrueEdge>,
}

/// One planted edge.
#[derive(Clone, Debug, Deserialize)]
pub struct TrueEdge {
    /// The cause.
    pub cause: String,
    /// The effect.
    pub effect: String,
    /// Its coefficient in the linear structural model.
    pub weight: f64,
}

/// Numbers that the paper prints.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Rows that the text says PC ran on.
    pub train_rows: usize,
    /// Level that the text says PC ran at.
    pub alpha: f64,
    /// "The average number of steered values" (section 3.2.1).
    pub steered_values: ByMethod<f64>,
    /// Number of the table with all features: 4 for Gemma, 5 for Llama.
    pub full_table: u8,
    /// CSV of that table.
    pub full_table_file: String,
    /// CSV of table 1.
    pub table_1_file: String,
    /// Figure 4.
    pub figure_4: ByMethod<PaperBars>,
    /// The pies of table 3, where they are printed.
    pub table_3: Option<PaperPies>,
}

/// One number or record for each of the two ways to steer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ByMethod<T> {
    /// Role prompts.
    pub role: T,
    /// SAE features.
    pub sae: T,
}

/// The four bars of one half of figure 4.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaperBars {
    /// Values expected to change.
    pub expected: PaperPair,
    /// Values not expected to change.
    pub unexpected: PaperPair,
}

/// The discovered graph's number beside the reference graph's.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaperPair {
    /// With the discovered graph.
    pub discovered: f64,
    /// With the reference graph.
    pub reference: f64,
}

/// Table 3: percent raised, unchanged, lowered.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaperPies {
    /// Steering that should raise.
    pub raise: PaperPieRow,
    /// Steering that should lower.
    pub lower: PaperPieRow,
}

/// One row of table 3.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaperPieRow {
    /// By SAE features.
    pub sae: [f64; 3],
    /// By explicit instruction.
    pub instruction: [f64; 3],
}

/// The paper's steering tables, empty where there is no paper.
#[derive(Clone, Debug, Default)]
pub struct PaperTables {
    /// Table 4 or 5.
    pub full: PaperTable,
    /// Table 1.
    pub published: PaperTable,
}

/// The printed cells of a steering table: (row, column) to number; rows are feature ids and
/// `noise_ratio`, columns are values and `Mean Similarity`.
pub type PaperTable = BTreeMap<(String, String), f64>;

/// An experiment file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file is missing.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file does not have the form it should have.
    #[error("{}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A setting contradicts another or makes no sense.
    #[error("{}: {reason}", file.display())]
    Setting {
        /// The file.
        file: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
}

impl Experiment {
    /// What columns of the rows behind the figures' graph, and of all rows, are called.
    #[must_use]
    pub fn row_titles(&self) -> [&'static str; 2] {
        match (self.features.rows, &self.paper) {
            (GraphRows::Published, Some(_)) => ["published features", "all features"],
            (GraphRows::Published, None) => ["chosen features", "all features"],
            (GraphRows::Unsteered, _) => ["unsteered rows", "all rows"],
        }
    }

    /// Reads the experiment file `name` of `source`, and the files beside it that it names.
    ///
    /// # Errors
    /// If a file is missing or malformed, or a setting makes no sense; the error names file, line
    /// and setting.
    pub fn read(source: &Source, name: &str) -> Result<Self, ExperimentError> {
        let mut experiment: Self = toml_file(source, name)?;
        experiment.references = Reference::read_all(source, &experiment.references_file)?;
        if let Some(file) = &experiment.truth_file {
            experiment.truth = Some(Truth::read(source, file)?);
        }
        if let Some(paper) = &experiment.paper {
            experiment.paper_tables = PaperTables {
                full: paper_table(source, &paper.full_table_file)?,
                published: paper_table(source, &paper.table_1_file)?,
            };
        }
        experiment.check(&source.label(name))?;
        Ok(experiment)
    }

    /// The reference graph with this key.
    #[must_use]
    pub fn reference(&self, key: &str) -> Option<&Reference> {
        self.references
            .iter()
            .find(|reference| reference.key == key)
    }

    /// The reference graph of figures 3 and 4, with its place among the references.
    #[must_use]
    pub fn figure_reference(&self) -> Option<(usize, &Reference)> {
        let mut references = self.references.iter().enumerate();
        references.find(|(_, reference)| reference.key == self.figures.reference)
    }

    /// Number of the table with all features: 4 or 5, as in the paper.
    #[must_use]
    pub fn full_table(&self) -> u8 {
        self.paper.as_ref().map_or(4, |paper| paper.full_table)
    }

    /// Refuses settings that contradict one another; `file` is what errors name.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`] says which and why.
    pub fn check(&self, file: &Path) -> Result<(), ExperimentError> {
        let refuse = |reason: String| {
            Err(ExperimentError::Setting {
                file: file.to_owned(),
                reason,
            })
        };
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return refuse(format!(
                "alpha must lie between 0 and 1, found {}",
                self.alpha
            ));
        }
        if self.features.published.is_empty() {
            return refuse("features.published is empty; name at least one feature".to_owned());
        }
        if let Some(twice) = first_repeated(&self.features.published) {
            return refuse(format!("features.published names feature {twice} twice"));
        }
        if self.choices.raise.is_empty() {
            return refuse("choices.raise is empty; name at least one value".to_owned());
        }
        if !self.choices.raise.keys().eq(self.choices.lower.keys()) {
            return refuse("choices.raise and choices.lower must name the same values".to_owned());
        }
        if self.baselines.sae.is_empty() {
            return refuse("baselines.sae is empty; name a role".to_owned());
        }
        let figures = &self.figures;
        if let Some(fault) = figures.fault(&self.references, &self.references_file) {
            return refuse(format!("figures {fault}"));
        }
        Ok(())
    }
}

impl Reference {
    /// The reference graphs in the file `name` of `source`.
    ///
    /// # Errors
    /// If the file is missing or malformed, two graphs have one key, or one has a key that is not free, an edge twice, or
    /// one from a value to itself.
    pub fn read_all(source: &Source, name: &str) -> Result<Vec<Self>, ExperimentError> {
        let references = toml_file::<References>(source, name)?.reference;
        let refuse = |reason: String| {
            Err(ExperimentError::Setting {
                file: source.label(name),
                reason,
            })
        };
        if let Some(twice) = first_repeated(references.iter().map(|r| &r.key)) {
            return refuse(format!("two graphs have the key {twice:?}"));
        }
        for Self { key, edges, .. } in &references {
            if RESERVED_KEYS.contains(&key.as_str()) {
                let kept = RESERVED_KEYS.join(", ");
                return refuse(format!("no graph may have the key {key:?} ({kept})"));
            }
            if let Some(fault) = fault_of(edges) {
                return refuse(format!("{key}: {fault}"));
            }
        }
        Ok(references)
    }
}

impl Truth {
    /// The planted graph in the file `name` of `source`.
    ///
    /// # Errors
    /// If the file is missing or malformed, or the graph has a cycle, an edge twice, or one from a value to itself.
    pub fn read(source: &Source, name: &str) -> Result<Self, ExperimentError> {
        let truth: Self = json_file(source, name)?;
        let edges: Vec<_> = truth
            .edges
            .iter()
            .map(|e| (e.cause.clone(), e.effect.clone()))
            .collect();
        match fault_of(&edges).or_else(|| cycle(&edges)) {
            None => Ok(truth),
            Some(reason) => Err(ExperimentError::Setting {
                file: source.label(name),
                reason,
            }),
        }
    }
}

impl Figures {
    /// What is wrong if a figure's graph is not among the `references` from `file`.
    pub fn fault(&self, references: &[Reference], file: &str) -> Option<String> {
        let known: Vec<&str> = references.iter().map(|r| r.key.as_str()).collect();
        let mut shown = [&self.reference, &self.hierarchy]
            .into_iter()
            .chain(&self.self_generated);
        let key = shown.find(|key| !known.contains(&key.as_str()))?;
        let known = known.join(", ");
        Some(format!(
            "names the reference graph {key:?}; {file} has {known}"
        ))
    }
}

/// Keys that `results.json` uses for other things in the place of a reference graph's.
const RESERVED_KEYS: [&str; 5] = [
    "discovered",
    "planted",
    "settings",
    "mean_settings_changing_a_value",
    "mean_values_changed_per_setting",
];

/// An edge that no graph among values may have.
fn fault_of(edges: &[(String, String)]) -> Option<String> {
    if let Some((value, _)) = edges.iter().find(|(cause, effect)| cause == effect) {
        return Some(format!("an edge goes from {value:?} to itself"));
    }
    first_repeated(edges).map(|(cause, effect)| format!("{cause:?} -> {effect:?} stands twice"))
}

/// A value that is its own cause, through others.
fn cycle(edges: &[(String, String)]) -> Option<String> {
    let ends = edges
        .iter()
        .map(|(cause, effect)| (cause.as_str(), effect.as_str()));
    let graph: DiGraphMap<&str, ()> = ends.collect();
    let found = toposort(&graph, None).err()?;
    Some(format!(
        "expected a graph without cycles, found one through {:?}",
        found.node_id()
    ))
}

fn first_repeated<T: Copy + Ord>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().find(|item| !seen.insert(*item))
}

fn text(source: &Source, name: &str) -> Result<String, ExperimentError> {
    String::from_utf8(source.read(name)?).map_err(|error| ExperimentError::Syntax {
        file: source.label(name),
        reason: format!("not UTF-8 after byte {}", error.utf8_error().valid_up_to()),
    })
}

fn toml_file<T: DeserializeOwned>(source: &Source, name: &str) -> Result<T, ExperimentError> {
    toml::from_str(&text(source, name)?).map_err(|error| ExperimentError::Syntax {
        file: source.label(name),
        reason: error.to_string().trim_end().to_owned(),
    })
}

fn json_file<T: DeserializeOwned>(source: &Source, name: &str) -> Result<T, ExperimentError> {
    serde_json::from_str(&text(source, name)?).map_err(|error| ExperimentError::Syntax {
        file: source.label(name),
        reason: error.to_string(),
    })
}

fn paper_table(source: &Source, name: &str) -> Result<PaperTable, ExperimentError> {
    let malformed = |reason: String| ExperimentError::Syntax {
        file: source.label(name),
        reason,
    };
    let text = text(source, name)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader
        .headers()
        .map_err(|error| malformed(error.to_string()))?
        .clone();
    let mut table = PaperTable::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, cell) in columns
            .iter()
            .zip(&record)
            .skip(1)
            .filter(|(_, cell)| !cell.is_empty())
        {
            let number = cell.parse().map_err(|_| {
                malformed(format!(
                    "line {line}, column {column:?}: expected a number, found {cell:?}"
                ))
            })?;
            table.insert((record[0].to_owned(), column.to_owned()), number);
        }
    }
    Ok(table)
}
