//! How much of an orientation comes with the role, how much with the feature.

use std::collections::BTreeMap;

use serde::Serialize;
use value_causal::ndarray::Array2;
use value_causal::psychometrics::Scores;
use value_causal::psychometrics::reliability::variance_parts;

use crate::Rows;

/// Shares of the variance of a value, or their means over values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parts {
    /// Of the role, with the items that it was asked.
    pub role: f64,
    /// Of the feature.
    pub feature: f64,
    /// Of neither.
    pub rest: f64,
}

impl Parts {
    /// By value; none where not every role has a row for every feature.
    pub(crate) fn of(rows: &Rows) -> Option<Vec<Self>> {
        let (n_roles, n_features) = (rows.n_roles(), rows.n_features());
        if n_features < 2 || n_roles < 2 || n_roles * n_features != rows.n() {
            return None;
        }
        let (mut roles, mut features) = (BTreeMap::new(), BTreeMap::new());
        let cells: Vec<(usize, usize)> = rows
            .roles
            .iter()
            .zip(&rows.features)
            .map(|(role, feature)| {
                let next = roles.len();
                let role = *roles.entry(role).or_insert(next);
                let next = features.len();
                (role, *features.entry(feature).or_insert(next))
            })
            .collect();
        let columns = rows.cells.columns().into_iter();
        columns
            .map(|column| {
                let mut table = Array2::from_elem((n_roles, n_features), f64::NAN);
                for (&cell, &x) in cells.iter().zip(column) {
                    table[cell] = x;
                }
                let parts = variance_parts(&Scores::new(table.view()).ok()?).ok()?;
                Some(Self {
                    role: parts.rows,
                    feature: parts.columns,
                    rest: parts.rest,
                })
            })
            .collect()
    }

    pub(crate) fn mean(parts: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| parts.iter().map(part).sum::<f64>() / parts.len() as f64;
        Self {
            role: of(|p| p.role),
            feature: of(|p| p.feature),
            rest: of(|p| p.rest),
        }
    }
}
