//! Asks an organism through the engine and holds its answers against what is planted: see `fixtures/organism/README.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use organism::exam::{Extent, exam};
use organism::world::World;
use program::{Failure, exit_code, say};
use value_causal::lens::{Lm, LoadOptions};

/// Examine an organism: obedience, the graph in its answers, the effects of instructions.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// The organism's folder.
    #[arg(default_value = "fixtures/organism")]
    folder: PathBuf,
    /// Ask at most so many roles for training, and so many for the test.
    #[arg(long, num_args = 2, value_names = ["TRAIN", "TEST"])]
    roles: Option<Vec<usize>>,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let world = World::open(&args.folder)?;
    let lm = Lm::open(args.folder.join("model"), &LoadOptions::default())?;
    let extent = match args.roles.as_deref() {
        Some(&[train, test]) => Extent { train, test },
        _ => Extent {
            train: world.train.len(),
            test: world.test.len(),
        },
    };
    say(serde_json::to_string_pretty(&exam(&lm, &world, extent)?)?)?;
    Ok(())
}
