//! Figure 5: the other reference graphs.

use std::process::ExitCode;

use examples::draw_only;
use examples::outputs::Output;

fn main() -> ExitCode {
    draw_only(Output::Figure5, "Figure 5: the other reference graphs.")
}
