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
    assert!(printed.contains("all steps: 0 choices\n"), "{printed}");
    assert!(printed.contains("without a choice: 10"), "{printed}");
    let text = fs::read_to_string(choices).unwrap();
    assert!(
        text.contains("0,1,Care,Loyalty,,causal,tiny,\"I, for one, cannot say.\"\n"),
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
        format!("{rating}")
    });
    let run = |extra: &[&str]| {
        let output = program(env!("CARGO_BIN_EXE_portraits"))
            .args([
                "pvq21",
                answers.to_str().unwrap(),
                "--ask",
                &items,
                "--served",
            ])
            .args(["--draws", "300"])
            .args(extra)
            .env("OPENAI_BASE_URL", &server.url)
            .env("OPENAI_MODEL", "tiny")
            .output()
            .unwrap();
        said(&output)
    };
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
    assert!(said(&output).contains("--extra: "), "{output:?}");
    #[cfg(not(feature = "lens"))]
    assert!(ask(&["--model", "."]).contains("without the feature lens"));
}
