//! `people TABLE.csv`: how the values of people hang together: dependence, circle, and the pairs that PC joins.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ndarray::{Array2, Axis};
use program::{Failure, exit_code, say};
use value_causal::discovery::ci::FisherZOptions;
use value_causal::discovery::{Alpha, FisherZ, LeaveOneOut, PcOptions, pc};
use value_causal::psychometrics::circumplex::Circumplex;
use value_causal::psychometrics::{Correlations, Scores};

/// Print how the columns of a table hang together.
///
/// Columns that are exactly dependent, as values are that are centred on their own mean, are named and searched with one left
/// out in turn: only pairs that are joined in all these graphs do not hang on which it is.
#[derive(Parser)]
struct Args {
    /// CSV file with a row for each person.
    table: PathBuf,
    /// The columns, in the order of the circle that theory says; without, all but the first.
    #[arg(long, value_delimiter = ',')]
    values: Vec<String>,
    /// Significance level.
    #[arg(long, default_value_t = 0.01)]
    alpha: f64,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let alpha = Alpha::new(args.alpha)?;
    let (names, table) = read(args)?;
    let scores = Scores::named(table.view(), &names)?;
    let correlations = Correlations::of(&scores)?;
    say(format_args!(
        "{} people, {} values, which vary in {} directions",
        table.nrows(),
        names.len(),
        correlations.rank()
    ))?;
    match Circumplex::of(&correlations) {
        Err(why) => say(format_args!("no circle: {why}"))?,
        Ok(circle) => {
            say("on the circle of the first two principal axes, in degrees:")?;
            for &value in &circle.order {
                let degrees = circle.angles[value].to_degrees();
                say(format_args!("  {degrees:3.0} {}", names[value]))?;
            }
            let r = circle.r_with_distance;
            say(format_args!(
                "correlation of r with the distance on the circle of theory: {r:.3}"
            ))?;
        }
    }
    let options = PcOptions::new(alpha);
    let search = |kept: &[usize]| -> Result<_, Failure> {
        let names = kept.iter().map(|&value| &names[value]);
        let test = FisherZOptions::new().names(names);
        let test = FisherZ::with_options(table.select(Axis(1), kept).view(), test)?;
        test.check_dependence()?;
        Ok(pc(&test, &options)?.graph)
    };
    let all: Vec<usize> = (0..names.len()).collect();
    match search(&all) {
        Ok(graph) => say(format_args!("the graph:\n{graph}"))?,
        Err(why) => {
            say(format_args!("not searched together: {why}"))?;
            let found = LeaveOneOut::search(names.len(), search)?;
            say("pairs, and in how many of the graphs with one value left out they are joined:")?;
            for pair in found.pairs().into_iter().filter(|pair| pair.adjacent > 0) {
                let [a, b] = pair.pair.map(|value| &names[value]);
                say(format_args!(
                    "  {} of {}: {a}, {b}",
                    pair.adjacent, pair.runs
                ))?;
            }
        }
    }
    Ok(())
}

/// The names and the numbers of the columns.
fn read(args: &Args) -> Result<(Vec<String>, Array2<f64>), Failure> {
    let file = args.table.display();
    let mut table =
        csv::Reader::from_path(&args.table).map_err(|error| format!("{file}: {error}"))?;
    let header: Vec<String> = table.headers()?.iter().map(str::to_owned).collect();
    let names = match args.values.is_empty() {
        true => header.iter().skip(1).cloned().collect(),
        false => args.values.clone(),
    };
    let place = |name: &String| {
        let place = header.iter().position(|other| other == name);
        place.ok_or_else(|| format!("{file}: expected a column {name:?}, found {header:?}"))
    };
    let places: Vec<usize> = names.iter().map(place).collect::<Result<_, _>>()?;
    let mut numbers = Vec::new();
    for row in table.records() {
        let row = row.map_err(|error| format!("{file}: {error}"))?;
        let line = row.position().map_or(0, csv::Position::line);
        for (&place, name) in places.iter().zip(&names) {
            let number = row[place].trim().parse::<f64>();
            numbers.push(number.map_err(|_| {
                let found = &row[place];
                format!("{file}, line {line}, column {name:?}: expected a number, found {found:?}")
            })?);
        }
    }
    let rows = numbers.len().checked_div(names.len()).unwrap_or_default();
    Ok((
        names.clone(),
        Array2::from_shape_vec((rows, names.len()), numbers)?,
    ))
}
