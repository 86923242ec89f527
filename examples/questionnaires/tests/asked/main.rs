//! Models that are asked: a server of this test's own, one of llama.cpp, and models of this process.

#[cfg(feature = "lens")]
mod here;
mod real_server;
mod served;
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Dilemmas in the format of the published set; each pits Care against another value in every step.
fn dilemmas(folder: &Path, n: usize) -> String {
    let columns = |step: usize| {
        let names = "situation dilemma choiceA choiceA_value choiceB choiceB_value";
        let names = names.split(' ').map(|name| format!(",step {step}_{name}"));
        names.collect::<String>()
    };
    let mut csv = format!("idx,norm{}\n", (1..=5).map(columns).collect::<String>());
    for dilemma in 0..n {
        let other = ["Loyalty", "Liberty"][dilemma % 2];
        let step = |step: usize| {
            // Care stands first in every other step.
            let pair = [("Help", "Care"), ("Wait", other)];
            let [(a, of_a), (b, of_b)] = if step.is_multiple_of(2) {
                [pair[1], pair[0]]
            } else {
                pair
            };
            format!(",Event {step} of {dilemma}.,What now?,{a},{of_a},{b},{of_b}")
        };
        csv += &format!("{dilemma},norm{}\n", (1..=5).map(step).collect::<String>());
    }
    let path = folder.join("dilemmas.csv");
    fs::write(&path, csv).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Texts of this test's own for the items of the PVQ-21.
fn items(folder: &Path) -> String {
    let rows = (1..=21).map(|item| format!("{item},Somebody likes number {item}.\n"));
    let path = folder.join("items.csv");
    fs::write(&path, format!("item,text\n{}", rows.collect::<String>())).unwrap();
    path.to_str().unwrap().to_owned()
}

fn roles(folder: &Path) -> String {
    let roles = r#"{"Ada": {"mini_trait": "Baker"}, "Bo": {"mini_trait": "Pilot"}}"#;
    let path = folder.join("roles.json");
    fs::write(&path, roles).unwrap();
    path.to_str().unwrap().to_owned()
}

fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    texts.concat()
}

fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for variable in ["OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"] {
        command.env_remove(variable);
    }
    command
}
