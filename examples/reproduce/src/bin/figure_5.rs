//! Figure 5: the other reference graphs.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Figure5,
        "Figure 5: the other reference graphs.",
    )
}
