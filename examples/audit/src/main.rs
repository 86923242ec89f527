//! How far the conclusions of a study hold when its choices are made otherwise.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audit::cost::Cost;
use audit::own::{self, OwnStudy};
use audit::{Audit, Settings, Waiting, folder, write};
use clap::Parser;
use program::{Failure, counted, exit_code, make_folder, remark, say};
use reproduce::Arguments;
use study::read_study;

/// How far the conclusions of a study hold when its choices are made otherwise.
///
/// Combines every feature set, baseline, level, treatment of undirected edges, definition and set
/// of rows; holds the gap between expected and unexpected rates against chance; resamples the
/// rows for how sure edges and rates are; holds simpler scores against the graph; plans what to
/// steer with; and writes report.html, audit.json, multiverse.csv.gz, edges.csv and a specification
/// curve for each graph.
///
/// Without options it runs on the planted study, which the program carries. docs/audit.md says how
/// to read the results.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version, verbatim_doc_comment)]
struct Args {
    #[command(flatten)]
    arguments: Arguments,

    /// Folder of a study that run_study or merge_study has finished: audits its own measurements, and the single answers in
    /// its journal.
    #[arg(long, value_name = "DIR", conflicts_with = "experiment")]
    study: Option<PathBuf>,

    /// Study file (TOML) of a study whose journal is complete and whose tables are not made: they are made in a folder
    /// within --out. --data names the folder that its paths are relative to; that of the file unless given.
    #[arg(long, value_name = "FILE", requires = "study", group = "described")]
    study_file: Option<PathBuf>,

    /// Seed of everything random.
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,

    /// Random sets of features to try, each as large as the published one.
    #[arg(long, value_name = "N", default_value_t = Settings::default().random_sets, value_parser = sets)]
    random_sets: usize,

    /// Graphs to draw for each test against chance.
    #[arg(long, value_name = "N", default_value_t = Settings::default().draws, value_parser = draws)]
    draws: usize,

    /// Resamples of the training rows and of the test rows.
    #[arg(long, value_name = "N", default_value_t = Settings::default().resamples, value_parser = count)]
    resamples: usize,

    /// Share of the resamples that an edge of the consensus graph must be found in, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Settings::default().threshold, value_parser = share)]
    threshold: f64,

    /// Refuse an audit that would take longer, as it is on measurements in whose graph almost all values are joined.
    #[arg(long, value_name = "M", default_value_t = 60)]
    minutes: u64,
}

/// How often rows are drawn; more would take memory and time and tell no more.
fn count(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| {
        "expected a number from 1 to 1,000,000 (a share of so many is known to within 0.001)"
            .to_owned()
    })
}

/// Of the graphs drawn all are kept, some 20 KB for each of these.
fn draws(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=100_000).contains(number));
    number.ok_or_else(|| {
        "expected a number from 1 to 100,000 (a share of so many is known to within 0.003)"
            .to_owned()
    })
}

/// Every set is searched in a dozen ways.
fn sets(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= 10_000);
    number.ok_or_else(|| "expected a number from 0 to 10,000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let started = Instant::now();
    let out: &Path = &args.arguments.out;
    let OwnStudy { loaded, answers } = match &args.study {
        None => OwnStudy {
            loaded: args.arguments.load()?,
            answers: None,
        },
        Some(folder) => match &args.study_file {
            None => own::finished(folder)?,
            Some(file) => {
                let (study, data) = read_study(file, args.arguments.data.as_deref())?;
                own::of_journal(folder, (&study, &data), out)?
            }
        },
    };
    for note in &loaded.study.notes {
        remark(format_args!("note: {note}"));
    }
    // Rather now than when all is computed.
    make_folder(out)?;
    folder::check(out, &loaded)?;
    let settings = Settings {
        seed: args.seed,
        random_sets: args.random_sets,
        draws: args.draws,
        resamples: args.resamples,
        threshold: args.threshold,
        ..Settings::default()
    };
    let cost = Cost::foresee(
        &loaded,
        &settings,
        Duration::from_secs(args.minutes.saturating_mul(60)),
    )?;
    remark(cost);
    let waiting = Waiting::shown();
    let audit = Audit::compute(&loaded, answers.as_ref(), &settings, &waiting)?;
    waiting.end();
    for file in write(&audit, out)? {
        say(out.join(file).display())?;
    }
    let seconds = started.elapsed().as_secs_f64();
    say(format_args!(
        "{}: {} of choices in {seconds:.1} s",
        audit.experiment,
        counted(audit.multiverse.n_specifications, "combination")
    ))?;
    say(format_args!(
        "to look at: {}; docs/audit.md says how to read it",
        out.join("report.html").display()
    ))?;
    Ok(())
}
