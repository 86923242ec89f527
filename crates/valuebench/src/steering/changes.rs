//! Changes of orientations.

use std::collections::{BTreeSet, HashMap};

use ndarray::{Array3, ArrayView2, ArrayView3, s};

use crate::{Intervention, OrientationTable, Setting};

/// By how much each intervention changed each value in each role: the steered row less the
/// unsteered row of the same role.
///
/// Roles are the independent units here: interventions are compared with the same unsteered rows,
/// and values are answered by the same model.
///
/// ```
/// use valuebench::{Intervention, OrientationTable, SteeringChanges};
///
/// let csv = "steer_dim,player_name,Empathy\n,,0.5\n7,,0.75\n,Mary Holt,0.25\n";
/// let changes = SteeringChanges::of(&OrientationTable::from_reader(csv.as_bytes())?);
/// assert_eq!(changes.interventions(), [Intervention::Feature(7)]);
/// assert_eq!(changes.roles(), [None, Some("Mary Holt".to_owned())]);
/// assert_eq!(changes.of_value(0, 0), [0.25]); // Mary Holt was not steered
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SteeringChanges {
    interventions: Vec<Intervention>,
    roles: Vec<Option<String>>,
    values: Vec<String>,
    changes: Array3<f64>,
}

/// Steered rows less the unsteered row of the same role, whatever the columns are.
pub(super) struct Paired {
    /// Ascending.
    pub(super) interventions: Vec<Intervention>,
    /// In the order of the unsteered rows.
    pub(super) roles: Vec<Option<String>>,
    /// `[interventions, roles, columns]`; NaN where either row lacks the number or is not there.
    pub(super) changes: Array3<f64>,
}

impl Paired {
    /// Of settings that are all different, and their rows.
    pub(super) fn of(settings: &[Setting], matrix: ArrayView2<'_, f64>) -> Self {
        let interventions: BTreeSet<&Intervention> = settings
            .iter()
            .filter_map(|setting| setting.intervention.as_ref())
            .collect();
        let interventions: Vec<Intervention> = interventions.into_iter().cloned().collect();
        let unsteered = settings.iter().zip(0..);
        let unsteered = unsteered.filter(|(setting, _)| setting.is_unsteered());
        let (roles, befores): (Vec<Option<String>>, Vec<usize>) = unsteered
            .map(|(setting, row)| (setting.role.clone(), row))
            .unzip();
        let places: HashMap<&Option<String>, usize> = roles.iter().zip(0..).collect();
        let shape = (interventions.len(), roles.len(), matrix.ncols());
        let mut changes = Array3::from_elem(shape, f64::NAN);
        for (row, setting) in settings.iter().enumerate() {
            let Some(intervention) = &setting.intervention else {
                continue;
            };
            let place = interventions.binary_search(intervention);
            if let (Ok(i), Some(&role)) = (place, places.get(&setting.role)) {
                let change = &matrix.row(row) - &matrix.row(befores[role]);
                changes.slice_mut(s![i, role, ..]).assign(&change);
            }
        }
        Self {
            interventions,
            roles,
            changes,
        }
    }
}

impl SteeringChanges {
    /// Of all interventions of the table, ascending, in all its roles that have an unsteered row,
    /// in the order of these rows.
    pub fn of(table: &OrientationTable) -> Self {
        let Paired {
            interventions,
            roles,
            changes,
        } = Paired::of(table.settings(), table.matrix());
        Self {
            interventions,
            roles,
            values: table.values().to_vec(),
            changes,
        }
    }

    /// The interventions, ascending.
    pub fn interventions(&self) -> &[Intervention] {
        &self.interventions
    }

    /// The roles; `None` is the empty role.
    pub fn roles(&self) -> &[Option<String>] {
        &self.roles
    }

    /// The values, in the order of the table's columns.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The changes, `[interventions, roles, values]`; NaN where a role has no row under an
    /// intervention.
    pub fn matrix(&self) -> ArrayView3<'_, f64> {
        self.changes.view()
    }

    /// The setting of an intervention and a role, by their places.
    pub fn setting(&self, intervention: usize, role: usize) -> Option<Setting> {
        Some(Setting {
            role: self.roles.get(role)?.clone(),
            intervention: Some(self.interventions.get(intervention)?.clone()),
        })
    }

    /// The changes of one value under one intervention, by their places, over the roles that have
    /// one; none out of range.
    pub fn of_value(&self, intervention: usize, value: usize) -> Vec<f64> {
        let of_role = |role| self.changes.get((intervention, role, value)).copied();
        let known = (0..self.roles.len()).filter_map(of_role);
        known.filter(|change| !change.is_nan()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_pair_rows_of_one_role_whatever_their_order() {
        let csv = "steer_dim,player_name,A,B\n9,x,1.0,0.0\n7,y,0.5,0.5\n,y,0.25,0.5\n7,x,0.0,0.0\n\
                   ,x,0.5,-0.5\n9,z,1.0,1.0\n";
        let table = OrientationTable::from_reader(csv.as_bytes()).unwrap();
        let changes = SteeringChanges::of(&table);
        assert_eq!(changes.matrix().dim(), (2, 2, 2));
        assert_eq!(changes.of_value(0, 0), [0.25, -0.5]); // y comes first among the unsteered rows
        assert_eq!(changes.of_value(0, 1), [0.0, 0.5]);
        assert_eq!(changes.of_value(1, 0), [0.5]); // z has no unsteered row, y none under 9
        assert!(changes.matrix()[[1, 0, 1]].is_nan());
        assert!(changes.of_value(2, 0).is_empty() && changes.of_value(0, 2).is_empty());
        assert_eq!(changes.setting(1, 1), Some(Setting::steered("x", 9)));
        assert_eq!(changes.setting(1, 2), None);
    }
}
