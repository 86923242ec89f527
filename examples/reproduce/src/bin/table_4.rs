//! Table 4: what all SAE features do to all values, for Gemma-2B-IT and the planted study.

use std::process::ExitCode;

use reproduce::draw_full_table;

fn main() -> ExitCode {
    draw_full_table(
        env!("CARGO_BIN_NAME"),
        4,
        "Table 4: what all SAE features do to all values, for Gemma-2B-IT and the planted study.",
    )
}
