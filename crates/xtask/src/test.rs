//! `cargo xtask test`: runs the plan, goes on after failures, and says at the end what happened.

use crate::command::Failure;
use crate::inputs::{self, Inputs};
use crate::steps::{self, Log, Site, Step};
use crate::workspace::Workspace;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Run every check that continuous integration runs.
///
/// Without options all steps run, also after one has failed; the summary at the end lists what
/// passed, failed or was skipped, with the command that repeats each failure. What is missing is
/// fetched where that is possible without asking: rustfmt and clippy through rustup, cargo-deny
/// into `.tools/`.
///
/// Examples:
///   cargo xtask test                       everything
///   cargo xtask test --list                the names of the steps
///   cargo xtask test --only fmt,clippy     two steps
///   cargo xtask test --only test           every step whose name begins with `test-`
///   cargo xtask test --skip deny,package   everything but these
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// List the steps and stop.
    #[arg(long)]
    list: bool,

    /// Run these steps alone: names, or the part of a name before a `-`, separated by commas.
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,

    /// Leave these steps out, named as for --only.
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    skip: Vec<String>,

    /// Stop at the first failure.
    #[arg(long)]
    fail_fast: bool,
}

/// How one step ended.
enum Outcome {
    Ran(Duration, Log),
    Skipped(&'static str),
}

/// Runs the steps that the options select.
///
/// # Errors
/// If the workspace cannot be read, an option names no step, or an input variable names no folder.
/// A step that fails is no error here: it is in the summary, and in the exit code.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let site = Site::new(Workspace::load()?);
    let steps = steps::plan(&site);
    let selected = select(&steps, &options.only, &options.skip)?;
    if options.list {
        for step in &steps {
            println!("{:<22} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let inputs = inputs::look()?;
    for line in &inputs.given {
        println!("{line}");
    }
    let begin = Instant::now();
    let outcomes = run_steps(&steps, &selected, options.fail_fast);
    println!(
        "\n{}",
        Summary {
            steps: &steps,
            outcomes: &outcomes,
            inputs: &inputs,
            took: begin.elapsed()
        }
    );
    let failed = outcomes.iter().any(Outcome::failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn run_steps(steps: &[Step<'_>], selected: &[bool], fail_fast: bool) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (step, &selected) in steps.iter().zip(selected) {
        let outcome = if !selected {
            Outcome::Skipped("not asked for")
        } else if fail_fast && outcomes.iter().any(Outcome::failed) {
            Outcome::Skipped("an earlier step failed")
        } else {
            run_step(step, fail_fast)
        };
        outcomes.push(outcome);
    }
    outcomes
}

fn run_step(step: &Step<'_>, fail_fast: bool) -> Outcome {
    println!("\n==== {}: {}", step.name, step.about);
    let begin = Instant::now();
    let log = step.run(fail_fast);
    let took = begin.elapsed();
    for failure in &log.failures {
        println!("failed: {failure}");
    }
    let verdict = if log.failures.is_empty() {
        "passed"
    } else {
        "FAILED"
    };
    println!("==== {} {verdict} in {}", step.name, Took(took));
    Outcome::Ran(took, log)
}

/// For each step whether it is to run.
fn select(steps: &[Step<'_>], only: &[String], skip: &[String]) -> Result<Vec<bool>, Failure> {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    for wanted in only.iter().chain(skip) {
        if !names.iter().any(|name| is_meant(name, wanted)) {
            return Err(Failure::told(format!(
                "there is no step \"{wanted}\"; the steps are {}",
                names.join(", ")
            )));
        }
    }
    let is_in = |name: &str, list: &[String]| list.iter().any(|wanted| is_meant(name, wanted));
    Ok(names
        .iter()
        .map(|name| (only.is_empty() || is_in(name, only)) && !is_in(name, skip))
        .collect())
}

/// Whether `wanted` names the step, or the group of steps that it belongs to.
fn is_meant(name: &str, wanted: &str) -> bool {
    name.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl Outcome {
    fn failed(&self) -> bool {
        matches!(self, Outcome::Ran(_, log) if !log.failures.is_empty())
    }
}

/// What is printed at the end.
struct Summary<'a> {
    steps: &'a [Step<'a>],
    outcomes: &'a [Outcome],
    inputs: &'a Inputs,
    took: Duration,
}

impl Summary<'_> {
    /// Whether any step ran that may read the inputs.
    fn tested(&self) -> bool {
        let mut pairs = self.steps.iter().zip(self.outcomes);
        pairs.any(|(step, outcome)| {
            is_meant(&step.name, "test") && matches!(outcome, Outcome::Ran(..))
        })
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "==== Summary")?;
        let mut notes: Vec<&str> = Vec::new();
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (step, outcome) in self.steps.iter().zip(self.outcomes) {
            match outcome {
                Outcome::Skipped(why) => {
                    skipped += 1;
                    writeln!(f, "skipped  {:<22} {why}", step.name)?;
                }
                Outcome::Ran(took, log) if log.failures.is_empty() => {
                    passed += 1;
                    writeln!(f, "passed   {:<22} {}", step.name, Took(*took))?;
                }
                Outcome::Ran(took, log) => {
                    failed += 1;
                    writeln!(f, "FAILED   {:<22} {}", step.name, Took(*took))?;
                    for failure in &log.failures {
                        writeln!(f, "  {failure}")?;
                    }
                }
            }
            if let Outcome::Ran(_, log) = outcome {
                notes.extend(log.notes.iter().map(String::as_str));
            }
        }
        if self.tested() {
            notes.extend(self.inputs.missing.iter().map(String::as_str));
        }
        notes.dedup();
        for note in notes {
            writeln!(f, "note: {note}")?;
        }
        write!(
            f,
            "{passed} steps passed, {failed} failed, {skipped} skipped, in {}",
            Took(self.took)
        )
    }
}

/// A time as a person reads it.
struct Took(Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            _ => write!(f, "{} min {} s", seconds / 60, seconds % 60),
        }
    }
}
