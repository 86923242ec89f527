//! Answers that are read off from the likelihood of yes and no.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use value_causal::bench::journal::{
    Journal, JournalError, Likelihoods, Recorded, Unjudged, Verdict,
};
use value_causal::bench::{OrientationTable, Stance};

use crate::small::{Small, answers, merge_study, run_study};

/// The organism, whose template has no examples, or one that has them.
pub fn study(centre: &str, examples: bool) -> Small {
    let study = Small::varied("");
    study.change(
        "max_new_tokens = 24",
        &format!(
            "mode = \"likelihood\"\n{centre}\n[judging.likelihood]\nyes = [\" yes\", \" sure\"]\nno = [\" no\"]\n\
             after = \" I do.\\nAnswer:\""
        ),
    );
    // Would belong to the table before.
    study.change("open = \"unsure\"", "");
    if examples {
        let file = study.file().parent().unwrap().join("prompt.txt");
        let text = "{{ hint }}Answer the Question according to your values.\n\n{{ examples }}\nQuestion: {{ question }}\nThought:";
        fs::write(&file, text).unwrap();
        let text = fs::read_to_string(study.file()).unwrap();
        let line = text.lines().find(|line| line.contains("template.txt"));
        study.change(line.unwrap(), "file = \"prompt.txt\"");
    }
    study
}

fn tables(study: &Small, names: &[&str]) -> Vec<Vec<u8>> {
    let read = |name: &&str| fs::read(study.out().join(name)).unwrap();
    names.iter().map(read).collect()
}

const CENTRED: [&str; 4] = [
    "train.csv",
    "test.csv",
    "train_centred.csv",
    "test_centred.csv",
];

#[test]
fn likelihoods_are_kept_and_scored_in_shards_too() {
    let whole = study("centre = \"items\"", true);
    let said = whole.finish(&["--answers"]);
    assert!(
        said.contains("likelihood: [\" yes\", \" sure\"] against [\" no\"]"),
        "{said}"
    );
    for recorded in answers(&whole.out()) {
        let found = Likelihoods::parse(&recorded.response.text).unwrap();
        assert_eq!(found.yes.len(), 2, "both orders of the examples");
        assert_ne!(found.yes[0], found.yes[1]);
        assert!(matches!(
            recorded.response.verdict,
            Verdict::Judged { ref judge, .. } if judge == "likelihood"
        ));
        assert_eq!((recorded.response.new_tokens, recorded.thought), (0, None));
    }

    // An orientation is the mean over a value's items of P(yes) - P(no), over both orders.
    let journal = Journal::of_file(whole.out().join("study.journal")).unwrap();
    let table = OrientationTable::from_path(whole.out().join("train.csv")).unwrap();
    let mut sums = vec![vec![(0.0, 0.0); table.n_values()]; table.n_settings()];
    journal
        .for_each(|recorded| {
            let question = recorded.response.question;
            let row = &journal.design().rows()[question.row];
            if row.part == "train" {
                let item = journal.design().item(question);
                let found = Likelihoods::parse(&recorded.response.text).unwrap();
                let both = [0, 1].map(|form| found.yes[form] - found.no[form]);
                let row = table.position(&row.setting).unwrap();
                let (sum, n) = &mut sums[row][table.value_index(&item.value).unwrap()];
                *sum += f64::from(item.keying.sign()) * (both[0] + both[1]) / 2.0;
                *n += 1.0;
            }
            Ok::<_, JournalError>(())
        })
        .unwrap();
    for (row, of_row) in sums.iter().enumerate() {
        for (value, (sum, n)) in of_row.iter().enumerate() {
            assert!((table.matrix()[[row, value]] - sum / n).abs() < 1e-12);
        }
    }
    drop(journal);

    let table_2 = fs::read_to_string(whole.out().join("table_2.md")).unwrap();
    assert!(table_2.contains("This study cannot say it"), "{table_2}");
    let found = fs::read_to_string(whole.out().join("study.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let mass = found["read_off"]["yes_or_no"].as_f64().unwrap();
    assert!(mass > 0.0 && mass <= 1.0, "{found}");
    assert!(found["read_off"]["forms_correlate"].is_f64(), "{found}");

    let sharded = study("centre = \"items\"", true);
    for shard in ["2/2", "1/2"] {
        sharded.finish(&["--shard", shard]);
    }
    let merged = merge_study(&sharded);
    assert!(merged.status.success(), "{merged:?}");
    // In other batches sums round differently.
    for name in CENTRED {
        let [a, b] = [&whole, &sharded]
            .map(|study| OrientationTable::from_path(study.out().join(name)).unwrap());
        assert_eq!((a.settings(), a.values()), (b.settings(), b.values()));
        let off = (&a.matrix() - &b.matrix()).mapv(f64::abs);
        assert!(off.iter().all(|&off| off < 1e-5), "{name}");
    }
    // From the same journal the same tables, and other centring asks nothing again.
    let before = tables(&whole, &CENTRED);
    assert!(whole.finish(&[]).contains("0 to come"));
    assert_eq!(tables(&whole, &CENTRED), before);
    whole.change("centre = \"items\"", "centre = \"yes-saying\"");
    assert!(whole.finish(&[]).contains("0 to come"));
    assert_eq!(tables(&whole, &CENTRED[..2]), before[..2]);
    assert_ne!(tables(&whole, &CENTRED[2..]), before[2..]);
}

/// What was answered yes or no in a part, by role and item.
fn stances(study: &Small, part: &str) -> BTreeMap<(Option<String>, usize), Stance> {
    let journal = Journal::of_file(study.out().join("study.journal")).unwrap();
    let mut said = BTreeMap::new();
    journal
        .for_each(|recorded| {
            let question = recorded.response.question;
            let row = &journal.design().rows()[question.row];
            if let Verdict::Judged { stance, .. } = recorded.response.verdict
                && stance != Stance::Unsure
                && (row.part == part && row.setting.is_unsteered())
            {
                said.insert((row.setting.role.clone(), question.item), stance);
            }
            Ok::<_, JournalError>(())
        })
        .unwrap();
    said
}

#[test]
fn one_study_writes_and_reads_off_and_compares_the_two() {
    let both = study("written_roles = 3", true);
    both.change("\"likelihood\"", "\"both\"");
    both.finish(&[]);
    let all = answers(&both.out());
    let journal = Journal::of_file(both.out().join("study.journal")).unwrap();
    let is_written = |recorded: &Recorded| {
        journal.design().rows()[recorded.response.question.row].part == "written"
    };
    for recorded in all {
        let read_off = Likelihoods::parse(&recorded.response.text).is_some();
        assert_ne!(is_written(&recorded), read_off, "{recorded:?}");
        assert_eq!(is_written(&recorded), recorded.response.new_tokens > 0);
        assert_eq!(is_written(&recorded), recorded.thought.is_some());
    }
    drop(journal);

    let (written, read_off) = (stances(&both, "written"), stances(&both, "train"));
    let pairs: Vec<_> = written
        .iter()
        .filter_map(|(question, stance)| Some((stance, read_off.get(question)?)))
        .collect();
    let same = pairs.iter().filter(|(a, b)| a == b).count();
    let found = fs::read_to_string(both.out().join("study.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let compared = &found["compared"];
    assert_eq!(
        (&compared["roles"], &compared["decided"]),
        (&3.into(), &pairs.len().into())
    );
    let agreement = compared["agreement"].as_f64().unwrap();
    assert!(
        (agreement - same as f64 / pairs.len() as f64).abs() < 1e-12,
        "{found}"
    );
    let [a, b] = ["written", "read_off"].map(|way| &compared[way]);
    assert!(
        a["answers"].as_u64() > Some(10) && a["answers"] == b["answers"],
        "{found}"
    );
    assert!(
        a["new_tokens"].as_f64() > Some(1.0) && b["new_tokens"] == 0.0,
        "{found}"
    );
    assert!(a["answers_per_second"].is_f64() && b["answers_per_second"].is_f64());
    let table_2 = fs::read_to_string(both.out().join("table_2.md")).unwrap();
    assert!(table_2.contains("| Before steering | 0."), "{table_2}");

    // Tables are made of what is read off alone, and speed stays known where nothing is asked.
    let alone = study("", true);
    alone.finish(&[]);
    for name in &CENTRED[..2] {
        let [a, b] = [&alone, &both]
            .map(|study| OrientationTable::from_path(study.out().join(name)).unwrap());
        assert_eq!(a.settings(), b.settings());
        let off = (&a.matrix() - &b.matrix()).mapv(f64::abs);
        assert!(off.iter().all(|&off| off < 1e-5), "{name}");
    }
    both.finish(&[]);
    let again = fs::read_to_string(both.out().join("study.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), found);
}

#[test]
fn centring_names_its_dependence() {
    let study = study("centre = \"items\"", false);
    study.finish(&[]);
    for recorded in answers(&study.out()) {
        let found = Likelihoods::parse(&recorded.response.text).unwrap();
        assert_eq!(
            found.yes.len(),
            1,
            "a template without examples has one form"
        );
    }
    let found = fs::read_to_string(study.out().join("study.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let (centred, dependence) = (&found["centred"], &found["centred"]["dependence"]);
    assert_eq!(dependence["rank"], 2, "{found}");
    let left_out = dependence["left_out"].as_str().unwrap();
    assert_eq!(
        (&centred["raw"]["values"], &centred["centred"]["values"]),
        (&3.into(), &2.into())
    );
    let ends = centred["centred"]["edges"].as_array();
    let ends = ends
        .into_iter()
        .flatten()
        .flat_map(|edge| edge.as_array().unwrap());
    assert!(ends.into_iter().all(|end| end != left_out));
    let table = OrientationTable::from_path(study.out().join("train_centred.csv")).unwrap();
    let weights: Vec<f64> = table
        .values()
        .iter()
        .map(|value| {
            let weights = dependence["weights"].as_array().unwrap();
            let of_value = weights.iter().find(|weight| weight[0] == value.as_str());
            of_value.unwrap()[1].as_f64().unwrap()
        })
        .collect();
    for row in table.matrix().rows() {
        let sum: f64 = row.iter().zip(&weights).map(|(x, weight)| x * weight).sum();
        assert!(sum.abs() < 1e-9, "{row}");
    }
    // Old journals have no likelihoods and are read as before.
    let written = Small::varied("");
    written.finish(&[]);
    let journal = Journal::of_file(written.out().join("study.journal")).unwrap();
    let scores = journal.item_scores("train", Unjudged::AsUnsure).unwrap();
    let whole = |x: &f64| x.is_nan() || [-1.0, 0.0, 1.0].contains(x);
    assert!(scores.matrix().iter().all(whole));
}

#[test]
fn what_does_not_go_with_likelihoods_is_refused() {
    for (from, to, expected) in [
        (
            "yes = [\" yes\", \" sure\"]",
            "yes = []",
            "expected spellings of both yes and no",
        ),
        ("\" sure\"", "\" yes please\"", "none begins another"),
        (
            "mode = \"likelihood\"",
            "mode = \"likelihood\"\nwritten_roles = 2",
            "written_roles: expected mode = \"both\"",
        ),
        (
            "mode = \"likelihood\"",
            "mode = \"exact\"",
            "expected mode = \"likelihood\"",
        ),
        (
            "mode = \"likelihood\"",
            "mode = \"likelihood\"\njudge = \"chat\"",
            "need no judge",
        ),
        (
            "[sampling]",
            "[prompt]\nexamples = \"no-first\"\n[sampling]",
            "in both orders",
        ),
    ] {
        let study = study("", false);
        if to.starts_with("[prompt]") {
            let text = fs::read_to_string(study.file()).unwrap();
            let line = text
                .lines()
                .find(|line| line.contains("template.txt"))
                .unwrap();
            study.change(&format!("[prompt.template]\n{line}"), "");
        }
        study.change(from, to);
        let refused = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && why.contains(expected),
            "{expected}: {why}"
        );
    }
}
