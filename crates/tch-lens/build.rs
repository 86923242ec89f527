//! Links what is built here to libtorch, and lets it find libtorch when it runs.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let Ok(libtorch) = env::var("LIBTORCH") else {
        return;
    };
    let lib = format!("{libtorch}/lib");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    // libtorch.so is what draws in libtorch_cuda.so where there is one. Nothing refers to a symbol of it, so the
    // linker would leave it out.
    for argument in [
        "-Wl,--push-state,--no-as-needed",
        &format!("-L{lib}"),
        "-ltorch",
        "-Wl,--pop-state",
    ] {
        println!("cargo:rustc-link-arg={argument}");
    }
}
