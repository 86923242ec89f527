//! `cargo xtask test`: runs the plan, goes on after failures, and says at the end what happened.

use crate::command::Failure;
use crate::inputs::{self, Inputs};
use crate::steps::{self, Log, Site, Step};
use crate::workspace::Workspace;
use std::collections::{BTreeMap, BTreeSet};
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
        let mut notes = BTreeSet::new();
        let (mut passed, mut failed) = (0, 0);
        let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (step, outcome) in self.steps.iter().zip(self.outcomes) {
            let (took, log) = match outcome {
                Outcome::Ran(took, log) => (Took(*took), log),
                Outcome::Skipped(why) => {
                    skipped.entry(why).or_default().push(&step.name);
                    continue;
                }
            };
            let ok = log.failures.is_empty();
            *(if ok { &mut passed } else { &mut failed }) += 1;
            writeln!(
                f,
                "{}  {:<22} {took}",
                if ok { "passed" } else { "FAILED" },
                step.name
            )?;
            for failure in &log.failures {
                writeln!(f, "    {}", failure.to_string().replace('\n', "\n    "))?;
            }
            notes.extend(log.notes.iter().map(String::as_str));
        }
        if self.tested() {
            notes.extend(self.inputs.missing.iter().map(String::as_str));
        }
        for (why, steps) in &skipped {
            writeln!(f, "skipped, {why}: {}", steps.join(", "))?;
        }
        for note in notes {
            writeln!(f, "note: {note}")?;
        }
        let skipped = self.steps.len() - passed - failed;
        write!(
            f,
            "{passed} passed, {failed} failed, {skipped} skipped, in {}",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(names: &[&str]) -> Vec<Step<'static>> {
        names
            .iter()
            .map(|name| Step::new(name, "about", |_| {}))
            .collect()
    }

    fn selected(only: &[&str], skip: &[&str]) -> Result<Vec<bool>, String> {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let steps = steps(&["fmt", "test-a", "test-a-b", "tests"]);
        select(&steps, &owned(only), &owned(skip)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn steps_are_selected_by_name_and_by_group() {
        assert_eq!(selected(&[], &[]), Ok(vec![true; 4]));
        assert_eq!(selected(&["fmt"], &[]), Ok(vec![true, false, false, false]));
        assert_eq!(selected(&["test"], &[]), Ok(vec![false, true, true, false]));
        assert_eq!(
            selected(&["test"], &["test-a-b"]),
            Ok(vec![false, true, false, false])
        );
        assert_eq!(
            selected(&[], &["test", "tests"]),
            Ok(vec![true, false, false, false])
        );
    }

    #[test]
    fn a_name_that_is_no_step_is_refused_with_those_that_are() {
        for (only, skip) in [
            (&["tset"][..], &[][..]),
            (&[][..], &["te"][..]),
            (&[""][..], &[][..]),
        ] {
            let text = selected(only, skip).expect_err("no such step");
            assert!(text.contains("fmt, test-a, test-a-b, tests"), "{text}");
        }
    }

    #[test]
    fn later_steps_run_after_a_failure_unless_told_not_to() {
        let fails = |log: &mut Log| log.failures.push(Failure::told("it broke"));
        let steps = [
            Step::new("first", "fails", fails),
            Step::new("second", "works", |_| {}),
        ];
        let ran = |outcomes: &[Outcome]| -> Vec<bool> {
            outcomes
                .iter()
                .map(|outcome| matches!(outcome, Outcome::Ran(..)))
                .collect()
        };
        assert_eq!(ran(&run_steps(&steps, &[true, true], false)), [true, true]);
        assert_eq!(ran(&run_steps(&steps, &[true, true], true)), [true, false]);
        assert_eq!(ran(&run_steps(&steps, &[false, true], true)), [false, true]);
    }

    #[test]
    fn the_summary_tells_what_passed_failed_was_skipped_and_left_out() {
        let steps = steps(&["fmt", "test-a", "deny"]);
        let failed = Log {
            failures: vec![Failure::told("two\nlines")],
            ..Log::default()
        };
        let noted = Log {
            notes: vec!["left out".into(), "left out".into()],
            ..Log::default()
        };
        let outcomes = [
            Outcome::Ran(Duration::from_millis(1500), failed),
            Outcome::Ran(Duration::from_secs(61), noted),
            Outcome::Skipped("not asked for"),
        ];
        let inputs = Inputs {
            given: vec![],
            missing: vec!["X is not set".into()],
        };
        let summary = Summary {
            steps: &steps,
            outcomes: &outcomes,
            inputs: &inputs,
            took: Duration::from_secs(125),
        };
        let expected = "==== Summary\n\
            FAILED  fmt                    1.5 s\n    two\n    lines\n\
            passed  test-a                 1 min 1 s\n\
            skipped, not asked for: deny\n\
            note: X is not set\nnote: left out\n\
            1 passed, 1 failed, 1 skipped, in 2 min 5 s";
        assert_eq!(summary.to_string(), expected);
    }
}
