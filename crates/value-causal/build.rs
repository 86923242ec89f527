//! With the feature `lens`: links tests to libtorch as `tch-lens` says, and hands that on to the build scripts of the
//! packages that depend on this one, as `DEP_VALUE_CAUSAL_LINK_ARGS`.

fn main() {
    if let Ok(arguments) = std::env::var("DEP_TCH_LENS_LINK_ARGS") {
        for argument in arguments.split('\t') {
            println!("cargo::rustc-link-arg={argument}");
        }
        println!("cargo::metadata=LINK_ARGS={arguments}");
    }
}
