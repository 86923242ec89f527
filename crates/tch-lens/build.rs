//! Links what is built here to libtorch, and lets it find libtorch when it runs; hands the same arguments of the linker
//! to the build scripts of the packages that depend on this one, as `DEP_TCH_LENS_LINK_ARGS`.

use std::env;
use std::path::PathBuf;

/// What torch-sys reads to find libtorch.
const VARIABLES: [&str; 3] = ["LIBTORCH_USE_PYTORCH", "LIBTORCH_LIB", "LIBTORCH"];

fn main() {
    for variable in VARIABLES {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if env::var_os("DOCS_RS").is_some() {
        return; // there is no libtorch, and nothing is linked
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
    // libtorch.so is what draws in libtorch_cuda.so where there is one. Nothing refers to a symbol of it, so the
    // linker would leave it out.
    let arguments = [
        &format!("-Wl,-rpath,{lib}"),
        "-Wl,--push-state,--no-as-needed",
        &format!("-L{lib}"),
        "-ltorch",
        "-Wl,--pop-state",
    ];
    for argument in arguments {
        println!("cargo::rustc-link-arg={argument}");
    }
    println!("cargo::metadata=LINK_ARGS={}", arguments.join("\t"));
}
