//! Journals that are not as they were written.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use valuebench::OrientationTable;
use valuebench::journal::{
    Aspect, Consistency, ItemStatistics, Journal, JournalError, LONGEST_ANSWER, Recorded, Shard,
    Steering, Unjudged, Verified, merge,
};

use crate::study::{contents, design, finish, open, response, small, verdict};

/// A whole study with thoughts judged, and some answers judged again.
fn study(path: &Path) {
    let mut journal = open(path, &small(), Shard::WHOLE);
    finish(&mut journal, 20);
    let thoughts = journal.unjudged(Aspect::Thought).unwrap();
    let judged = |text: &str| verdict(text.trim());
    let thoughts: Vec<_> = thoughts
        .iter()
        .map(|t| (t.question, judged(&t.text)))
        .collect();
    journal.judge(Aspect::Thought, &thoughts).unwrap();
    let open = journal.unjudged(Aspect::Answer).unwrap();
    let said: Vec<_> = open
        .iter()
        .map(|t| (t.question, verdict("unsure")))
        .collect();
    journal
        .judge(Aspect::Answer, &said[..said.len() / 2])
        .unwrap();
    journal.close().unwrap();
}

/// What a journal of before has not: the digest.
fn as_of_before(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let sql = "DROP TABLE digest; PRAGMA user_version = 1; VACUUM";
    connection.execute_batch(sql).unwrap();
}

/// All that is made of a journal.
#[derive(Debug, PartialEq)]
struct Results {
    tables: Vec<String>,
    consistency: Consistency,
    items: Vec<ItemStatistics>,
    answers: Vec<Recorded>,
}

fn results(path: &Path) -> Result<Results, JournalError> {
    let journal = Journal::of_file(path)?;
    journal.verify()?;
    journal.complete()?;
    let mut tables = Vec::new();
    for part in ["train", "test"] {
        tables.push(OrientationTable::from_journal(&journal, part, Unjudged::AsUnsure)?.to_csv());
    }
    let mut answers = Vec::new();
    journal.for_each(|recorded| {
        answers.push(recorded);
        Ok::<_, JournalError>(())
    })?;
    let results = Results {
        tables,
        consistency: journal.consistency(None, Steering::Any)?,
        items: journal.item_statistics("train")?,
        answers,
    };
    journal.close()?;
    Ok(results)
}

#[test]
fn a_thousand_changes_of_a_byte_change_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    study(&path);
    let expected = results(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged");
    let mut random = fastrand::Rng::with_seed(12);
    let mut refused = 0;
    for _ in 0..1000 {
        let mut bytes = whole.clone();
        // Most of a page may be empty: half of the changes go to where something is.
        let used: Vec<usize> = (0..8).map(|_| random.usize(..bytes.len())).collect();
        let used = used.iter().find(|&&at| random.bool() || bytes[at] != 0);
        let at = *used.unwrap_or(&100);
        let before = bytes[at];
        bytes[at] = match random.bool() {
            true => before ^ (1 << random.u8(..8)),
            false => before.wrapping_add(random.u8(1..)),
        };
        fs::write(&damaged, &bytes).unwrap();
        match results(&damaged) {
            Ok(found) => assert_eq!(found, expected, "byte {at}: {before} became {}", bytes[at]),
            Err(_) => refused += 1,
        }
        for ending in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(folder.path().join(format!("damaged{ending}")));
        }
    }
    assert!(refused > 300, "only {refused} of 1000 changes were found");
}

/// Without a digest a text may become another, but no word, number or question one that cannot be.
#[test]
fn journals_without_a_digest_go_on_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    study(&path);
    let expected = results(&path).unwrap();
    as_of_before(&path);
    assert_eq!(results(&path).unwrap(), expected);
    let journal = Journal::of_file(&path).unwrap();
    assert_eq!(journal.verify().unwrap(), Verified::WithoutDigest);
    drop(journal);

    let half = folder.path().join("half");
    let mut journal = open(&half, &small(), Shard::WHOLE);
    let some = journal.pending().unwrap();
    let some: Vec<_> = some
        .iter()
        .take(9)
        .map(|&q| response(&small(), q))
        .collect();
    journal.record(&some).unwrap();
    assert_eq!(journal.verify().unwrap(), Verified::Whole);
    journal.close().unwrap();
    as_of_before(&half);
    let mut journal = open(&half, &small(), Shard::WHOLE);
    finish(&mut journal, 5);
    journal
        .judge(Aspect::Thought, &[(some[0].question, verdict("no"))])
        .unwrap();
    assert_eq!(journal.verify().unwrap(), Verified::WithoutDigest);
    journal.close().unwrap();
    assert!(results(&half).is_ok());

    let merged = merge(folder.path().join("merged"), std::slice::from_ref(&half)).unwrap();
    assert_eq!(merged.verify().unwrap(), Verified::Whole);
}

/// Files that were made to look like journals, or that lost or gained something.
#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let shards = |n: i64| format!("UPDATE shard SET shards = {n}");
    let of_shards: Vec<String> = [19, 1_000_000_000, 1 << 40, 1 << 62, i64::MAX, 0, -1]
        .map(shards)
        .into();
    let view = |sql: &str| format!("DROP VIEW answers; CREATE VIEW answers AS {sql}");
    let views = [
        view("SELECT * FROM answers"),
        view("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"),
        view("SELECT part, NULL AS thought_stance, 'yes' AS stance, NULL AS feature FROM planned"),
    ];
    let others = [
        "UPDATE judgement SET stance = 'yas' WHERE row = 0 AND item = 0 AND aspect = 0",
        "UPDATE judgement SET stance = '' WHERE row = 3 AND aspect = 0",
        "UPDATE judgement SET stance = x'ff' WHERE row = 3 AND aspect = 0",
        "UPDATE judgement SET aspect = 9 WHERE row = 0 AND item = 0 AND aspect = 1",
        "UPDATE judgement SET aspect = -1 WHERE row = 0 AND item = 0 AND aspect = 1",
        "UPDATE judgement SET judge = NULL WHERE stance = 'no' AND aspect = 0",
        "UPDATE judgement SET item = 99 WHERE row = 0 AND item = 0",
        "UPDATE judgement SET row = -5 WHERE row = 0 AND item = 0",
        "DELETE FROM judgement WHERE row = 0 AND item = 0 AND aspect = 0",
        "DELETE FROM answer WHERE row = 0 AND item = 0",
        "UPDATE answer SET item = 99 WHERE row = 0 AND item = 0",
        "UPDATE answer SET item = 1 WHERE row = 0 AND item = 0",
        "UPDATE answer SET item = -1 WHERE row = 0 AND item = 0",
        "UPDATE answer SET row = 4611686018427387904 WHERE row = 0 AND item = 0",
        "UPDATE answer SET text = x'ff' WHERE row = 0 AND item = 0",
        "UPDATE answer SET prompt_sha256 = x'ff' WHERE row = 0 AND item = 0",
        "UPDATE answer SET seconds = 'soon' WHERE row = 0 AND item = 0",
        "UPDATE planned SET id = 4000 WHERE id = 17",
        "UPDATE planned SET role = 'Eve' WHERE id = 4",
        "UPDATE planned SET asked = 77 WHERE id = 4",
        "UPDATE item SET id = 900 WHERE id = 6",
        "UPDATE item SET agreement = 7 WHERE id = 2",
        "UPDATE item SET agreement = -agreement WHERE id = 2",
        "UPDATE asked SET items = '0 2 x'",
        "UPDATE asked SET items = '0 18446744073709551615'",
        "UPDATE asked SET items = '0 0'",
        "DELETE FROM shard",
        "INSERT INTO shard SELECT * FROM shard; DELETE FROM planned",
        "UPDATE shard SET questions = 'none'",
        "CREATE TRIGGER t AFTER INSERT ON answer BEGIN DELETE FROM judgement; END",
        "CREATE TABLE other (a)",
        "DROP TABLE judgement",
        "PRAGMA user_version = 3",
        "PRAGMA user_version = 4",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 1",
    ];
    for has_digest in [true, false] {
        study(&path);
        if !has_digest {
            as_of_before(&path);
        }
        let whole = fs::read(&path).unwrap();
        let all = others.iter().map(ToString::to_string);
        for sql in all.chain(of_shards.clone()).chain(views.clone()) {
            fs::write(&path, &whole).unwrap();
            let connection = Connection::open(&path).unwrap();
            let unchecked = "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF";
            connection.execute_batch(unchecked).unwrap();
            connection.execute_batch(&sql).unwrap();
            connection.close().unwrap();
            let error = results(&path).expect_err(&sql);
            assert!(
                !matches!(error, JournalError::Sqlite { .. }),
                "{sql}: {error}"
            );
        }
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn words_and_numbers_are_part_of_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    study(&path);
    let whole = fs::read(&path).unwrap();
    for sql in [
        "UPDATE answer SET text = 'Yes.' WHERE row = 0 AND item = 0",
        "UPDATE answer SET new_tokens = new_tokens + 1 WHERE row = 0 AND item = 0",
        "UPDATE answer SET seconds = 0.125 WHERE row = 0 AND item = 0",
        "UPDATE answer SET prompt_sha256 = zeroblob(32) WHERE row = 0 AND item = 0",
        "UPDATE judgement SET stance = 'unsure' WHERE stance = 'no' AND row = 0",
        "UPDATE judgement SET judge = 'rulez' WHERE stance = 'no' AND row = 0",
        "UPDATE judgement SET reason = 'none' WHERE row = 0",
        "DELETE FROM judgement WHERE aspect = 1 AND row = 0",
        "UPDATE manifest SET value = '10' WHERE key = 'dose'",
        "DELETE FROM manifest WHERE key = 'dose'",
    ] {
        fs::write(&path, &whole).unwrap();
        let connection = Connection::open(&path).unwrap();
        assert_ne!(connection.execute(sql, []).unwrap(), 0, "{sql}");
        connection.close().unwrap();
        let error = results(&path).expect_err(sql);
        assert!(
            matches!(error, JournalError::Damaged { .. }),
            "{sql}: {error}"
        );
        let error =
            merge(folder.path().join("merged"), std::slice::from_ref(&path)).expect_err(sql);
        assert!(
            matches!(error, JournalError::Damaged { .. }),
            "{sql}: {error}"
        );
    }
    assert!(!folder.path().join("merged").exists());
}

#[test]
fn limits_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let design = design(7, &["", "Ada"], &[7]);
    let error = Journal::open(
        &path,
        &crate::study::manifest(),
        &design,
        Shard::new(1, 9_999_999).unwrap(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "{}: expected at most as many shards as the study has rows, 8, found 9999999",
            path.display()
        )
    );
    assert!(!path.exists());
    let mut journal = open(&path, &design, Shard::WHOLE);
    let mut long = response(&design, journal.pending().unwrap()[0]);
    long.text = "x".repeat(LONGEST_ANSWER + 1);
    assert_eq!(
        journal
            .record(std::slice::from_ref(&long))
            .unwrap_err()
            .to_string(),
        format!(
            "{}: row 0, item 0: expected an answer of at most 1048576 bytes, found 1048577",
            path.display()
        )
    );
    long.text.pop();
    journal.record(&[long]).unwrap();
    assert_eq!(contents(&journal).len(), 1);
}
