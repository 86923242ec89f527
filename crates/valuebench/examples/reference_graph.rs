//! Asks a served model for a causal graph among the values of a questionnaire, with the paper's
//! Template 5.
//!
//!     OPENAI_BASE_URL=http://localhost:8000/v1 OPENAI_MODEL=gemma-2b-it \
//!         cargo run -p valuebench --features chat --example reference_graph -- \
//!         value_orientation.csv reply.txt [value_definitions.csv]
//!
//! It asks about the values with at least 20 items, and prints the graph as a table for a file such
//! as `examples/experiments/references.toml`. The whole reply goes to `reply.txt`, also where it
//! is no graph: it can then be mended by hand and given again with `--read`, which asks nobody.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use valuebench::chat::{ChatClient, ChatSampling, ReferenceError, ReferenceGraph};
use valuebench::{Definitions, Questionnaire};

const MIN_ITEMS: usize = 20;

const USAGE: &str = "expected QUESTIONNAIRE REPLY [DEFINITIONS], or --read QUESTIONNAIRE REPLY";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let (key, graph) = match given[..] {
        ["--read", questionnaire, reply] => {
            let values = values(questionnaire)?;
            let graph = ReferenceGraph::parse(&fs::read_to_string(reply)?, &values);
            ("mended".to_owned(), graph?)
        }
        [questionnaire, reply] => ask(questionnaire, reply, None)?,
        [questionnaire, reply, definitions] => {
            let definitions = Definitions::from_path(definitions)?;
            ask(questionnaire, reply, Some(&definitions))?
        }
        _ => return Err(USAGE.into()),
    };
    println!("[[reference]]\nkey = {key:?}\ntitle = {key:?}\nshort = {key:?}\nedges = [");
    for [cause, effect] in &graph.edges {
        println!("    [{cause:?}, {effect:?}],");
    }
    println!("]");
    Ok(())
}

fn values(questionnaire: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let questionnaire = Questionnaire::from_path(questionnaire)?.with_at_least(MIN_ITEMS);
    Ok(questionnaire.values().to_vec())
}

/// The model's name, and its graph.
fn ask(
    questionnaire: &str,
    reply: &str,
    definitions: Option<&Definitions>,
) -> Result<(String, ReferenceGraph), Box<dyn Error>> {
    let values = values(questionnaire)?;
    let client = ChatClient::from_env()?;
    let asked = ReferenceGraph::ask(&client, &values, definitions, &ChatSampling::greedy(4000));
    match &asked {
        Ok(ReferenceGraph { raw, .. }) | Err(ReferenceError::Edges { raw, .. }) => {
            fs::write(reply, raw)?;
        }
        Err(_) => (),
    }
    Ok((client.model().to_owned(), asked?))
}
