//! What `cargo xtask test` prints at the end.

use crate::inputs::Inputs;
use crate::plan::{Step, is_meant};
use crate::steps::Log;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// How one step ended.
pub enum Outcome {
    /// It ran, for so long.
    Ran(Duration, Log),
    /// It did not run, for this reason.
    Skipped(&'static str),
}

/// Every step with its outcome, what was left out, and the totals.
pub struct Summary<'a> {
    /// The steps of the plan.
    pub steps: &'a [Step],
    /// The outcome of each.
    pub outcomes: &'a [Outcome],
    /// What the tests could compare with.
    pub inputs: &'a Inputs,
    /// The time of the whole run.
    pub took: Duration,
}

/// A time as a person reads it.
pub struct Took(pub Duration);

impl Outcome {
    /// Whether the step ran and something went wrong.
    pub fn failed(&self) -> bool {
        matches!(self, Outcome::Ran(_, log) if !log.failures.is_empty())
    }
}

impl Summary<'_> {
    /// The steps that ran.
    fn ran(&self) -> impl Iterator<Item = (&str, Duration, &Log)> {
        self.steps
            .iter()
            .zip(self.outcomes)
            .filter_map(|(step, outcome)| match outcome {
                Outcome::Ran(took, log) => Some((step.name.as_str(), *took, log)),
                Outcome::Skipped(_) => None,
            })
    }

    /// The names of the steps that did not run, by reason.
    fn skipped(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (step, outcome) in self.steps.iter().zip(self.outcomes) {
            if let Outcome::Skipped(why) = outcome {
                skipped.entry(why).or_default().push(&step.name);
            }
        }
        skipped
    }

    /// What was left out by the steps that ran, each once.
    fn notes(&self) -> BTreeSet<&str> {
        let notes = self.ran().flat_map(|(_, _, log)| &log.notes);
        let tested = self.ran().any(|(name, ..)| is_meant(name, "test"));
        let missing = self.inputs.missing.iter().filter(|_| tested);
        notes.chain(missing).map(String::as_str).collect()
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "==== Summary")?;
        for (name, took, log) in self.ran() {
            let verdict = if log.failures.is_empty() {
                "passed"
            } else {
                "FAILED"
            };
            writeln!(f, "{verdict}  {name:<22} {}", Took(took))?;
            for failure in &log.failures {
                writeln!(f, "    {}", failure.to_string().replace('\n', "\n    "))?;
            }
        }
        for (why, names) in self.skipped() {
            writeln!(f, "skipped, {why}: {}", names.join(", "))?;
        }
        for note in self.notes() {
            writeln!(f, "note: {note}")?;
        }
        let failed = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.failed())
            .count();
        let passed = self.ran().count() - failed;
        let skipped = self.steps.len() - passed - failed;
        let took = Took(self.took);
        write!(
            f,
            "{passed} passed, {failed} failed, {skipped} skipped, in {took}"
        )
    }
}

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
    use crate::command::Failure;
    use crate::plan::Work;

    #[test]
    fn it_tells_what_passed_failed_was_skipped_and_left_out() {
        let step = |name: &str| Step {
            name: name.into(),
            about: String::new(),
            work: Work::Deny,
        };
        let mut failed = Log::default();
        failed.failures.push(Failure::told("two\nlines"));
        let mut noted = Log::default();
        noted
            .notes
            .extend(["left out".to_owned(), "left out".to_owned()]);
        let summary = Summary {
            steps: &["fmt", "test-a", "deny", "doc"].map(step),
            outcomes: &[
                Outcome::Ran(Duration::from_millis(1500), failed),
                Outcome::Ran(Duration::from_secs(61), noted),
                Outcome::Skipped("not asked for"),
                Outcome::Skipped("not asked for"),
            ],
            inputs: &Inputs {
                given: vec![],
                missing: vec!["X is not set".into()],
            },
            took: Duration::from_secs(125),
        };
        let expected = "==== Summary\n\
            FAILED  fmt                    1.5 s\n    two\n    lines\n\
            passed  test-a                 1 min 1 s\n\
            skipped, not asked for: deny, doc\n\
            note: X is not set\nnote: left out\n\
            1 passed, 1 failed, 2 skipped, in 2 min 5 s";
        assert_eq!(summary.to_string(), expected);
    }
}
