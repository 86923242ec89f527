//! Shards, and one journal of them.

use std::path::PathBuf;

use proptest::prelude::*;
use valuebench::journal::{Aspect, JournalError, Shard, merge};
use valuebench::journal::{Journal, Manifest};

use crate::study::{contents, design, finish, manifest, open, small, verdict};

fn shards(of: usize) -> impl Iterator<Item = Shard> {
    (1..=of).map(move |index| Shard::new(index, of).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_shards_give_the_whole(
        n_items in 1..6_usize, n_roles in 1..4_usize, of in 1..7_usize, batch in 1..9_usize,
        order in any::<u64>(), lost in any::<proptest::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: String| folder.path().join(name);
        let design = design(n_items, &["", "Ada", "Bo"][..n_roles], &[5]);
        let of = of.min(design.rows().len());
        let mut whole = open(&at("whole".into()), &design, Shard::WHOLE);
        finish(&mut whole, 100);
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut planned = 0;
        for shard in shards(of) {
            paths.push(at(format!("shard-{}", shard.index())));
            let mut journal = open(paths.last().unwrap(), &design, shard);
            planned += journal.pending().unwrap().len();
            finish(&mut journal, batch);
        }
        prop_assert_eq!(planned, design.n_questions(Shard::WHOLE));
        paths.sort_by_key(|path| path.to_string_lossy().len() as u64 ^ order);
        paths.rotate_left(lost.index(of));

        let merged = merge(at("merged".into()), &paths).unwrap();
        prop_assert_eq!(contents(&merged), contents(&whole));
        prop_assert_eq!(merged.shard(), Shard::WHOLE);
        prop_assert!(merge(at("merged".into()), &paths).is_err(), "it is there already");

        let twice: Vec<PathBuf> = paths.iter().chain([&paths[0]]).cloned().collect();
        let overlap = merge(at("twice".into()), &twice).unwrap_err();
        prop_assert!(matches!(overlap, JournalError::Overlap { .. }), "{}", overlap);

        let removed = paths.remove(lost.index(of));
        let gap = merge(at("gap".into()), &paths).unwrap_err();
        prop_assert!(matches!(gap, JournalError::Gap { .. }), "{} without {:?}", gap, removed);
        for name in ["twice", "gap", "merged.merging"] {
            prop_assert!(!at(name.into()).exists());
        }
    }
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [first, second] = [1, 2].map(|index| Shard::new(index, 2).unwrap());
    let design = small();
    finish(&mut open(&at("first"), &design, first), 50);
    let why = |others: &[&str]| {
        let paths: Vec<PathBuf> = others.iter().map(|name| at(name)).collect();
        merge(at("merged"), &paths).unwrap_err().to_string()
    };

    let mut journal = open(&at("half"), &design, second);
    let all = journal.pending().unwrap();
    let one = crate::study::response(&design, all[0]);
    journal.record(&[one]).unwrap();
    drop(journal);
    assert!(
        why(&["first", "half"]).ends_with(&format!(
            "half: 1 of {} answers; the first one missing is to \"Should I do 2?\" (empty role, feature 7)",
            all.len()
        )),
        "{}",
        why(&["first", "half"])
    );

    let other = manifest().with("dose", 20.0);
    finish(
        &mut Journal::open(at("dose"), &other, &design, second).unwrap(),
        50,
    );
    assert!(
        why(&["first", "dose"])
            .contains("another study: dose is \"20\" in the journal and \"100\""),
        "{}",
        why(&["first", "dose"])
    );

    let other = crate::study::design(6, &["", "Ada", "Bo"], &[7, u64::MAX]);
    finish(&mut open(&at("fewer"), &other, second), 50);
    assert!(
        why(&["first", "fewer"]).contains("item number 7 is not there in the journal and \""),
        "{}",
        why(&["first", "fewer"])
    );

    finish(
        &mut open(&at("third"), &design, Shard::new(3, 3).unwrap()),
        50,
    );
    assert!(why(&["first", "third"]).contains("the number of shards is \"3\""));

    assert!(why(&["first", "nowhere"]).contains("nowhere: cannot open it"));
    std::fs::write(
        at("text"),
        "not a database, though a long enough text to be read as one",
    )
    .unwrap();
    assert!(why(&["first", "text"]).contains("text: expected a journal, found"));
    assert!(why(&["first"]).contains("found none of 2/2"));
    assert!(why(&[]).contains("found none of 1/1"));
    assert!(!at("merged").exists());
}

#[test]
fn judgements_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let design = small();
    let mut paths = Vec::new();
    for shard in shards(3) {
        paths.push(folder.path().join(format!("{}", shard.index())));
        let mut journal = open(paths.last().unwrap(), &design, shard);
        finish(&mut journal, 50);
        let thoughts = journal.unjudged(Aspect::Thought).unwrap();
        assert_eq!(thoughts.len(), journal.tally().unwrap().answered);
        let verdicts: Vec<_> = thoughts
            .iter()
            .map(|t| (t.question, verdict(&t.text)))
            .collect();
        journal.judge(Aspect::Thought, &verdicts).unwrap();
    }
    let merged = merge(folder.path().join("merged"), &paths).unwrap();
    assert!(
        contents(&merged)
            .iter()
            .all(|recorded| recorded.thought.is_some())
    );
    let _: &Manifest = merged.manifest();
}

/// Names that are no text, or that SQLite would take for a URI or for memory.
#[cfg(unix)]
#[test]
fn folders_may_have_any_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for name in [
        b"caf\xe9".as_slice(),
        b"\xff\xfe",
        b"file:a",
        b"file:a?mode=memory",
        b"file:///tmp/a",
        b":memory:",
        b"a?b#c",
        b"%41",
        b"it's \"so\"",
        b"new\nline",
    ] {
        let base = tempfile::tempdir().unwrap();
        // Paths are relative to the folder, which is that of a process of its own.
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "merging::merges_in_a_folder", "--ignored"])
            .current_dir(base.path())
            .env("TEST_FOLDER", OsStr::from_bytes(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success(),
            "{}: {said}",
            String::from_utf8_lossy(name)
        );
        let found: Vec<_> = std::fs::read_dir(base.path()).unwrap().collect();
        // A name with slashes makes folders of its own.
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
#[ignore = "run by `folders_may_have_any_name`"]
fn merges_in_a_folder() {
    let Some(name) = std::env::var_os("TEST_FOLDER") else {
        return;
    };
    let folder = PathBuf::from(&name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut paths = Vec::new();
    for shard in shards(2) {
        // The files are called like the folder, so that a path begins with the name and ends with
        // it.
        let file = std::path::Path::new(&name).file_name().unwrap().to_owned();
        let mut path = file;
        path.push(format!("-{}", shard.index()));
        paths.push(folder.join(path));
        let mut journal = open(paths.last().unwrap(), &small(), shard);
        finish(&mut journal, 50);
        journal.close().unwrap();
    }
    let merged = merge(folder.join("merged"), &paths).unwrap();
    assert_eq!(contents(&merged).len(), small().n_questions(Shard::WHOLE));
    merged.close().unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
}
