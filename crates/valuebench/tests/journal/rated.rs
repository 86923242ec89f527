//! Journals of items that are rated, or count differently; and those that were made before there were any.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use valuebench::journal::{
    Aspect, Design, Journal, JournalError, PlannedRow, Question, RatingLikelihoods, Response,
    Shard, Unjudged, Verdict, Verified, merge, prompt_hash,
};
use valuebench::{Item, Keying, OrientationTable, Questionnaire, Setting, Stance};

use crate::study::{contents, items, manifest, open};

const CSV: &str = "\
questionnaire,item,value,agreement,question,scale,weight
I,a,Calm,1,How often do I rest?,never=1; sometimes=2; often=5,3
I,b,Calm,-1,How often do I hurry?,never=1; sometimes=2; often=5,
I,c,Wit,1,Is it like me to joke?,likeness,
I,d,Wit,1,Do I joke?,,
";

fn rated() -> Design {
    let items = Questionnaire::from_reader(CSV.as_bytes())
        .unwrap()
        .items()
        .to_vec();
    let row = |role: &str| PlannedRow {
        part: "train".into(),
        setting: Setting::of_role(role),
        items: [0, 1, 2, 3].into(),
    };
    Design::new(items, vec![row("Ada"), row("Bo")]).unwrap()
}

fn by(judge: &str, rating: i32) -> Verdict {
    let judge = judge.into();
    Verdict::Rated { rating, judge }
}

fn yes() -> Verdict {
    let (stance, judge) = (Stance::Yes, "rules".into());
    Verdict::Judged { stance, judge }
}

fn response(row: usize, item: usize, text: &str, verdict: Verdict) -> Response {
    Response {
        question: Question { row, item },
        prompt_hash: prompt_hash(text),
        text: text.into(),
        prompt_tokens: 1,
        new_tokens: 2,
        seconds: 0.5,
        verdict,
    }
}

/// Ada's answers are written, Bo's read off or open.
fn answer(journal: &mut Journal) {
    let scale = rated().items()[0].scale.clone();
    let likely = [0.25_f64, 0.5, 0.125].map(f64::ln).to_vec();
    let read_off = RatingLikelihoods::of(scale.ratings().unwrap(), &[likely]);
    let open = || Verdict::Unjudged {
        reason: "no spelling".into(),
    };
    let all = [
        response(0, 0, "Often", by("rules", 5)),
        response(0, 1, "sometimes", by("rules", 2)),
        response(0, 2, "a little like me", by("rules", 3)),
        response(0, 3, "yes", yes()),
        response(1, 0, &read_off.to_string(), read_off.verdict()),
        response(1, 1, "well", open()),
        response(1, 2, "like me", by("rules", 5)),
        response(1, 3, "well", open()),
    ];
    let shard = journal.shard();
    let mine = all
        .into_iter()
        .filter(|answer| shard.holds(answer.question.row));
    journal.record(&mine.collect::<Vec<_>>()).unwrap();
}

fn orientations(journal: &Journal) -> Vec<f64> {
    let table = OrientationTable::from_journal(journal, "train", Unjudged::AsUnsure).unwrap();
    let of_items = journal
        .item_scores("train", Unjudged::AsUnsure)
        .unwrap()
        .table()
        .unwrap();
    assert_eq!(table.to_csv(), of_items.to_csv());
    table.matrix().iter().copied().collect()
}

/// Ada's rest is 5 of 1 to 5 (1), weighs three times as much as her hurry (2, which lies at -0.5 and counts against calm);
/// her joke 3 of 1 to 6 (-0.2), and a yes. Bo's rest is 1.875 / 0.875 in the mean, his hurry is open: the middle.
#[test]
fn ratings_count_by_their_place_on_the_scale_and_items_by_their_weight() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path, &rated(), Shard::WHOLE);
    answer(&mut journal);
    let expected = [0.875, 0.4, 0.75 * (1.875 / 0.875 / 2.0 - 1.5), 0.3];
    let found = orientations(&journal);
    assert!(
        found
            .iter()
            .zip(expected)
            .all(|(found, x)| (found - x).abs() < 1e-12),
        "{found:?}"
    );
    assert_eq!(journal.verify().unwrap(), Verified::Whole);
    assert_eq!(journal.tally().unwrap().unjudged, 2);
    let counts = journal.item_statistics("train").unwrap();
    assert_eq!(
        counts[0].ratings.iter().collect::<Vec<_>>(),
        [(&2, &1), (&5, &1)]
    );
    assert_eq!(
        (counts[1].unjudged, counts[3].yes, counts[3].unjudged),
        (1, 1, 1)
    );
    let csv = folder.path().join("answers.csv");
    journal.write_csv(&csv).unwrap();
    assert!(fs::read_to_string(csv).unwrap().contains(",Often,5,rules,"));
    // Ratings are judgements to replace, like others.
    let question = Question { row: 1, item: 1 };
    journal
        .judge(Aspect::Answer, &[(question, by("me", 1))])
        .unwrap();
    assert!((orientations(&journal)[2] - (expected[2] + 0.25)).abs() < 1e-12);
    let all = contents(&journal);
    journal.close().unwrap();
    let again = open(&path, &rated(), Shard::WHOLE);
    assert_eq!(contents(&again), all);
    drop(again);
    assert_eq!(Journal::of_file(&path).unwrap().design(), &rated());
}

#[test]
fn a_verdict_is_one_on_the_scale_of_its_item() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &rated(), Shard::WHOLE);
    for (item, verdict) in [(0, yes()), (0, by("rules", 3)), (3, by("rules", 1))] {
        let refused = journal
            .record(&[response(0, item, "x", verdict.clone())])
            .unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("expected a verdict on the scale of the item"),
            "{refused}"
        );
        let question = Question { row: 0, item };
        let refused = journal
            .judge(Aspect::Answer, &[(question, verdict)])
            .unwrap_err();
        assert!(
            matches!(refused, JournalError::Question { .. }),
            "{refused}"
        );
    }
    assert_eq!(journal.tally().unwrap().answered, 0);
}

#[test]
fn shards_of_ratings_merge() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut whole = open(&path("whole"), &rated(), Shard::WHOLE);
    answer(&mut whole);
    for shard in [1, 2] {
        let name = path(&shard.to_string());
        let mut journal = open(&name, &rated(), Shard::new(shard, 2).unwrap());
        answer(&mut journal);
        journal.close().unwrap();
    }
    let merged = merge(path("merged"), &[path("2"), path("1")]).unwrap();
    assert_eq!(contents(&merged), contents(&whole));
    assert_eq!(orientations(&merged), orientations(&whole));
}

#[test]
fn another_scale_or_weight_is_another_study_and_damage_to_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path, &rated(), Shard::WHOLE);
    answer(&mut journal);
    journal.close().unwrap();
    for (from, to) in [
        (",3\n", ",2\n"),
        ("often=5,3", "often=4,3"),
        ("likeness", ""),
    ] {
        let other = Questionnaire::from_reader(CSV.replacen(from, to, 1).as_bytes()).unwrap();
        let design = Design::new(other.items().to_vec(), rated().rows().to_vec()).unwrap();
        let refused = Journal::open(&path, &manifest(), &design, Shard::WHOLE).unwrap_err();
        assert!(
            refused.to_string().contains("another study: item number "),
            "{refused}"
        );
    }
    let whole = fs::read(&path).unwrap();
    for sql in [
        "UPDATE scale SET weight = 2 WHERE item = 0",
        "UPDATE scale SET weight = 0",
        "UPDATE scale SET ratings = NULL WHERE item = 0",
        "UPDATE scale SET ratings = '[[\"a\",1]]' WHERE item = 0",
        "UPDATE scale SET ratings = '{}' WHERE item = 0",
        "UPDATE scale SET item = 9 WHERE item = 3",
        "DELETE FROM scale",
        "UPDATE judgement SET stance = '3' WHERE item = 0",
        "UPDATE judgement SET stance = 'yes' WHERE item = 0",
        "UPDATE judgement SET stance = 'often' WHERE item = 0",
        "UPDATE judgement SET stance = '2' WHERE item = 0",
        "PRAGMA user_version = 2",
    ] {
        fs::write(&path, &whole).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = OFF")
            .unwrap();
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
        let damaged = Journal::of_file(&path).and_then(|journal| journal.verify());
        let error = damaged.expect_err(sql);
        assert!(
            matches!(error, JournalError::Damaged { .. }),
            "{sql}: {error}"
        );
    }
}

/// `before.sql` is what SQLite's `.dump` says of a journal that was written by the release before there were ratings, with
/// the numbers in its header; the table is that release's too.
#[test]
fn a_journal_of_before_opens_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("before.sql"))
        .unwrap();
    connection.close().unwrap();
    let tables = || {
        let journal = Journal::of_file(&path).unwrap();
        assert_eq!(journal.verify().unwrap(), Verified::Whole);
        assert!(journal.design().items().iter().all(|item| *item
            == Item {
                weight: Default::default(),
                ..item.clone()
            }));
        journal.complete().unwrap();
        let table = OrientationTable::from_journal(&journal, "test", Unjudged::AsUnsure);
        table.unwrap().to_csv()
    };
    assert_eq!(tables(), include_str!("before.csv"));
    // It is opened to write into as well, as the study that it is of, and stays what it is.
    let journal = Journal::of_file(&path).unwrap();
    let (manifest, design) = (journal.manifest().clone(), journal.design().clone());
    let first = contents(&journal).swap_remove(0).response;
    drop(journal);
    let mut journal = Journal::open(&path, &manifest, &design, Shard::WHOLE).unwrap();
    let verdict = first.verdict.clone();
    journal
        .judge(Aspect::Answer, &[(first.question, verdict)])
        .unwrap();
    journal.close().unwrap();
    assert_eq!(tables(), include_str!("before.csv"));
    assert_eq!(version(&path), 2);
}

/// So that the release before can go on with what this one begins.
#[test]
fn a_journal_without_ratings_is_one_of_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, weighted] = ["plain", "weighted"].map(|name| folder.path().join(name));
    let row = PlannedRow {
        part: "train".into(),
        setting: Setting::default(),
        items: [0].into(),
    };
    let design = |items| Design::new(items, vec![row.clone()]).unwrap();
    open(&plain, &design(items(1)), Shard::WHOLE)
        .close()
        .unwrap();
    assert_eq!(version(&plain), 2);
    let item = Item {
        keying: Keying::Negative,
        weight: valuebench::Weight::new(0.5).unwrap(),
        ..items(1).remove(0)
    };
    open(&weighted, &design(vec![item]), Shard::WHOLE)
        .close()
        .unwrap();
    assert_eq!(version(&weighted), 3);
}

fn version(path: &Path) -> i32 {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}
