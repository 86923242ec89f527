//! How items are answered and what they count for, as the third version of the database keeps it.

use rusqlite::{Connection, params};

use super::Design;
use super::database::in_order;
use super::error::damage;
use crate::{Item, RatingScale, Scale, Weight};

/// What the versions before say of stances, which are ratings too in this one.
const STANCES: &str = " CHECK (stance IN ('yes', 'no', 'unsure'))";

/// What it has beside: of each item its weight, and spellings with their ratings as JSON where it is
/// rated.
pub(super) const TABLE: &str = "
CREATE TABLE scale (item INTEGER PRIMARY KEY REFERENCES item, weight REAL NOT NULL, ratings TEXT);
";

/// The tables of the versions before, with ratings among the stances.
pub(super) fn with_ratings(schema: &str) -> String {
    schema.replace(STANCES, "")
}

/// Whether there is anything that the versions before cannot hold.
pub(super) fn are_needed(design: &Design) -> bool {
    let plain = |item: &Item| item.scale == Scale::YesNo && item.weight == Weight::default();
    !design.items().iter().all(plain)
}

pub(super) fn write(all: &Connection, design: &Design) -> rusqlite::Result<()> {
    let mut scale = all.prepare("INSERT INTO scale VALUES (?, ?, ?)")?;
    for (id, item) in design.items().iter().enumerate() {
        let ratings = item.scale.ratings();
        let ratings = ratings.map(|scale| serde_json::json!(scale.spellings()).to_string());
        scale.execute(params![id as i64, item.weight.get(), ratings])?;
    }
    Ok(())
}

/// How each item is answered, and what it counts for.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<(Scale, Weight)>> {
    let mut all = connection.prepare("SELECT item, weight, ratings FROM scale ORDER BY item")?;
    let rows = all.query_map([], |row| {
        let weight = Weight::new(row.get(1)?);
        let weight = weight.ok_or_else(|| damage(1, "an item with a weight that is none"))?;
        let scale = match row.get::<_, Option<String>>(2)? {
            Some(text) => Scale::Ratings(rating_scale(&text)?),
            None => Scale::YesNo,
        };
        Ok((row.get(0)?, (scale, weight)))
    })?;
    in_order(rows)
}

fn rating_scale(text: &str) -> rusqlite::Result<RatingScale> {
    let spellings: Option<Vec<(String, i32)>> = serde_json::from_str(text).ok();
    let scale = spellings.and_then(|spellings| RatingScale::new(spellings).ok());
    scale.ok_or_else(|| damage(2, format!("the ratings {text:?}")))
}
