use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::arguments::{Arguments, Loaded};
use crate::outputs::{Output, write_all};
use crate::results::Results;
use program::{Failure, exit_code, say};

#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    arguments: Arguments,
}

/// The whole of a program that writes one output: reads its options, computes, writes, and prints
/// the names of the files.
///
/// `program` is its name, and `what` opens its help.
pub fn draw_only(program: &'static str, output: Output, what: &'static str) -> ExitCode {
    exit_code(run(output, &arguments(program, what)))
}

/// The same for the table with all features, which is table 4 or 5 by experiment.
pub fn draw_full_table(program: &'static str, number: u8, what: &'static str) -> ExitCode {
    let arguments = arguments(program, what);
    exit_code(arguments.load().and_then(|loaded| {
        let has = loaded.experiment.full_table();
        if has != number {
            let name = &loaded.experiment.name;
            return Err(format!("all features of {name} are table {has}: use table_{has}").into());
        }
        write(Output::FullTable, &arguments, &loaded)
    }))
}

fn arguments(program: &'static str, what: &'static str) -> Arguments {
    let help = format!(
        "{what}\n\nWithout options it runs on the planted study, which the program carries."
    );
    let command = Args::command().name(program).about(what).long_about(help);
    let matches = command.get_matches();
    Args::from_arg_matches(&matches)
        .unwrap_or_else(|error| error.exit())
        .arguments
}

fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    write(output, arguments, &arguments.load()?)
}

fn write(output: Output, arguments: &Arguments, loaded: &Loaded) -> Result<(), Failure> {
    let results = Results::compute(&loaded.experiment, &loaded.study)?;
    let files = write_all(&[output], loaded, &results, &arguments.out, &|_| ())?;
    for file in files {
        say(arguments.out.join(file).display())?;
    }
    Ok(())
}
