use std::collections::BTreeMap;

use ndarray::ArrayView2;

use crate::data::{DataError, Missing, Variable, check_names};

/// A value that can be a level of a discrete variable.
///
/// Implemented for the integers, `bool`, `char`, `f32` and `f64` (NaN is a missing value, an
/// infinity an error, -0 the same level as 0), `&str`, `String`, and `Option` of all these (`None`
/// is a missing value). Which values the levels are never matters, only which are equal.
pub trait Level {
    /// What tells levels apart.
    type Key<'a>: Ord
    where
        Self: 'a;

    /// The level, `None` if the value is missing.
    ///
    /// # Errors
    ///
    /// The value itself, if it is a number that is not finite.
    fn level(&self) -> Result<Option<Self::Key<'_>>, f64>;
}

macro_rules! level_is_itself {
    ($($t:ty),*) => {$(
        impl Level for $t {
            type Key<'a> = $t;
            fn level(&self) -> Result<Option<$t>, f64> {
                Ok(Some(*self))
            }
        }
    )*};
}

level_is_itself!(
    u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, bool, char
);

impl Level for f64 {
    type Key<'a> = u64;

    fn level(&self) -> Result<Option<u64>, f64> {
        if self.is_infinite() {
            return Err(*self);
        }
        Ok((!self.is_nan()).then(|| ordered_bits(*self + 0.0)))
    }
}

impl Level for f32 {
    type Key<'a> = u64;

    fn level(&self) -> Result<Option<u64>, f64> {
        f64::from(*self).level()
    }
}

impl Level for str {
    type Key<'a> = &'a str;

    fn level(&self) -> Result<Option<&str>, f64> {
        Ok(Some(self))
    }
}

impl Level for String {
    type Key<'a> = &'a str;

    fn level(&self) -> Result<Option<&str>, f64> {
        Ok(Some(self))
    }
}

impl<T: Level + ?Sized> Level for &T {
    type Key<'a>
        = T::Key<'a>
    where
        Self: 'a;

    fn level(&self) -> Result<Option<Self::Key<'_>>, f64> {
        (**self).level()
    }
}

impl<T: Level> Level for Option<T> {
    type Key<'a>
        = T::Key<'a>
    where
        Self: 'a;

    fn level(&self) -> Result<Option<Self::Key<'_>>, f64> {
        self.as_ref().map_or(Ok(None), T::level)
    }
}

/// Bits whose order as integers is the order of the numbers.
fn ordered_bits(value: f64) -> u64 {
    let bits = value.to_bits();
    let is_negative = bits >> 63 == 1;
    if is_negative { !bits } else { bits | 1 << 63 }
}

/// A column whose values are replaced by the rank of their level; missing values come last.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) codes: Codes,
    /// Levels, missing values not counted.
    pub(super) n_levels: usize,
    pub(super) has_missing: bool,
}

impl Column {
    /// How many samples have each level.
    pub(super) fn counts(&self, n_rows: usize) -> Vec<usize> {
        let mut counts = vec![0; self.width()];
        (0..n_rows).for_each(|row| counts[self.codes.get(row) as usize] += 1);
        counts.truncate(self.n_levels);
        counts
    }

    /// Number of codes: the levels and, if there are missing values, one for them.
    pub(super) fn width(&self) -> usize {
        self.n_levels + usize::from(self.has_missing)
    }
}

/// Codes in the smallest type that holds them.
#[derive(Debug)]
pub(super) enum Codes {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

impl Codes {
    fn new(codes: Vec<u32>, width: usize) -> Self {
        if width <= 1 << 8 {
            Self::U8(codes.into_iter().map(|code| code as u8).collect())
        } else if width <= 1 << 16 {
            Self::U16(codes.into_iter().map(|code| code as u16).collect())
        } else {
            Self::U32(codes)
        }
    }

    pub(super) fn get(&self, row: usize) -> u32 {
        match self {
            Self::U8(codes) => codes[row].into(),
            Self::U16(codes) => codes[row].into(),
            Self::U32(codes) => codes[row],
        }
    }
}

/// Codes every column of `[n_samples, n_variables]`.
pub(super) fn code_columns<L: Level>(
    samples: &ArrayView2<'_, L>,
    names: Option<&[String]>,
    missing: Missing,
) -> Result<Vec<Column>, DataError> {
    let (n_samples, n_variables) = samples.dim();
    if n_variables == 0 {
        return Err(DataError::NoColumns);
    }
    check_names(names, n_variables)?;
    if n_samples == 0 {
        return Err(DataError::TooFewRows {
            found: 0,
            needed: 1,
        });
    }
    let variable = |index| Variable::new(index, names);
    (0..n_variables)
        .map(|index| code_column(samples.column(index).iter(), missing, || variable(index)))
        .collect()
}

fn code_column<'a, L: Level + 'a>(
    values: impl Iterator<Item = &'a L>,
    missing: Missing,
    variable: impl Fn() -> Variable,
) -> Result<Column, DataError> {
    const ABSENT: u32 = u32::MAX;
    let mut first_seen: BTreeMap<L::Key<'a>, u32> = BTreeMap::new();
    let mut codes = Vec::with_capacity(values.size_hint().0);
    let mut has_missing = false;
    for (row, value) in values.enumerate() {
        let not_finite = |value| DataError::NotFinite {
            row,
            variable: variable(),
            value,
        };
        codes.push(match value.level().map_err(not_finite)? {
            Some(level) => {
                let next = first_seen.len() as u32;
                *first_seen.entry(level).or_insert(next)
            }
            None if missing == Missing::Refuse => {
                return Err(DataError::MissingValue {
                    row,
                    variable: variable(),
                });
            }
            None => {
                has_missing = true;
                ABSENT
            }
        });
    }
    let n_levels = first_seen.len();
    if n_levels == 0 {
        return Err(DataError::AllMissing {
            variable: variable(),
        });
    }
    let mut rank = vec![0; n_levels];
    for (at, seen) in first_seen.into_values().enumerate() {
        rank[seen as usize] = at as u32;
    }
    for code in &mut codes {
        *code = rank.get(*code as usize).copied().unwrap_or(n_levels as u32);
    }
    let codes = Codes::new(codes, n_levels + usize::from(has_missing));
    Ok(Column {
        codes,
        n_levels,
        has_missing,
    })
}
