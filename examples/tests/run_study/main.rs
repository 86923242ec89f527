//! Studies run from end to end: every way of running one must give the same.

mod judged;
mod organism;
mod paper;
mod roles;
mod slurm;
mod small;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use small::{Small, answers, csvs, merge_study, run_study};

#[test]
fn one_process_four_shards_a_killed_run_and_other_batches_give_the_same() {
    let whole = Small::varied("");
    let said = whole.finish(&["--answers"]);
    assert!(
        said.contains("in all") && said.contains("Estimated time for"),
        "{said}"
    );
    let expected = (csvs(&whole.out()), answers(&whole.out()));
    assert_eq!(expected.0.len(), 4, "train, test, raise, lower");
    assert!(expected.1.iter().any(|a| a.thought.is_some()));
    assert!(whole.out().join("study.answers.csv").exists());
    let again = whole.finish(&[]);
    assert!(
        again.contains("answers are there already, 0 are to come"),
        "{again}"
    );

    let sharded = Small::varied("");
    for shard in ["3/4", "1/4", "4/4", "2/4"] {
        let early = merge_study(&sharded);
        assert!(!early.status.success(), "shards are missing");
        sharded.finish(&["--shard", shard]);
    }
    let merged = merge_study(&sharded);
    assert!(merged.status.success(), "{merged:?}");
    assert_eq!((csvs(&sharded.out()), answers(&sharded.out())), expected);
    merges_one_study_only(&sharded);

    let narrow = Small::varied("\n[batch]\nrows = 3\nshare_prefixes = false\n");
    narrow.finish(&[]);
    assert_eq!((csvs(&narrow.out()), answers(&narrow.out())), expected);

    // Killed once it has kept answers, twice, then let go.
    let killed = Small::varied("");
    for time in 0..2 {
        let mut run = run_study(&killed, &[])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(run.stdout.take().unwrap());
        let kept = said
            .lines()
            .any(|line| line.unwrap().starts_with("Estimated time"));
        run.kill().unwrap();
        run.wait().unwrap();
        // The second may be through before it is killed.
        assert!(kept || time > 0);
    }
    let there = killed.finish(&[]);
    assert!(there.contains("answers are there already"), "{there}");
    assert_eq!((csvs(&killed.out()), answers(&killed.out())), expected);
}

/// With the whole journal and those of its shards there.
fn merges_one_study_only(study: &Small) {
    let refused = |expected: &str| {
        let merged = merge_study(study);
        let why = String::from_utf8_lossy(&merged.stderr);
        assert!(!merged.status.success() && why.contains(expected), "{why}");
    };
    assert!(merge_study(study).status.success());
    let other = "another study: steering.dose is \"12.0\" in the journal and \"11.0\" in the study";
    study.change("dose = 12.0", "dose = 11.0");
    refused(other);
    let (whole, aside) = (study.out().join("study.journal"), study.out().join("aside"));
    fs::rename(&whole, &aside).unwrap();
    refused(other);
    assert!(!whole.exists());
    fs::rename(&aside, &whole).unwrap();

    let shard = study.out().join("shards/2-of-4.journal");
    fs::remove_file(&shard).unwrap();
    study.finish(&["--shard", "2/4"]);
    study.change("dose = 11.0", "dose = 12.0");
    refused("steering.dose is \"12.0\" in the first and \"11.0\" in the second");
    refused("study.journal and ");
    fs::remove_file(&shard).unwrap();
    study.change("top = 2", "top = 1");
    study.finish(&["--shard", "2/4"]);
    refused("2-of-4.journal: journals of two studies: their questions differ");
}

#[test]
fn a_changed_study_is_refused_and_a_plan_asks_nothing() {
    let study = Small::varied("");
    let planned = study.finish(&["--plan"]);
    assert!(planned.contains("2 features"), "{planned}");
    assert!(!study.out().exists());
    study.finish(&["--shard", "1/9"]);
    study.change("dose = 12.0", "dose = 20.0");
    let refused = run_study(&study, &["--shard", "1/9"]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("another study: steering.dose is \"12.0\" in the journal and \"20.0\""),
        "{why}"
    );
    study.change("dose = 20.0", "dose = 12.0");
    study.change("top = 2", "top = 1");
    let refused = run_study(&study, &["--shard", "1/9"]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("another study: questions is"), "{why}");
    study.change("top = 1", "top = 2");
    study.change("mode = \"add\"", "mode = \"adds\"");
    let refused = run_study(&study, &[]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("study.toml: ") && why.contains("adds"),
        "{why}"
    );
}

#[test]
fn what_cannot_come_to_an_end_is_refused_before_it_begins() {
    let figures = "[analysis.figures]\nreference = \"a\"\nself_generated = []\nhierarchy = \"b\"";
    let analysis = |settings: &str| format!("[analysis]\n{settings}\n{figures}\n[instructions]");
    let here = "references = \"prompt.txt\"";
    for (old, new, expected) in [
        (
            "values = [\"Power\", \"Security\", \"Courage\"]",
            "values = []".to_owned(),
            "questionnaire.values: expected a value, found none",
        ),
        (
            "train = 3,",
            "train = 9000000000000000000,".to_owned(),
            "roles.made: expected at most 1000000 roles, found 9000000000000000000 for training",
        ),
        (
            "[instructions]",
            analysis(&format!("alpha = 7\n{here}")),
            "analysis.alpha: expected a level between 0 and 1, found 7",
        ),
        (
            "[instructions]",
            analysis("references = \"absent.toml\""),
            "absent.toml: No such file",
        ),
        (
            "[instructions]",
            analysis("references = \"study.toml\"\ntruth = \"absent.json\""),
            "absent.json: No such file",
        ),
    ] {
        let study = Small::varied("");
        study.change(old, &new);
        let refused = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && why.contains(expected), "{why}");
        assert!(!why.contains("panicked") && !study.out().exists(), "{why}");
    }
}
