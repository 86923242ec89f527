//! What an audit was made of and by what.

use serde::Serialize;

use reproduce::source::Input;

/// The program and the files that it read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Version of the program.
    pub version: &'static str,
    /// Where it ran: processor and system.
    pub platform: String,
    /// Every file that was read.
    pub inputs: Vec<Input>,
}

impl Manifest {
    /// Of this program and `inputs`.
    #[must_use]
    pub fn of(inputs: &[Input]) -> Self {
        use std::env::consts::{ARCH, OS};
        Self {
            version: env!("CARGO_PKG_VERSION"),
            platform: format!("{ARCH}-{OS}"),
            inputs: inputs.to_vec(),
        }
    }
}
