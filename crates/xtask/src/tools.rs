//! Tools of the toolchain, and cargo-deny: there, fetched, or asked for clearly.

use crate::system::succeeds;
use anyhow::{Context, Result};
use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;
use xshell::{Shell, cmd};

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// Makes sure that a part of the toolchain works.
///
/// # Errors
/// If it is missing and rustup is not there or cannot add it.
pub fn component(sh: &Shell, name: &str, subcommand: &str) -> Result<()> {
    if succeeds(cmd!(sh, "cargo {subcommand} --version")) {
        return Ok(());
    }
    let added = cmd!(sh, "rustup component add {name}").run();
    added.with_context(|| format!("{name} is missing: get it from where this Rust came from"))
}

/// A fitting cargo-deny: on the path, in `.tools/`, or built into `.tools/`.
///
/// # Errors
/// If it is missing and cannot be built, for example because the crate registry cannot be reached.
pub fn cargo_deny(sh: &Shell) -> Result<PathBuf> {
    let own = format!(".tools/bin/cargo-deny{EXE_SUFFIX}");
    let own = sh.current_dir().join(own);
    for program in ["cargo-deny".into(), own.clone()] {
        let version = cmd!(sh, "{program} --version").quiet();
        let said = version.ignore_stderr().read();
        if said.is_ok_and(|said| fits(&said)) {
            return Ok(program);
        }
    }
    println!("cargo-deny {CARGO_DENY} is not here: building it into .tools/ ...");
    // Quickly rather than fast: it runs for a second and would take minutes to optimise.
    let mut install = cmd!(sh, "cargo install --root .tools --locked --debug");
    install = install.args([
        "cargo-deny",
        "--version",
        CARGO_DENY,
        "--no-default-features",
    ]);
    for unneeded in ["DEBUG", "DEBUG_ASSERTIONS", "OVERFLOW_CHECKS"] {
        install = install.env(format!("CARGO_PROFILE_DEV_{unneeded}"), "false");
    }
    install.run().with_context(|| {
        format!(
            "cargo-deny {CARGO_DENY} cannot be installed. If the crate registry cannot be reached \
             from here, put a cargo-deny of that minor version on the path"
        )
    })?;
    Ok(own)
}

/// Whether a version reads the same `deny.toml`: before 1.0 a new minor number may change it.
fn fits(said: &str) -> bool {
    let minor = |version: &str| version.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    let version = said.trim().strip_prefix("cargo-deny ");
    version.is_some_and(|version| minor(version) == minor(CARGO_DENY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared() {
        assert!(fits(&format!("cargo-deny {CARGO_DENY}\n")) && fits("cargo-deny 0.20.9"));
        for other in [
            "cargo-deny 0.21.2",
            "cargo-deny 1.20.2",
            "cargo-deny twenty",
            "error",
        ] {
            assert!(!fits(other), "{other}");
        }
    }
}
