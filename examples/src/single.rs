use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Loaded};
use crate::outputs::{Output, write_all};
use crate::results::Results;
use crate::{Failure, exit_code};

/// Draws one figure or table of the paper from measured value orientations.
///
/// Without options it runs on the planted study, which the program carries.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    arguments: Arguments,
}

/// The whole of a program that writes one output: reads its options, computes, writes, and prints
/// the names of the files.
pub fn draw_only(output: Output) -> ExitCode {
    exit_code(run(output, &Args::parse().arguments))
}

/// The same for the table with all features, which is table 4 or 5 by experiment.
pub fn draw_full_table(number: u8) -> ExitCode {
    let arguments = Args::parse().arguments;
    exit_code(arguments.load().and_then(|loaded| {
        let has = loaded.experiment.full_table();
        if has != number {
            let name = &loaded.experiment.name;
            return Err(format!("all features of {name} are table {has}: use table_{has}").into());
        }
        write(Output::FullTable, &arguments, &loaded)
    }))
}

fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    write(output, arguments, &arguments.load()?)
}

fn write(output: Output, arguments: &Arguments, loaded: &Loaded) -> Result<(), Failure> {
    let results = Results::compute(&loaded.experiment, &loaded.study)?;
    let files = write_all(&[output], loaded, &results, &arguments.out, &|_| ())?;
    for file in files {
        println!("{}", arguments.out.join(file).display());
    }
    Ok(())
}
