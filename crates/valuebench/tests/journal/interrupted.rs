//! Kills, and disks that run full: nothing acknowledged is lost, nothing is asked twice.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use valuebench::journal::{Design, Journal, Question, Shard};

use crate::study::{contents, design, finish, manifest, open, response};

fn big() -> Design {
    design(40, &["", "Ada", "Bo", "Cy"], &[1, 2, 3, 4, 5])
}

/// Not a test of its own: the program that is killed. It answers in small batches and notes, in a
/// file of its own, what it asks and what the journal acknowledged.
#[test]
fn child() {
    let Some(folder) = std::env::var_os("JOURNAL_CHILD").map(PathBuf::from) else {
        return;
    };
    let mut notes = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("notes"))
        .unwrap();
    let mut note = |word: &str, questions: &[Question]| {
        let lines = questions
            .iter()
            .map(|q| format!("{word} {} {}\n", q.row, q.item));
        // At once, so that a kill cannot tear it.
        notes
            .write_all(lines.collect::<String>().as_bytes())
            .unwrap();
    };
    let design = big();
    let mut journal = open(&folder.join("journal"), &design, Shard::WHOLE);
    for questions in journal.pending().unwrap().chunks(3) {
        note("ask", questions);
        let answers: Vec<_> = questions.iter().map(|&q| response(&design, q)).collect();
        if let Err(error) = journal.record(&answers) {
            println!("stopped: {error}");
            std::process::exit(3);
        }
        note("kept", questions);
    }
}

fn child_in(folder: &Path, program: &str) -> Command {
    let exe = std::env::current_exe().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", program, "sh"])
        .arg(exe)
        .args(["--exact", "interrupted::child", "--nocapture"])
        .env("JOURNAL_CHILD", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

fn noted(folder: &Path, word: &str) -> Vec<Question> {
    let notes = fs::read_to_string(folder.join("notes")).unwrap_or_default();
    let of_word = notes
        .lines()
        .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    let question = |line: &str| {
        let (row, item) = line.split_once(' ')?;
        Some(Question {
            row: row.parse().ok()?,
            item: item.parse().ok()?,
        })
    };
    of_word.filter_map(question).collect()
}

fn equals_an_uninterrupted_run(folder: &Path) {
    let design = big();
    let mut whole = open(&folder.join("uninterrupted"), &design, Shard::WHOLE);
    finish(&mut whole, 500);
    let mut journal = open(&folder.join("journal"), &design, Shard::WHOLE);
    finish(&mut journal, 500);
    assert_eq!(contents(&journal), contents(&whole));
}

#[test]
fn fifty_kills_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let design = big();
    let mut lasted = 4_000;
    let mut random = 1_u64;
    for _ in 0..50 {
        let before: HashSet<Question> = noted(folder.path(), "kept").into_iter().collect();
        let asked_before = noted(folder.path(), "ask").len();
        let mut child = child_in(folder.path(), "exec \"$@\"").spawn().unwrap();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        sleep(Duration::from_micros(lasted + (random >> 33) % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let kept: HashSet<Question> = noted(folder.path(), "kept").into_iter().collect();
        if kept.len() == before.len() {
            lasted += 2_000; // a slow machine: let it come as far as answering
        }
        let again = noted(folder.path(), "ask").split_off(asked_before);
        assert!(
            again.iter().all(|question| !before.contains(question)),
            "an acknowledged answer was asked for again"
        );
        if !folder.path().join("journal").exists() {
            continue;
        }
        let journal = open(&folder.path().join("journal"), &design, Shard::WHOLE);
        let there: HashSet<Question> = contents(&journal)
            .iter()
            .map(|recorded| recorded.response.question)
            .collect();
        assert!(kept.is_subset(&there), "an acknowledged answer is lost");
    }
    assert!(
        !noted(folder.path(), "kept").is_empty(),
        "no child came so far"
    );
    equals_an_uninterrupted_run(folder.path());
}

#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // No file may grow beyond 1,200 blocks of 512 or 1,024 bytes, the log among them, and the
    // program is told so instead of killed.
    let limited = "trap '' XFSZ; ulimit -f 1200 && exec \"$@\"";
    let output = child_in(folder.path(), limited).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.code() != Some(3) {
        // Where the shell has no such limit the child goes through to the end.
        assert!(output.status.success(), "{output:?}");
        eprintln!("skipped: the shell sets no limit on the size of files");
        return;
    }
    assert!(
        said.contains("stopped: ") && said.contains("journal: cannot record answers"),
        "{said}"
    );
    let journal = Journal::of_file(folder.path().join("journal")).unwrap();
    let kept = noted(folder.path(), "kept");
    assert_eq!(journal.tally().unwrap().answered, kept.len());
    assert_eq!(journal.manifest(), &manifest());
    drop(journal);
    equals_an_uninterrupted_run(folder.path());
}

/// The same on a real file system without room, where one may be mounted.
#[test]
fn a_small_file_system_runs_full() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "none"])
        .arg(&small)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    let design = big();
    let path = small.join("journal");
    let mut journal = open(&path, &design, Shard::WHOLE);
    let mut kept = 0;
    let pending = journal.pending().unwrap();
    let full = pending.chunks(3).find_map(|questions| {
        let answers: Vec<_> = questions.iter().map(|&q| response(&design, q)).collect();
        let error = journal.record(&answers).err();
        kept += if error.is_none() { answers.len() } else { 0 };
        error
    });
    let answered = journal.tally().unwrap().answered;
    drop(journal);
    let reopened = Journal::of_file(&path).map(|journal| contents(&journal).len());
    let remount = Command::new("mount")
        .args(["-o", "remount,size=16m"])
        .arg(&small)
        .status();
    let finished = remount.is_ok_and(|status| status.success()).then(|| {
        let mut journal = open(&path, &design, Shard::WHOLE);
        finish(&mut journal, 100);
        contents(&journal)
    });
    Command::new("umount").arg(&small).status().unwrap();

    let error = full.expect("256 KiB hold all answers").to_string();
    assert!(
        error.contains("the disk is full; what was recorded before is kept"),
        "{error}"
    );
    assert_eq!(answered, kept);
    // Even reading may want room, for the log's end; with room again all is there.
    if let Ok(there) = reopened {
        assert_eq!(there, kept);
    }
    let mut whole = open(&folder.path().join("whole"), &design, Shard::WHOLE);
    finish(&mut whole, 500);
    if let Some(finished) = finished {
        assert_eq!(finished, contents(&whole));
    }
}
