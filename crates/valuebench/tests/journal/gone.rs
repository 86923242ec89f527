//! A journal that goes away while answers come.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use valuebench::journal::{Aspect, Journal, JournalError, Shard};

use crate::study::{open, response, small, verdict};

type Loss = fn(&Path);

/// What may happen to `folder/journal` behind the back of who writes it.
const LOSSES: [(&str, Loss); 5] = [
    ("the file is removed", |folder| {
        fs::remove_file(folder.join("journal")).unwrap();
    }),
    ("the folder is removed", |folder| {
        fs::remove_dir_all(folder).unwrap();
    }),
    ("the folder is moved", |folder| {
        fs::rename(folder, folder.with_extension("moved")).unwrap();
    }),
    ("another file takes its place", |folder| {
        fs::write(folder.join("new"), "").unwrap();
        fs::rename(folder.join("new"), folder.join("journal")).unwrap();
    }),
    ("a second run makes its own", |folder| {
        for name in ["journal", "journal-wal"] {
            fs::remove_file(folder.join(name)).unwrap();
        }
        drop(open(&folder.join("journal"), &small(), Shard::WHOLE));
    }),
];

fn after(
    loss: Loss,
    act: impl FnOnce(Journal) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("run");
    fs::create_dir(&folder).unwrap();
    let mut journal = open(&folder.join("journal"), &small(), Shard::WHOLE);
    let first = journal.pending().unwrap()[0];
    journal.record(&[response(&small(), first)]).unwrap();
    loss(&folder);
    act(journal)
}

#[test]
fn it_is_noticed_at_each_commit_and_before_the_end() {
    for (loss, lose) in LOSSES {
        let gone = |what: &str, found: Result<(), JournalError>| {
            assert!(
                matches!(found, Err(JournalError::Gone { .. })),
                "{loss}, {what}: {found:?}"
            );
        };
        gone(
            "record",
            after(lose, |mut journal| {
                let next = journal.pending()?[0];
                journal.record(&[response(&small(), next)])
            }),
        );
        gone(
            "judge",
            after(lose, |mut journal| {
                let answered = journal.unjudged(Aspect::Thought)?[0].question;
                journal.judge(Aspect::Thought, &[(answered, verdict("yes"))])
            }),
        );
        gone("complete", after(lose, |journal| journal.complete()));
        gone("verify", after(lose, |journal| journal.verify().map(drop)));
        gone("close", after(lose, Journal::close));
    }
}

#[test]
fn what_stays_where_it_is_is_not_gone() {
    assert!(after(|_| (), Journal::close).is_ok());
    // A link to the journal's folder may go: the journal is where it was.
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("run")).unwrap();
    let link = base.path().join("link");
    std::os::unix::fs::symlink(base.path().join("run"), &link).unwrap();
    let journal = open(&link.join("journal"), &small(), Shard::WHOLE);
    fs::remove_file(link).unwrap();
    assert!(journal.close().is_ok());
}
