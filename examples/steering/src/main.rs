//! Steering methods held against one another on one questionnaire, dose by dose.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, exit_code};
use steering::file::ComparisonFile;
use steering::run::Run;
use study::read_study;
use value_causal::bench::journal::Shard;

/// Hold steering methods against one another: ask a model the questionnaire of a study under every method, value, sign and
/// dose, and tell what moved the value, what else moved, and what it cost.
///
/// Every answer is kept in a journal at once, as by run_study: a run that was stopped goes on where it was. A comparison too
/// long for one machine is run in shards, --shard 1/N to N/N; the same command without --shard then makes one of their
/// journals, measures the costs and writes all that follows.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// Comparison file (TOML).
    file: PathBuf,

    /// Folder that the paths in study and comparison are relative to; that of the study file unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Folder for the journal and for what is made of it; it is made if it does not exist.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,

    /// Only every N-th setting, from the I-th on, into a journal of its own.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,

    /// Say what would be done and how long it would take, judged by answers that are not kept, and stop.
    #[arg(long)]
    plan: bool,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let file = ComparisonFile::read(&args.file)?;
    let beside = args.file.parent().unwrap_or(Path::new(""));
    let (study, data) = read_study(&beside.join(&file.study), args.data.as_deref())?;
    let run = Run {
        file,
        study,
        data,
        out: &args.out,
        shard: args.shard,
    };
    if args.plan { run.plan() } else { run.go() }
}
