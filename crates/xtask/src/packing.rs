//! Whether the libraries build from what a registry would have of them: each is packed, and all are
//! checked as they lie in their packages, with nothing of this workspace around them.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use xshell::cmd;

/// Packs the libraries, and checks what was packed.
///
/// # Errors
/// If a library cannot be packed, or does not build so.
pub fn check(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.sh;
    let names = || workspace.published().map(|package| package.name.as_str());
    let packages: Vec<&str> = names().flat_map(|name| ["--package", name]).collect();
    // The working tree may hold uncommitted files: this is a check, and publishes nothing.
    cmd!(
        sh,
        "cargo package --no-verify --allow-dirty --locked {packages...}"
    )
    .run()?;

    let target = workspace.target();
    let packed = target.join("packed");
    sh.remove_path(&packed)?;
    sh.create_dir(&packed)?;
    let manifest = sh.read_file("Cargo.toml")?;
    let profiles = manifest
        .find("[profile.")
        .context("Cargo.toml has no profile")?;
    let (mut members, mut patches) = (String::new(), String::new());
    for package in workspace.published() {
        let folder = format!("{}-{}", package.name, package.version);
        let archive = target.join(format!("package/{folder}.crate"));
        cmd!(
            sh,
            "tar --extract --gzip --file {archive} --directory {packed}"
        )
        .run()?;
        write!(members, "\"{folder}\", ")?;
        writeln!(patches, "{} = {{ path = \"{folder}\" }}", package.name)?;
    }
    // The same profiles, so that what is built already is not built again.
    let profiles = &manifest[profiles..];
    let around = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{members}]\n[patch.crates-io]\n{patches}{profiles}"
    );
    let manifest = packed.join("Cargo.toml");
    sh.write_file(&manifest, around)?;
    sh.copy_file("Cargo.lock", packed.join("Cargo.lock"))?;
    let check = cmd!(
        sh,
        "cargo check --workspace --offline --manifest-path {manifest}"
    );
    Ok(check.env("CARGO_TARGET_DIR", &target).run()?)
}
