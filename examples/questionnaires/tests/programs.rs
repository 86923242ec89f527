//! The programs on small files: what they print, and what they refuse.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What the program prints, or what it says is wrong.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn choices_become_win_rates_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let dilemmas = env!("CARGO_BIN_EXE_dilemmas");
    let mut csv = "dilemma,step,choiceA_value,choiceB_value,choice\n".to_owned();
    for step in 1..=5 {
        for (dilemma, choice) in [(0, "A"), (1, "A"), (2, if step < 3 { "A" } else { "B" })] {
            csv += &format!("{dilemma},{step},Care,Loyalty,{choice}\n");
        }
    }
    let file = file(folder.path(), "choices.csv", &csv);
    let printed = run(dilemmas, &[&file]).unwrap();
    for line in [
        "all steps: 15 choices\n  Care: win rate 0.800, strength +0.693\n",
        "step 1: 3 choices\n  Care: win rate 1.000, strength none\n",
        "  no strengths: no chain of wins leads from variable 1 (Loyalty) to variable 0 (Care)",
        "step 5: 3 choices\n  Care: win rate 0.667, strength +0.347\n",
        "  Kendall's tau-b of steps 1 and 5: 1.000\n",
        "  Care: win rate changes by -0.333 from the first step to the last\n",
        "chosen again 11 of 12 times",
    ] {
        assert!(printed.contains(line), "{line}\nnot in\n{printed}");
    }
    let printed = run(dilemmas, &[&file, "--pseudo-wins", "0.5"]).unwrap();
    assert!(!printed.contains("no strengths"), "{printed}");
    let message = run(dilemmas, &[&file, "--pseudo-wins=-1"]).unwrap_err();
    assert!(
        message.contains("expected a number of at least 0, found -1"),
        "{message}"
    );
}

#[test]
fn answers_become_scores() {
    let folder = tempfile::tempdir().unwrap();
    let schwartz = env!("CARGO_BIN_EXE_schwartz");
    let numbers: Vec<String> = (1..=21).map(|item| item.to_string()).collect();
    let csv = format!(
        "person,{}\n=Ada,6,4,{}\n",
        numbers.join(","),
        ["4"; 19].join(",")
    );
    let file = file(folder.path(), "answers.csv", &csv);
    let printed = run(schwartz, &["pvq21", &file, "--raw"]).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("person,missing,mrat,Self_Direction,Stimulation,"));
    assert!(lines[1].starts_with("'=Ada,0,4.095"), "{printed}");
    assert!(lines[1].contains(",5,4,4,4,4,4,4,4,4,4,"), "{printed}");
    let message = run(schwartz, &["pvq40", &file]).unwrap_err();
    assert!(
        message.contains("line 1: expected a column \"22\""),
        "{message}"
    );
}

#[test]
fn values_centred_on_their_own_mean_are_searched_with_one_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let people = env!("CARGO_BIN_EXE_people");
    // Five columns less their mean: rank 4.
    let mut csv = "person,a,b,c,d,e\n".to_owned();
    for person in 0..80_usize {
        let cells = [3, 5, 7, 11, 13].map(|step| (person * step * step % 79) as f64);
        let mean = cells.iter().sum::<f64>() / 5.0;
        let cells = cells.map(|cell| (cell - mean).to_string());
        csv += &format!("{person},{}\n", cells.join(","));
    }
    let file = file(folder.path(), "people.csv", &csv);
    let printed = run(people, &[&file]).unwrap();
    assert!(
        printed.starts_with("80 people, 5 values, which vary in 4 directions\n"),
        "{printed}"
    );
    assert!(
        printed.contains("not searched together: variable"),
        "{printed}"
    );
    assert!(printed.contains("is a linear combination of"), "{printed}");
    assert!(printed.contains(" of 3: "), "{printed}");
    let printed = run(people, &[&file, "--values", "a,b,c,d"]).unwrap();
    assert!(printed.contains("the graph:"), "{printed}");
    let message = run(people, &[&file, "--values", "a,f"]).unwrap_err();
    assert!(message.contains("expected a column \"f\""), "{message}");
}
