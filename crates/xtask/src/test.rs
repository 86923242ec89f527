//! `cargo xtask test`: runs the plan, goes on after failures, and says at the end what happened.

use crate::command::Failure;
use crate::inputs;
use crate::plan::{Step, plan, select};
use crate::steps::{Log, Site};
use crate::summary::{Outcome, Summary, Took};
use crate::workspace::Workspace;
use std::process::ExitCode;
use std::time::Instant;

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

/// Runs the steps that the options select.
///
/// # Errors
/// If the workspace cannot be read, an option names no step, or an input variable names no folder.
/// A step that fails is no error here: it is in the summary, and in the exit code.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let begin = Instant::now();
    let site = Site::new(Workspace::load()?);
    let steps = plan(&site.workspace);
    let selected = select(&steps, &options.only, &options.skip)?;
    if options.list {
        for Step { name, about, .. } in &steps {
            println!("{name:<22} {about}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let inputs = inputs::look()?;
    for line in &inputs.given {
        println!("{line}");
    }
    let run = |step: &Step| announced(step, || site.perform(&step.work, options.fail_fast));
    let outcomes = run_steps(&steps, &selected, options.fail_fast, run);
    let took = begin.elapsed();
    println!(
        "\n{}",
        Summary {
            steps: &steps,
            outcomes: &outcomes,
            inputs: &inputs,
            took
        }
    );
    let failed = outcomes.iter().any(Outcome::failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs the selected steps in order; after a failure the others are skipped if `fail_fast`.
fn run_steps(
    steps: &[Step],
    selected: &[bool],
    fail_fast: bool,
    run: impl Fn(&Step) -> Outcome,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(steps.len());
    for (step, &selected) in steps.iter().zip(selected) {
        let outcome = if !selected {
            Outcome::Skipped("not asked for")
        } else if fail_fast && outcomes.iter().any(Outcome::failed) {
            Outcome::Skipped("an earlier step failed")
        } else {
            run(step)
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// Prints a step's name before its work, and how it went afterwards.
fn announced(step: &Step, work: impl FnOnce() -> Log) -> Outcome {
    println!("\n==== {}: {}", step.name, step.about);
    let begin = Instant::now();
    let log = work();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Work;
    use std::time::Duration;

    #[test]
    fn later_steps_run_after_a_failure_unless_told_not_to() {
        let steps = ["fails", "works"].map(|name| Step {
            name: name.into(),
            about: String::new(),
            work: Work::Deny,
        });
        let run = |step: &Step| {
            let mut log = Log::default();
            if step.name == "fails" {
                log.failures.push(Failure::told("it broke"));
            }
            Outcome::Ran(Duration::ZERO, log)
        };
        let ran = |selected: [bool; 2], fail_fast| -> Vec<bool> {
            let outcomes = run_steps(&steps, &selected, fail_fast, run);
            outcomes
                .iter()
                .map(|outcome| matches!(outcome, Outcome::Ran(..)))
                .collect()
        };
        assert_eq!(ran([true, true], false), [true, true]);
        assert_eq!(ran([true, true], true), [true, false]);
        assert_eq!(ran([false, true], true), [false, true]);
    }
}
