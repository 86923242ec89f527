//! The shards of a study put together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use examples::run::finish::finish;
use examples::run::{StudyArguments, journal_of};
use examples::{Failure, exit_code};
use value_causal::bench::journal::{Journal, Shard, merge};

/// Merge the journals of a study's shards and make what a single run makes of them.
///
/// The journals lie in the study's folder, below `shards`, where run_study --shard leaves them. All shards must be there
/// and complete, each once and all of the same study. Needs no model.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    arguments: StudyArguments,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse().arguments))
}

fn run(arguments: &StudyArguments) -> Result<(), Failure> {
    let (study, data) = arguments.load()?;
    let out = &arguments.out;
    let whole = journal_of(out, Shard::WHOLE);
    let journal = match whole.exists() {
        true => Journal::of_file(&whole)?,
        false => merge(&whole, &shards(&out.join("shards"))?)?,
    };
    journal.complete()?;
    if arguments.answers {
        journal.write_csv(whole.with_extension("answers.csv"))?;
    }
    for file in finish(&study, &data, &journal, out, None)? {
        println!("{}", out.join(file).display());
    }
    Ok(())
}

/// The journals in a folder, by name.
fn shards(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        if path.extension().is_some_and(|ending| ending == "journal") {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(format!(
            "{}: expected the journals of shards, found none",
            folder.display()
        )
        .into());
    }
    found.sort_unstable();
    Ok(found)
}
