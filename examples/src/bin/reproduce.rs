//! Every figure and table of the paper from measured value orientations, with a report that sets
//! each number beside the paper's.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use examples::outputs::{outputs, table_1, write_all};
use examples::report::markdown;
use examples::results::Results;
use examples::{Arguments, Failure, exit_code, save_text, steps};

/// Every figure and table of the paper from measured value orientations.
///
/// Reads orientation tables, discovers the causal graph among the values with the PC algorithm,
/// measures how well it foretells what steering does, and writes results.json, figures 3 to 7,
/// tables 1, 3 and 4 (or 5), and report.md.
///
/// Without options it runs on the planted study, which the program carries: measurements drawn
/// from a known causal graph, so that the report can compare what was found with the truth. For
/// the paper's own numbers fetch the authors' released CSV files and name their folder:
///
///   reproduce --experiment examples/experiments/gemma-2b-it.toml --data DIR --out out/gemma
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Args {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse().arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let started = Instant::now();
    let out = &arguments.out;
    let steps = steps(3);
    steps.set_message("reading measurements");
    let loaded = arguments.load()?;
    let outputs = outputs(&loaded.experiment);
    steps.set_length(outputs.len() as u64 + 3);
    steps.inc(1);

    for note in &loaded.study.notes {
        steps.suspend(|| eprintln!("note: {note}"));
    }
    // The report is written last and marks a whole folder, so an earlier run's must go first.
    let report_file = out.join("report.md");
    match std::fs::remove_file(&report_file) {
        Err(error) if error.kind() != ErrorKind::NotFound && report_file.exists() => {
            return Err(format!("{}: {error}", report_file.display()).into());
        }
        _ => {}
    }
    steps.set_message("discovering graphs, measuring effects");
    let results = Results::compute(&loaded.experiment, &loaded.study)?;
    let json = serde_json::to_string_pretty(&results)?;
    save_text(&out.join("results.json"), &(json + "\n"))?;
    steps.inc(1);

    let mut files = vec!["results.json".to_owned()];
    files.extend(write_all(&outputs, &loaded, &results, out, &|stem| {
        steps.set_message(format!("drew {stem}"));
        steps.inc(1);
    })?);

    let table_1 = table_1(&loaded.experiment, &results)?;
    let report = markdown(
        &loaded.experiment,
        &loaded.study,
        &results,
        &table_1,
        &files,
    )?;
    save_text(&report_file, &report)?;
    steps.finish_and_clear();
    files.push("report.md".to_owned());
    for file in &files {
        println!("{}", out.join(file).display());
    }
    let (n, seconds) = (files.len(), started.elapsed().as_secs_f64());
    println!(
        "{}: {n} files in {seconds:.2} s; start with report.md",
        loaded.experiment.name
    );
    Ok(())
}
