//! One journal of many.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::digest::{self, Sum};
use super::error::{other_study, sqlite};
use super::{Difference, Journal, JournalError, Shard, database};

/// Makes one journal, at `into`, of the complete journals of all shards of a study, in any order.
/// The shards' journals stay as they are.
///
/// # Errors
///
/// [`JournalError`]: journals of different studies, with the difference named; two journals of one
/// shard; shards that are missing or lack answers; a journal that is [damaged](Journal::verify);
/// there is a file at `into` already; files that cannot be read or written.
pub fn merge(into: impl AsRef<Path>, shards: &[PathBuf]) -> Result<Journal, JournalError> {
    let into = into.as_ref();
    if into.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(JournalError::Io {
            file: into.to_owned(),
            source,
        });
    }
    let Some(first) = checked(shards)? else {
        return Err(JournalError::Gap {
            missing: vec![Shard::WHOLE],
            of: 1,
        });
    };
    // Built under another name, so that a journal at `into` is whole.
    let part = beside(into, ".merging");
    for name in [part.clone(), beside(&part, "-wal"), beside(&part, "-shm")] {
        if name.exists() {
            fs::remove_file(&name).map_err(|source| JournalError::Io { file: name, source })?;
        }
    }
    let mut merged = Journal::open(&part, &first.0, &first.1, Shard::WHOLE)?;
    for shard in shards {
        let shard = Journal::of_file(shard)?;
        copy(&mut merged.connection, &shard)
            .map_err(|source| sqlite(&shard.path, "copy its answers", source))?;
    }
    merged.complete()?;
    merged.verify()?;
    merged.close()?;
    fs::rename(&part, into).map_err(|source| JournalError::Io {
        file: into.to_owned(),
        source,
    })?;
    Journal::open(into, &first.0, &first.1, Shard::WHOLE)
}

/// What the journals have in common, once it is sure that they are all there and complete.
fn checked(shards: &[PathBuf]) -> Result<Option<(super::Manifest, super::Design)>, JournalError> {
    let mut first: Option<Journal> = None;
    let mut holders: Vec<Option<&Path>> = Vec::new();
    for path in shards {
        let connection = database::connect(path, false);
        let journal = match &first {
            // The file that is held already.
            Some(journal) if same_file(journal.path(), path) => Err(JournalError::Overlap {
                first: journal.path.clone(),
                second: path.clone(),
                shard: journal.shard,
            }),
            _ => connection.and_then(|connection| {
                drop(connection);
                Journal::of_file(path)
            }),
        }?;
        match &first {
            Some(known) => same_study(known, &journal)?,
            None => holders = vec![None; journal.shard.of()],
        }
        let holder = &mut holders[journal.shard.index() - 1];
        if let Some(first) = holder.replace(path) {
            return Err(JournalError::Overlap {
                first: first.to_owned(),
                second: path.clone(),
                shard: journal.shard,
            });
        }
        journal.complete()?;
        journal.verify()?;
        first = first.or(Some(journal));
    }
    let Some(first) = first else {
        return Ok(None);
    };
    let of = holders.len();
    let missing = (1..=of).filter(|&index| holders[index - 1].is_none());
    let missing: Vec<Shard> = missing
        .filter_map(|index| Shard::new(index, of).ok())
        .collect();
    match missing.is_empty() {
        true => Ok(Some((first.manifest, first.design))),
        false => Err(JournalError::Gap { missing, of }),
    }
}

fn same_study(first: &Journal, other: &Journal) -> Result<(), JournalError> {
    let shards = || {
        let (ours, theirs) = (first.shard.of(), other.shard.of());
        (ours != theirs).then(|| Difference {
            key: "the number of shards".to_owned(),
            ours: Some(ours.to_string()),
            theirs: Some(theirs.to_string()),
        })
    };
    let difference = first.manifest.difference(&other.manifest);
    let difference = difference
        .or_else(|| first.design.difference(&other.design))
        .or_else(shards);
    difference.map_or(Ok(()), |difference| {
        Err(other_study(&other.path, difference))
    })
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Copies all records of a shard, with their part of the digest. Not through SQLite's `ATTACH`,
/// which takes no path that is not UTF-8.
fn copy(merged: &mut Connection, shard: &Journal) -> rusqlite::Result<()> {
    let all = merged.transaction()?;
    let mut sum = Sum::read(&all)?;
    copy_table(&all, shard, "answer", digest::ANSWER, |row| {
        sum.toggle(digest::of_answer(row)?);
        Ok(())
    })?;
    copy_table(&all, shard, "judgement", digest::JUDGEMENT, |row| {
        sum.toggle(digest::of_judgement(row)?);
        Ok(())
    })?;
    sum.write(&all)?;
    all.commit()
}

fn copy_table(
    all: &Connection,
    shard: &Journal,
    table: &str,
    columns: &str,
    mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut read = shard
        .connection
        .prepare(&format!("SELECT {columns} FROM {table}"))?;
    let n = read.column_count();
    let places = vec!["?"; n].join(", ");
    let mut write = all.prepare(&format!(
        "INSERT INTO {table} ({columns}) VALUES ({places})"
    ))?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        each(row)?;
        let cells: Vec<Value> = (0..n).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        write.execute(params_from_iter(cells))?;
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
