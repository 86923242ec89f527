//! Questionnaires: items that measure values.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::Path;

use crate::random::{Seed, sample};
use crate::sampling::{FractionError, ItemSampling, floor_share};
use crate::sheet::{Row, Sheet};
use crate::{ReadError, Scale, ScaleError};

/// One question and what an answer to it says about a value.
///
/// The default is an empty question, answered with yes or no, of which a yes speaks for its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Item {
    /// The inventory that the item comes from, such as `NFCC2000`.
    pub inventory: String,
    /// The item as the inventory states it, in the first person.
    pub statement: String,
    /// The value that the item measures.
    pub value: String,
    /// Whether agreeing with the item speaks for the value or against it.
    pub keying: Keying,
    /// The item as a question that can be answered on its scale.
    pub question: String,
    /// How it is answered.
    pub scale: Scale,
    /// By how much it counts in the orientation towards its value.
    pub weight: Weight,
}

/// Whether a yes, or a high rating, speaks for the value of an item or against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keying {
    /// It speaks against the value: -1.
    Negative,
    /// It speaks for the value: +1.
    #[default]
    Positive,
}

/// By how much an item counts in the mean of its value's items: a number above 0, and 1 unless it is
/// told otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Weight(f64);

impl Weight {
    /// `None` for what is no number above 0.
    pub fn new(weight: f64) -> Option<Self> {
        (weight > 0.0 && weight.is_finite()).then_some(Self(weight))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1.0)
    }
}

impl PartialEq for Weight {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Weight {}

impl Hash for Weight {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Keying {
    /// -1 or 1.
    pub fn sign(self) -> i8 {
        match self {
            Self::Negative => -1,
            Self::Positive => 1,
        }
    }
}

impl fmt::Display for Keying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sign())
    }
}

/// Items in the order of their file, and the values that they measure.
///
/// A questionnaire comes from a CSV file with the columns `questionnaire` (the inventory), `item`,
/// `value`, `agreement` (1 or -1) and `question`, in any order, as ValueBench publishes it (Ren et
/// al., 2024, *ValueBench: Towards comprehensively evaluating value orientations and understanding
/// of large language models*, ACL). Values are told apart by their exact names, without spaces
/// around them.
///
/// Two columns may come beside: `scale` says how an item is answered, in the words of [`Scale`]
/// (yes/no where the cell is empty), and `weight` by how much it counts in the mean of its value (1
/// where the cell is empty). An item that counts for several values has a line for each, and is
/// asked for each. Further columns are not read.
///
/// ```
/// use valuebench::Questionnaire;
///
/// let csv = "\
/// questionnaire,item,value,agreement,question
/// R,I usually manage.,Resilience,1,Do I usually manage?
/// R,I give up quickly.,Resilience,-1,Should I give up quickly?
/// SOV,I love people.,Social,1,Should I love people?
/// ";
/// let questionnaire = Questionnaire::from_reader(csv.as_bytes())?;
/// assert_eq!(questionnaire.values(), ["Resilience", "Social"]);
/// assert_eq!(questionnaire.measuring("Resilience").len(), 2);
/// assert_eq!(questionnaire.with_at_least(2).values(), ["Resilience"]);
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questionnaire {
    items: Vec<Item>,
    values: Vec<String>,
    /// Per value the places of its items.
    places: HashMap<String, Vec<usize>>,
}

/// Two questionnaires that share no item: one to discover with, one to test on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The larger part in the published analysis, which its causal graph comes from.
    pub train: Questionnaire,
    /// The other part.
    pub test: Questionnaire,
}

impl Questionnaire {
    /// Reads a questionnaire from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, an agreement other than 1 and -1, an empty value or
    /// question, what is no scale or no weight, the same item twice, and files without an item.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_path_on(path, &Scale::YesNo)
    }

    /// The same with items answered on `scale` where their line does not say how.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path).
    pub fn from_path_on(path: impl AsRef<Path>, scale: &Scale) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?, scale)
    }

    /// Reads a questionnaire from CSV text.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?, &Scale::YesNo)
    }

    /// The items, in their order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The values, in the order in which the items name them first.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The items that measure a value, in their order; none for an unknown value.
    pub fn measuring(&self, value: &str) -> impl ExactSizeIterator<Item = &Item> + Clone {
        let places = self.places.get(value).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| &self.items[place])
    }

    /// The items of those values that have at least `n` items.
    #[must_use]
    pub fn with_at_least(&self, n: usize) -> Self {
        self.filter(|item| self.measuring(&item.value).len() >= n)
    }

    /// The items for which `keep` holds, in their order.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&Item) -> bool) -> Self {
        self.items
            .iter()
            .filter(|item| keep(item))
            .cloned()
            .collect()
    }

    /// Splits the items of each value at random.
    ///
    /// Each value's n items are shuffled, the first ⌊`train_fraction` · n⌋ are for training, the
    /// rest for testing; both parts keep the order of the items. A value with so few items that it
    /// has none in a part is missing there. The shuffle depends on the seed and the value's name
    /// alone, not on the other values, and stays the same over releases of this crate and
    /// machines. The published split has the fraction 0.7; its seed is not known.
    ///
    /// # Errors
    ///
    /// [`FractionError`] for a fraction outside \[0, 1\].
    ///
    /// ```
    /// # use valuebench::Questionnaire;
    /// # let csv = "questionnaire,item,value,agreement,question\nI,a,V,1,A?\nI,b,V,1,B?\nI,c,V,1,C?\n";
    /// # let questionnaire = Questionnaire::from_reader(csv.as_bytes())?;
    /// let split = questionnaire.split(0.7, 1)?;
    /// assert_eq!(split.train.items().len() + split.test.items().len(), questionnaire.items().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn split(&self, train_fraction: f64, seed: u64) -> Result<Split, FractionError> {
        FractionError::check("a train fraction", train_fraction)?;
        let mut is_train = vec![false; self.items.len()];
        for (value, places) in &self.places {
            let mut source = Seed::new("split", seed).text(value).source();
            let shuffled = sample(&mut source, places.len(), places.len());
            for &i in shuffled
                .iter()
                .take(floor_share(places.len(), train_fraction))
            {
                is_train[places[i]] = true;
            }
        }
        let part = |train: bool| {
            let items = self.items.iter().zip(&is_train);
            items
                .filter(|&(_, &t)| t == train)
                .map(|(item, _)| item.clone())
                .collect()
        };
        Ok(Split {
            train: part(true),
            test: part(false),
        })
    }

    /// The items of a value that a role is asked, in their order.
    ///
    /// ```
    /// # use valuebench::{ItemSampling, Questionnaire};
    /// # let csv = "questionnaire,item,value,agreement,question\nI,a,V,1,A?\nI,b,V,1,B?\nI,c,V,1,C?\n";
    /// # let questionnaire = Questionnaire::from_reader(csv.as_bytes())?;
    /// let asked = questionnaire.asked(&ItemSampling::released(0.4)?, Some("Mary Holt"), "V");
    /// assert_eq!(asked.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn asked(&self, sampling: &ItemSampling, role: Option<&str>, value: &str) -> Vec<&Item> {
        let places = self.places.get(value).map_or(&[][..], Vec::as_slice);
        let asked = sampling.indices(role, value, places.len());
        asked.into_iter().map(|i| &self.items[places[i]]).collect()
    }

    fn from_sheet(sheet: &Sheet, scale: &Scale) -> Result<Self, ReadError> {
        let columns = Columns::of(sheet)?;
        sheet.check_not_empty()?;
        let mut lines = HashMap::new();
        let mut items = Vec::with_capacity(sheet.rows.len());
        for row in &sheet.rows {
            let item = columns.item(sheet, row, scale)?;
            let key = (
                item.inventory.clone(),
                item.statement.clone(),
                item.value.clone(),
            );
            if let Some(first_line) = lines.insert((key, item.question.clone()), row.line) {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "item",
                    found: format!("{:?}", item.question),
                });
            }
            items.push(item);
        }
        Ok(items.into_iter().collect())
    }
}

impl FromIterator<Item> for Questionnaire {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        let mut questionnaire = Self::default();
        for (place, item) in items.into_iter().enumerate() {
            let places = questionnaire.places.entry(item.value.clone()).or_default();
            if places.is_empty() {
                questionnaire.values.push(item.value.clone());
            }
            places.push(place);
            questionnaire.items.push(item);
        }
        questionnaire
    }
}

const COLUMNS: &str = "\"questionnaire\", \"item\", \"value\", \"agreement\" and \"question\"";

/// The places of the columns.
struct Columns {
    inventory: usize,
    statement: usize,
    value: usize,
    keying: usize,
    question: usize,
    scale: Option<usize>,
    weight: Option<usize>,
}

impl Columns {
    fn of(sheet: &Sheet) -> Result<Self, ReadError> {
        Ok(Self {
            inventory: sheet.column("questionnaire")?,
            statement: sheet.column("item")?,
            value: sheet.column("value")?,
            keying: sheet.column("agreement")?,
            question: sheet.column("question")?,
            scale: sheet.find("scale"),
            weight: sheet.find("weight"),
        })
    }

    fn item(&self, sheet: &Sheet, row: &Row, unless: &Scale) -> Result<Item, ReadError> {
        let value = row.cell(self.value).trim();
        if value.is_empty() {
            return Err(sheet.wrong(row, self.value, "the name of a value"));
        }
        let question = row.cell(self.question);
        if question.trim().is_empty() {
            return Err(sheet.wrong(row, self.question, "a question"));
        }
        let keying = match row.cell(self.keying).trim() {
            "1" | "+1" | "1.0" => Keying::Positive,
            "-1" | "-1.0" => Keying::Negative,
            _ => return Err(sheet.wrong(row, self.keying, "an agreement of 1 or -1")),
        };
        Ok(Item {
            inventory: row.cell(self.inventory).to_owned(),
            statement: row.cell(self.statement).to_owned(),
            value: value.to_owned(),
            keying,
            question: question.to_owned(),
            scale: self.scale(sheet, row)?.unwrap_or_else(|| unless.clone()),
            weight: self.weight(sheet, row)?,
        })
    }

    fn scale(&self, sheet: &Sheet, row: &Row) -> Result<Option<Scale>, ReadError> {
        let Some(column) = self.scale.filter(|&at| !row.cell(at).trim().is_empty()) else {
            return Ok(None);
        };
        let scale = row.cell(column).parse().map(Some);
        scale.map_err(|why: ScaleError| {
            let why = match why {
                ScaleError::Malformed { .. } => String::new(),
                other => format!(" ({other})"),
            };
            sheet.wrong(row, column, &format!("{}{why}", ScaleError::EXPECTED))
        })
    }

    fn weight(&self, sheet: &Sheet, row: &Row) -> Result<Weight, ReadError> {
        let Some(column) = self.weight.filter(|&at| !row.cell(at).trim().is_empty()) else {
            return Ok(Weight::default());
        };
        let weight = row.cell(column).trim().parse().ok().and_then(Weight::new);
        weight.ok_or_else(|| sheet.wrong(row, column, "a number above 0"))
    }
}
