//! The organism behind a real OpenAI-compatible server: see `scripts/chat_server`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use value_causal::bench::Stance;
use value_causal::bench::journal::Verdict;

use crate::small::{Small, answers, run_study};

/// A study of five of the organism's roles, which nothing steers.
fn unsteered() -> Small {
    let study = Small::varied("");
    let organism = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism");
    let roles = fs::read_to_string(organism.join("roles_test.json")).unwrap();
    let roles: BTreeMap<String, serde_json::Value> = serde_json::from_str(&roles).unwrap();
    let mut roles = roles.into_iter();
    for (file, n) in [("train.json", 3), ("test.json", 2)] {
        let some: BTreeMap<_, _> = roles.by_ref().take(n).collect();
        let file = study.file().with_file_name(file);
        fs::write(file, serde_json::to_string(&some).unwrap()).unwrap();
    }
    study.change(
        "made = { seed = 5, train = 3, test = 2 }",
        "train = \"train.json\"\ntest = \"test.json\"",
    );
    let text = fs::read_to_string(study.file()).unwrap();
    let (before, after) = text.split_once("[steering]").unwrap();
    let (_, after) = after.split_once("[instructions]").unwrap();
    fs::write(study.file(), format!("{before}[instructions]{after}")).unwrap();
    study
}

/// The address of the served organism, and its name.
fn organism() -> Option<(String, String)> {
    let variable = |name| std::env::var(name).ok();
    let url = variable("VALUEBENCH_CHAT_URL");
    let model = variable("VALUEBENCH_CHAT_MODEL").filter(|model| model == "organism");
    if url.is_none() || model.is_none() {
        println!("skipped: VALUEBENCH_CHAT_URL and VALUEBENCH_CHAT_MODEL name no served organism");
    }
    url.zip(model)
}

/// Runs it with the served organism in the place of the one in its folder.
fn finish_served(study: &Small, (url, model): &(String, String)) {
    let text = fs::read_to_string(study.file()).unwrap();
    let folder = text.lines().find(|line| line.starts_with("folder"));
    study.change(folder.unwrap(), "served = \"message\"");
    let output = run_study(study, &[])
        .env("OPENAI_BASE_URL", url)
        .env("OPENAI_MODEL", model)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    println!("{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_served_organism_rates_as_it_does_here() {
    let Some(organism) = organism() else { return };
    let rated = || {
        let study = unsteered();
        study.change(
            "[questionnaire]",
            "[questionnaire]\nscale = \"no=1; yes=5\"",
        );
        study.change("[\"Power\", \"Security\", \"Courage\"]", "[\"Courage\"]");
        study.change("train = 0.7", "train = 0.2\ntest = 0.3");
        study
    };
    let (here, served) = (rated(), rated());
    here.finish(&[]);
    finish_served(&served, &organism);
    let verdicts = |study: &Small| -> Vec<Verdict> {
        let answers = answers(&study.out()).into_iter();
        answers.map(|answer| answer.response.verdict).collect()
    };
    let (here, served) = (verdicts(&here), verdicts(&served));
    let rated = |verdict: &&Verdict| matches!(verdict, Verdict::Rated { .. });
    assert!(
        served.iter().filter(rated).count() * 10 >= served.len() * 9,
        "{served:?}"
    );
    let differ = here.iter().zip(&served).filter(|(a, b)| a != b).count();
    assert!(
        here.len() == served.len() && differ * 100 <= here.len(),
        "{differ} differ"
    );
}

#[test]
fn the_served_organism_answers_as_itself_and_judges() {
    let Some(organism) = organism() else { return };
    let here = unsteered();
    here.finish(&[]);
    let served = unsteered();
    served.change("[judging]", "[judging]\njudge = \"chat\"");
    finish_served(&served, &organism);

    let texts = |study: &Small| -> Vec<_> {
        let answers = answers(&study.out()).into_iter();
        answers
            .map(|a| (a.response.question, a.response.text))
            .collect()
    };
    let (of_here, of_served) = (texts(&here), texts(&served));
    println!("{} answers by either", of_here.len());
    assert!(of_here.len() > 100);
    assert_eq!(of_here.len(), of_served.len());
    // Two engines add in different orders, which decides between two words as likely.
    let differ = of_here.iter().zip(&of_served).filter(|(a, b)| a != b);
    let n_differ = differ.inspect(|pair| println!("{pair:?}")).count();
    assert!(n_differ * 100 <= of_here.len(), "{n_differ} answers differ");
    for table in ["train.csv", "test.csv", "test_raise.csv", "test_lower.csv"] {
        let read = |study: &Small| fs::read_to_string(study.out().join(table)).unwrap();
        assert!(n_differ > 0 || read(&here) == read(&served), "{table}");
    }

    // It was asked about every thought, and understands its own.
    let mut n_judged = [0, 0];
    for answer in answers(&served.out()) {
        let (thought, text) = (answer.thought.unwrap(), answer.response.text);
        let agrees = text.starts_with(" Sure, ");
        assert!(agrees || text.starts_with(" No, "), "{text:?}");
        let stance = if agrees { Stance::Yes } else { Stance::No };
        let judge = organism.1.clone();
        assert_eq!(thought, Verdict::Judged { stance, judge }, "{text:?}");
        n_judged[usize::from(agrees)] += 1;
    }
    println!("thoughts judged no and yes: {n_judged:?}");
    assert!(n_judged[0] > 0 && n_judged[1] > 0);
}
