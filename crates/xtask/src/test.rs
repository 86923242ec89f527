//! `cargo xtask test`: runs the plan, goes on after failures, and says at the end what happened.

use crate::inputs::{self, Inputs};
use crate::steps::{Log, Site, Step, plan};
use crate::system::Install;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Run every check that continuous integration runs.
///
/// Without options all steps run, also after one has failed; the summary at the end lists what
/// passed, failed or was skipped, with the command that repeats each failure. What is missing is
/// fetched where that is possible without asking: rustfmt and clippy through rustup, cargo-deny
/// into `.tools/`, libtorch into `.libtorch/`.
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

    #[command(flatten)]
    install: Install,
}

/// Runs the steps that the options select.
///
/// # Errors
/// If the workspace cannot be read, an option names no step, or an input variable names no folder.
/// A step that fails is no error here: it is in the summary, and in the exit code.
pub fn run(options: &Options) -> Result<ExitCode> {
    let begin = Instant::now();
    options.install.apply();
    let workspace = Workspace::load()?;
    let steps = plan(&workspace);
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let selected = select(&names, &options.only, &options.skip)?;
    if options.list {
        for Step { name, about, .. } in &steps {
            println!("{name:<22} {about}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let inputs = inputs::look(|variable| std::env::var_os(variable))?;
    for line in &inputs.given {
        println!("{line}");
    }
    let site = Site::new(workspace);
    let mut ended: Vec<Ended<'_>> = Vec::new();
    for (step, selected) in steps.iter().zip(selected) {
        let failed = ended.iter().any(Ended::failed);
        let outcome = match (selected, failed && options.fail_fast) {
            (false, _) => Err("not asked for"),
            (true, true) => Err("an earlier step failed"),
            (true, false) => Ok(announced(step, || {
                site.perform(&step.name, options.fail_fast)
            })),
        };
        ended.push(Ended {
            name: &step.name,
            outcome,
        });
    }
    println!("\n{}", summary(&ended, &inputs, begin.elapsed())?);
    Ok(match ended.iter().any(Ended::failed) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// For each name whether it is to run: it is in `only`, or that is empty, and it is not in `skip`.
fn select(names: &[&str], only: &[String], skip: &[String]) -> Result<Vec<bool>> {
    for word in only.iter().chain(skip) {
        if !names.iter().any(|name| is_meant(name, word)) {
            let names = names.join(", ");
            bail!("there is no step \"{word}\"; the steps are {names}");
        }
    }
    let is_in = |name: &str, words: &[String]| words.iter().any(|word| is_meant(name, word));
    let runs = |name: &&str| (only.is_empty() || is_in(name, only)) && !is_in(name, skip);
    Ok(names.iter().map(runs).collect())
}

/// Whether `word` names the step, or the group of steps that it belongs to.
fn is_meant(name: &str, word: &str) -> bool {
    let rest = name.strip_prefix(word);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Prints a step's name before its work, and how it went afterwards.
fn announced(step: &Step, work: impl FnOnce() -> Log) -> (Duration, Log) {
    println!("\n==== {}: {}", step.name, step.about);
    let begin = Instant::now();
    let log = work();
    let took = begin.elapsed();
    for failure in &log.failures {
        println!("failed: {failure:#}");
    }
    println!("==== {} {} in {}", step.name, verdict(&log), Took(took));
    (took, log)
}

fn verdict(log: &Log) -> &'static str {
    match log.failures.is_empty() {
        true => "passed",
        false => "FAILED",
    }
}

/// A step that is over.
struct Ended<'a> {
    name: &'a str,
    /// For how long it ran and what it has to say, or why it did not run.
    outcome: Result<(Duration, Log), &'static str>,
}

impl Ended<'_> {
    fn failed(&self) -> bool {
        matches!(&self.outcome, Ok((_, log)) if !log.failures.is_empty())
    }
}

/// What is printed at the end: every step with its outcome, what was left out, and the totals.
fn summary(ended: &[Ended<'_>], inputs: &Inputs, took: Duration) -> Result<String, fmt::Error> {
    let mut text = "==== Summary\n".to_owned();
    let mut notes = BTreeSet::new();
    for Ended { name, outcome } in ended {
        let Ok((took, log)) = outcome else { continue };
        writeln!(text, "{}  {name:<22} {}", verdict(log), Took(*took))?;
        for failure in &log.failures {
            writeln!(
                text,
                "    {}",
                format!("{failure:#}").replace('\n', "\n    ")
            )?;
        }
        notes.extend(&log.notes);
        let compares = is_meant(name, "test") || ["examples", "study"].contains(name);
        notes.extend(inputs.missing.iter().filter(|_| compares));
    }
    for why in ["not asked for", "an earlier step failed"] {
        let skipped = ended
            .iter()
            .filter(|step| matches!(step.outcome, Err(it) if it == why));
        let names: Vec<&str> = skipped.map(|step| step.name).collect();
        if !names.is_empty() {
            writeln!(text, "skipped, {why}: {}", names.join(", "))?;
        }
    }
    for note in notes {
        writeln!(text, "note: {note}")?;
    }
    let failed = ended.iter().filter(|step| step.failed()).count();
    let skipped = ended.iter().filter(|step| step.outcome.is_err()).count();
    let passed = ended.len() - failed - skipped;
    write!(
        text,
        "{passed} passed, {failed} failed, {skipped} skipped, in {}",
        Took(took)
    )?;
    Ok(text)
}

/// A time as a person reads it.
struct Took(Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            seconds => write!(f, "{} min {} s", seconds / 60, seconds % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(only: &[&str], skip: &[&str]) -> Result<Vec<bool>, String> {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>()
        };
        let names = ["fmt", "test-a", "test-a-b", "tests"];
        select(&names, &owned(only), &owned(skip)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn steps_are_selected_by_name_and_by_group() {
        let runs = |only: &[&str], skip: &[&str]| selected(only, skip).expect("these are steps");
        assert_eq!(runs(&[], &[]), [true; 4]);
        assert_eq!(runs(&["fmt"], &[]), [true, false, false, false]);
        assert_eq!(runs(&["test"], &[]), [false, true, true, false]);
        assert_eq!(runs(&["test"], &["test-a-b"]), [false, true, false, false]);
        assert_eq!(runs(&[], &["test", "tests"]), [true, false, false, false]);
    }

    #[test]
    fn a_word_that_means_no_step_is_refused_with_those_that_do() {
        for (only, skip) in [
            (["tset"], [""; 0].as_slice()),
            ([""], &[]),
            (["fmt"], &["te"]),
        ] {
            let text = selected(&only, skip).expect_err("no such step");
            assert!(text.contains("fmt, test-a, test-a-b, tests"), "{text}");
        }
    }

    #[test]
    fn the_summary_tells_what_passed_failed_was_skipped_and_left_out() {
        let (mut failed, mut noted) = (Log::default(), Log::default());
        failed.failures.push(anyhow::anyhow!("two\nlines"));
        noted
            .notes
            .extend(["left out".to_owned(), "left out".to_owned()]);
        let ended = [
            ("fmt", Ok((Duration::from_millis(1500), failed))),
            ("test-a", Ok((Duration::from_secs(61), noted))),
            ("deny", Err("not asked for")),
            ("doc", Err("an earlier step failed")),
        ];
        let inputs = Inputs {
            given: vec![],
            missing: vec!["X is not set".into()],
        };
        let ended = ended.map(|(name, outcome)| Ended { name, outcome });
        let text = summary(&ended, &inputs, Duration::from_secs(125)).expect("it is text");
        let expected = "==== Summary\n\
            FAILED  fmt                    1.5 s\n    two\n    lines\n\
            passed  test-a                 1 min 1 s\n\
            skipped, not asked for: deny\n\
            skipped, an earlier step failed: doc\n\
            note: X is not set\nnote: left out\n\
            1 passed, 1 failed, 2 skipped, in 2 min 5 s";
        assert_eq!(text, expected);
    }
}
