//! The Python packages of the peers, in an environment of their own.

use crate::command::{Cmd, Failure};
use std::fs;
use std::path::{Path, PathBuf};

/// Installs `scripts/lm_peers/requirements.txt` below `folder`, unless just these are there, and returns the Python
/// that has them.
///
/// # Errors
/// If Python's venv or pip fails.
pub fn install(root: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let wanted = root.join("scripts/lm_peers/requirements.txt");
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let installed = venv.join("installed.txt");
    let told = |path: &Path, error| Failure::told(format!("{}: {error}", path.display()));
    let requirements = fs::read(&wanted).map_err(|error| told(&wanted, error))?;
    if fs::read(&installed).is_ok_and(|found| found == requirements) {
        return Ok(python);
    }
    Cmd::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&venv)
        .run()?;
    let pip = Cmd::new(&python).args(["-m", "pip", "install", "--disable-pip-version-check"]);
    pip.arg("--requirement").arg(&wanted).run()?;
    fs::write(&installed, requirements).map_err(|error| told(&installed, error))?;
    Ok(python)
}
