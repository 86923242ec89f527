//! What a study asks, and how that is shared out.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Difference, Verdict};
use crate::{Item, Setting, Weight};

/// The questions of a study: its rows in order, and the items that each is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    items: Arc<[Item]>,
    rows: Arc<[PlannedRow]>,
}

/// One row: a setting in a part of the study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    /// The part, each of which becomes an orientation table: `train`, say.
    pub part: String,
    /// The setting; a part has each once.
    pub setting: Setting,
    /// The places, among the design's items, of those that are asked, in the order in which they
    /// are asked. Rows may share one list.
    pub items: Arc<[usize]>,
}

/// One item asked in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// The place of the row in the design.
    pub row: usize,
    /// The place of the item in the design.
    pub item: usize,
}

/// Why rows do not make a design.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DesignError {
    /// A row asks for an item that there is not.
    #[error("row {row} ({part}: {setting}): expected items below {n_items}, found {item}")]
    NoSuchItem {
        /// The place of the row, from 0.
        row: usize,
        /// Its part.
        part: String,
        /// Its setting.
        setting: Setting,
        /// The item asked for.
        item: usize,
        /// Number of items.
        n_items: usize,
    },
    /// A row asks an item twice.
    #[error("row {row} ({part}: {setting}): expected each item once, found item {item} twice")]
    ItemTwice {
        /// The place of the row, from 0.
        row: usize,
        /// Its part.
        part: String,
        /// Its setting.
        setting: Setting,
        /// The item.
        item: usize,
    },
    /// A part has a setting twice.
    #[error(
        "row {second} ({part}: {setting}): expected each setting once, found it first at row {first}"
    )]
    SettingTwice {
        /// The part.
        part: String,
        /// The setting.
        setting: Setting,
        /// The first row.
        first: usize,
        /// The second row.
        second: usize,
    },
}

impl Design {
    /// A design of these rows over these items.
    ///
    /// # Errors
    ///
    /// [`DesignError`]: an item that there is not, an item twice in a row, a setting twice in a
    /// part.
    pub fn new(items: Vec<Item>, rows: Vec<PlannedRow>) -> Result<Self, DesignError> {
        let mut checked = HashSet::new();
        let mut seen = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            if checked.insert(Arc::as_ptr(&row.items)) {
                check_items(place, row, items.len())?;
            }
            if let Some(first) = seen.insert((&row.part, &row.setting), place) {
                return Err(DesignError::SettingTwice {
                    part: row.part.clone(),
                    setting: row.setting.clone(),
                    first,
                    second: place,
                });
            }
        }
        Ok(Self {
            items: items.into(),
            rows: rows.into(),
        })
    }

    /// The items that rows may ask.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[PlannedRow] {
        &self.rows
    }

    /// The item of a question of this design.
    ///
    /// # Panics
    ///
    /// If the question is of another design.
    pub fn item(&self, question: Question) -> &Item {
        &self.items[question.item]
    }

    /// Whether the answer to a question can mean that: the item, if there is one, has such a scale.
    pub(super) fn can_say(&self, question: Question, verdict: &Verdict) -> bool {
        let scale = self.items.get(question.item).map(|item| &item.scale);
        let reading = verdict.reading();
        reading.is_none_or(|reading| scale.is_none_or(|scale| scale.holds(reading)))
    }

    /// The parts, in the order in which rows name them first.
    pub fn parts(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let parts = self.rows.iter().map(|row| row.part.as_str());
        parts.filter(|part| seen.insert(*part)).collect()
    }

    /// Number of questions in the rows of a shard.
    pub fn n_questions(&self, shard: Shard) -> usize {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(place, _)| shard.holds(*place))
            .map(|(_, row)| row.items.len())
            .sum()
    }

    /// The first thing in which the other one differs: an item, a feature, a role or a part, by
    /// their order, or what a row asks. Takes time linear in the questions.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        if self == other {
            return None;
        }
        let all = |of: fn(&Item) -> String, design: &Self| design.items.iter().map(of).collect();
        let rows = |of: fn(&PlannedRow) -> Option<String>, design: &Self| {
            let mut seen = HashSet::new();
            let named = design.rows.iter().filter_map(of);
            named.filter(|name| seen.insert(name.clone())).collect()
        };
        let item = |item: &Item| {
            let (inventory, value, sign) = (&item.inventory, &item.value, item.keying);
            let (weight, mut how) = (item.weight.get(), String::new());
            if let Some(scale) = item.scale.ratings() {
                how = format!(" ({scale})");
            }
            if item.weight != Weight::default() {
                how += &format!(" (weight {weight})");
            }
            format!(
                "{inventory}, {value}, {sign}: {} {}{how}",
                item.statement, item.question
            )
        };
        let feature = |row: &PlannedRow| row.setting.feature().map(|feature| feature.to_string());
        let row = |row: &PlannedRow| Some(format!("{}: {}", row.part, row.setting));
        differing("item", all(item, self), all(item, other))
            .or_else(|| differing("feature", rows(feature, self), rows(feature, other)))
            .or_else(|| {
                let role = |row: &PlannedRow| row.setting.role.clone();
                differing("role", rows(role, self), rows(role, other))
            })
            .or_else(|| differing("row", rows(row, self), rows(row, other)))
            .or_else(|| self.differing_items(other))
            .or_else(|| differing("digest", vec![self.digest()], vec![other.digest()]))
    }

    /// The same of the items of rows that are the same otherwise.
    fn differing_items(&self, other: &Self) -> Option<Difference> {
        let mut rows = self.rows.iter().zip(&*other.rows).enumerate();
        rows.find_map(|(place, (ours, theirs))| {
            let asked = |design: &Self, row: &PlannedRow| {
                let items = row.items.iter();
                let questions = items.map(|&item| design.items[item].question.clone());
                questions.collect()
            };
            if ours.items == theirs.items {
                return None;
            }
            let name = format!("row {} ({}: {}), item", place + 1, ours.part, ours.setting);
            let (ours, theirs) = (asked(self, ours), asked(other, theirs));
            differing(&name, ours, theirs)
        })
    }

    /// The SHA-256 of everything in it, as hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let number = |hash: &mut Sha256, n: usize| hash.update((n as u64).to_le_bytes());
        let text = |hash: &mut Sha256, text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        number(&mut hash, self.items.len());
        for item in &*self.items {
            for part in [
                &item.inventory,
                &item.statement,
                &item.value,
                &item.question,
            ] {
                text(&mut hash, part);
            }
            hash.update(item.keying.sign().to_le_bytes());
            // Of what there was before there were scales and weights nothing is added.
            if let Some(scale) = item.scale.ratings() {
                text(&mut hash, &scale.to_string());
            }
            if item.weight != Weight::default() {
                hash.update(item.weight.get().to_le_bytes());
            }
        }
        for row in &*self.rows {
            text(&mut hash, &row.part);
            hash.update([u8::from(row.setting.role.is_some())]);
            text(&mut hash, row.setting.role.as_deref().unwrap_or_default());
            hash.update([u8::from(row.setting.feature().is_some())]);
            hash.update(row.setting.feature().unwrap_or_default().to_le_bytes());
            number(&mut hash, row.items.len());
            row.items.iter().for_each(|&item| number(&mut hash, item));
        }
        hex(&hash.finalize())
    }
}

/// The first place, counted from 1, at which two lists differ.
fn differing(name: &str, ours: Vec<String>, theirs: Vec<String>) -> Option<Difference> {
    let mut places = 0..ours.len().max(theirs.len());
    let place = places.find(|&place| ours.get(place) != theirs.get(place))?;
    Some(Difference {
        key: format!("{name} number {}", place + 1),
        ours: ours.into_iter().nth(place),
        theirs: theirs.into_iter().nth(place),
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_items(place: usize, row: &PlannedRow, n_items: usize) -> Result<(), DesignError> {
    let (part, setting) = (row.part.clone(), row.setting.clone());
    if let Some(&item) = row.items.iter().find(|&&item| item >= n_items) {
        return Err(DesignError::NoSuchItem {
            row: place,
            part,
            setting,
            item,
            n_items,
        });
    }
    let mut seen = HashSet::new();
    match row.items.iter().find(|item| !seen.insert(**item)) {
        Some(&item) => Err(DesignError::ItemTwice {
            row: place,
            part,
            setting,
            item,
        }),
        None => Ok(()),
    }
}

/// Every `of`-th row, from the `index`-th on: shard `2/4` has the rows at places 1, 5, 9 and so on.
///
/// ```
/// use valuebench::journal::Shard;
///
/// let shard: Shard = "2/4".parse()?;
/// assert!(shard.holds(1) && shard.holds(5) && !shard.holds(2));
/// assert!("5/4".parse::<Shard>().is_err());
/// # Ok::<(), valuebench::journal::ShardError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    /// From 1.
    index: usize,
    of: usize,
}

/// A text or numbers that name no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a shard I/N with 1 <= I <= N, found {found:?}")]
pub struct ShardError {
    /// The text.
    pub found: String,
}

impl Shard {
    /// All rows.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Shard `index`, from 1, of `of`.
    ///
    /// # Errors
    ///
    /// An index below 1 or above `of`.
    pub fn new(index: usize, of: usize) -> Result<Self, ShardError> {
        if (1..=of).contains(&index) {
            return Ok(Self { index, of });
        }
        Err(ShardError {
            found: format!("{index}/{of}"),
        })
    }

    /// Which one, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// Of how many.
    pub fn of(self) -> usize {
        self.of
    }

    /// Whether there are at least as many rows as shards; a design without rows has one.
    pub(super) fn fits(self, design: &Design) -> bool {
        self.of <= design.rows.len().max(1)
    }

    /// Whether the row at this place, from 0, is its.
    pub fn holds(self, row: usize) -> bool {
        row % self.of == self.index - 1
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, item {}", self.row, self.item)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        numbers
            .and_then(|(index, of)| Self::new(index, of).ok())
            .ok_or_else(|| ShardError {
                found: text.to_owned(),
            })
    }
}
