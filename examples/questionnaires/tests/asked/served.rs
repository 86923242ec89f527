//! Models behind a server.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::server::Server;
use crate::{dilemmas, items, program, roles, said};

const DILEMMAS: &str = env!("CARGO_BIN_EXE_dilemmas");

fn ask(server: &Server, choices: &Path, file: &str, context: &str) -> String {
    let output = program(DILEMMAS)
        .args([
            choices.to_str().unwrap(),
            "--ask",
            file,
            "--served",
            "--context",
            context,
        ])
        .env("OPENAI_BASE_URL", &server.url)
        .env("OPENAI_MODEL", "tiny")
        .output()
        .unwrap();
    said(&output)
}

/// What is said when a served model is asked the PVQ-21.
fn portraits(server: &Server, model: &str, answers: &Path, items: &str, more: &[&str]) -> String {
    let answers = answers.to_str().unwrap();
    let output = program(env!("CARGO_BIN_EXE_portraits"))
        .args(["pvq21", answers, "--ask", items, "--served"])
        .args(more)
        .env("OPENAI_BASE_URL", &server.url)
        .env("OPENAI_MODEL", model)
        .output()
        .unwrap();
    said(&output)
}

/// Helps in the first three steps, waits in the last two, and says so in words.
fn helper(messages: &[String]) -> String {
    let asked = messages.last().unwrap();
    let helps = ["Event 1", "Event 2", "Event 3"]
        .iter()
        .any(|event| asked.contains(event));
    let wanted = if helps { "Help" } else { "Wait" };
    let letter = if asked.contains(&format!("A. {wanted}")) {
        "A"
    } else {
        "B"
    };
    format!("{letter}. I would {wanted}.")
}

#[test]
fn dilemmas_are_asked_once_whenever_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = dilemmas(folder.path(), 4);
    let server = Server::start(helper);
    let choices = folder.path().join("choices.csv");
    let whole = ask(&server, &choices, &file, "none");
    assert_eq!(server.n.load(Ordering::SeqCst), 20);
    for line in [
        "step 1: 4 choices\n  Care: win rate 1.000",
        "step 5: 4 choices\n  L",
        "all steps: 20 choices\n  Care: win rate 0.600",
        "Care: win rate changes by -1.000",
        "was made 12 of 20 times; without a choice: 0",
    ] {
        assert!(whole.contains(line), "{line}\nnot in\n{whole}");
    }
    let mut text = fs::read_to_string(&choices).unwrap();
    assert_eq!(ask(&server, &choices, &file, "none"), whole);
    assert_eq!(
        server.n.load(Ordering::SeqCst),
        20,
        "nothing is asked twice"
    );

    // Killed in the middle of the tenth answer: eleven are left to ask.
    let cut: usize = text.lines().take(10).map(|line| line.len() + 1).sum();
    text.truncate(cut + 7);
    fs::write(&choices, text).unwrap();
    let again = ask(&server, &choices, &file, "none");
    assert!(
        again.contains("unfinished line of an earlier run (7 bytes)"),
        "{again}"
    );
    assert_eq!(server.n.load(Ordering::SeqCst), 31);
    for line in whole.lines() {
        assert!(again.contains(line), "{line}\nnot in\n{again}");
    }
    let message = ask(&server, &choices, &file, "all");
    assert!(
        message
            .contains("column \"context\": expected \"all\", as it is asked now, found \"none\"")
    );
    let other = fs::read_to_string(&file).unwrap().replace("Liberty", "Law");
    fs::write(&file, other).unwrap();
    let message = ask(&server, &choices, &file, "none");
    assert!(
        message.contains("is about Care and Liberty, which is not so in the dilemmas"),
        "{message}"
    );
    let other = fs::read_to_string(&file).unwrap();
    let other = other
        .replace("Law", "Liberty")
        .replace("Event 2 of 0", "Event 3 of 0");
    fs::write(&file, other).unwrap();
    let message = ask(&server, &choices, &file, "none");
    assert!(
        message.contains("column \"asked\"") && message.contains("belong into another file"),
        "{message}"
    );
    assert_eq!(server.n.load(Ordering::SeqCst), 31);
}

#[test]
fn each_context_tells_the_model_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = dilemmas(folder.path(), 1);
    for (context, messages, of_the_first) in
        [("none", 1, false), ("all", 1, true), ("causal", 9, true)]
    {
        let server = Server::start(helper);
        let choices = folder.path().join(format!("{context}.csv"));
        ask(&server, &choices, &file, context);
        let heard = server.heard.lock().unwrap();
        let last = heard
            .iter()
            .find(|chat| chat.last().unwrap().contains("Event 5"))
            .unwrap();
        assert_eq!(last.len(), messages, "{context}");
        assert_eq!(last.concat().contains("Event 1"), of_the_first, "{context}");
        if context == "causal" {
            // What it chose before: to help, to help, to help, to wait; what is first changes from step to step.
            let own = [1, 3, 5, 7].map(|at: usize| last[at].as_str());
            assert_eq!(own, ["A", "B", "A", "A"]);
        }
    }
}

#[test]
fn what_makes_no_choice_is_kept_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = dilemmas(folder.path(), 2);
    let server = Server::start(|_| "I, for one,\ncannot say.".to_owned());
    let choices = folder.path().join("choices.csv");
    let printed = ask(&server, &choices, &file, "causal");
    assert!(
        printed.contains(
            "found none in 10 answers, the first of which is \"I, for one, cannot say.\""
        ),
        "{printed}"
    );
    let text = fs::read_to_string(choices).unwrap();
    assert!(
        text.contains("0,1,Care,Loyalty,,causal,tiny,\"I, for one, cannot say.\","),
        "{text}"
    );
}

#[test]
fn roles_answer_an_instrument_and_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (items, roles) = (items(folder.path()), roles(folder.path()));
    let answers = folder.path().join("answers.csv");
    // Pilots like what is numbered 2 or 17 much (Power), bakers do not; all else alike.
    let server = Server::start(|messages| {
        let asked = &messages[0];
        let power = asked.contains("number 2.") || asked.contains("number 17.");
        let rating = match (power, asked.contains("Pilot")) {
            (true, true) => 6,
            (true, false) => 1,
            (false, _) => 3 + asked.len() % 2,
        };
        format!("On a scale from 1 to 6, {rating}.")
    });
    let run_as = |model: &str, extra: &[&str]| {
        let more = [&["--draws", "300"], extra].concat();
        portraits(&server, model, &answers, &items, &more)
    };
    let run = |extra: &[&str]| run_as("tiny", extra);
    let printed = run(&["--roles", &roles]);
    assert_eq!(server.n.load(Ordering::SeqCst), 42);
    let power = printed.split_once("\nPower\n").unwrap().1;
    let gap = power
        .lines()
        .find(|line| line.starts_with("  Bo less Ada: "));
    assert!(gap.unwrap().starts_with("  Bo less Ada: +"), "{printed}");
    // The model as it is, beside the roles that are there.
    let printed = run(&[]);
    assert_eq!(server.n.load(Ordering::SeqCst), 63);
    assert!(printed.contains("  tiny less Ada: "), "{printed}");

    // What the model said is kept, and only what is not there is asked again.
    let texts = answers.with_extension("texts.csv");
    let said = fs::read_to_string(&texts).unwrap();
    assert!(
        said.contains("Ada,2,\"On a scale from 1 to 6, 1.\","),
        "{said}"
    );
    let rows = fs::read_to_string(&answers).unwrap();
    fs::write(
        &answers,
        rows.lines()
            .take(2)
            .map(|row| format!("{row}\n"))
            .collect::<String>(),
    )
    .unwrap();
    fs::write(
        &texts,
        said.lines()
            .take(1 + 21 + 9)
            .map(|row| format!("{row}\n"))
            .collect::<String>(),
    )
    .unwrap();
    run(&["--roles", &roles]);
    assert_eq!(server.n.load(Ordering::SeqCst), 63 + 12);
    assert_eq!(
        fs::read_to_string(&answers).unwrap().lines().nth(2),
        rows.lines().nth(2)
    );

    // Another model, or other items, is another file.
    let wrong = run_as("other", &["--roles", &roles]);
    assert!(
        wrong.contains("column \"asked\"") && wrong.contains("belong into another file"),
        "{wrong}"
    );
    let others = fs::read_to_string(&items)
        .unwrap()
        .replace("Somebody", "Nobody");
    fs::write(&items, others).unwrap();
    let wrong = run(&["--roles", &roles]);
    assert!(wrong.contains("belong into another file"), "{wrong}");
    assert_eq!(server.n.load(Ordering::SeqCst), 63 + 12);
}

#[test]
fn a_model_that_rates_nothing_is_named_and_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let items = items(folder.path());
    let answers = folder.path().join("answers.csv");
    let server = Server::start(|_| "Well.".to_owned());
    for _ in 0..2 {
        let wrong = portraits(&server, "tiny", &answers, &items, &[]);
        assert!(
            wrong.contains("error: tiny: expected a rating in an answer, found none in 21 answers, the first of which is \"Well.\""),
            "{wrong}"
        );
        assert_eq!(server.n.load(Ordering::SeqCst), 21);
    }
    // Settings are checked before anything is asked, and whom to ask needs a question.
    let checked = |arguments: &[&str]| {
        let output = program(env!("CARGO_BIN_EXE_portraits"))
            .args(["pvq21", answers.to_str().unwrap()])
            .args(arguments)
            .output()
            .unwrap();
        said(&output)
    };
    let wrong = checked(&["--chains", "9999999999999"]);
    assert!(
        wrong.contains("--chains is 9999999999999: expected 1000 or less"),
        "{wrong}"
    );
    let wrong = checked(&["--warm-up", "50"]);
    assert!(
        wrong.contains("--warm-up is 50: expected 100 or more"),
        "{wrong}"
    );
    let wrong = checked(&["--served"]);
    assert!(wrong.contains("expected --ask beside them"), "{wrong}");
}

#[test]
fn who_is_asked_must_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = dilemmas(folder.path(), 1);
    let choices = folder.path().join("choices.csv");
    let ask = |arguments: &[&str]| {
        let asked = [choices.to_str().unwrap(), "--ask", &file];
        said(
            &program(DILEMMAS)
                .args(asked)
                .args(arguments)
                .output()
                .unwrap(),
        )
    };
    assert!(ask(&[]).contains("whom to ask: expected --model FOLDER or --served"));
    assert!(ask(&["--served"]).contains("OPENAI_MODEL"));
    assert!(!choices.exists(), "nothing is made for nobody");
    let output = program(DILEMMAS)
        .args([
            choices.to_str().unwrap(),
            "--ask",
            &file,
            "--served",
            "--extra",
            "[]",
        ])
        .env("OPENAI_MODEL", "tiny")
        .output()
        .unwrap();
    assert!(
        said(&output)
            .contains("--extra: expected a JSON object such as {\"seed\": 1}, found \"[]\""),
        "{output:?}"
    );
    #[cfg(not(feature = "lens"))]
    assert!(ask(&["--model", "."]).contains("without the feature lens"));
}
