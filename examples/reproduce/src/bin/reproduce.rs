//! Every figure and table of the paper from measured value orientations, with a report that sets
//! each number beside the paper's.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use program::{Failure, counted, exit_code, say};
use reproduce::Arguments;
use reproduce::reproduction::reproduce;

/// Every figure and table of the paper from measured value orientations.
///
/// Reads orientation tables, discovers the causal graph among the values with the PC algorithm,
/// measures how well it predicts what steering does, and writes results.json, figures 3 to 7,
/// tables 1, 3 and 4 (or 5), and report.md.
///
/// Without options it runs on the planted study, which the program carries: measurements drawn
/// from a known causal graph, so that the report can compare what was found with the truth. For
/// the paper's own numbers fetch the authors' released CSV files and name their folder:
///
///   reproduce --experiment examples/experiments/gemma-2b-it.toml --data DIR --out out/gemma
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version, verbatim_doc_comment)]
struct Args {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse().arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let started = Instant::now();
    let files = reproduce(&arguments.load()?, &arguments.out)?;
    for file in &files {
        say(arguments.out.join(file).display())?;
    }
    let (n, seconds) = (files.len(), started.elapsed().as_secs_f64());
    say(format_args!(
        "{files} in {seconds:.2} s; start with report.md",
        files = counted(n, "file")
    ))?;
    Ok(())
}
