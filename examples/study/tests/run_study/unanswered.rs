//! Questions that get no answer, in studies whose other questions get theirs.

use std::fs;
use std::path::Path;

use value_causal::bench::journal::Journal;

use crate::judged::{says, server, with_server};
use crate::small::{Small, answers, run_study};

/// Steered so far that the activations overflow, the model gives no numbers; unsteered it answers.
#[test]
fn a_question_without_an_answer_fails_alone_and_is_asked_again() {
    let study = Small::open();
    study.change(
        "mode = \"add\"\ndose = 30.0",
        "mode = \"scale\"\ndose = 3e38",
    );
    for _ in 0..2 {
        let run = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{run:?}");
        let journal = Journal::of_file(study.out().join("study.journal")).unwrap();
        let tally = journal.tally().unwrap();
        let missing = journal.pending().unwrap();
        let steered = |row: usize| !journal.design().rows()[row].setting.is_unsteered();
        assert!(missing.iter().all(|question| steered(question.row)));
        let all = (0..journal.design().rows().len()).filter(|&row| steered(row));
        let all = all.map(|row| journal.design().rows()[row].items.len());
        assert_eq!(
            missing.len(),
            all.sum::<usize>(),
            "unsteered ones are there"
        );
        assert!(tally.answered > 0);
        let named = format!("{} of ", missing.len());
        for words in [
            &*named,
            " questions got no answer, the first \"Should I ",
            "feature ",
            "expected numbers, found NaN or infinity",
            "the same command asks them again",
        ] {
            assert!(why.contains(words), "{words}: {why}");
        }
        assert!(!study.out().join("train.csv").exists());
    }
}

/// Every weight is NaN.
#[test]
fn a_model_that_never_answers_is_asked_a_few_questions() {
    let study = Small::open();
    let folder = study.file().with_file_name("model");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models/gemma1");
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(&model).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    let weights = folder.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    bytes[8 + usize::try_from(header).unwrap()..].fill(0xff);
    fs::write(&weights, bytes).unwrap();
    study.change(model.to_str().unwrap(), "model");
    study.change("features = { top = 2 }", "features = [1, 2]");
    for arguments in [&[][..], &["--plan"]] {
        let run = run_study(&study, arguments).output().unwrap();
        let why = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success(), "{run:?}");
        let few = if arguments.is_empty() {
            "8 of 8"
        } else {
            "64 of 64"
        };
        assert!(
            why.contains(&format!("error: {few} questions got no answer")),
            "{why}"
        );
        assert!(why.contains("found NaN or infinity"), "{why}");
    }
}

#[test]
fn an_answer_that_is_too_long_fails_alone() {
    let study = Small::served();
    let long = |bytes: usize| says(&"yes ".repeat(bytes / 4));
    let port = server(move |request| {
        // Above the limit of an answer, and above that of a reply.
        match [("rest 0 ", 2 << 20), ("joke 1 ", 8 << 20)]
            .into_iter()
            .find(|(words, _)| request.contains(words))
        {
            Some((_, bytes)) => long(bytes),
            None => says("no"),
        }
    });
    let run = with_server(&study, port).output().unwrap();
    let why = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let journal = Journal::of_file(study.out().join("study.journal")).unwrap();
    let missing = journal.pending().unwrap();
    let asked = |question| &journal.design().item(question).question;
    assert!(!missing.is_empty());
    for &question in &missing {
        let question = asked(question);
        assert!(question.contains("rest 0 ") || question.contains("joke 1 "));
    }
    assert!(why.contains(&format!("{} of ", missing.len())), "{why}");
    assert!(why.contains("questions got no answer"), "{why}");
    assert!(
        why.contains("of at most 1048576 bytes") || why.contains("of at most 4194304 bytes"),
        "{why}"
    );
    drop(journal);
    let run = with_server(&study, server(|_| says("no")))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(
        answers(&study.out())
            .iter()
            .all(|answer| answer.response.text == "no")
    );
}
