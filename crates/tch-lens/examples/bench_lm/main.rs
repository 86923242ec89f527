//! The speed of generation, for `scripts/lm_peers`.
//!
//! `make` writes a checkpoint of random weights with prompts and steering directions; `prompts` does so without
//! the weights. `serve` opens a checkpoint, or makes random weights on the device itself, and then runs all prompts once for
//! each line that it reads, answering with one line of JSON. The peers' workers in `scripts/lm_peers` do the same, so
//! that runs can alternate.

mod make;
mod serve;
mod shapes;

use clap::Parser;

use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
enum Command {
    /// Write a checkpoint of random weights, prompts and steering directions into a folder.
    Make(make::Options),
    /// The same without the weights, for `serve --random`.
    Prompts(make::Options),
    /// Run all prompts once for each line on standard input.
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Make(options) => make::checkpoint(&options),
        Command::Prompts(options) => make::prompts(&options),
        Command::Serve(options) => serve::serve(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
