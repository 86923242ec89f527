//! What `cargo metadata` says of this workspace, as far as the commands need it.

use crate::command::{Cmd, Failure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The workspace: where it lies and the packages in it.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// The folder of the top manifest.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Where cargo builds.
    pub target_directory: PathBuf,
    /// The members, in the order of their names.
    pub packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Each feature with what it turns on, in Cargo's own notation (`other`, `dep:x`, `x/y`,
    /// `x?/y`).
    pub features: BTreeMap<String, Vec<String>>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// Its library, programs, tests and benchmarks.
    pub targets: Vec<Target>,
    /// Registries that it may be published to: `None` is any, an empty list none.
    pub publish: Option<Vec<String>>,
    /// One sentence for the registry.
    pub description: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// The file that the registry shows, relative to the manifest.
    pub readme: Option<PathBuf>,
    /// At most five words.
    pub keywords: Vec<String>,
    /// At most five of the registry's slugs.
    pub categories: Vec<String>,
    /// The oldest Rust that it builds with.
    pub rust_version: Option<String>,
}

/// A dependency of a member.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// Whether only a feature turns it on.
    pub optional: bool,
    /// Where it lies, for a member of this workspace.
    pub path: Option<PathBuf>,
}

/// Something that cargo builds from a package.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// The target's name.
    pub name: String,
    /// `lib`, `bin`, `test`, `bench`, ...
    pub kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// If cargo fails, for example on a manifest that it cannot read, or answers with something
    /// unforeseen.
    pub fn load() -> Result<Self, Failure> {
        let cmd = Cmd::cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .dir(&any_folder_inside());
        Self::parse(&cmd.read()?)
            .map_err(|error| Failure::told(format!("`{cmd}` said something unforeseen: {error}")))
    }

    fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let mut workspace: Workspace = serde_json::from_str(json)?;
        workspace.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(workspace)
    }

    /// The member of that name.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The members that are meant for the registry.
    pub fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| package.is_published())
    }

    /// A cargo command in the workspace's root.
    pub fn cargo(&self, subcommand: &str) -> Cmd {
        Cmd::cargo().arg(subcommand).dir(&self.root)
    }
}

impl Package {
    /// Whether it is meant for the registry.
    pub fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|to| !to.is_empty())
    }

    /// Whether it has a target of that kind and name.
    pub fn has_target(&self, kind: &str, name: &str) -> bool {
        self.targets
            .iter()
            .any(|target| target.name == name && target.kind.iter().any(|k| k == kind))
    }

    /// Whether it cannot be built without libtorch.
    pub fn needs_libtorch(&self) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency.name == "tch" && !dependency.optional)
    }

    /// Whether it depends on another member of this workspace.
    pub fn has_siblings(&self) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency.path.is_some())
    }
}

/// A folder of this workspace, wherever the user stands: cargo says where the program that it runs
/// was written.
fn any_folder_inside() -> PathBuf {
    let compiled = env!("CARGO_MANIFEST_DIR");
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| Path::new(compiled).to_owned(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_workspace_is_read() {
        let workspace = Workspace::load().expect("cargo metadata works in the workspace");
        assert!(workspace.root.join("deny.toml").is_file());
        let own = workspace.package("xtask").expect("xtask is a member");
        assert!(own.has_target("bin", "xtask"));
        assert!(!workspace.published().any(|package| package.name == "xtask"));
        assert!(
            workspace
                .package("value-causal")
                .expect("the facade is a member")
                .has_siblings()
        );
        let needs_libtorch = |name| workspace.package(name).map(Package::needs_libtorch);
        assert_eq!(needs_libtorch("tch-lens"), Some(true));
        assert_eq!(needs_libtorch("value-causal"), Some(false));
        assert_eq!(needs_libtorch("xtask"), Some(false));
    }

    #[test]
    fn an_answer_without_packages_is_refused() {
        assert!(Workspace::parse(r#"{"workspace_root": "/w", "target_directory": "/t"}"#).is_err());
        assert!(Workspace::parse("").is_err());
    }
}
