//! Figure 6: steering effects of the discovered graph and of those that models wrote.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Figure6,
        "Figure 6: steering effects of the discovered graph and of those that models wrote.",
    )
}
