//! Figure 3: the discovered causal graph beside the reference graph.

use std::process::ExitCode;

use reproduce::draw_only;
use reproduce::outputs::Output;

fn main() -> ExitCode {
    draw_only(
        env!("CARGO_BIN_NAME"),
        Output::Figure3,
        "Figure 3: the discovered causal graph beside the reference graph.",
    )
}
