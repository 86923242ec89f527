//! With the feature `lens`: links tests to libtorch, and lets them find libtorch when they run.

use std::env;
use std::path::PathBuf;

/// What torch-sys reads to find libtorch.
const VARIABLES: [&str; 3] = ["LIBTORCH_USE_PYTORCH", "LIBTORCH_LIB", "LIBTORCH"];

fn main() {
    if env::var_os("CARGO_FEATURE_LENS").is_none() {
        return;
    }
    for variable in VARIABLES {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let [python, lib, libtorch] = VARIABLES.map(env::var_os);
    let (None, Some(folder)) = (python, lib.or(libtorch)) else {
        return;
    };
    let lib = PathBuf::from(folder).join("lib");
    if !lib.is_dir() {
        println!(
            "cargo::error=there is no libtorch in {}: `cargo xtask libtorch` fetches one, or set LIBTORCH to the \
             folder of yours",
            lib.display()
        );
        return;
    }
    let lib = lib.display();
    println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    // libtorch.so is what draws in libtorch_cuda.so where there is one. Nothing refers to a symbol of it, so the
    // linker would leave it out.
    for argument in [
        "-Wl,--push-state,--no-as-needed",
        &format!("-L{lib}"),
        "-ltorch",
        "-Wl,--pop-state",
    ] {
        println!("cargo::rustc-link-arg={argument}");
    }
}
