//! `schwartz INSTRUMENT ANSWERS.csv`: scores of one of Schwartz's instruments, a row for each person, model or role.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, cell, exit_code, say};
use questionnaires::Kind;
use value_causal::bench::schwartz::Answers;

/// Score answers to one of Schwartz's instruments, and print them as CSV.
///
/// Values are centred on the mean of all items, for correlations and for comparing means; --raw leaves them as they are, for
/// factor models. Higher values are means of values, and always centred.
#[derive(Parser)]
struct Args {
    /// The instrument that was answered.
    #[arg(value_enum)]
    instrument: Kind,
    /// CSV file with a column "person" and one for each item, named by its number; an empty cell is no answer.
    answers: PathBuf,
    /// Raw values: means of their items.
    #[arg(long)]
    raw: bool,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let instrument = args.instrument.instrument();
    let answers = Answers::from_path(&args.answers, instrument)?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let values = instrument.values.iter().map(|(value, _)| *value);
    let higher = instrument.higher.iter().map(|(value, _)| *value);
    table.write_record(
        ["person", "missing", "mrat"]
            .into_iter()
            .chain(values)
            .chain(higher),
    )?;
    for (person, answers) in answers.persons.iter().zip(&answers.answers) {
        let scores = instrument
            .score(answers)
            .map_err(|error| format!("{person}: {error}"))?;
        let of_value = scores.values.iter();
        let values = of_value.map(|of| if args.raw { of.raw } else { of.centred });
        let numbers = values.chain(scores.higher.iter().map(|of| of.by_values));
        let numbers = numbers.map(|number| number.map_or_else(String::new, |n| n.to_string()));
        let first = [
            cell(person).into_owned(),
            scores.n_missing.to_string(),
            scores.mrat.to_string(),
        ];
        table.write_record(first.into_iter().chain(numbers))?;
    }
    say(String::from_utf8(table.into_inner()?)?.trim_end())?;
    Ok(())
}
