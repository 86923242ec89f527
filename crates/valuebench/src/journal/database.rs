//! The database: its tables, how it is opened, and what in it says whose it is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Transaction, params};

use super::digest::Sum;
use super::error::{damage, damaged, not_a_journal, other_study, sqlite};
use super::{Design, JournalError, Manifest, PlannedRow, Shard, scales};
use crate::{Item, Keying, Setting};

/// Written into the file's header: "vbjl".
const APPLICATION: i32 = 0x7662_6a6c;

/// The version that is made where all items are answered with yes or no and count alike; the first,
/// without a digest, is read and written as well.
const VERSION: i32 = 2;
const WITHOUT_DIGEST: i32 = 1;

/// The version of every other journal: its stances may be ratings, and it says how items are answered
/// and what they count for.
const WITH_SCALES: i32 = 3;

const SCHEMA: &str = "
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shard (number INTEGER NOT NULL, shards INTEGER NOT NULL, questions TEXT NOT NULL);
CREATE TABLE item (
    id INTEGER PRIMARY KEY, inventory TEXT NOT NULL, statement TEXT NOT NULL, value TEXT NOT NULL,
    agreement INTEGER NOT NULL, question TEXT NOT NULL);
CREATE TABLE asked (id INTEGER PRIMARY KEY, items TEXT NOT NULL);
CREATE TABLE planned (
    id INTEGER PRIMARY KEY, part TEXT NOT NULL, role TEXT, feature INTEGER,
    asked INTEGER NOT NULL REFERENCES asked);
CREATE TABLE answer (
    row INTEGER NOT NULL REFERENCES planned, item INTEGER NOT NULL REFERENCES item,
    prompt_sha256 BLOB NOT NULL, text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    new_tokens INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (row, item)) WITHOUT ROWID;
CREATE TABLE judgement (
    row INTEGER NOT NULL, item INTEGER NOT NULL, aspect INTEGER NOT NULL,
    stance TEXT CHECK (stance IN ('yes', 'no', 'unsure')), judge TEXT, reason TEXT,
    PRIMARY KEY (row, item, aspect)) WITHOUT ROWID;
CREATE VIEW answers AS
    SELECT planned.part, planned.role, planned.feature, item.value, item.agreement, item.question,
        answer.text, said.stance, said.judge, said.reason,
        thought.stance AS thought_stance, thought.judge AS thought_judge,
        answer.prompt_tokens, answer.new_tokens, answer.seconds
    FROM answer JOIN planned ON planned.id = answer.row JOIN item ON item.id = answer.item
    LEFT JOIN judgement said
        ON said.row = answer.row AND said.item = answer.item AND said.aspect = 0
    LEFT JOIN judgement thought
        ON thought.row = answer.row AND thought.item = answer.item AND thought.aspect = 1;
";

/// What the second version has beside.
const DIGEST: &str = "CREATE TABLE digest (records BLOB NOT NULL);";

/// What a file turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A database in which nothing was ever written: a kill while a journal is made leaves it so.
    Nothing,
    Journal {
        has_digest: bool,
    },
}

/// A connection that has the file for itself.
///
/// Held exclusively, the write-ahead log needs no memory shared between processes, so a journal may
/// lie on a network file system.
pub(super) fn connect(path: &Path, create: bool) -> Result<Connection, JournalError> {
    let doing = "open it";
    // SQLite would wait at a pipe, and what is a device is no database.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(not_a_journal(
            path,
            "no file but a folder, a device or a pipe",
        ));
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    // SQLite takes some names for something else: `file:a` for a URI, `:memory:` for no file at
    // all.
    let plain = match path.is_relative() {
        true => &*Path::new(".").join(path),
        false => path,
    };
    let connection =
        Connection::open_with_flags(plain, flags).map_err(|source| sqlite(path, doing, source))?;
    // SQLite opens what it may not write for reading, and fails at the lock.
    if connection.is_readonly("main").is_ok_and(|is| is) {
        return Err(JournalError::ReadOnly {
            file: path.to_owned(),
        });
    }
    let lock = || {
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = OFF")?;
        // Whoever made the file is not to be trusted.
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
    };
    lock().map_err(|source| sqlite(path, doing, source))?;
    Ok(connection)
}

/// What the file is. A journal has the tables and views that it was made with, to the letter, and
/// no others.
pub(super) fn find(path: &Path, connection: &Connection) -> Result<Found, JournalError> {
    let number = |sql: &str| {
        let read = connection.query_row(sql, [], |row| row.get::<_, i32>(0));
        read.map_err(|source| sqlite(path, "read its header", source))
    };
    let (application, version) = (
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
    );
    if number("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(Found::Nothing);
    }
    let has_digest = match (application, version) {
        (APPLICATION, VERSION | WITH_SCALES) => true,
        (APPLICATION, WITHOUT_DIGEST) => false,
        (APPLICATION, _) => {
            let found =
                format!("one of version {version}, where this program knows version {WITH_SCALES}");
            return Err(not_a_journal(path, found));
        }
        _ => return Err(not_a_journal(path, "a database of another program")),
    };
    let as_made = || {
        let made = Connection::open_in_memory()?;
        make(&made, version)?;
        Ok(tables(&made)? == tables(connection)?)
    };
    match as_made().map_err(|source| sqlite(path, "read its tables", source))? {
        true => Ok(Found::Journal { has_digest }),
        false => Err(damaged(path, "other tables or views than a journal has")),
    }
}

fn make(connection: &Connection, version: i32) -> rusqlite::Result<()> {
    let schema = match version {
        WITHOUT_DIGEST => SCHEMA.to_owned(),
        VERSION => [SCHEMA, DIGEST].concat(),
        _ => [&scales::with_ratings(SCHEMA), DIGEST, scales::TABLE].concat(),
    };
    connection.execute_batch(&schema)
}

/// The version that can hold the design.
fn version_for(design: &Design) -> i32 {
    match scales::are_needed(design) {
        true => WITH_SCALES,
        false => VERSION,
    }
}

/// Everything that the database defines, in the words that define it. What `ANALYZE` leaves is no
/// part of it.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    let mut all = connection.prepare(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name",
    )?;
    let rows = all.query_map([], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    })?;
    rows.collect()
}

/// Writes whose journal it is, at once or not at all.
pub(super) fn create(
    path: &Path,
    connection: &mut Connection,
    manifest: &Manifest,
    design: &Design,
    shard: Shard,
) -> Result<(), JournalError> {
    let mut fill = || {
        let all = connection.transaction()?;
        let version = version_for(design);
        make(&all, version)?;
        all.pragma_update(None, "application_id", APPLICATION)?;
        all.pragma_update(None, "user_version", version)?;
        for (key, value) in manifest.iter() {
            all.execute("INSERT INTO manifest VALUES (?, ?)", [key, value])?;
        }
        let (number, shards) = (shard.index() as i64, shard.of() as i64);
        let questions = design.digest();
        let whose = params![number, shards, questions];
        all.execute("INSERT INTO shard VALUES (?, ?, ?)", whose)?;
        write_design(&all, design)?;
        Sum::of_study(manifest, &questions, shard).create(&all)?;
        all.commit()
    };
    fill().map_err(|source| sqlite(path, "make it", source))
}

fn write_design(all: &Transaction<'_>, design: &Design) -> rusqlite::Result<()> {
    let mut item = all.prepare("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)")?;
    for (id, it) in design.items().iter().enumerate() {
        let (keying, id) = (it.keying.sign(), id as i64);
        item.execute(params![
            id,
            it.inventory,
            it.statement,
            it.value,
            keying,
            it.question
        ])?;
    }
    if version_for(design) == WITH_SCALES {
        scales::write(all, design)?;
    }
    let mut ids: HashMap<&[usize], i64> = HashMap::new();
    let mut asked = all.prepare("INSERT INTO asked VALUES (?, ?)")?;
    let mut planned = all.prepare("INSERT INTO planned VALUES (?, ?, ?, ?, ?)")?;
    for (id, row) in design.rows().iter().enumerate() {
        let n = ids.len() as i64;
        let list = *ids.entry(&row.items).or_insert(n);
        if list == n {
            let items: Vec<String> = row.items.iter().map(ToString::to_string).collect();
            asked.execute(params![list, items.join(" ")])?;
        }
        let feature = row.setting.feature().map(u64::cast_signed);
        planned.execute(params![
            id as i64,
            row.part,
            row.setting.role,
            feature,
            list
        ])?;
    }
    Ok(())
}

/// Refuses the journal of another study or shard.
pub(super) fn check(
    path: &Path,
    connection: &Connection,
    expected: &Manifest,
    design: &Design,
    shard: Shard,
) -> Result<(), JournalError> {
    if let Some(difference) = expected.difference(&manifest(path, connection)?) {
        return Err(other_study(path, difference));
    }
    if design.digest() != questions(path, connection)?
        && let Some(difference) = design.difference(&self::design(path, connection)?)
    {
        return Err(other_study(path, difference));
    }
    match self::shard(path, connection, design)? {
        found if found == shard => Ok(()),
        found => Err(JournalError::OtherShard {
            file: path.to_owned(),
            expected: shard,
            found,
        }),
    }
}

pub(super) fn manifest(path: &Path, connection: &Connection) -> Result<Manifest, JournalError> {
    let read = || -> rusqlite::Result<Manifest> {
        let mut all = connection.prepare("SELECT key, value FROM manifest")?;
        let entries = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        entries.collect()
    };
    read().map_err(|source| sqlite(path, "read its manifest", source))
}

/// The digest of the design.
pub(super) fn questions(path: &Path, connection: &Connection) -> Result<String, JournalError> {
    let read = connection.query_row("SELECT questions FROM shard", [], |row| row.get(0));
    read.map_err(|source| sqlite(path, "read its shard", source))
}

/// The shard, which cannot be one of more than the design has rows.
pub(super) fn shard(
    path: &Path,
    connection: &Connection,
    design: &Design,
) -> Result<Shard, JournalError> {
    let read = connection.query_row("SELECT number, shards FROM shard", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    let (index, of) = read.map_err(|source| sqlite(path, "read its shard", source))?;
    let place = |n: i64| usize::try_from(n).unwrap_or(0);
    match Shard::new(place(index), place(of)) {
        Ok(shard) if shard.fits(design) => Ok(shard),
        _ => Err(damaged(
            path,
            format!("shard {index}/{of} of {} rows", design.rows().len()),
        )),
    }
}

pub(super) fn design(path: &Path, connection: &Connection) -> Result<Design, JournalError> {
    let read = || Ok((items(connection)?, rows(connection)?));
    let (items, rows) = read().map_err(|source| sqlite(path, "read its design", source))?;
    let design = Design::new(items, rows).map_err(|error| damaged(path, error.to_string()))?;
    match questions(path, connection)? == design.digest() {
        true => Ok(design),
        false => Err(damaged(
            path,
            "its questions do not have the digest that was kept of them",
        )),
    }
}

fn items(connection: &Connection) -> rusqlite::Result<Vec<Item>> {
    let mut all = connection.prepare(
        "SELECT id, inventory, statement, value, agreement, question FROM item ORDER BY id",
    )?;
    let rows = all.query_map([], |row| {
        let item = Item {
            inventory: row.get(1)?,
            statement: row.get(2)?,
            value: row.get(3)?,
            keying: match row.get::<_, i64>(4)? {
                1 => Keying::Positive,
                -1 => Keying::Negative,
                other => return Err(damage(4, format!("an item with the agreement {other}"))),
            },
            question: row.get(5)?,
            ..Item::default()
        };
        Ok((row.get(0)?, item))
    })?;
    let mut items = in_order(rows)?;
    if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0))? == WITH_SCALES {
        for (item, (scale, weight)) in items.iter_mut().zip(scales::read(connection)?) {
            (item.scale, item.weight) = (scale, weight);
        }
    }
    Ok(items)
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<PlannedRow>> {
    let mut all = connection.prepare("SELECT id, items FROM asked")?;
    let lists = all.query_map([], |row| {
        Ok((row.get(0)?, places(&row.get::<_, String>(1)?)?))
    })?;
    let lists: HashMap<i64, Arc<[usize]>> = lists.collect::<Result<_, _>>()?;
    let mut all =
        connection.prepare("SELECT id, part, role, feature, asked FROM planned ORDER BY id")?;
    let rows = all.query_map([], |row| {
        let role: Option<String> = row.get(2)?;
        let feature: Option<i64> = row.get(3)?;
        let items = lists.get(&row.get(4)?);
        let row_of_design = PlannedRow {
            part: row.get(1)?,
            setting: match feature {
                Some(feature) => Setting::steered(role.as_deref(), feature.cast_unsigned()),
                None => Setting::of_role(role.as_deref()),
            },
            items: items
                .cloned()
                .ok_or_else(|| damage(4, "a row without its items"))?,
        };
        Ok((row.get(0)?, row_of_design))
    })?;
    in_order(rows)
}

/// The things themselves, whose numbers must be their places: records refer to them by number.
pub(super) fn in_order<T>(
    numbered: impl Iterator<Item = rusqlite::Result<(i64, T)>>,
) -> rusqlite::Result<Vec<T>> {
    let placed = numbered
        .enumerate()
        .map(|(place, numbered)| match numbered? {
            (number, thing) if number == place as i64 => Ok(thing),
            (number, _) => Err(damage(
                0,
                format!("number {number} in the place of number {place}"),
            )),
        });
    placed.collect()
}

fn places(text: &str) -> rusqlite::Result<Arc<[usize]>> {
    let places = text.split(' ').filter(|place| !place.is_empty());
    let places = places.map(|place| {
        let number = place.parse();
        number.map_err(|_| damage(1, format!("{place:?} in the place of an item's number")))
    });
    places.collect()
}
