//! Items that are rated.

use std::fs;
use std::path::Path;

use serde_json::Value;
use value_causal::bench::OrientationTable;
use value_causal::bench::journal::{Likelihoods, RatingLikelihoods, Verdict};

use crate::small::{Small, answers, csvs, merge_study, run_study};

const FILE: &str = "[questionnaire]";

/// The organism, which says yes and no, and counts for 3 and 1 by that.
fn rated(scale: &str) -> Small {
    let study = Small::varied("");
    study.change(FILE, &format!("{FILE}\nscale = \"{scale}\""));
    study
}

fn found(study: &Small) -> Value {
    let text = fs::read_to_string(study.out().join("study.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn refusal(study: &Small) -> String {
    let refused = run_study(study, &[]).output().unwrap();
    assert!(!refused.status.success());
    String::from_utf8(refused.stderr).unwrap()
}

#[test]
fn ratings_that_are_a_yes_and_a_no_make_the_same_tables() {
    let plain = Small::varied("");
    plain.finish(&[]);
    let study = rated("no=1; unsure=2; sure=3; yes=3");
    let said = study.finish(&["--answers"]);
    let scale = "3 ratings from 1 (no) to 3 (sure), which tables have from -1 to 1";
    assert!(said.contains(scale), "{said}");
    assert!(!said.contains("unjudged: "), "{said}");
    assert_eq!(csvs(&study.out()), csvs(&plain.out()));
    let (rated_answers, plain_answers) = (answers(&study.out()), answers(&plain.out()));
    let mut n_rated = 0;
    for (rated, plain) in rated_answers.iter().zip(plain_answers) {
        assert_eq!(rated.response.text, plain.response.text);
        n_rated += usize::from(matches!(
            rated.response.verdict,
            Verdict::Rated { rating: 1 | 3, .. }
        ));
        assert_eq!(rated.thought, None);
    }
    assert!(n_rated * 2 > rated_answers.len());
    let ends = &found(&study)["ends"][0];
    assert_eq!((&ends["low"], &ends["high"]), (&1.into(), &3.into()));
    let items = fs::read_to_string(study.out().join("items.csv")).unwrap();
    let header = "part,value,agreement,question,yes,no,unsure,1,2,3,unjudged\n";
    assert!(items.starts_with(header), "{items}");
    let of_plain = fs::read_to_string(plain.out().join("items.csv")).unwrap();
    let cells = |text: &str| -> Vec<String> {
        text.lines()
            .nth(1)
            .unwrap()
            .split(',')
            .map(str::to_owned)
            .collect()
    };
    let (rated_line, plain_line) = (cells(&items), cells(&of_plain));
    assert_eq!(
        (&rated_line[7], &rated_line[9]),
        (&plain_line[5], &plain_line[4]),
        "{items}\n{of_plain}"
    );
    let table_2 = fs::read_to_string(study.out().join("table_2.md")).unwrap();
    assert!(
        table_2.contains("cannot say it: answers are ratings"),
        "{table_2}"
    );
    let said = fs::read_to_string(study.out().join("study.answers.csv")).unwrap();
    assert!(said.contains(",3,rules,"), "{said}");

    // It goes on where it is, and not on another scale.
    assert!(study.finish(&[]).contains("0 to come"));
    study.change("unsure=2", "unsure=0");
    let why = refusal(&study);
    assert!(
        why.contains("another study: item number 1 is") && why.contains("unsure=2"),
        "{why}"
    );
    study.change("\nscale = \"no=1; unsure=0; sure=3; yes=3\"", "");
    let why = refusal(&study);
    assert!(why.contains("another study: item number 1 is"), "{why}");

    let sharded = rated("no=1; unsure=2; sure=3; yes=3");
    for shard in ["2/2", "1/2"] {
        sharded.finish(&["--shard", shard]);
    }
    let merged = merge_study(&sharded);
    assert!(merged.status.success(), "{merged:?}");
    assert_eq!(csvs(&sharded.out()), csvs(&plain.out()));
}

/// The journals' texts are of the same questions in the same order.
#[test]
fn an_expected_rating_is_the_mean_by_the_likelihoods_of_its_spellings() {
    let by_likelihood = |study: &Small, words: &str| {
        study.change(
            "max_new_tokens = 24",
            &format!("mode = \"likelihood\"{words}"),
        );
        study.change("open = \"unsure\"", "");
        study.finish(&[])
    };
    let plain = Small::varied("");
    by_likelihood(
        &plain,
        "\n[judging.likelihood]\nyes = [\" yes\"]\nno = [\" no\"]\n",
    );
    let study = rated("no=1; yes=5");
    let said = by_likelihood(&study, "");
    assert!(
        said.contains("likelihood: the spellings of the ratings"),
        "{said}"
    );
    let (rated, yes_no) = (answers(&study.out()), answers(&plain.out()));
    assert_eq!(rated.len(), yes_no.len());
    for (rated, yes_no) in rated.iter().zip(yes_no) {
        let rated = RatingLikelihoods::parse(&rated.response.text).unwrap();
        let Likelihoods { yes, no } = Likelihoods::parse(&yes_no.response.text).unwrap();
        let expected = (5.0 * yes[0] + no[0]) / (yes[0] + no[0]);
        assert!(
            (rated.expected()[0] - expected).abs() < 1e-4,
            "{rated} {yes:?} {no:?}"
        );
    }
    let (of_rated, of_plain) = (found(&study), found(&plain));
    let mass = |found: &Value| found["read_off"]["yes_or_no"].as_f64().unwrap();
    assert!((mass(&of_rated) - mass(&of_plain)).abs() < 1e-4);
}

/// From the first prompt to the tables.
#[test]
fn the_study_of_ratings_that_is_shipped_runs() {
    let studies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../studies");
    let study = Small::varied("");
    let text = fs::read_to_string(studies.join("ratings.toml")).unwrap();
    let organism = studies.join("../../fixtures/organism/model");
    fs::copy(
        studies.join("ratings.csv"),
        study.file().with_file_name("ratings.csv"),
    )
    .unwrap();
    fs::write(
        study.file(),
        text.replace("../../fixtures/organism/model", organism.to_str().unwrap()),
    )
    .unwrap();
    let said = study.finish(&[]);
    assert!(
        said.contains(
            "5 ratings from 1 (never) to 5 (always); 6 ratings from 1 (not like me at all)"
        ),
        "{said}"
    );
    let [train, centred] = ["train.csv", "train_centred.csv"]
        .map(|name| OrientationTable::from_path(study.out().join(name)).unwrap());
    assert_eq!(
        train.values(),
        ["Achievement", "Power", "Security", "Curiosity"]
    );
    assert_eq!(train.n_settings(), 13);
    // Roles differ, and what is centred lies about nothing.
    assert!(
        train
            .matrix()
            .outer_iter()
            .any(|row| row != train.matrix().row(0))
    );
    for row in centred.matrix().rows() {
        assert!(
            row.iter().any(|x| *x < 0.0) && row.iter().any(|x| *x > 0.0),
            "{row}"
        );
    }
    let found = found(&study);
    assert_eq!(found["ends"].as_array().unwrap().len(), 2, "{found}");
    assert!(
        found["read_off"]["forms_correlate"].is_f64(),
        "both orders of the options: {found}"
    );
}

#[test]
fn what_does_not_go_with_ratings_is_refused() {
    for (scale, judging, expected) in [
        (
            "no=1",
            "",
            "questionnaire.scale: a scale has at least two ratings, this one 1",
        ),
        (
            "no=1, yes=2",
            "",
            "questionnaire.scale: a scale has at least two ratings, this one 1",
        ),
        (
            "no; yes",
            "",
            "questionnaire.scale: expected \"yes/no\", \"likeness\" or ratings as",
        ),
        (
            "no=1; No=2",
            "",
            "questionnaire.scale: \"no\" stands for 1 and for 2",
        ),
        (
            "no=1; yes=2",
            "mode = \"fast\"",
            "judging.mode: expected \"exact\" or \"likelihood\"",
        ),
        (
            "no=1; yes=2",
            "judge = \"chat\"",
            "judging.judge: expected \"rules\"",
        ),
        (
            "yes/no",
            "mode = \"likelihood\"",
            "judging.likelihood: expected the spellings",
        ),
    ] {
        let study = rated(scale);
        study.change("max_new_tokens = 24", judging);
        let why = refusal(&study);
        assert!(why.contains(expected), "{expected}: {why}");
    }
}
