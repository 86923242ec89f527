//! `cargo xtask`: the commands of this workspace, in Rust so that a Rust toolchain is all they
//! need.
//!
//! `reproduce` runs the reproduction; `test` runs every check that continuous integration runs.
//! [`plan::plan`] names the steps, [`steps::Site`] does their work by running [`command::Cmd`]s and
//! collecting each [`command::Failure`], and [`summary::Summary`] tells how it went.

mod bench_lm;
mod command;
mod deny;
mod examples;
mod features;
mod inputs;
mod libtorch;
mod organism;
mod package;
mod plan;
mod reproduce;
mod steps;
mod summary;
mod system;
mod test;
mod toolchain;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The commands of the value-causal workspace. They need Rust (cargo, clippy, rustfmt) and nothing
/// else.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    BenchLm(bench_lm::Options),
    Libtorch(libtorch::Options),
    Reproduce(reproduce::Options),
    Test(test::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::BenchLm(options) => bench_lm::run(&options),
        Command::Libtorch(options) => libtorch::run(&options),
        Command::Reproduce(options) => reproduce::run(&options),
        Command::Test(options) => test::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}
