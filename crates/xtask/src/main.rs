//! `cargo xtask`: the commands of this workspace, in Rust so that a Rust toolchain is all they need.
//!
//! | file | what it does |
//! |---|---|
//! | `test` | `cargo xtask test`: selects steps, runs them, sums up |
//! | `steps` | the steps by name, and what each runs |
//! | `workspace` | the packages, and the feature sets in which each is built |
//! | `packing` | whether the libraries build as a registry would have them |
//! | `inputs` | folders that tests compare with |
//! | `tools` | parts of the toolchain, and cargo-deny |
//! | `system` | what the operating system has to bring |
//! | `reproduce` | `cargo xtask reproduce` |
//! | `data` | `cargo xtask data` |
//! | `libtorch` | `cargo xtask libtorch`, and where libtorch lies |

mod data;
mod inputs;
mod libtorch;
mod packing;
mod reproduce;
mod steps;
mod system;
mod test;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The commands of the value-causal workspace. They need Rust (cargo, clippy, rustfmt) and nothing else.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Data(data::Options),
    Libtorch(libtorch::Options),
    Reproduce(reproduce::Options),
    /// Ask SmolLM2 all of ValueBench, in hours; the arguments are those of scripts/real_models/study.py.
    #[command(disable_help_flag = true)]
    RealStudy {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
    Test(test::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Data(options) => data::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Libtorch(options) => libtorch::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Reproduce(options) => reproduce::run(&options).map(|()| ExitCode::SUCCESS),
        Command::RealStudy { args } => reproduce::real_study(&args).map(|()| ExitCode::SUCCESS),
        Command::Test(options) => test::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
