//! The organism behind a real OpenAI-compatible server: see `scripts/chat_server`.

use std::fs;

use crate::{dilemmas, items, program, said};

/// Its address and its name for the model.
fn server() -> Option<[String; 2]> {
    let found =
        ["VALUEBENCH_CHAT_URL", "VALUEBENCH_CHAT_MODEL"].map(|name| std::env::var(name).ok());
    match found {
        [Some(url), Some(model)] => Some([url, model]),
        _ => {
            println!("skipped: VALUEBENCH_CHAT_URL and VALUEBENCH_CHAT_MODEL name no server");
            None
        }
    }
}

/// llama.cpp lets a grammar say which answers there can be, whatever the organism would rather say.
fn grammar(answers: &[&str]) -> String {
    let quoted: Vec<String> = answers
        .iter()
        .map(|answer| format!("\"{answer}\""))
        .collect();
    serde_json::json!({ "grammar": format!("root ::= {}", quoted.join(" | ")) }).to_string()
}

#[test]
fn real_server_is_asked_dilemmas_and_portraits() {
    let Some([url, model]) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let choices = folder.path().join("choices.csv");
    let run = |name: &str, arguments: &[&str]| {
        let output = program(name)
            .args(arguments)
            .env("OPENAI_BASE_URL", &url)
            .env("OPENAI_MODEL", &model)
            .output()
            .unwrap();
        (output.status.success(), said(&output))
    };
    let (file, letters) = (dilemmas(folder.path(), 2), grammar(&["A", "B"]));
    let asked = ["--ask", &file, "--served", "--extra", &letters];
    let arguments = [&[choices.to_str().unwrap()][..], &asked[..]].concat();
    let (succeeded, printed) = run(env!("CARGO_BIN_EXE_dilemmas"), &arguments);
    println!("{printed}");
    assert!(succeeded && printed.contains("all steps: 10 choices\n"));
    assert_eq!(fs::read_to_string(&choices).unwrap().lines().count(), 11);

    let answers = folder.path().join("answers.csv");
    let (items, ratings) = (
        items(folder.path()),
        grammar(&["1", "2", "3", "4", "5", "6"]),
    );
    let asked = [
        "--ask", &items, "--served", "--extra", &ratings, "--draws", "300",
    ];
    let arguments = [&["pvq21", answers.to_str().unwrap()][..], &asked[..]].concat();
    let (_, printed) = run(env!("CARGO_BIN_EXE_portraits"), &arguments);
    println!("{printed}");
    let text = fs::read_to_string(&answers).unwrap();
    let cells: Vec<&str> = text.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((cells[0], cells.len()), (&*model, 23), "{text}");
    assert!(
        cells[1..22]
            .iter()
            .all(|cell| (1..=6).contains(&cell.parse::<i32>().unwrap())),
        "{text}"
    );
}
