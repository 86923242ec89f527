//! Set-up, test and reproduction commands.

fn main() {}
