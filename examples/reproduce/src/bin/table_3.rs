//! Table 3: the best SAE features beside explicit instructions.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Table3,
        "Table 3: the best SAE features beside explicit instructions.",
    )
}
