//! Table 1: what the published SAE features do to ten values.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Table1,
        "Table 1: what the published SAE features do to ten values.",
    )
}
