//! What the operating system has to bring, libraries for some features and a browser for a test: found,
//! installed where that is allowed, or left out.

use crate::command::{Cmd, Failure};
use crate::workspace::Workspace;
use std::collections::BTreeSet;
use std::path::Path;

/// A feature that links a library which cargo does not fetch.
struct SystemFeature {
    /// The feature's name, in whichever package declares it.
    feature: &'static str,
    /// What the linker calls the library.
    link_name: &'static str,
    /// The Debian package that has it.
    debian: &'static str,
}

/// Every such feature of this workspace.
const SYSTEM_FEATURES: &[SystemFeature] = &[SystemFeature {
    feature: "lapack",
    link_name: "openblas",
    debian: "libopenblas-dev",
}];

/// What Chromium is called on the path.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The features that cannot be built here, each with the sentence that says why.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// The features' names.
    pub features: BTreeSet<String>,
    /// One sentence for each.
    pub notes: Vec<String>,
}

/// Looks for the library of each feature that a member declares, and installs it where this user
/// may.
pub fn prepare(workspace: &Workspace) -> LeftOut {
    let mut left_out = LeftOut::default();
    for wanted in SYSTEM_FEATURES {
        let declares = workspace
            .packages
            .iter()
            .filter(|package| package.features.contains_key(wanted.feature));
        let owners: Vec<&str> = declares.map(|package| package.name.as_str()).collect();
        if owners.is_empty() || links(wanted.link_name) {
            continue;
        }
        let problem = match install(wanted.debian) {
            Ok(()) if links(wanted.link_name) => continue,
            Ok(()) => format!(
                "{} is installed, and lib{} still does not link",
                wanted.debian, wanted.link_name
            ),
            Err(problem) => problem,
        };
        left_out.features.insert(wanted.feature.to_owned());
        left_out.notes.push(format!(
            "feature `{}` of {} was left out: it needs lib{}, and {problem}",
            wanted.feature,
            owners.join(", "),
            wanted.link_name
        ));
    }
    left_out
}

/// Looks for Chromium where the tests look for it, and installs it where this user may. Returns why
/// there is none, in a sentence, if so.
pub fn no_browser() -> Option<String> {
    let there = |name: &str| Cmd::new(name).arg("--version").probe().is_some();
    if std::env::var_os("CHROMIUM").is_some() || BROWSERS.iter().any(|name| there(name)) {
        return None;
    }
    let problem = install("chromium").err()?;
    Some(format!(
        "the audit's page was opened in no browser: that needs Chromium, and {problem}"
    ))
}

/// Whether the linker finds `library`: the compiler is asked to link an empty program with it.
fn links(library: &str) -> bool {
    let Ok(folder) = tempfile::tempdir() else {
        return false;
    };
    let source = folder.path().join("empty.rs");
    if std::fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Cmd::new(rustc)
        .args(["-l", library])
        .arg(source)
        .dir(folder.path())
        .probe()
        .is_some()
}

/// Installs a Debian package where the system is a Debian and the user may.
///
/// # Errors
/// If that is not so, or apt-get fails: what there is to do by hand.
pub fn install(package: &str) -> Result<(), String> {
    let by_hand =
        format!("install it with `apt-get install {package}` or your system's equivalent");
    if !Path::new("/etc/debian_version").is_file() {
        return Err(format!(
            "this is no Debian or Ubuntu: install your system's equivalent of {package}"
        ));
    }
    let Some(apt_get) = apt_get() else {
        return Err(format!("this user may not install packages: {by_hand}"));
    };
    println!("Installing {package} ...");
    let fetched = apt_get
        .clone()
        .args(["install", "-y", "--no-install-recommends", package]);
    fetched
        .run()
        .or_else(|_| apt_get.arg("update").run().and_then(|()| fetched.run()))
        .map_err(|failure: Failure| format!("apt-get could not install it ({failure}); {by_hand}"))
}

/// `apt-get` as a user who may install, if there is a way that asks for no password.
fn apt_get() -> Option<Cmd> {
    let quiet = |cmd: Cmd| cmd.env("DEBIAN_FRONTEND", "noninteractive");
    if Cmd::new("id").arg("-u").probe()?.trim() == "0" {
        return Some(quiet(Cmd::new("apt-get")));
    }
    Cmd::new("sudo").args(["-n", "true"]).probe()?;
    Some(quiet(Cmd::new("sudo").args(["-n", "apt-get"])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    fn workspace(features: &[&str]) -> Workspace {
        let features = features
            .iter()
            .map(|&name| (name.to_owned(), Vec::new()))
            .collect();
        let package = Package {
            name: "p".into(),
            features,
            ..Package::default()
        };
        Workspace {
            root: ".".into(),
            target_directory: "target".into(),
            packages: vec![package],
        }
    }

    #[test]
    fn a_workspace_without_such_features_needs_nothing() {
        let left_out = prepare(&workspace(&["default", "proptest"]));
        assert!(left_out.features.is_empty() && left_out.notes.is_empty());
    }

    #[test]
    fn the_linker_is_asked_and_not_guessed() {
        assert!(links("c"), "every program links the C library");
        assert!(!links("no_such_library_here"));
    }
}
