//! Folders with data that is not part of this repository; tests that need one say so and pass
//! where it is not there.

use std::path::PathBuf;

/// The folder that an environment variable names.
pub fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {variable} names no folder");
    }
    folder
}
