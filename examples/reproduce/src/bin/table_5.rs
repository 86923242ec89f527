//! Table 5: what all SAE features do to all values, for Llama3-8B-IT.

use std::process::ExitCode;

use reproduce::draw_full_table;

fn main() -> ExitCode {
    draw_full_table(
        env!("CARGO_BIN_NAME"),
        5,
        "Table 5: what all SAE features do to all values, for Llama3-8B-IT.",
    )
}
