//! The model that is fitted to a study's orientations: what it says must be set.

use std::path::Path;

use measurement::Clustered;
use program::Failure;
use serde::Serialize;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::decide::smallest_setting;
use value_causal::discovery::effects::LinearModel;
use value_causal::discovery::{Alpha, PcOptions, pc};
use value_causal::ndarray::{Array2, ArrayView1};

use crate::file::Causes;
use crate::goal::Goal;

/// A linear model over a study's values, in their order.
#[derive(Clone, Debug)]
pub struct Fitted {
    model: LinearModel,
    values: Vec<String>,
    causes: Causes,
}

/// What the model would set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToSet {
    /// The value.
    pub value: String,
    /// To which orientation.
    pub to: f64,
}

/// The fewest values to set, by the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// What is set; nothing where all is well as it is.
    pub set: Vec<ToSet>,
    /// The deviation that the model expects to be left.
    pub deviation: f64,
}

impl Fitted {
    /// Fitted to the unsteered rows of the table in `file`, over the graph that PC finds in them.
    ///
    /// # Errors
    /// The table cannot be read or lacks a value; no DAG extends the graph; the rows are too few for it.
    pub fn read(file: &Path, values: &[String], causes: Causes) -> Result<Self, Failure> {
        let table = OrientationTable::from_path(file)?;
        let named = |error: Failure| format!("{}: {error}", file.display());
        Ok(Self::of(&table, values, causes).map_err(named)?)
    }

    /// The same of a table.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(
        table: &OrientationTable,
        values: &[String],
        causes: Causes,
    ) -> Result<Self, Failure> {
        let rows = in_order(&table.select(Setting::is_unsteered), values)?;
        let test = Clustered::of(&rows)?.test()?;
        let options = PcOptions::like_causal_learn(Alpha::new(causes.alpha)?);
        let dag = pc(&test, &options)?.graph.consistent_extension()?;
        Ok(Self {
            model: LinearModel::fit(&dag, rows.matrix())?,
            values: values.to_vec(),
            causes,
        })
    }

    /// The number of arrows.
    #[must_use]
    pub fn n_arrows(&self) -> usize {
        self.model.dag().n_edges()
    }

    /// The fewest values that have to be set for somebody whose orientations are `now`, and what is then left; `None` where
    /// nothing that may be set is enough.
    ///
    /// # Errors
    /// Too many ways to set that many values.
    pub fn proposal(
        &self,
        goal: &Goal,
        now: ArrayView1<'_, f64>,
    ) -> Result<Option<Proposal>, Failure> {
        let Causes { most, bounds, .. } = self.causes;
        let found = smallest_setting(
            &self.model,
            now,
            goal.objective(),
            goal.threshold(),
            most,
            bounds,
        )?;
        let Some(found) = found else { return Ok(None) };
        let set = found.set.iter().map(|&(at, to)| ToSet {
            value: self.values[at].clone(),
            to,
        });
        Ok(Some(Proposal {
            set: set.collect(),
            deviation: goal.deviation(found.values.view())?,
        }))
    }
}

/// The rows with the columns of `values`.
fn in_order(table: &OrientationTable, values: &[String]) -> Result<OrientationTable, Failure> {
    let place = |value: &String| {
        let all = table.values().join(", ");
        let found = table.value_index(value);
        found.ok_or_else(|| format!("expected a column for {value:?}, found {all}"))
    };
    let columns = values.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let cells = table.matrix();
    let cells = Array2::from_shape_fn((cells.nrows(), columns.len()), |(row, at)| {
        cells[[row, columns[at]]]
    });
    Ok(OrientationTable::new(
        values.to_vec(),
        table.settings().to_vec(),
        cells,
        None,
    )?)
}
