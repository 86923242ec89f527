//! Models of this process: a tiny one with random weights, whose likeliest answer is taken.

use std::fs;

use crate::{dilemmas, items, program, roles, said};

fn model() -> String {
    format!(
        "{}/../../fixtures/lm/models/llama3",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn dilemmas_are_put_to_a_model_of_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = dilemmas(folder.path(), 2);
    for context in ["none", "causal"] {
        let choices = folder.path().join(format!("{context}.csv"));
        let output = program(env!("CARGO_BIN_EXE_dilemmas"))
            .args([
                choices.to_str().unwrap(),
                "--ask",
                &file,
                "--model",
                &model(),
            ])
            .args(["--context", context])
            .output()
            .unwrap();
        let printed = said(&output);
        assert!(output.status.success(), "{printed}");
        // It always has a likeliest letter.
        assert!(printed.contains("all steps: 10 choices\n"), "{printed}");
        let text = fs::read_to_string(choices).unwrap();
        assert!(text.contains(&format!(",{context},llama3,")), "{text}");
    }
}

#[test]
fn roles_answer_an_instrument_in_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let (items, roles) = (items(folder.path()), roles(folder.path()));
    let answers = folder.path().join("answers.csv");
    let output = program(env!("CARGO_BIN_EXE_portraits"))
        .args([
            "pvq21",
            answers.to_str().unwrap(),
            "--ask",
            &items,
            "--model",
            &model(),
        ])
        .args(["--roles", &roles, "--draws", "300"])
        .output()
        .unwrap();
    println!("{}", said(&output));
    let text = fs::read_to_string(&answers).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 3, "{text}");
    for (row, name) in rows[1..].iter().zip(["Ada", "Bo"]) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!((cells[0], cells.len()), (name, 23));
        assert!(
            cells[1..22]
                .iter()
                .all(|cell| (1..=6).contains(&cell.parse::<i32>().unwrap())),
            "{row}"
        );
    }
}
