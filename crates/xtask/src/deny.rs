//! cargo-deny: found on the path, found in `.tools/`, or built into `.tools/`.

use crate::command::{Cmd, Failure};
use crate::workspace::Workspace;
use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

/// The version that `deny.toml` is written for.
const VERSION: Version = Version {
    major: 0,
    minor: 20,
    patch: 2,
};

/// A release number without anything behind the patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// The command that checks licences, bans and sources; builds cargo-deny first where it is missing
/// (about a minute).
///
/// # Errors
/// If cargo-deny is missing and cannot be built, for example because the crate registry cannot be
/// reached.
pub fn check(workspace: &Workspace) -> Result<Cmd, Failure> {
    let program = find(workspace).map_or_else(|| install(workspace), Ok)?;
    let cmd = Cmd::new(program)
        .dir(&workspace.root)
        .args(["--locked", "check"]);
    // `wrappers` says who may depend on a crate; that one of them does not is no news.
    Ok(cmd.args(["--allow", "unused-wrapper", "licenses", "bans", "sources"]))
}

/// A fitting cargo-deny that is already there.
fn find(workspace: &Workspace) -> Option<PathBuf> {
    let fits = |program: &PathBuf| {
        let said = Cmd::new(program).arg("--version").probe()?;
        Version::said(&said).filter(|version| version.fits())
    };
    [PathBuf::from("cargo-deny"), own(workspace)]
        .into_iter()
        .find(|program| fits(program).is_some())
}

/// Builds it into `.tools/`, quickly rather than fast: it runs for a second and would take minutes
/// to optimise.
fn install(workspace: &Workspace) -> Result<PathBuf, Failure> {
    println!("cargo-deny {VERSION} is not here: building it into .tools/ ...");
    let mut cmd = workspace
        .cargo("install")
        .args(["--root", ".tools", "--locked", "--debug"]);
    for unneeded in ["DEBUG", "DEBUG_ASSERTIONS", "OVERFLOW_CHECKS"] {
        cmd = cmd.env(&format!("CARGO_PROFILE_DEV_{unneeded}"), "false");
    }
    let cmd = cmd
        .env("CARGO_PROFILE_DEV_CODEGEN_UNITS", "16")
        .arg("cargo-deny");
    let cmd = cmd.args(["--version", &VERSION.to_string(), "--no-default-features"]);
    cmd.run().map_err(|failure| {
        Failure::told(format!(
            "cargo-deny {VERSION} could not be installed, so licences, bans and sources were not \
             checked. If the crate registry cannot be reached from here, put a cargo-deny {}.{} on \
             the path. {failure}",
            VERSION.major, VERSION.minor
        ))
    })?;
    Ok(own(workspace))
}

fn own(workspace: &Workspace) -> PathBuf {
    workspace
        .root
        .join(".tools")
        .join("bin")
        .join(format!("cargo-deny{EXE_SUFFIX}"))
}

impl Version {
    /// Reads `cargo-deny 0.20.2`.
    fn said(text: &str) -> Option<Self> {
        let mut parts = text
            .trim()
            .strip_prefix("cargo-deny ")?
            .split('.')
            .map(|part| part.parse().ok());
        let mut next = || parts.next().flatten();
        Some(Version {
            major: next()?,
            minor: next()?,
            patch: next()?,
        })
    }

    /// Whether it reads the same `deny.toml`: before 1.0 a new minor number may change the format.
    fn fits(self) -> bool {
        (self.major, self.minor) == (VERSION.major, VERSION.minor) && self.patch >= VERSION.patch
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let fits = |text: &str| Version::said(text).map(Version::fits);
        assert_eq!(fits(&format!("cargo-deny {VERSION}\n")), Some(true));
        assert_eq!(fits("cargo-deny 0.20.9"), Some(true));
        assert_eq!(fits("cargo-deny 0.20.1"), Some(false));
        assert_eq!(fits("cargo-deny 0.21.2"), Some(false));
        assert_eq!(fits("cargo-deny 1.20.2"), Some(false));
        assert_eq!(fits("cargo-deny twenty"), None);
        assert_eq!(fits("error: no such command"), None);
    }
}
