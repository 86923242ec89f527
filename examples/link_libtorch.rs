//! Wherever the facade has its feature `lens`: links the programs to libtorch, and lets them find it when they run.

fn main() {
    if let Ok(arguments) = std::env::var("DEP_VALUE_CAUSAL_LINK_ARGS") {
        for argument in arguments.split('\t') {
            println!("cargo::rustc-link-arg={argument}");
        }
    }
}
