//! Medians and ratios, kept case by case, and their table in docs/benchmarks.md.

use super::cases::{CASES, Case};
use super::worker::{Answer, Worker};
use crate::command::{Cmd, Failure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The lines of the document between which the table stands.
const BEGIN: &str = "<!-- cargo xtask bench-lm writes from here -->";
const END: &str = "<!-- cargo xtask bench-lm writes to here -->";

/// A contender's medians in a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    name: String,
    rounds: usize,
    /// Per second, in the run of one new token per prompt.
    prompt_tokens: f64,
    /// Per second of the whole run.
    new_tokens: f64,
    /// Per second after the prompt pass; none where the passes overlap.
    decoded: f64,
    /// Prompts per second of the whole run.
    answers: f64,
    /// Prompts whose new tokens are the first contender's, and prompts compared.
    same: [usize; 2],
}

/// The medians of each contender over its answers.
pub fn measured(case: &Case, workers: &[Worker], answers: &[Vec<Answer>]) -> Vec<Measured> {
    let ours = answers.first().and_then(|answers| answers.first());
    let row = |((contender, worker), answers): ((&super::Contender, &Worker), &Vec<Answer>)| {
        let over = |value: &dyn Fn(&Answer) -> f64| median(answers.iter().map(value).collect());
        let prompts = worker.ready.prompts as f64;
        let pairs = ours
            .into_iter()
            .zip(answers.first())
            .flat_map(|(a, b)| a.ids.iter().zip(&b.ids));
        Measured {
            name: contender.name().to_owned(),
            rounds: answers.len(),
            prompt_tokens: over(&|a| worker.ready.prompt_tokens as f64 / a.prefill_s),
            new_tokens: over(&|a| a.new_tokens as f64 / a.total_s),
            decoded: over(&|a| {
                (a.new_tokens as f64 - prompts) / (a.total_s - a.prefill_s).max(1e-9)
            }),
            answers: over(&|a| prompts / a.total_s),
            same: [pairs.clone().filter(|(a, b)| a == b).count(), pairs.count()],
        }
    };
    case.contenders
        .iter()
        .zip(workers)
        .zip(answers)
        .map(row)
        .collect()
}

/// The middle value, or the mean of the two in the middle; NaN of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => f64::NAN,
        values => (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0,
    }
}

/// The last rows of each case that was ever run here.
pub struct Results {
    path: PathBuf,
    cases: BTreeMap<String, Vec<Measured>>,
}

impl Results {
    /// What the file holds; nothing if there is none.
    ///
    /// # Errors
    /// A file that is not what [`put`](Self::put) writes.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let cases = match fs::read_to_string(path) {
            Err(_) => BTreeMap::new(),
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::told(format!(
                    "{} (remove it to begin anew): {error}",
                    path.display()
                ))
            })?,
        };
        Ok(Results {
            path: path.to_owned(),
            cases,
        })
    }

    /// Replaces the rows of a case, and writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&mut self, case: &Case, rows: Vec<Measured>) -> Result<(), Failure> {
        self.cases.insert(case.name.to_owned(), rows);
        let told = |error: &dyn std::fmt::Display| {
            Failure::told(format!("{}: {error}", self.path.display()))
        };
        let text = serde_json::to_string_pretty(&self.cases).map_err(|error| told(&error))?;
        fs::write(&self.path, text).map_err(|error| told(&error))
    }

    /// All rows as Markdown.
    pub fn table(&self, threads: usize) -> String {
        let mut text = format!("{}, {}, {threads} threads.\n\n", today(), processor());
        text += "| work | | rounds | prompt tokens/s | new tokens/s | decoded tokens/s | answers/s | tch-lens is | same \
                 tokens |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n";
        for case in CASES {
            let rows = self
                .cases
                .get(case.name)
                .map_or([].as_slice(), Vec::as_slice);
            for (index, row) in rows.iter().enumerate() {
                let work = if index == 0 {
                    format!("{}, {}", case.about, case.precision)
                } else {
                    String::new()
                };
                let ratio = match index {
                    0 => String::new(),
                    _ => format!("{:.2} x", rows[0].answers / row.answers),
                };
                let [same, of] = row.same;
                let _infallible = writeln!(
                    text,
                    "| {work} | {} | {} | {:.0} | {:.1} | {:.1} | {:.3} | {ratio} | {same} of {of} |",
                    row.name,
                    row.rounds,
                    row.prompt_tokens,
                    row.new_tokens,
                    row.decoded,
                    row.answers
                );
            }
        }
        text
    }
}

fn today() -> String {
    Cmd::new("date")
        .arg("+%Y-%m-%d")
        .probe()
        .map_or_else(|| "today".to_owned(), |date| date.trim().to_owned())
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(
        || "unknown processor".to_owned(),
        |(_, name)| name.trim().to_owned(),
    )
}

/// Puts `table` between the two marks.
///
/// # Errors
/// If the document cannot be read or written, or lacks a mark.
pub fn write(path: &Path, table: &str) -> Result<(), Failure> {
    let told =
        |error: &dyn std::fmt::Display| Failure::told(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| told(&error))?;
    let new = replaced(&text, table)
        .ok_or_else(|| told(&format!("it lacks \"{BEGIN}\" or \"{END}\"")))?;
    fs::write(path, new).map_err(|error| told(&error))
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        table.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, answers: f64) -> Measured {
        let name = name.to_owned();
        Measured {
            name,
            rounds: 3,
            prompt_tokens: 600.0,
            new_tokens: 70.5,
            decoded: 109.0,
            answers,
            same: [7, 8],
        }
    }

    #[test]
    fn medians_are_taken_of_odd_and_even_numbers() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }

    #[test]
    fn cases_are_kept_and_ratios_are_those_of_the_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("results.json");
        let mut results = Results::read(&path).expect("there is nothing yet");
        results
            .put(&CASES[0], vec![row("tch-lens", 3.0), row("peer", 1.5)])
            .expect("it is written");
        let again = Results::read(&path).expect("it was written");
        let table = again.table(2);
        assert!(
            table.contains("| peer | 3 | 600 | 70.5 | 109.0 | 1.500 | 2.00 x | 7 of 8 |"),
            "{table}"
        );
        fs::write(&path, "{").expect("it is ours");
        assert!(Results::read(&path).is_err());
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&text, "new\n").expect("both marks are there");
        assert_eq!(new, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "new"), Some(new.clone()));
        assert_eq!(replaced("no marks", "new"), None);
    }
}
