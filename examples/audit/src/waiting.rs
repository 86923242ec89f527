//! What an audit is at, for those who wait for it.

use std::fmt::Display;

use indicatif::ProgressBar;

use program::{remark, steps};

/// A bar on a terminal; where standard error is none, a line for each stage.
pub struct Waiting {
    bar: ProgressBar,
    says_stages: bool,
}

impl Waiting {
    /// Shows what is done, on standard error.
    #[must_use]
    pub fn shown() -> Self {
        let bar = steps(0);
        Self {
            says_stages: bar.is_hidden(),
            bar,
        }
    }

    /// Shows nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            says_stages: false,
        }
    }

    /// A stage of so many steps begins.
    pub(super) fn stage(&self, n_steps: usize, what: impl Display) {
        self.bar.set_length(n_steps as u64);
        self.bar.set_position(0);
        self.bar.set_message(what.to_string());
        if self.says_stages {
            remark(format_args!("audit: {what}"));
        }
    }

    /// One step is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// So many steps are done.
    pub(super) fn reach(&self, n_steps: usize) {
        self.bar.set_position(n_steps as u64);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
