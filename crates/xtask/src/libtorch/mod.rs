//! libtorch, the C++ part of PyTorch: the user's own, or the CPU one fetched into `.libtorch/`.
//!
//! [`ensure`] looks at what is there ([`installed`]) and otherwise has pip fetch the wheels of
//! [`wheels::WHEELS`] ([`fetch`]), takes from them what a CPU needs ([`assemble`]), and moves the finished
//! folder into place in one step. Until then everything lies in `.libtorch.partial/`, where the next run finds
//! the wheels that are whole.

mod assemble;
mod fetch;
mod installed;
mod setup;
mod tools;
mod wheels;

use crate::command::Failure;
use crate::workspace::Workspace;
use installed::Found;
use setup::Setup;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The release that tch 0.24 is written against; its build refuses any other.
const VERSION: &str = "2.11.0";
/// The folder of our own, in the workspace's root; `.cargo/config.toml` names it too.
const FOLDER: &str = ".libtorch";

/// Fetch the CPU libtorch into `.libtorch/`, unless LIBTORCH names another or it is there already.
///
/// It takes pip (of any Python 3), a C++ compiler, 544 MB of downloads and 1.2 GB of disk for the
/// moment; 420 MB stay. An interrupted run is taken up by the next. To use a libtorch that you have,
/// with CUDA for example, set LIBTORCH to its folder, which holds `lib` and `include`: that of a
/// Python with torch 2.11.0 is printed by
///   python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))'
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {}

/// Sets libtorch up and says where it is.
///
/// # Errors
/// As [`ensure`].
pub fn run(_: &Options) -> Result<ExitCode, Failure> {
    let folder = ensure(&Workspace::load()?.root)?;
    println!("libtorch {VERSION} is in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// The folder of a libtorch that fits; fetches one where there is none.
///
/// # Errors
/// If what is there does not fit, or none can be had here. The text says what to do.
pub fn ensure(root: &Path) -> Result<PathBuf, Failure> {
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return Ok("the torch of python3 (LIBTORCH_USE_PYTORCH is set)".into());
    }
    let ours = root.join(FOLDER);
    match std::env::var_os("LIBTORCH").map(PathBuf::from) {
        Some(theirs) if theirs != ours => chosen(theirs),
        _ => Setup::new(root).run(),
    }
}

/// A libtorch that the user chose: it is looked at, and never changed.
fn chosen(folder: PathBuf) -> Result<PathBuf, Failure> {
    let problem = match installed::look(&folder) {
        Found::Ready => return Ok(folder),
        Found::Absent => "there is no such folder".to_owned(),
        Found::Foreign(what) => what,
        Found::Incomplete { missing, .. } => format!("{missing} is missing or not whole"),
    };
    Err(Failure::told(format!(
        "LIBTORCH names {}, which is no libtorch {VERSION}: {problem}. Name the folder of PyTorch {VERSION} that \
         holds `lib` and `include`, or unset LIBTORCH to have the CPU one fetched",
        folder.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_folder_is_refused_with_what_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let refused = |path: &Path| chosen(path.into()).expect_err("no libtorch").to_string();
        let text = refused(&folder.path().join("none"));
        assert!(
            text.contains("no such folder") && text.contains("unset LIBTORCH"),
            "{text}"
        );
        std::fs::write(folder.path().join("build-version"), "1.13.1+cpu\n").expect("it is ours");
        let text = refused(folder.path());
        assert!(text.contains("1.13.1") && text.contains(VERSION), "{text}");
        std::fs::write(folder.path().join("build-version"), VERSION).expect("it is ours");
        assert!(refused(folder.path()).contains("libc10.so"));
    }
}
