//! A small study with answers that depend on the question alone.

use std::path::Path;
use std::sync::Arc;

use valuebench::journal::{
    Design, Journal, Manifest, PlannedRow, Question, Recorded, Response, Shard, Verdict,
    prompt_hash,
};
use valuebench::{Item, Judge, Judgement, Keying, RuleJudge, Setting};

pub fn items(n: usize) -> Vec<Item> {
    let item = |i: usize| Item {
        inventory: "I".into(),
        statement: format!("I do {i}."),
        value: ["Calm", "Wit, \"dry\""][i % 2].into(),
        keying: [Keying::Positive, Keying::Negative][i / 2 % 2],
        question: format!("Should I do {i}?"),
        ..Item::default()
    };
    (0..n).map(item).collect()
}

/// Every role with every feature and without, in two parts.
pub fn design(n_items: usize, roles: &[&str], features: &[u64]) -> Design {
    let all: Arc<[usize]> = (0..n_items).collect();
    let few: Arc<[usize]> = (0..n_items).filter(|item| item % 3 != 1).collect();
    let mut rows = Vec::new();
    for (part, items) in [("train", &few), ("test", &all)] {
        for &role in roles {
            let unsteered = Setting::of_role(role);
            let steered = features
                .iter()
                .map(|&feature| Setting::steered(role, feature));
            for setting in std::iter::once(unsteered).chain(steered) {
                rows.push(PlannedRow {
                    part: part.into(),
                    setting,
                    items: items.clone(),
                });
            }
        }
    }
    Design::new(items(n_items), rows).unwrap()
}

pub fn small() -> Design {
    design(7, &["", "Ada", "Bo"], &[7, u64::MAX])
}

pub fn manifest() -> Manifest {
    Manifest::default()
        .with("model", "tiny")
        .with("dose", 100.0)
}

pub fn open(path: &Path, design: &Design, shard: Shard) -> Journal {
    Journal::open(path, &manifest(), design, shard).unwrap()
}

/// What the "model" says: sometimes what the rules leave open.
pub fn text(question: Question) -> String {
    let mixed = (question.row * 31 + question.item * 17) % 11;
    let answer = ["yes", "no", "Sure.", "unsure", "well", "No!"][mixed % 6];
    let thought = ["No way", "Yes", "It depends"][mixed / 4];
    format!(" {thought}, said \"{mixed}\".\nAnswer: {answer}")
}

pub fn response(design: &Design, question: Question) -> Response {
    let text = text(question);
    Response {
        question,
        prompt_hash: prompt_hash(&design.item(question).question),
        prompt_tokens: 10 + question.item as u64,
        new_tokens: text.len() as u64,
        seconds: 0.25,
        verdict: verdict(&text),
        text,
    }
}

pub fn verdict(text: &str) -> Verdict {
    match RuleJudge.judge(text).unwrap() {
        Judgement::Decided(stance) => Verdict::Judged {
            stance,
            judge: "rules".into(),
        },
        Judgement::Open => Verdict::Unjudged {
            reason: "the rules leave it open".into(),
        },
    }
}

/// Asks all that is pending, `batch` questions at a time.
pub fn finish(journal: &mut Journal, batch: usize) {
    let design = journal.design().clone();
    for questions in journal.pending().unwrap().chunks(batch) {
        let answers: Vec<_> = questions.iter().map(|&q| response(&design, q)).collect();
        journal.record(&answers).unwrap();
    }
}

pub fn contents(journal: &Journal) -> Vec<Recorded> {
    let mut all = Vec::new();
    journal
        .for_each(|recorded| {
            all.push(recorded);
            Ok::<_, valuebench::journal::JournalError>(())
        })
        .unwrap();
    all
}
