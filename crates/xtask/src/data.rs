//! `cargo xtask data`: what others released, and this repository does not hold.

use crate::system::provide;
use crate::workspace::Workspace;
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use xshell::cmd;

/// Fetch ValueBench's questionnaire and the paper's released measurements into `.data/`, unless
/// they are there.
///
/// They come from their authors' public repositories, through git, at commits that
/// scripts/data/files.txt pins, as it does lengths and checksums. That takes 2 MB, git and Python 3.
#[derive(clap::Args)]
pub struct Options {
    /// Only some: valuebench, gemma, llama or roles.
    groups: Vec<String>,
}

/// Fetches what is missing, and says where it is.
///
/// # Errors
/// As [`ensure`].
pub fn run(options: &Options) -> Result<()> {
    let folder = ensure(&Workspace::load()?, &options.groups)?;
    println!("The released data is in {}", folder.display());
    Ok(())
}

/// The folder of the data, with some groups of files.
///
/// # Errors
/// They are not there and cannot be had, or are not what they should be. The text says what to do.
pub fn ensure(workspace: &Workspace, groups: &[String]) -> Result<PathBuf> {
    let (sh, folder) = (&workspace.sh, workspace.root().join(".data"));
    let python = || crate::system::succeeds(cmd!(sh, "python3 --version"));
    provide(sh, "python3", python)
        .map_err(|why| anyhow!("data is fetched by Python, and {why}"))?;
    cmd!(sh, "python3 scripts/data/fetch.py {folder} {groups...}")
        .quiet()
        .ignore_stdout()
        .run()?;
    Ok(folder)
}
