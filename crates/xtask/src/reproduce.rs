//! `cargo xtask reproduce`: builds what makes the figures and tables, and runs it.

use crate::system::Install;
use crate::workspace::Workspace;
use crate::{data, libtorch};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;
use xshell::{Shell, cmd};

/// The study that runs without arguments, and the folder of its model, in the workspace.
const STUDY: &str = "examples/studies/organism.toml";
const ORGANISM: &str = "fixtures/organism";

/// What `cargo xtask real-study` measured.
const TABLES: &str = "fixtures/smollm2";

/// The variable with the number of threads of libtorch.
const THREADS: &str = "OMP_NUM_THREADS";

/// Run the reproduction: ask the model, discover the value graph, measure it, draw every figure
/// and table.
///
/// Without arguments it runs a whole study on the organism, a small language model in whose values
/// a causal graph is planted: its report compares what was discovered with the truth. That takes
/// some minutes, and libtorch, which is fetched if it is not there. Everything is written to
/// `out/`; a run that was stopped goes on where it was. --out DIR names another folder.
///
/// From measurements, without a model and in a second:
///   cargo xtask reproduce --planted
/// uses tables drawn from a known graph, --tables those of SmolLM2-135M-Instruct, which the
/// repository has, and --paper gemma (or llama) the paper's own, which are fetched first. `cargo xtask reproduce -- --help` lists all options for measurements.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Work on the tables that the program `reproduce` carries.
    #[arg(long)]
    planted: bool,

    /// Work on the tables of SmolLM2-135M-Instruct in `fixtures/smollm2`.
    #[arg(long, conflicts_with_all = ["planted", "experiment", "data"])]
    tables: bool,

    /// Work on the paper's tables; what of them is not in `.data/` is fetched.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["planted", "tables", "experiment", "data"])]
    paper: Option<Paper>,

    /// Work on the tables of an experiment file,
    #[arg(long, value_name = "FILE")]
    experiment: Option<PathBuf>,

    /// and of this folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where everything goes.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,

    #[command(flatten)]
    install: Install,

    /// Further arguments, behind those above: where it works on tables for the program
    /// `reproduce`, otherwise for `run_study`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// The paper's models.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Paper {
    Gemma,
    Llama,
}

/// Runs the reproduction in the user's folder, so that the paths in the arguments mean what the
/// user means.
///
/// # Errors
/// If it does not build, does not start, or fails; if libtorch for the study, or the paper's data,
/// cannot be had.
pub fn run(options: &Options) -> Result<()> {
    options.install.apply();
    let user = std::env::current_dir()?;
    let workspace = Workspace::load()?;
    let (sh, out) = (&workspace.sh, user.join(&options.out));
    let from_measurements = options.is_of_measurements();
    let (program, of_program) = if from_measurements {
        ("reproduce", options.which(&workspace)?)
    } else {
        libtorch::ensure(&workspace).context(
            "the study needs libtorch; `cargo xtask reproduce --planted` works without it",
        )?;
        let root = workspace.root();
        let study = [root.join(STUDY), "--data".into(), root.join(ORGANISM)];
        ("run_study", study.to_vec())
    };
    println!("Running {program}; everything goes to {}", out.display());
    let cargo = workspace.cargo_run(program)?;
    let _there = sh.push_dir(&user);
    let args = &options.args;
    let mut cmd = cmd!(
        sh,
        "cargo {cargo...} -- {of_program...} --out {out} {args...}"
    );
    // The network is so small that a second thread gains next to nothing, and on a busy machine
    // each waits for the other fifty times as long as it works.
    if !from_measurements && std::env::var_os(THREADS).is_none() {
        cmd = cmd.env(THREADS, "1");
    }
    let begin = Instant::now();
    cmd.run()?;
    let report = out.join("report.md");
    if report.is_file() {
        println!(
            "Done in {:.1} s, building included. Begin with {}",
            begin.elapsed().as_secs_f64(),
            report.display()
        );
    }
    Ok(())
}

/// Runs the script of the real study in the user's folder.
///
/// # Errors
/// If there is no libtorch, or the script fails.
pub fn real_study(args: &[OsString]) -> Result<()> {
    let (sh, workspace) = (Shell::new()?, Workspace::load()?);
    libtorch::ensure(&workspace)?;
    let script = workspace.root().join("scripts/real_models/study.py");
    Ok(cmd!(sh, "python3 {script} {args...}").run()?)
}

impl Options {
    /// Whether the program that needs no model is meant; with `-- --help` it is.
    fn is_of_measurements(&self) -> bool {
        let asks = self.args.first().is_some_and(|arg| arg == "--help");
        let named = self.experiment.is_some() || self.data.is_some();
        self.planted || self.tables || self.paper.is_some() || named || asks
    }

    /// The options that say which tables.
    fn which(&self, workspace: &Workspace) -> Result<Vec<PathBuf>> {
        let option = |name: &str, value: &Path| [name.into(), value.to_owned()];
        if let Some(paper) = self.paper {
            let (group, file) = match paper {
                Paper::Gemma => ("gemma", "gemma-2b-it.toml"),
                Paper::Llama => ("llama", "llama3-8b-it.toml"),
            };
            let data = data::ensure(workspace, &[group.to_owned()])?.join(group);
            let file = workspace.root().join("examples/experiments").join(file);
            let file = option("--experiment", &file);
            return Ok([file, option("--data", &data)].concat());
        }
        if self.tables {
            let folder = workspace.root().join(TABLES);
            let file = folder.join("experiment.toml");
            return Ok([option("--experiment", &file), option("--data", &folder)].concat());
        }
        let file = self
            .experiment
            .iter()
            .map(|file| option("--experiment", file));
        let data = self.data.iter().map(|data| option("--data", data));
        Ok(file.chain(data).flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_arguments_say_which_program_is_meant() {
        let read = |words: &str| {
            let cli = Cli::try_parse_from(format!("x {words}").split(' '));
            let Options { out, args, .. } = &cli.as_ref().expect("they are read").options;
            let of_measurements = cli
                .as_ref()
                .is_ok_and(|cli| cli.options.is_of_measurements());
            (of_measurements, out.display().to_string(), args.len())
        };
        assert_eq!(read("--out there --plan"), (false, "there".into(), 1));
        assert_eq!(read("--plan"), (false, "out".into(), 1));
        assert_eq!(
            read("--experiment e.toml --out=there"),
            (true, "there".into(), 0)
        );
        assert_eq!(read("--data d --figures 3"), (true, "out".into(), 2));
        assert_eq!(read("--tables"), (true, "out".into(), 0));
        assert_eq!(read("--paper llama"), (true, "out".into(), 0));
        assert_eq!(read("-- --help"), (true, "out".into(), 1));
        assert!(Cli::try_parse_from(["x", "--paper", "gpt"]).is_err());
    }
}
