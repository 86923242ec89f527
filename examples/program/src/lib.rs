//! What every program here does alike: it speaks, ends, shows progress, and leaves whole files.
//!
//! - this file: lines to the user, [`exit_code`], a progress bar
//! - `save`: files that are whole or not there
//! - `names`: names from files, as a terminal and a spreadsheet may have them
//! - `interruption`: Ctrl-C, SIGTERM and SIGHUP, after which what is done is kept

mod interruption;
mod names;
mod save;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

pub use interruption::{Interrupted, Interruption};
pub use names::{cell, counted, is_run, shown};
pub use save::{
    make_folder, remark_on_earlier, remove_stale, save_picture, save_text, write_whole,
};

/// Any error on its way to the user.
pub type Failure = Box<dyn std::error::Error>;

/// Standard output cannot be written to.
#[derive(Debug, thiserror::Error)]
#[error("standard output: {0}")]
pub struct Unsaid(#[from] io::Error);

/// What a shell tells of a program that ended because nobody reads what it writes.
const NOBODY_READS: u8 = 141;

/// Prints the error, if there is one, and says so to the system. Where nobody reads standard output any more, as after
/// `| head`, there is nothing to print.
pub fn exit_code(outcome: Result<(), Failure>) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        remark(interrupted);
        return ExitCode::from(interrupted.code());
    }
    match error.downcast_ref::<Unsaid>() {
        Some(Unsaid(why)) if why.kind() == ErrorKind::BrokenPipe => ExitCode::from(NOBODY_READS),
        _ => {
            remark(format_args!("error: {}", with_causes(error.as_ref())));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line, [as a terminal may show it](shown).
///
/// # Errors
/// [`Unsaid`], with which a program should end: [`exit_code`] knows what to make of it.
pub fn say(line: impl Display) -> Result<(), Unsaid> {
    let line = line.to_string();
    Ok(writeln!(io::stdout().lock(), "{}", shown(&line))?)
}

/// Prints a line to standard error, [as a terminal may show it](shown), if anybody reads that.
pub fn remark(line: impl Display) {
    let line = line.to_string();
    let _ = writeln!(io::stderr().lock(), "{}", shown(&line));
}

/// A progress bar on standard error; nothing is shown where that is no terminal.
#[must_use]
pub fn steps(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The error and what caused it, where its own words do not say so already.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
