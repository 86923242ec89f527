//! What is not this study's journal is refused, and the difference named.

use std::fs;

use valuebench::journal::{Aspect, Design, DesignError, Journal, PlannedRow, Question, Shard};
use valuebench::{OrientationTable, Setting, journal::Unjudged};

use crate::study::{contents, design, finish, items, manifest, open, response, small, verdict};

#[test]
fn a_changed_study_is_refused_with_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(open(&path, &small(), Shard::WHOLE));
    let why = |manifest, design: &Design, shard| {
        Journal::open(&path, &manifest, design, shard)
            .unwrap_err()
            .to_string()
    };
    let whole = Shard::WHOLE;
    assert_eq!(
        why(manifest().with("dose", 20.0), &small(), whole),
        format!(
            "{}: the journal of another study: dose is \"100\" in the journal and \"20\" in the study",
            path.display()
        )
    );
    assert!(
        why(manifest().with("seed", 1), &small(), whole)
            .contains("seed is not there in the journal and \"1\" in the study")
    );
    let mut rows = small().rows().to_vec();
    rows[4].items = [0, 3, 5].into();
    for (other, expected) in [
        (
            Design::new(items(7), rows).unwrap(),
            "row 5 (train: Ada, feature 7), item number 2 is \"Should I do 2?\" in the journal and \"Should I do 3?\"",
        ),
        (
            design(7, &["", "Ada", "Di"], &[7, u64::MAX]),
            "role number 2 is \"Bo\" in the journal and \"Di\" in the study",
        ),
        (
            design(7, &["", "Ada", "Bo"], &[7]),
            "feature number 2 is \"18446744073709551615\" in the journal and not there in the study",
        ),
        (
            design(8, &["", "Ada", "Bo"], &[7, u64::MAX]),
            "item number 8 is not there in the journal and ",
        ),
    ] {
        let why = why(manifest(), &other, whole);
        assert!(why.contains(expected), "{why}");
    }
    assert!(
        why(manifest(), &small(), Shard::new(1, 2).unwrap())
            .ends_with("this is the journal of shard 1/1, expected that of shard 1/2"),
    );
    assert_eq!(Journal::of_file(&path).unwrap().design(), &small());
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let why = |name: &str| Journal::of_file(at(name)).unwrap_err().to_string();
    assert!(why("nothing").contains("nothing: cannot open it"));
    fs::write(at("empty"), "").unwrap();
    assert!(why("empty").ends_with("empty: expected a journal, found an empty database"));
    assert!(
        open(&at("empty"), &small(), Shard::WHOLE).pending().is_ok(),
        "as after a kill"
    );
    fs::write(at("text"), "name,age\n".repeat(200)).unwrap();
    assert!(why("text").ends_with("text: expected a journal, found a file of another kind"));
}

#[test]
fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path, &small(), Shard::WHOLE);
    let error = Journal::of_file(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("journal: in use by another process"),
        "{error}"
    );
    finish(&mut journal, 9);
    journal.close().unwrap();
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "one file, no log"
    );
}

#[test]
fn nothing_is_recorded_twice_or_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let design = small();
    let mut journal = open(
        &folder.path().join("journal"),
        &design,
        Shard::new(1, 2).unwrap(),
    );
    let pending = journal.pending().unwrap();
    let of = |question| response(&design, question);
    journal.record(&[of(pending[0])]).unwrap();
    // All or nothing: the new one beside the known one is not kept.
    let twice = journal
        .record(&[of(pending[1]), of(pending[0])])
        .unwrap_err();
    assert!(
        twice
            .to_string()
            .contains("row 0, item 0: expected a question without an answer")
    );
    for wrong in [(1, 0), (0, 1), (0, 99), (99, 0)] {
        let question = Question {
            row: wrong.0,
            item: wrong.1,
        };
        let mut answer = of(pending[1]);
        answer.question = question;
        let error = journal.record(&[answer]).unwrap_err().to_string();
        assert!(
            error.contains("expected a question of this journal's shard"),
            "{error}"
        );
    }
    let early = journal.judge(Aspect::Answer, &[(pending[1], verdict("yes"))]);
    assert!(
        early
            .unwrap_err()
            .to_string()
            .contains("expected a question with an answer")
    );
    assert_eq!(contents(&journal).len(), 1);
    assert_eq!(journal.pending().unwrap(), pending[1..]);
}

#[test]
fn tables_want_all_answers_judged() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    let why = |journal: &Journal, part| {
        let table = OrientationTable::from_journal(journal, part, Unjudged::Refuse);
        table.unwrap_err().to_string()
    };
    assert!(why(&journal, "train").contains("0 of "));
    assert!(
        why(&journal, "trian").ends_with("expected one of the parts train, test, found \"trian\"")
    );
    finish(&mut journal, 10);
    let unjudged = why(&journal, "train");
    assert!(unjudged.ends_with("answers are unjudged, the first because the rules leave it open"));
}

#[test]
fn rows_that_make_no_design() {
    let row = |setting: Setting, items: &[usize]| PlannedRow {
        part: "p".into(),
        setting,
        items: items.into(),
    };
    let design = |rows| Design::new(items(2), rows).unwrap_err();
    let none = Setting::default;
    assert!(matches!(
        design(vec![row(none(), &[2])]),
        DesignError::NoSuchItem { item: 2, .. }
    ));
    assert!(matches!(
        design(vec![row(none(), &[0, 0])]),
        DesignError::ItemTwice { .. }
    ));
    assert_eq!(
        design(vec![row(none(), &[0]), row(none(), &[1])]).to_string(),
        "row 1 (p: empty role, unsteered): expected each setting once, found it first at row 0"
    );
}

#[test]
fn a_journal_that_may_not_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(open(&path, &small(), Shard::WHOLE));
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    if fs::OpenOptions::new().write(true).open(&path).is_ok() {
        println!("skipped: this user may write what is read-only");
        return;
    }
    let why = Journal::of_file(&path).unwrap_err().to_string();
    let expected = format!("{}: read-only; a journal is locked", path.display());
    assert!(why.starts_with(&expected), "{why}");
}
