//! What each feature and each instruction does to each value: tables 1, 3, 4 and 5.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use value_causal::bench::{OrientationTable, Setting};
use value_causal::metrics::{DirectionCounts, Dyads, NoiseRule, dyads};
use value_causal::ndarray::Array2;

use crate::measurements::steered_features;
use program::Failure;

/// Tables 4 and 5: every feature against every value. Serialises to maps by feature and by value.
#[derive(Clone, Debug)]
pub struct SteeringTable {
    /// Rows by feature, in increasing order.
    pub rows: Vec<FeatureRow>,
    /// For each value: mean over features of the smallest of the three training proportions.
    pub noise_ratios: Vec<Option<f64>>,
    /// The counts behind it, rows in the order of `rows`, columns in the order of `values`.
    pub dyads: Dyads,
    /// Columns, in the order of the measured file.
    pub values: Vec<String>,
}

/// What one feature does.
#[derive(Clone, Debug)]
pub struct FeatureRow {
    /// The feature.
    pub feature: u64,
    /// One for each value of the table.
    pub cells: Vec<Cell>,
    /// Mean cosine over values.
    pub mean_similarity: Option<f64>,
}

/// What one feature does to one value; counts are roles: raised, lowered, unchanged.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cell {
    /// Training roles and items.
    pub train: [usize; 3],
    /// Test roles and items.
    pub test: [usize; 3],
    /// Cosine between the two vectors of proportions.
    pub cosine: Option<f64>,
}

/// Table 3 in one direction: the best feature of each value beside the explicit instruction.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SaeVsInstruction {
    /// Under the best feature of each value.
    pub sae: Pie,
    /// Under the explicit instruction for each value.
    pub instruction: Pie,
}

/// One pie of table 3: (role, value) pairs, pooled over values.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pie {
    /// Pairs whose orientation rose.
    pub raised: usize,
    /// Pairs whose orientation stayed.
    pub unchanged: usize,
    /// Pairs whose orientation fell.
    pub lowered: usize,
    /// The three in percent, to one decimal.
    pub percent: [f64; 3],
}

impl SteeringTable {
    /// The same table over some features and values only; means are taken over these (table 1).
    ///
    /// # Errors
    /// If a feature or value is not in the table.
    pub fn select(&self, features: &[u64], values: &[String]) -> Result<Self, Failure> {
        let known: Vec<u64> = self.rows.iter().map(|row| row.feature).collect();
        let rows = positions(&known, features)?;
        let columns = positions(&self.values, values)?;
        let chosen = rows.iter().map(|&row| known[row]).collect::<Vec<_>>();
        Ok(Self::from_dyads(
            self.dyads.select(&rows, &columns)?,
            &chosen,
            values.to_vec(),
        ))
    }

    /// Whether a [selection](Self::select) of `all` holds all of it.
    pub(crate) fn is_as_large_as(&self, all: &Self) -> bool {
        let size = |table: &Self| (table.rows.len(), table.values.len());
        size(self) == size(all)
    }

    fn from_dyads(dyads: Dyads, features: &[u64], values: Vec<String>) -> Self {
        let columns = 0..values.len();
        let row = |(i, &feature): (usize, &u64)| FeatureRow {
            feature,
            cells: columns.clone().map(|j| Cell::of(&dyads, i, j)).collect(),
            mean_similarity: dyads.mean_similarity(i),
        };
        let noise = |j: usize| dyads.noise_ratio(j, NoiseRule::SmallestOfThree);
        Self {
            rows: features.iter().enumerate().map(row).collect(),
            noise_ratios: columns.clone().map(noise).collect(),
            dyads,
            values,
        }
    }
}

impl Serialize for SteeringTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            cells: BTreeMap<&'a str, &'a Cell>,
            mean_similarity: Option<f64>,
        }
        #[derive(Serialize)]
        struct Table<'a> {
            features: BTreeMap<u64, Row<'a>>,
            noise_ratio: BTreeMap<&'a str, Option<f64>>,
        }
        let values = || self.values.iter().map(String::as_str);
        let rows = self.rows.iter().map(|row| {
            let cells = values().zip(&row.cells).collect();
            let mean_similarity = row.mean_similarity;
            (
                row.feature,
                Row {
                    cells,
                    mean_similarity,
                },
            )
        });
        let table = Table {
            features: rows.collect(),
            noise_ratio: values().zip(self.noise_ratios.iter().copied()).collect(),
        };
        table.serialize(serializer)
    }
}

impl Cell {
    fn of(dyads: &Dyads, row: usize, column: usize) -> Self {
        let counts = |d: DirectionCounts| [d.raised, d.lowered, d.unchanged];
        Self {
            train: counts(dyads.train()[[row, column]]),
            test: counts(dyads.test()[[row, column]]),
            cosine: dyads.cosine(row, column),
        }
    }
}

/// Counts, per feature of the training table and value, the roles that the feature raised,
/// lowered and left.
///
/// # Errors
/// If an orientation is not a number.
pub fn steering_table(
    train: &OrientationTable,
    test: &OrientationTable,
) -> Result<SteeringTable, Failure> {
    let features = steered_features(train);
    let values = train.values().to_vec();
    let counted = dyads(directions(train, &features)?, directions(test, &features)?)?;
    Ok(SteeringTable::from_dyads(counted, &features, values))
}

/// `[features, values]`, over the roles that have both a steered and an unsteered row.
fn directions(
    table: &OrientationTable,
    features: &[u64],
) -> Result<Array2<DirectionCounts>, Failure> {
    let matrix = table.matrix();
    let mut counts = Array2::default((features.len(), table.values().len()));
    for (row, setting) in table.settings().iter().enumerate() {
        let Some(feature) = setting.feature() else {
            continue;
        };
        let (Ok(i), Some(base)) = (
            features.binary_search(&feature),
            table.position(&setting.unsteered()),
        ) else {
            continue;
        };
        for (j, count) in counts.row_mut(i).iter_mut().enumerate() {
            *count += DirectionCounts::count([(matrix[[base, j]], matrix[[row, j]])])?;
        }
    }
    Ok(counts)
}

/// Pools, over the chosen values, the roles that the value's feature and the value's instruction
/// raised, lowered and left.
///
/// # Errors
/// If a role of the unsteered test rows lacks a row under the feature or the instruction.
pub fn sae_vs_instruction(
    test: &OrientationTable,
    instructed: &OrientationTable,
    choices: &BTreeMap<String, u64>,
) -> Result<SaeVsInstruction, Failure> {
    let (mut sae, mut instruction) = (DirectionCounts::default(), DirectionCounts::default());
    for (value, &feature) in choices {
        let roles = test
            .settings()
            .iter()
            .filter(|setting| setting.is_unsteered());
        for unsteered in roles {
            let steered = Setting::steered(unsteered.role.as_deref(), feature);
            let before = orientation(test, unsteered, value)?;
            sae += DirectionCounts::count([(before, orientation(test, &steered, value)?)])?;
            let after = orientation(instructed, unsteered, value)?;
            instruction += DirectionCounts::count([(before, after)])?;
        }
    }
    Ok(SaeVsInstruction {
        sae: Pie::of(sae),
        instruction: Pie::of(instruction),
    })
}

fn orientation(table: &OrientationTable, setting: &Setting, value: &str) -> Result<f64, Failure> {
    let row = table
        .position(setting)
        .ok_or_else(|| format!("no row for {setting}"))?;
    let column = table
        .value_index(value)
        .ok_or_else(|| format!("no column for {value:?}"))?;
    Ok(table.matrix()[[row, column]])
}

impl Pie {
    fn of(counts: DirectionCounts) -> Self {
        let [raised, lowered, unchanged] = counts.proportions().unwrap_or_default();
        Self {
            raised: counts.raised,
            unchanged: counts.unchanged,
            lowered: counts.lowered,
            percent: [raised, unchanged, lowered].map(|share| (share * 1000.0).round() / 10.0),
        }
    }
}

fn positions<T: PartialEq + std::fmt::Debug>(
    known: &[T],
    wanted: &[T],
) -> Result<Vec<usize>, Failure> {
    let position = |item: &T| {
        known
            .iter()
            .position(|k| k == item)
            .ok_or_else(|| format!("{item:?} is not in the table, which has {known:?}").into())
    };
    wanted.iter().map(position).collect()
}
