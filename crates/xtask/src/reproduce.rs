//! `cargo xtask reproduce`: builds what makes the figures and tables, and runs it.

use crate::libtorch;
use crate::system::Install;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Instant;
use xshell::{Shell, cmd};

/// The study that runs without arguments, the folder of its model, and the tables of a real model.
const STUDY: &str = "examples/studies/organism.toml";
const ORGANISM: &str = "fixtures/organism";
const TABLES: &str = "fixtures/smollm2/experiment.toml";

/// The variable with the number of threads of libtorch.
const THREADS: &str = "OMP_NUM_THREADS";

/// Options of the program `reproduce`, which works on measurements and needs no model.
const OF_MEASUREMENTS: [&str; 6] = ["--experiment", "--data", "--help", "-h", "--version", "-V"];

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
/// uses tables drawn from a known graph, --tables those of a real model (fixtures/smollm2), and
///   cargo xtask reproduce --experiment examples/experiments/gemma-2b-it.toml --data DIR --out DIR
/// the paper's own. `cargo xtask reproduce -- --help` lists all options for measurements.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Work on the tables that the program `reproduce` carries; must come first.
    #[arg(long)]
    planted: bool,

    /// Work on the tables of SmolLM2; must come first.
    #[arg(long, conflicts_with = "planted")]
    tables: bool,

    #[command(flatten)]
    install: Install,

    /// Further arguments: with --planted, --tables, --experiment or --data for the program
    /// `reproduce`, otherwise for `run_study`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs the reproduction in the user's folder, so that the paths in the arguments mean what the
/// user means.
///
/// # Errors
/// If it does not build, does not start, or fails; if there is no libtorch for the study.
pub fn run(options: &Options) -> Result<()> {
    options.install.apply();
    let user = std::env::current_dir()?;
    let out = user.join(output_folder(&options.args));
    let workspace = Workspace::load()?;
    let (sh, root) = (&workspace.sh, workspace.root());
    let from_measurements = options.planted || options.tables || is_of_measurements(&options.args);
    println!("Everything goes to {}", out.display());
    let (program, of_program) = if options.tables {
        ("reproduce", vec!["--experiment".into(), root.join(TABLES)])
    } else if from_measurements {
        ("reproduce", Vec::new())
    } else {
        libtorch::ensure(&workspace).context(
            "the study needs libtorch; `cargo xtask reproduce --planted` works without it",
        )?;
        let data = root.join(ORGANISM);
        ("run_study", vec![root.join(STUDY), "--data".into(), data])
    };
    let cargo = workspace.cargo_run(program)?;
    let _there = sh.push_dir(&user);
    let args = &options.args;
    let mut cmd = cmd!(sh, "cargo {cargo...} -- {of_program...} {args...}");
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

/// Whether the arguments are for the program that works on measurements.
fn is_of_measurements(args: &[OsString]) -> bool {
    let mut names = args
        .iter()
        .filter_map(|arg| arg.to_str()?.split('=').next());
    names.any(|name| OF_MEASUREMENTS.contains(&name))
}

/// Where the program will write: the last `--out`, or its default.
fn output_folder(args: &[OsString]) -> PathBuf {
    let mut out = PathBuf::from("out");
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == OsStr::new("--out") {
            out = args.next().map_or(out, PathBuf::from);
        } else if let Some(folder) = arg.to_str().and_then(|arg| arg.strip_prefix("--out=")) {
            out = folder.into();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_arguments_say_which_program_is_meant() {
        let measured = |words: &[&str]| is_of_measurements(&args(words));
        assert!(!measured(&[]));
        assert!(!measured(&["--out", "there", "--plan"]));
        assert!(measured(&["--out", "there", "--experiment", "e.toml"]));
        assert!(measured(&["--experiment=e.toml"]));
        assert!(measured(&["--help"]));
    }

    #[test]
    fn the_output_folder_is_read_from_the_arguments() {
        let folder = |words: &[&str]| output_folder(&args(words)).display().to_string();
        assert_eq!(folder(&[]), "out");
        assert_eq!(folder(&["--data", "d"]), "out");
        assert_eq!(folder(&["--out", "there", "--data", "d"]), "there");
        assert_eq!(folder(&["--data", "d", "--out=there"]), "there");
        assert_eq!(folder(&["--out"]), "out");
    }
}
