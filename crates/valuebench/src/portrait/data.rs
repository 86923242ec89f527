use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::{RatingScale, ReadError, Scale, json};

/// Which inventory's values an item is correlated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueSystem {
    /// Schwartz's ten values (`correlations`).
    Schwartz,
    /// The five traits of the BFI-10 (`bfi_correlations`).
    BigFive,
    /// Schwartz's four higher values (`higher_pvq_correlations`).
    HigherValues,
}

impl ValueSystem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Schwartz, Self::BigFive, Self::HigherValues];

    /// The name in Value Portrait's files of scores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schwartz => "pvq",
            Self::BigFive => "bfi",
            Self::HigherValues => "higher_pvq",
        }
    }
}

/// Where a query comes from, as the first digit of its number says: that decides which template asks
/// about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A post with a title: Reddit (1) and Dear Abby (2).
    Reddit,
    /// A message to a model, without a title: ShareGPT (3) and LMSYS (4).
    ShareGpt,
}

impl Source {
    fn of(query: u32) -> Option<Self> {
        match query.to_string().as_bytes().first() {
            Some(b'1' | b'2') => Some(Self::Reddit),
            Some(b'3' | b'4') => Some(Self::ShareGpt),
            _ => None,
        }
    }
}

/// What people were shown before a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its number (`portrait_id`).
    pub id: u32,
    /// Where it comes from.
    pub source: Source,
    /// Its title; every query of [`Source::Reddit`] has one.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
}

/// A response to a query: what is rated.
#[derive(Clone, Debug, PartialEq)]
pub struct PortraitItem {
    /// The query.
    pub query: Arc<Query>,
    /// The number of the response among those to its query.
    pub response: u32,
    /// The text of the response.
    pub text: String,
    correlations: [Vec<(String, f64)>; 3],
}

impl PortraitItem {
    /// The values of a system, each with the correlation of people's ratings of this response with
    /// their own value, from -1 to 1.
    pub fn correlations(&self, system: ValueSystem) -> &[(String, f64)] {
        &self.correlations[system as usize]
    }

    /// The scale on which it is answered.
    pub fn scale(&self) -> Scale {
        Scale::Ratings(RatingScale::likeness())
    }
}

/// All items of Value Portrait, in the order of the file.
///
/// ```
/// use valuebench::portrait::{Portraits, ValueSystem};
///
/// let json = r#"[{"portrait_id": 3002, "content": {"text": "What matters?"}, "outputs": [
///     {"id": 1, "content": "Your friends.", "correlations": [["Benevolence", 0.41]]}]}]"#;
/// let portraits = Portraits::from_reader(json.as_bytes())?;
/// let item = &portraits.items()[0];
/// assert_eq!((item.query.id, item.response), (3002, 1));
/// assert_eq!(item.correlations(ValueSystem::Schwartz)[0].1, 0.41);
/// assert!(item.correlations(ValueSystem::BigFive).is_empty());
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Portraits {
    items: Vec<PortraitItem>,
}

/// Three pairs of item and value that the released scorer leaves out by hand.
const LEFT_OUT: [(u32, u32, ValueSystem, &str); 3] = [
    (3902, 4, ValueSystem::Schwartz, "Achievement"),
    (1901, 1, ValueSystem::Schwartz, "Universalism"),
    (2901, 4, ValueSystem::BigFive, "Extraversion"),
];

impl Portraits {
    /// Reads the released file, `query-response-tagged.json`: a list of queries, each with its
    /// `portrait_id`, its `content` (`title`, `text`) and `outputs` (`id`, `content`,
    /// `correlations`, `bfi_correlations` and `higher_pvq_correlations`, lists of a value and a
    /// correlation). Other keys are not read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8 or not JSON, keys that are missing,
    /// a number that begins with none of 1, 2, 3 and 4, a post without a title, an empty text, a
    /// query, response or value twice, a correlation beyond 1, and files without a response.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        json::from_path(path.as_ref(), EXPECTED)
    }

    /// Reads the released format.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        json::from_reader(reader, EXPECTED)
    }

    /// The items, in the order of the file.
    pub fn items(&self) -> &[PortraitItem] {
        &self.items
    }

    /// As the released code scores them: three correlations do not count there.
    #[must_use]
    pub fn like_released(self) -> Self {
        self.filter_correlations(|item, system, value| {
            let pair = (item.query.id, item.response, system, value);
            !LEFT_OUT.contains(&pair)
        })
    }

    /// With those correlations of items with values for which `keep` holds.
    #[must_use]
    pub fn filter_correlations(
        mut self,
        keep: impl Fn(&PortraitItem, ValueSystem, &str) -> bool,
    ) -> Self {
        for item in &mut self.items {
            let mut kept = std::mem::take(&mut item.correlations);
            for (system, correlations) in ValueSystem::ALL.into_iter().zip(&mut kept) {
                correlations.retain(|(value, _)| keep(item, system, value));
            }
            item.correlations = kept;
        }
        self
    }
}

const EXPECTED: &str = "a list with at least one query";

/// A query as the file has it.
#[derive(Deserialize)]
#[serde(try_from = "WrittenQuery")]
struct QueryWithResponses {
    query: Arc<Query>,
    outputs: Vec<WrittenResponse>,
}

#[derive(Deserialize)]
#[serde(expecting = "a query with `portrait_id`, `content` and `outputs`")]
struct WrittenQuery {
    #[serde(deserialize_with = "number")]
    portrait_id: u32,
    content: WrittenContent,
    outputs: Vec<WrittenResponse>,
}

#[derive(Deserialize)]
#[serde(expecting = "a content with a `text`")]
struct WrittenContent {
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
#[serde(expecting = "a response with `id` and `content`")]
struct WrittenResponse {
    id: u32,
    content: String,
    #[serde(default)]
    correlations: Option<Correlations>,
    #[serde(default)]
    bfi_correlations: Option<Correlations>,
    #[serde(default)]
    higher_pvq_correlations: Option<Correlations>,
}

#[derive(Default, Deserialize)]
#[serde(try_from = "Vec<(String, f64)>")]
struct Correlations(Vec<(String, f64)>);

impl TryFrom<Vec<(String, f64)>> for Correlations {
    type Error = String;

    fn try_from(written: Vec<(String, f64)>) -> Result<Self, String> {
        let mut values = HashSet::new();
        for (value, r) in &written {
            if value.trim().is_empty() {
                return Err("expected the name of a value, found an empty one".to_owned());
            }
            if !(-1.0..=1.0).contains(r) {
                return Err(format!(
                    "{value:?}: expected a correlation from -1 to 1, found {r}"
                ));
            }
            if !values.insert(value) {
                return Err(format!("expected each value once, found {value:?} again"));
            }
        }
        Ok(Self(written))
    }
}

impl TryFrom<WrittenQuery> for QueryWithResponses {
    type Error = String;

    fn try_from(written: WrittenQuery) -> Result<Self, String> {
        let id = written.portrait_id;
        let Some(source) = Source::of(id) else {
            return Err(format!(
                "expected a portrait_id that begins with 1, 2, 3 or 4, found {id}"
            ));
        };
        let WrittenContent { title, text } = written.content;
        if text.trim().is_empty() {
            return Err(format!("query {id}: expected a text, found an empty one"));
        }
        if source == Source::Reddit && title.is_none() {
            return Err(format!(
                "query {id}: expected a title, as posts have, found none"
            ));
        }
        let mut ids = HashSet::new();
        for response in &written.outputs {
            let response_id = response.id;
            if !ids.insert(response_id) {
                return Err(format!(
                    "query {id}: expected each response once, found {response_id} again"
                ));
            }
            if response.content.trim().is_empty() {
                return Err(format!(
                    "query {id}, response {response_id}: expected a text, found an empty one"
                ));
            }
        }
        Ok(Self {
            query: Arc::new(Query {
                id,
                source,
                title,
                text,
            }),
            outputs: written.outputs,
        })
    }
}

/// A number, or a text that is one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = u32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the number of a query")
        }

        fn visit_u64<E: de::Error>(self, found: u64) -> Result<u32, E> {
            u32::try_from(found)
                .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(found), &self))
        }

        fn visit_str<E: de::Error>(self, found: &str) -> Result<u32, E> {
            found
                .parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Str(found), &self))
        }
    }

    deserializer.deserialize_any(Number)
}

impl<'de> Deserialize<'de> for Portraits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Queries)
    }
}

/// Query after query, so that errors tell where.
struct Queries;

impl<'de> Visitor<'de> for Queries {
    type Value = Portraits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut queries: A) -> Result<Portraits, A::Error> {
        let (mut ids, mut items) = (HashSet::new(), Vec::new());
        while let Some(QueryWithResponses { query, outputs }) = queries.next_element()? {
            if !ids.insert(query.id) {
                let id = query.id;
                let problem = format!("expected each query once, found {id} again");
                return Err(de::Error::custom(problem));
            }
            items.extend(outputs.into_iter().map(|response| {
                PortraitItem {
                    query: query.clone(),
                    response: response.id,
                    text: response.content,
                    correlations: [
                        response.correlations,
                        response.bfi_correlations,
                        response.higher_pvq_correlations,
                    ]
                    .map(|written| written.unwrap_or_default().0),
                }
            }));
        }
        match items.is_empty() {
            true => Err(de::Error::custom(
                "expected at least one response, found none",
            )),
            false => Ok(Portraits { items }),
        }
    }
}
