//! The parts of a Rust toolchain that the checks need: there, fetched through rustup, or asked for
//! clearly.

use crate::command::{Cmd, Failure};

/// A part of the toolchain that not every installation has.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// Its name for rustup.
    name: &'static str,
    /// The cargo subcommand that it brings.
    subcommand: &'static str,
}

/// Formatting.
pub const RUSTFMT: Component = Component {
    name: "rustfmt",
    subcommand: "fmt",
};
/// Lints.
pub const CLIPPY: Component = Component {
    name: "clippy",
    subcommand: "clippy",
};

/// Makes sure that `component` works.
///
/// # Errors
/// If it is missing and rustup is not there or cannot add it; the text says how to get it.
pub fn ensure(component: Component) -> Result<(), Failure> {
    let works = || {
        Cmd::cargo()
            .args([component.subcommand, "--version"])
            .probe()
            .is_some()
    };
    if works() {
        return Ok(());
    }
    let add = Cmd::new("rustup").args(["component", "add", component.name]);
    println!("`cargo {}` is missing.", component.subcommand);
    match add.run() {
        Ok(()) if works() => Ok(()),
        Ok(()) => Err(missing(
            component,
            "rustup added it, and it still does not run",
        )),
        Err(Failure::Start { .. }) => Err(missing(component, "there is no rustup on the path")),
        Err(problem) => Err(missing(component, &problem.to_string())),
    }
}

fn missing(component: Component, problem: &str) -> Failure {
    let Component { name, subcommand } = component;
    Failure::told(format!(
        "the toolchain lacks {name}, which brings `cargo {subcommand}`. Get it with `rustup \
         component add {name}`, or from where this Rust came from (many systems have a package \
         for it). Tried: {problem}"
    ))
}
