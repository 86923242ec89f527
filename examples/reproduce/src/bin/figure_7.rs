//! Figure 7: steering effects of the discovered graph and of the hierarchy.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Figure7,
        "Figure 7: steering effects of the discovered graph and of the hierarchy.",
    )
}
