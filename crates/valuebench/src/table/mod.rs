//! Value orientations, one row per setting.

// The files:
//
//   columns, number       what columns are called and can hold; how a number is written
//   layout, csv_format    how a table lies in a file; reading and writing it
//   roles                 what is taken role by role

mod columns;
mod csv_format;
mod layout;
mod number;
mod roles;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::{Setting, stats};
use columns::{Domain, ORIENTATION, SCSTD, SCSTD_SUFFIX, STD, STDS, is_reserved};
use layout::{Column, Layout};

/// The value orientations of a model under many settings.
///
/// A row is a [`Setting`], a column is a value, and a number is an *orientation*: the mean score
/// of the value's items, in \[-1, 1\]. Row order is kept, for results that depend on it: the
/// published analysis takes the first row of some roles as its baseline.
///
/// Beside the orientations a table may hold, under the names of the released files:
///
/// - `scstd` per setting and value: the population standard deviation of the non-zero changes of
///   item scores against the unsteered row of the same role, in \[0, 2\], and -1 where fewer than
///   two items changed;
/// - `stds` per setting: the mean over the values of the population standard deviation of the
///   item scores, in \[0, 1\];
/// - `scstds` per setting: the mean of those `scstd` that are not -1, if there is one.
///
/// Tables come from [`from_path`](Self::from_path), from [`new`](Self::new), or from item scores
/// through [`Measurements`](crate::Measurements); [`matrix`](Self::matrix) hands the numbers over
/// to any analysis.
///
/// # Files
///
/// [`from_path`](Self::from_path) reads the released CSV format and
/// [`write_csv`](Self::write_csv) writes it. The columns are `steer_dim` (the index of the steered
/// feature, empty = not steered), `player_name` (the role, empty = the empty role), then
/// `<value>` and `<value>:scstd` for each value, and last `stds` and `scstds`.
///
/// *What is read.* The columns may come in any order; `scstd` columns, `stds` and `scstds` may be
/// missing, and any of their cells may be empty (no number, NaN in the table). Features may be
/// written as floats (`49202.0`) and "not steered" also as `None` or `none`. A first column
/// without name or called `Unnamed: 0` is pandas' row index and is kept, unread. A byte-order mark,
/// LF or CR LF, quoted cells with commas and newlines, and blank lines are understood. Everything
/// else that deviates is refused, with its place: see [`ReadError`](crate::ReadError).
///
/// *What is kept.* A table that was read is written with the same columns in the same order, the
/// same byte-order mark, line ends and final newline, and with every cell as it was spelled
/// (`-1` stays `-1`, `0.50` stays `0.50`), also after [`select`](Self::select). Not kept are
/// blank lines, quotes that are not needed, and line ends that differ from the first one.
///
/// ```
/// use ndarray::array;
/// use valuebench::{OrientationTable, Setting};
///
/// let csv = "steer_dim,player_name,Empathy,Social\n,,0.5,1.0\n10096,,0.25,1.0\n";
/// let table = OrientationTable::from_reader(csv.as_bytes())?;
/// assert_eq!(table.values(), ["Empathy", "Social"]);
/// assert_eq!(table.matrix(), array![[0.5, 1.0], [0.25, 1.0]]);
/// assert_eq!(table.position(&Setting::steered(None, 10096)), Some(1));
/// assert_eq!(table.to_csv(), csv);
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrientationTable {
    values: Vec<String>,
    settings: Vec<Setting>,
    positions: HashMap<Setting, usize>,
    /// `[settings, values]`
    orientations: Array2<f64>,
    /// `[settings, values]`; -1: fewer than two items changed, NaN: not in the file.
    scstds: Option<Array2<f64>>,
    /// NaN: not in the file.
    stds: Option<Array1<f64>>,
    /// NaN: no value has an scstd.
    mean_scstds: Option<Array1<f64>>,
    layout: Layout,
    /// Cells, by row and column, whose text in the file is not the one this crate would write.
    spellings: BTreeMap<(usize, Column), Box<str>>,
}

/// Why numbers do not make an [`OrientationTable`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A matrix or column does not have one number per setting (and value).
    #[error("{what}: expected the shape {expected:?}, found {found:?}")]
    Shape {
        /// Which numbers: "orientations", "scstd", "stds".
        what: &'static str,
        /// The shape that settings and values ask for.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// A value's name is empty, or is one that the format uses for something else.
    #[error("value {place}: expected a name that the file format does not use, found {found:?}")]
    ValueName {
        /// The place of the value, from 0.
        place: usize,
        /// The name.
        found: String,
    },
    /// Two values have the same name.
    #[error("value {second} ({name}): expected each value once, found it first as value {first}")]
    DuplicateValue {
        /// The name.
        name: String,
        /// Its first place, from 0.
        first: usize,
        /// Its second place, from 0.
        second: usize,
    },
    /// A role has the empty name, which stands for no role at all.
    #[error("setting {place}: expected a role with a name, or no role, found an empty name")]
    EmptyRole {
        /// The place of the setting, from 0.
        place: usize,
    },
    /// Two rows have the same setting.
    #[error(
        "setting {second} ({setting}): expected each setting once, found it first as setting {first}"
    )]
    DuplicateSetting {
        /// The setting.
        setting: Setting,
        /// Its first place, from 0.
        first: usize,
        /// Its second place, from 0.
        second: usize,
    },
    /// A number is not one that its column can hold.
    #[error("setting {setting}, {column}: expected {expected}, found {found}")]
    Number {
        /// The setting of the row.
        setting: Setting,
        /// The column, as in the file: `Empathy`, `Empathy:scstd`, `stds`.
        column: String,
        /// What the column can hold.
        expected: &'static str,
        /// The number.
        found: f64,
    },
}

impl OrientationTable {
    /// A table of one's own numbers.
    ///
    /// `orientations` and `scstd` are `[settings, values]`. Orientations lie in \[-1, 1\]; an
    /// `scstd` is -1 or lies in \[0, 2\], or is NaN for "not known". Where `scstd` is given, the
    /// column `scstds` is computed from it.
    ///
    /// # Errors
    ///
    /// Shapes that do not fit, values or settings that occur twice, names that the file format
    /// cannot carry, and numbers out of range: see [`TableError`].
    ///
    /// ```
    /// use ndarray::array;
    /// use valuebench::{OrientationTable, Setting};
    ///
    /// let table = OrientationTable::new(
    ///     vec!["Empathy".into(), "Social".into()],
    ///     vec![Setting::default(), Setting::steered(None, 7)],
    ///     array![[0.5, 1.0], [-0.5, 1.0]],
    ///     Some(array![[-1.0, -1.0], [0.0, -1.0]]),
    /// )?;
    /// assert_eq!(
    ///     table.to_csv(),
    ///     "steer_dim,player_name,Empathy,Empathy:scstd,Social,Social:scstd,scstds\n\
    ///      ,,0.5,-1,1.0,-1,\n\
    ///      7,,-0.5,0.0,1.0,-1,0.0\n"
    /// );
    /// # Ok::<(), valuebench::TableError>(())
    /// ```
    pub fn new(
        values: Vec<String>,
        settings: Vec<Setting>,
        orientations: Array2<f64>,
        scstd: Option<Array2<f64>>,
    ) -> Result<Self, TableError> {
        check_values(&values)?;
        let positions = positions(&settings)?;
        let shape = [settings.len(), values.len()];
        check_shape("orientations", &shape, orientations.shape())?;
        let columns = |place: usize| values[place].clone();
        check_matrix(&settings, &orientations, columns, ORIENTATION)?;
        if let Some(scstd) = &scstd {
            check_shape("scstd", &shape, scstd.shape())?;
            let columns = |place: usize| format!("{}{SCSTD_SUFFIX}", values[place]);
            check_matrix(&settings, scstd, columns, SCSTD)?;
        }
        Ok(Self {
            mean_scstds: scstd.as_ref().map(mean_scstds),
            layout: Layout::new(values.len(), scstd.is_some()),
            values,
            settings,
            positions,
            orientations,
            scstds: scstd,
            stds: None,
            spellings: BTreeMap::new(),
        })
    }

    /// With orientations, and their standard deviations, rounded to whole multiples of 1 / `parts`:
    /// smaller differences are none, where every orientation would otherwise be another, as numbers
    /// between yes and no are.
    ///
    /// ```
    /// # use valuebench::{OrientationTable, Setting};
    /// # use ndarray::array;
    /// let table = OrientationTable::new(
    ///     vec!["Empathy".into()],
    ///     vec![Setting::default(), Setting::steered(None, 7)],
    ///     array![[0.0612], [0.0588]],
    ///     None,
    /// )?;
    /// let hundredths = std::num::NonZeroU32::new(100).expect("not zero");
    /// assert_eq!(table.rounded(hundredths).matrix(), array![[0.06], [0.06]]);
    /// # Ok::<(), valuebench::TableError>(())
    /// ```
    #[must_use]
    pub fn rounded(mut self, parts: NonZeroU32) -> Self {
        let parts = f64::from(parts.get());
        // No -0.
        let round = |orientation: f64| (orientation * parts).round() / parts + 0.0;
        self.orientations.mapv_inplace(round);
        self.scstds.iter_mut().for_each(|it| it.mapv_inplace(round));
        self.mean_scstds = self.scstds.as_ref().map(mean_scstds);
        self.stds.iter_mut().for_each(|it| it.mapv_inplace(round));
        self
    }

    /// Sets the column `stds`: per setting the mean over the values of the standard deviation of
    /// the item scores, in \[0, 1\], or NaN for "not known".
    ///
    /// # Errors
    ///
    /// [`TableError`] unless there is one number in range per setting.
    pub fn with_stds(mut self, stds: Array1<f64>) -> Result<Self, TableError> {
        check_shape("stds", &[self.settings.len()], stds.shape())?;
        let column = stds.view().insert_axis(Axis(1)).to_owned();
        check_matrix(&self.settings, &column, |_| STDS.to_owned(), STD)?;
        self.layout.add_stds();
        self.spellings
            .retain(|&(_, column), _| column != Column::Stds);
        self.stds = Some(stds);
        Ok(self)
    }

    /// The values, in the order of their columns.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The settings, in the order of their rows.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Number of rows.
    pub fn n_settings(&self) -> usize {
        self.settings.len()
    }

    /// Number of values.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// The orientations, `[settings, values]`.
    pub fn matrix(&self) -> ArrayView2<'_, f64> {
        self.orientations.view()
    }

    /// The `scstd` numbers, `[settings, values]`, if the table has any. -1: fewer than two items
    /// changed; NaN: the file gives none.
    pub fn scstd_matrix(&self) -> Option<ArrayView2<'_, f64>> {
        self.scstds.as_ref().map(|numbers| numbers.view())
    }

    /// The column `stds`, `[settings]`, if there is one; NaN where the file gives no number.
    pub fn stds(&self) -> Option<ArrayView1<'_, f64>> {
        self.stds.as_ref().map(|numbers| numbers.view())
    }

    /// The column `scstds`, `[settings]`, if there is one; NaN where no value has an `scstd`.
    pub fn scstds(&self) -> Option<ArrayView1<'_, f64>> {
        self.mean_scstds.as_ref().map(|numbers| numbers.view())
    }

    /// The row of a setting.
    pub fn position(&self, setting: &Setting) -> Option<usize> {
        self.positions.get(setting).copied()
    }

    /// The column of a value.
    pub fn value_index(&self, value: &str) -> Option<usize> {
        self.values.iter().position(|name| name == value)
    }

    /// The orientations of one setting, `[values]`.
    pub fn row(&self, setting: &Setting) -> Option<ArrayView1<'_, f64>> {
        self.position(setting).map(|i| self.orientations.row(i))
    }

    /// One orientation.
    pub fn orientation(&self, setting: &Setting, value: &str) -> Option<f64> {
        let (row, column) = (self.position(setting)?, self.value_index(value)?);
        self.orientations.get((row, column)).copied()
    }

    /// The rows for which `keep` holds, in their order. The result may be empty.
    ///
    /// ```
    /// # use valuebench::OrientationTable;
    /// let csv = "steer_dim,player_name,Empathy\n,,0.50\n7,,1.0\n9,,0.0\n";
    /// let table = OrientationTable::from_reader(csv.as_bytes())?;
    /// let few = table.select(|setting| setting.feature() != Some(7));
    /// assert_eq!(few.to_csv(), "steer_dim,player_name,Empathy\n,,0.50\n9,,0.0\n");
    /// # Ok::<(), valuebench::ReadError>(())
    /// ```
    #[must_use]
    pub fn select(&self, mut keep: impl FnMut(&Setting) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.n_settings())
            .filter(|&row| keep(&self.settings[row]))
            .collect();
        let settings: Vec<Setting> = rows.iter().map(|&row| self.settings[row].clone()).collect();
        Self {
            values: self.values.clone(),
            positions: settings.iter().cloned().zip(0..).collect(),
            settings,
            orientations: self.orientations.select(Axis(0), &rows),
            scstds: self.scstds.as_ref().map(|m| m.select(Axis(0), &rows)),
            stds: self.stds.as_ref().map(|m| m.select(Axis(0), &rows)),
            mean_scstds: self.mean_scstds.as_ref().map(|m| m.select(Axis(0), &rows)),
            layout: self.layout.clone(),
            spellings: self.spellings_of(&rows),
        }
    }

    fn spellings_of(&self, rows: &[usize]) -> BTreeMap<(usize, Column), Box<str>> {
        let first = Column::Feature;
        let mut kept = BTreeMap::new();
        for (new, &old) in rows.iter().enumerate() {
            for (&(_, column), text) in self.spellings.range((old, first)..(old + 1, first)) {
                kept.insert((new, column), text.clone());
            }
        }
        kept
    }
}

fn check_values(values: &[String]) -> Result<(), TableError> {
    let mut seen = HashMap::new();
    for (place, name) in values.iter().enumerate() {
        if is_reserved(name) {
            let found = name.clone();
            return Err(TableError::ValueName { place, found });
        }
        if let Some(first) = seen.insert(name, place) {
            return Err(TableError::DuplicateValue {
                name: name.clone(),
                first,
                second: place,
            });
        }
    }
    Ok(())
}

fn positions(settings: &[Setting]) -> Result<HashMap<Setting, usize>, TableError> {
    let mut positions = HashMap::with_capacity(settings.len());
    for (place, setting) in settings.iter().enumerate() {
        if setting.role.as_deref() == Some("") {
            return Err(TableError::EmptyRole { place });
        }
        if let Some(first) = positions.insert(setting.clone(), place) {
            return Err(TableError::DuplicateSetting {
                setting: setting.clone(),
                first,
                second: place,
            });
        }
    }
    Ok(positions)
}

fn check_shape(what: &'static str, expected: &[usize], found: &[usize]) -> Result<(), TableError> {
    if expected == found {
        return Ok(());
    }
    Err(TableError::Shape {
        what,
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}

fn check_matrix(
    settings: &[Setting],
    numbers: &Array2<f64>,
    column: impl Fn(usize) -> String,
    domain: Domain,
) -> Result<(), TableError> {
    match numbers.indexed_iter().find(|&(_, &x)| !domain.holds(x)) {
        Some(((row, place), &found)) => Err(TableError::Number {
            setting: settings[row].clone(),
            column: column(place),
            expected: domain.expected,
            found,
        }),
        None => Ok(()),
    }
}

/// Per row the mean of the numbers that stand for a standard deviation, NaN where none does.
fn mean_scstds(scstd: &Array2<f64>) -> Array1<f64> {
    let known = |row: ArrayView1<'_, f64>| -> Vec<f64> {
        row.iter().copied().filter(|&x| x >= 0.0).collect()
    };
    let rows = scstd.rows().into_iter();
    rows.map(|row| stats::mean(&known(row))).collect()
}
