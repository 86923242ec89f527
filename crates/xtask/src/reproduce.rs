//! `cargo xtask reproduce`: builds what makes the figures and tables, and runs it.

use crate::command::{Cmd, Failure};
use crate::workspace::Workspace;
use crate::{examples, libtorch};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The study that runs without arguments, and the folder of its model, in the workspace.
const STUDY: &str = "examples/studies/organism.toml";
const ORGANISM: &str = "fixtures/organism";

/// The variable with the number of threads of libtorch.
const THREADS: &str = "OMP_NUM_THREADS";

/// Options of the program `reproduce`, which works on measurements and needs no model.
const OF_MEASUREMENTS: &[&str] = &["--experiment", "--data", "--help", "-h", "--version", "-V"];

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
/// uses tables drawn from a known graph, and
///   cargo xtask reproduce --experiment examples/experiments/gemma-2b-it.toml --data DIR --out DIR
/// the paper's own. `cargo xtask reproduce -- --help` lists all options for measurements.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Work on the tables that the program `reproduce` carries; must come first.
    #[arg(long)]
    planted: bool,

    /// Further arguments: with --planted, --experiment or --data for the program `reproduce`,
    /// otherwise for `run_study`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs the reproduction in the user's folder, so that the paths in the arguments mean what the
/// user means.
///
/// # Errors
/// If it does not build, does not start, or fails; if there is no libtorch for the study.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let out = output_folder(&options.args);
    let program = match options.planted || is_of_measurements(&options.args) {
        true => {
            println!(
                "Reproducing from measurements; everything goes to {}",
                shown(&out)
            );
            examples::command("reproduce")
        }
        false => study(&out)?,
    };
    println!("The first build takes some minutes.");
    let begin = Instant::now();
    program.args(&options.args).run()?;
    let report = out.join("report.md");
    if report.is_file() {
        println!(
            "Done in {:.1} s, building included. Begin with {}",
            begin.elapsed().as_secs_f64(),
            shown(&report)
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The program that asks the organism, once libtorch is there.
fn study(out: &Path) -> Result<Cmd, Failure> {
    let root = Workspace::load()?.root;
    println!(
        "Running the study of the organism; everything goes to {}",
        shown(out)
    );
    libtorch::ensure(&root).map_err(|failure| {
        Failure::told(format!(
            "{failure}\nThe study needs libtorch. `cargo xtask reproduce --planted` works without it, from \
             measurements."
        ))
    })?;
    Ok(of_organism(&root))
}

/// The command that asks the organism in the workspace at `root`.
pub fn of_organism(root: &Path) -> Cmd {
    let cmd = examples::command_with("run_study", &["lens"])
        .arg(root.join(STUDY))
        .arg("--data")
        .arg(root.join(ORGANISM));
    // The network is so small that a second thread gains next to nothing, and on a busy machine each
    // waits for the other fifty times as long as it works.
    match std::env::var_os(THREADS) {
        Some(_) => cmd,
        None => cmd.env(THREADS, "1"),
    }
}

/// Whether the arguments are for the program that works on measurements.
fn is_of_measurements(args: &[OsString]) -> bool {
    args.iter().filter_map(|arg| arg.to_str()).any(|arg| {
        let name = arg.split('=').next().unwrap_or(arg);
        OF_MEASUREMENTS.contains(&name)
    })
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

/// The path from the root, where it can be told.
fn shown(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(args: &[&str]) -> PathBuf {
        output_folder(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_arguments_say_which_program_is_meant() {
        let measured = |args: &[&str]| {
            is_of_measurements(&args.iter().map(OsString::from).collect::<Vec<_>>())
        };
        assert!(!measured(&[]));
        assert!(!measured(&["--out", "there", "--plan"]));
        assert!(measured(&["--out", "there", "--experiment", "e.toml"]));
        assert!(measured(&["--experiment=e.toml"]));
        assert!(measured(&["--help"]));
    }

    #[test]
    fn the_output_folder_is_read_from_the_arguments() {
        assert_eq!(folder(&[]), Path::new("out"));
        assert_eq!(folder(&["--data", "d"]), Path::new("out"));
        assert_eq!(
            folder(&["--out", "there", "--data", "d"]),
            Path::new("there")
        );
        assert_eq!(folder(&["--data", "d", "--out=there"]), Path::new("there"));
        assert_eq!(folder(&["--out"]), Path::new("out"));
    }
}
