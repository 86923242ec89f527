//! libtorch, the C++ part of PyTorch: the user's own, or the CPU one that `scripts/libtorch`
//! fetches into `.libtorch/`.

use crate::system::{Install, provide, succeeds};
use crate::workspace::Workspace;
use anyhow::{Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};
use xshell::{Shell, cmd};

/// The release that tch 0.24 is written against; its build refuses any other.
const VERSION: &str = "2.11.0";
/// The folder of our own, in the workspace's root; `.cargo/config.toml` names it too.
const FOLDER: &str = ".libtorch";

/// What building and running against libtorch cannot do without.
const NEEDED: [&str; 4] = [
    "lib/libc10.so",
    "lib/libtorch.so",
    "lib/libtorch_cpu.so",
    "include/torch/csrc/api/include/torch/torch.h",
];

/// Fetch the CPU libtorch into `.libtorch/`, unless LIBTORCH names another or it is there already.
///
/// It takes pip (of any Python 3), a C++ compiler, 544 MB of downloads and 1.2 GB of disk for the
/// moment; 420 MB stay. An interrupted run is taken up by the next. To use a libtorch that you have,
/// with CUDA for example, set LIBTORCH to its folder, which holds `lib` and `include`: that of a
/// Python with torch 2.11.0 is printed by
///   python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))'
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    #[command(flatten)]
    install: Install,
}

/// Sets libtorch up and says where it is.
///
/// # Errors
/// As [`ensure`].
pub fn run(options: &Options) -> Result<()> {
    options.install.apply();
    let folder = ensure(&Workspace::load()?)?;
    println!("libtorch {VERSION} is in {}", folder.display());
    Ok(())
}

/// The folder of a libtorch that fits; fetches one where there is none.
///
/// # Errors
/// If what is there does not fit, or none can be had here. The text says what to do.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return Ok("the torch of python3 (LIBTORCH_USE_PYTORCH is set)".into());
    }
    let ours = workspace.root().join(FOLDER);
    match std::env::var_os("LIBTORCH").map(PathBuf::from) {
        Some(theirs) if theirs != ours => chosen(theirs),
        _ => fetched(&workspace.sh, ours),
    }
}

/// A libtorch that the user chose: it is looked at, and never changed.
fn chosen(folder: PathBuf) -> Result<PathBuf> {
    let problem = match look(&folder) {
        Found::Ready => return Ok(folder),
        Found::Absent => "there is no such folder".to_owned(),
        Found::Foreign(what) => what,
        Found::Incomplete(missing, _) => format!("{missing} is missing or not whole"),
    };
    bail!(
        "LIBTORCH names {}, which is no libtorch {VERSION}: {problem}. Name the folder of PyTorch \
         {VERSION} that holds `lib` and `include`, or unset LIBTORCH to have the CPU one fetched",
        folder.display()
    )
}

/// Our own folder, made first where it is absent, or ours and not whole.
fn fetched(sh: &Shell, folder: PathBuf) -> Result<PathBuf> {
    let problem = match look(&folder) {
        Found::Ready => return Ok(folder),
        Found::Absent | Found::Incomplete(_, Whose::Ours) => {
            fetch(sh, &folder)?;
            return Ok(folder);
        }
        Found::Foreign(what) => what,
        Found::Incomplete(missing, _) => format!("{missing} is missing"),
    };
    bail!(
        "{} is not the libtorch {VERSION} that this workspace needs: {problem}. Remove it (rm -r \
         {FOLDER}) and run `cargo xtask libtorch`, which fetches one; or set LIBTORCH to the folder \
         of one that you have",
        folder.display()
    )
}

fn fetch(sh: &Shell, folder: &Path) -> Result<()> {
    let supported = cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    ));
    if !supported {
        bail!(
            "libtorch is fetched for Linux on x86-64 (with the GNU C library) alone. Set LIBTORCH \
             to the folder of a PyTorch {VERSION} for this platform, such as that of `pip install \
             torch=={VERSION}`"
        );
    }
    println!("libtorch {VERSION} is not here: fetching its CPU part into {FOLDER}/ ...");
    demand_compilers(sh)?;
    demand_pip(sh)?;
    let scripts = "scripts/libtorch";
    let fetch = cmd!(
        sh,
        "python3 {scripts}/fetch.py {folder} {scripts}/requirements.txt"
    );
    Ok(fetch.run()?)
}

fn demand_compilers(sh: &Shell) -> Result<()> {
    for (variable, default, debian) in [("CC", "cc", "gcc"), ("CXX", "c++", "g++")] {
        let program = sh.var(variable).unwrap_or_else(|_| default.to_owned());
        // It may be two words, such as `ccache cc`.
        let words: Vec<&str> = program.split_whitespace().collect();
        let there = || succeeds(cmd!(sh, "env").args(&words).arg("--version"));
        provide(sh, debian, there).map_err(|problem| {
            anyhow!("what uses libtorch is built with the compiler `{program}`, and {problem}")
        })?;
    }
    Ok(())
}

fn demand_pip(sh: &Shell) -> Result<()> {
    let there = || succeeds(cmd!(sh, "python3 -m pip --version"));
    provide(sh, "python3-pip", there).map_err(|problem| {
        anyhow!(
            "libtorch is fetched by pip, and {problem}; or set LIBTORCH to the folder of a PyTorch \
             {VERSION} that you have"
        )
    })
}

/// What lies in a folder.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// There is no such folder.
    Absent,
    /// A whole libtorch of the right release.
    Ready,
    /// Something else, in words.
    Foreign(String),
    /// The right release without this file; what is ours may be made again.
    Incomplete(String, Whose),
}

/// Who made a folder.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
}

/// Looks at `folder`, or at what it links to.
fn look(folder: &Path) -> Found {
    if fs::symlink_metadata(folder).is_err() {
        return Found::Absent;
    }
    if !folder.is_dir() {
        return Found::Foreign("it is no folder, and no link to one".into());
    }
    match version(folder) {
        None => Found::Foreign(
            "it has no file build-version and no version.py that tell its release".into(),
        ),
        Some(found) if found != VERSION => Found::Foreign(format!("it holds PyTorch {found}")),
        Some(_) => whole(folder),
    }
}

/// The release without what follows a `+`: a downloaded libtorch has it in `build-version`, a
/// Python's torch in `version.py`.
fn version(folder: &Path) -> Option<String> {
    let from_python = || {
        let python = fs::read_to_string(folder.join("version.py")).ok()?;
        let mut lines = python.lines();
        let line = lines.find_map(|line| line.strip_prefix("__version__ = "))?;
        Some(line.trim_matches(['\'', '"']).to_owned())
    };
    let told = fs::read_to_string(folder.join("build-version")).ok();
    let told = told.or_else(from_python)?;
    told.trim().split('+').next().map(str::to_owned)
}

/// Compares the files with those needed, and with the list that `scripts/libtorch` leaves in a
/// folder of ours.
fn whole(folder: &Path) -> Found {
    let contents = fs::read_to_string(folder.join("contents.txt")).ok();
    let listed = contents.iter().flat_map(|text| text.lines());
    let other_size = listed.filter_map(|line| {
        let (size, file) = line.split_once(' ')?;
        let found = fs::metadata(folder.join(file)).map(|file| file.len().to_string());
        (found.ok().as_deref() != Some(size)).then_some(file)
    });
    let absent = NEEDED
        .into_iter()
        .filter(|file| !folder.join(file).is_file());
    match absent.chain(other_size).next() {
        Some(missing) => {
            let whose = if contents.is_some() {
                Whose::Ours
            } else {
                Whose::Theirs
            };
            Found::Incomplete(missing.to_owned(), whose)
        }
        None => Found::Ready,
    }
}

#[cfg(test)]
mod tests;
