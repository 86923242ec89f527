use value_causal::bench::{Inclination, OrientationTable, Setting};
use value_causal::ndarray::{Array2, ArrayView2};

use super::record::Aim;
use study::InstructedTables;

/// What explicit instructions changed: instructed rows less the unsteered test rows of the same roles.
#[derive(Clone, Debug)]
pub struct Instructed {
    /// Each value under the instruction that inclines to it: `[values][roles]`.
    pub raise: Vec<Vec<f64>>,
    /// The same under the one that disinclines from it.
    pub lower: Vec<Vec<f64>>,
    /// What else the instructions moved, where all items were asked under each.
    pub all: Option<AllChanges>,
}

/// The changes of all values by the value that is instructed, each `[roles, values]`.
#[derive(Clone, Debug)]
pub struct AllChanges {
    /// Under the instructions that incline.
    pub raise: Vec<Array2<f64>>,
    /// Under those that disincline.
    pub lower: Vec<Array2<f64>>,
}

impl Instructed {
    /// Of the tables in the released form, each value under its own instruction, and of all values
    /// under every instruction where these were measured.
    #[must_use]
    pub fn of(
        test: &OrientationTable,
        [raise, lower]: [&OrientationTable; 2],
        all: Option<&InstructedTables>,
    ) -> Self {
        let own = |instructed: &OrientationTable| {
            let changes = changes(test, instructed);
            changes.columns().into_iter().map(|c| c.to_vec()).collect()
        };
        let toward = |tables: &[OrientationTable]| {
            let of_value = |table| changes(test, table);
            tables.iter().map(of_value).collect()
        };
        Self {
            raise: own(raise),
            lower: own(lower),
            all: all.map(|tables| AllChanges {
                raise: toward(tables.toward(Inclination::Inclined)),
                lower: toward(tables.toward(Inclination::Disinclined)),
            }),
        }
    }

    /// The changes of a value under its own instruction, over roles.
    pub(super) fn toward(&self, aim: Aim, value: usize) -> &[f64] {
        let changes = match aim {
            Aim::Raise => &self.raise,
            Aim::Lower => &self.lower,
        };
        changes.get(value).map_or(&[], Vec::as_slice)
    }

    /// The changes of all values under the instruction about one, if they are known.
    pub(super) fn all(&self, aim: Aim, value: usize) -> Option<ArrayView2<'_, f64>> {
        let all = self.all.as_ref()?;
        let changes = match aim {
            Aim::Raise => &all.raise,
            Aim::Lower => &all.lower,
        };
        changes.get(value).map(|changes| changes.view())
    }
}

/// `[roles, values]`, over the roles that both tables have.
fn changes(test: &OrientationTable, instructed: &OrientationTable) -> Array2<f64> {
    let unsteered = test.settings().iter().filter(|s| s.is_unsteered());
    let both = |setting: &Setting| Some((instructed.row(setting)?, test.row(setting)?));
    let rows: Vec<_> = unsteered.filter_map(both).collect();
    Array2::from_shape_fn((rows.len(), test.n_values()), |(row, value)| {
        rows[row].0[value] - rows[row].1[value]
    })
}
