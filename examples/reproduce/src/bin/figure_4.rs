//! Figure 4: steering effects that the discovered and the reference graph let one expect.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Figure4,
        "Figure 4: steering effects that the discovered and the reference graph let one expect.",
    )
}
