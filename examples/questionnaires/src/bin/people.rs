//! `people TABLE.csv`: how the values of people hang together: dependence, circle, the pairs that PC joins, and the graph
//! that the graphs of models are held against.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use figures::circle;
use program::{Failure, counted, exit_code, save_picture, save_text, say};
use questionnaires::people::{Graphs, People, figure, reference};
use value_causal::discovery::Alpha;
use value_causal::psychometrics::circumplex::{Circumplex, CircumplexError};

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
    /// Write the graph as a reference graph, which reproduce, run_study and audit take: pairs joined in all graphs, directed
    /// where all direct them alike.
    #[arg(long, value_name = "FILE.toml")]
    reference: Option<PathBuf>,
    /// The key of that reference graph.
    #[arg(long, default_value = "people", requires = "reference")]
    key: String,
    /// Draw the circle with the pairs of the graph: STEM.svg and STEM.png.
    #[arg(long, value_name = "STEM")]
    picture: Option<PathBuf>,
}

/// Fewer values have no circle.
const LEAST_ON_CIRCLE: usize = 4;

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let alpha = Alpha::new(args.alpha)?;
    let people = People::read(&args.table, &args.values)?;
    if args.picture.is_some() && people.names.len() < LEAST_ON_CIRCLE {
        let found = counted(people.names.len(), "value");
        return Err(format!(
            "--picture: expected at least {LEAST_ON_CIRCLE} values on the circle, found {found}"
        )
        .into());
    }
    if args.key.is_empty() {
        return Err("--key: expected a name, found none".into());
    }
    let correlations = people.correlations()?;
    say(format_args!(
        "{} people, {}, which vary in {}",
        people.table.nrows(),
        counted(people.names.len(), "value"),
        counted(correlations.rank(), "direction")
    ))?;
    let circle_of_values = Circumplex::of(&correlations);
    show_circle(&people.names, &circle_of_values)?;
    let graphs = people.graphs(alpha)?;
    show_graphs(&people.names, &graphs)?;
    let common = graphs.common();
    if let Some(file) = &args.reference {
        let title = format!("{} people", people.table.nrows());
        save_text(file, &reference(&common, &args.key, &title))?;
    }
    if let Some(stem) = &args.picture {
        let figure = figure(&people.names, &circle_of_values?, &correlations, &common);
        let picture = circle(&figure)?;
        save_picture(stem, picture.svg(), &picture.png()?)?;
    }
    Ok(())
}

fn show_circle(
    names: &[String],
    circle: &Result<Circumplex, CircumplexError>,
) -> Result<(), Failure> {
    let circle = match circle {
        Ok(circle) => circle,
        Err(why) => return Ok(say(format_args!("no circle: {why}"))?),
    };
    say("on the circle of the first two principal axes, in degrees:")?;
    for &value in &circle.order {
        let degrees = circle.angles[value].to_degrees();
        say(format_args!("  {degrees:3.0} {}", names[value]))?;
    }
    let r = circle.r_with_distance;
    say(format_args!(
        "correlation of r with the distance on the circle of theory: {r:.3}"
    ))?;
    let means = circle.mean_r_by_distance.iter().map(|r| format!("{r:.3}"));
    say(format_args!(
        "mean r of neighbours on that circle, of the next, ... of opposites: {}",
        means.collect::<Vec<_>>().join(" ")
    ))?;
    Ok(())
}

fn show_graphs(names: &[String], graphs: &Graphs) -> Result<(), Failure> {
    let (why, found) = match graphs {
        Graphs::Whole(graph) if graph.n_edges() == 0 => return Ok(say("the graph has no edges")?),
        Graphs::Whole(graph) => return Ok(say(format_args!("the graph:\n{graph}"))?),
        Graphs::LeftOut { why, found } => (why, found),
    };
    say(format_args!("not searched together: {why}"))?;
    for (name, graph) in names.iter().zip(&found.graphs) {
        let edges = counted(graph.n_edges(), "edge");
        say(format_args!("without {name}: {edges}"))?;
        let lines = graph.to_string();
        lines
            .lines()
            .try_for_each(|line| say(format_args!("  {line}")))?;
    }
    say("pairs, and in how many of the graphs with one value left out they are joined:")?;
    for pair in found.pairs().into_iter().filter(|pair| pair.adjacent > 0) {
        let [a, b] = pair.pair.map(|value| &names[value]);
        say(format_args!(
            "  {} of {}: {a}, {b}",
            pair.adjacent, pair.runs
        ))?;
    }
    let common = found.in_all();
    let pairs = counted(common.n_edges(), "pair");
    say(format_args!("{pairs} in all of them:\n{common}"))?;
    Ok(())
}
