//! The scripts that set up what this repository does not hold, each with a registry or server of the test's own.

mod data;
mod libtorch;
