//! `cargo xtask bench-lm`: generation by tch-lens, transformers and TransformerLens, alternately in one run.
//!
//! [`cases`] says what is measured, [`peers`] installs the Python packages into `.peers/`, [`worker`] keeps each
//! contender running and asks it in turn, [`report`] writes the medians into `docs/benchmarks.md`.

mod cases;
mod peers;
mod report;
mod worker;

use crate::command::Failure;
use crate::libtorch;
use crate::workspace::Workspace;
use cases::{CASES, Case, Contender};
use report::{Measured, Results};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use worker::{Answer, Worker};

/// Measure generation beside transformers and TransformerLens, and write docs/benchmarks.md.
///
/// A model of 200 million parameters with random weights is made, the peers are installed by pip into
/// `.peers/lm/` (3 GB to fetch, 6 GB on disk), and every round runs all contenders of a case one after
/// the other on the same weights, prompts and steers. The table holds medians over the rounds; cases
/// that are not run again keep their last rows. Let nothing else run meanwhile.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Run these cases alone, separated by commas; --list names them.
    #[arg(long, value_name = "CASE", value_delimiter = ',')]
    case: Vec<String>,

    /// List the cases and stop.
    #[arg(long)]
    list: bool,

    /// Rounds per case.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Threads for every contender.
    #[arg(long, default_value_t = 2)]
    threads: usize,

    /// The shape of the model, as `bench_lm make` names it: `tiny` shows in a minute that all works, and
    /// writes nothing into docs/benchmarks.md.
    #[arg(long, default_value = "llama200m")]
    shape: String,
}

/// Where things lie, and what the workers are started with.
struct Bench<'a> {
    options: &'a Options,
    workspace: &'a Workspace,
    /// Peers, models and results.
    folder: PathBuf,
    /// Our own program.
    program: PathBuf,
}

/// Runs the cases and writes the table.
///
/// # Errors
/// An unknown case; no libtorch, or peers that cannot be installed; a worker that fails.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let cases = selected(&options.case)?;
    if options.list {
        cases
            .iter()
            .for_each(|case| println!("{:<16} {}", case.name, case.about));
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::load()?;
    libtorch::ensure(&workspace.root)?;
    let build = [
        "--release",
        "--package",
        "tch-lens",
        "--example",
        "bench_lm",
    ];
    workspace.cargo("build").args(build).run()?;
    let bench = Bench {
        options,
        folder: workspace.root.join(".peers").join("lm"),
        program: workspace.target_directory.join("release/examples/bench_lm"),
        workspace: &workspace,
    };
    let python = peers::install(&workspace.root, &bench.folder)?;
    let mut results = Results::read(&bench.folder.join(format!("results-{}.json", options.shape)))?;
    for case in cases {
        println!("\n==== {}: {}", case.name, case.about);
        let rows = bench.measure(case, &python)?;
        results.put(case, rows)?;
    }
    let table = results.table(options.threads);
    println!("\n{table}");
    if options.shape == "llama200m" {
        report::write(&workspace.root.join("docs/benchmarks.md"), &table)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn selected(names: &[String]) -> Result<Vec<&'static Case>, Failure> {
    let known = |name: &String| {
        CASES.iter().find(|case| case.name == name).ok_or_else(|| {
            let all: Vec<&str> = CASES.iter().map(|case| case.name).collect();
            Failure::told(format!(
                "there is no case \"{name}\"; the cases are {}",
                all.join(", ")
            ))
        })
    };
    match names {
        [] => Ok(CASES.iter().collect()),
        names => names.iter().map(known).collect(),
    }
}

impl Bench<'_> {
    /// Every contender in every round; who goes first changes from round to round.
    fn measure(&self, case: &Case, python: &Path) -> Result<Vec<Measured>, Failure> {
        let model = self.model(case.precision)?;
        let start = |contender: &Contender| {
            let cmd = contender.command(case, &self.program, python, &self.workspace.root);
            let cmd = cmd
                .arg("--folder")
                .arg(&model)
                .args(["--threads", &self.options.threads.to_string()]);
            println!("starting {}", contender.name());
            Worker::start(contender.name(), &cmd)
        };
        let mut workers = case
            .contenders
            .iter()
            .map(start)
            .collect::<Result<Vec<_>, _>>()?;
        let mut answers: Vec<Vec<Answer>> = workers.iter().map(|_| Vec::new()).collect();
        for round in 0..self.options.rounds {
            for turn in 0..workers.len() {
                let who = (round + turn) % workers.len();
                let answer = workers[who].ask()?;
                println!(
                    "round {round}, {}: {:.2} s",
                    case.contenders[who].name(),
                    answer.total_s
                );
                answers[who].push(answer);
            }
        }
        Ok(report::measured(case, &workers, &answers))
    }

    /// The folder of the model in that precision, made first where it is not there.
    fn model(&self, precision: &str) -> Result<PathBuf, Failure> {
        let folder = self
            .folder
            .join(format!("{}-{precision}", self.options.shape));
        // Written last.
        if !folder.join("steer.safetensors").is_file() {
            println!("Making a model in {} ...", folder.display());
            let make = crate::command::Cmd::new(&self.program).args([
                "make",
                "--shape",
                &self.options.shape,
            ]);
            make.args(["--precision", precision, "--folder"])
                .arg(&folder)
                .run()?;
        }
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_selected_by_name_and_others_refused() {
        assert_eq!(
            selected(&[]).map(|cases| cases.len()).ok(),
            Some(CASES.len())
        );
        let one = selected(&["plain-bf16".to_owned()]).expect("it is a case");
        assert_eq!(
            one.iter().map(|case| case.precision).collect::<Vec<_>>(),
            ["bf16"]
        );
        let text = selected(&["plane".to_owned()])
            .expect_err("no such case")
            .to_string();
        assert!(
            text.contains("plane") && text.contains("plain-f32"),
            "{text}"
        );
    }
}
