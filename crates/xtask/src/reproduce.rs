//! `cargo xtask reproduce`: builds the reproduction and runs it.

use crate::command::Failure;
use crate::examples;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Run the reproduction: discover the value graph, measure it, draw every figure and table.
///
/// Without arguments it works on the study that the program carries: orientation tables drawn from
/// a known causal graph, so that the report can compare what was discovered with the truth.
/// Everything is written to `out/`.
///
/// Arguments are handed to the program `reproduce` as they are. The paper's own measurements, for
/// example, are read by
///   cargo xtask reproduce --experiment examples/experiments/gemma-2b-it.toml --data DIR --out DIR
/// and `cargo xtask reproduce -- --help` lists all its options.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Arguments for the program `reproduce`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs the reproduction in the user's folder, so that the paths in the arguments mean what the
/// user means.
///
/// # Errors
/// If it does not build, does not start, or fails.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let out = output_folder(&options.args);
    match options.args.is_empty() {
        true => println!(
            "Reproducing from the embedded study; everything goes to {}",
            shown(&out)
        ),
        false => println!("Reproducing with the given arguments."),
    }
    println!("The first build takes a minute or two.");
    let begin = Instant::now();
    examples::command("reproduce").args(&options.args).run()?;
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
