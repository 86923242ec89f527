//! The packages of this workspace as `cargo metadata` tells them, and the feature sets in which each is built.

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use xshell::Shell;

/// The workspace, and a shell in its top folder.
pub struct Workspace {
    /// Where every command runs.
    pub sh: Shell,
    /// The members, in the order of their names.
    pub packages: Vec<Package>,
    metadata: Metadata,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// If cargo cannot read a manifest.
    pub fn load() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .no_deps()
            .exec()
            .context("cargo cannot read the workspace")?;
        let mut packages = metadata.packages.clone();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        let sh = Shell::new()?;
        sh.change_dir(&metadata.workspace_root);
        Ok(Workspace {
            sh,
            packages,
            metadata,
        })
    }

    /// The folder of the top manifest.
    pub fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Where cargo builds.
    pub fn target(&self) -> PathBuf {
        self.metadata.target_directory.clone().into_std_path_buf()
    }

    /// The member of that name.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The members that are meant for the registry.
    pub fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| is_published(package))
    }

    /// Cargo's arguments that build and run a program of the workspace, with libtorch where it has
    /// a feature for that.
    ///
    /// # Errors
    /// If no member has that program.
    pub fn cargo_run(&self, program: &str) -> Result<Vec<String>> {
        let is_it = |target: &cargo_metadata::Target| target.is_bin() && target.name == program;
        let has_it = |package: &&Package| package.targets.iter().any(is_it);
        let package = self.packages.iter().find(has_it);
        let package = package.with_context(|| format!("no package has the program {program}"))?;
        let manifest = self.metadata.workspace_root.join("Cargo.toml");
        let mut args = vec!["run".to_owned(), "--release".to_owned()];
        args.extend(["--manifest-path".to_owned(), manifest.into_string()]);
        args.extend(["--package".to_owned(), package.name.to_string()]);
        args.extend(["--bin".to_owned(), program.to_owned()]);
        let needed = package.targets.iter().filter(|target| is_it(target));
        let needed: Vec<&str> = needed
            .flat_map(|target| &target.required_features)
            .map(String::as_str)
            .collect();
        if !needed.is_empty() {
            args.extend(["--features".to_owned(), needed.join(",")]);
        }
        Ok(args)
    }

    /// Whether a member has that feature.
    pub fn declares(&self, feature: &str) -> bool {
        let has = |package: &Package| package.features.contains_key(feature);
        self.packages.iter().any(has)
    }
}

/// Whether a package is meant for the registry.
pub fn is_published(package: &Package) -> bool {
    package.publish.as_ref().is_none_or(|to| !to.is_empty())
}

/// Whether a package has a test program of that name.
pub fn has_test(package: &Package, name: &str) -> bool {
    let is_it = |target: &cargo_metadata::Target| target.is_test() && target.name == name;
    package.targets.iter().any(is_it)
}

/// Whether a package cannot be built without libtorch.
pub fn needs_libtorch(package: &Package) -> bool {
    let mut always = package.dependencies.iter().filter(|on| !on.optional);
    always.any(|on| on.name == "tch" || on.features.iter().any(|feature| feature == "lens"))
}

/// One choice of a package's features: cargo's arguments.
pub type FeatureSet = Vec<String>;

/// The feature sets in which a package must build: the default, none, each alone and all, without
/// those that turn on just what an earlier one does, and without the features `left_out`.
///
/// A package with `default = ["a"]`, `a` and `b` gives default, none, `b`, and all: `a` alone is the default.
pub fn feature_sets(package: &Package, left_out: &BTreeSet<String>) -> Vec<FeatureSet> {
    let usable = usable(package, left_out);
    let has_default = package.features.contains_key("default");
    let mut wanted: Vec<(Vec<&str>, FeatureSet)> = Vec::new();
    if usable.contains(&"default") {
        wanted.push((vec!["default"], Vec::new()));
    } else if !has_default {
        wanted.push((Vec::new(), Vec::new()));
    }
    wanted.push((Vec::new(), without_default(&[])));
    for &feature in usable.iter().filter(|&&feature| feature != "default") {
        wanted.push((vec![feature], without_default(&[feature])));
    }
    wanted.push((usable, all_features([package], left_out)));
    let mut seen = BTreeSet::new();
    wanted.retain(|(features, _)| seen.insert(turned_on(package, features)));
    wanted.into_iter().map(|(_, args)| args).collect()
}

/// Cargo's arguments for every feature of `packages`, selected together, but those `left_out`.
pub fn all_features<'a>(
    packages: impl IntoIterator<Item = &'a Package>,
    left_out: &BTreeSet<String>,
) -> FeatureSet {
    let mut features = Vec::new();
    let mut complete = true;
    for package in packages {
        let usable = usable(package, left_out);
        complete &= usable.len() == package.features.len();
        let named = |feature| format!("{}/{feature}", package.name);
        features.extend(usable.into_iter().map(named));
    }
    if complete {
        return vec!["--all-features".to_owned()];
    }
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    without_default(&features)
}

fn without_default(features: &[&str]) -> FeatureSet {
    let mut args = vec!["--no-default-features".to_owned()];
    if !features.is_empty() {
        args.extend(["--features".to_owned(), features.join(",")]);
    }
    args
}

/// The features of a package that do not need anything `left_out`, sorted.
fn usable<'a>(package: &'a Package, left_out: &BTreeSet<String>) -> Vec<&'a str> {
    let needs_left_out = |feature: &&str| {
        turned_on(package, &[feature]).iter().any(|on| {
            let of_a_dependency = on.rsplit_once('/').map(|(_, feature)| feature);
            left_out.contains(of_a_dependency.unwrap_or(on))
        })
    };
    let names = package.features.keys().map(String::as_str);
    names.filter(|feature| !needs_left_out(feature)).collect()
}

/// Everything that `features` turn on, directly or through others; `default` itself is only a name.
fn turned_on(package: &Package, features: &[&str]) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    let mut open: Vec<&str> = features.to_vec();
    while let Some(feature) = open.pop() {
        if on.insert(feature.to_owned()) {
            let more = package.features.get(feature).into_iter().flatten();
            open.extend(more.map(String::as_str));
        }
    }
    on.remove("default");
    on
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, features: &[(&str, &[&str])]) -> Package {
        let features: std::collections::BTreeMap<_, _> = features.iter().copied().collect();
        serde_json::from_value(json!({
            "name": name, "version": "0.1.0", "id": name, "dependencies": [], "targets": [],
            "features": features, "manifest_path": "Cargo.toml", "edition": "2024",
        }))
        .expect("it is what cargo says")
    }

    /// The sets in short: `-` for no default features.
    fn sets(features: &[(&str, &[&str])], left_out: &[&str]) -> Vec<String> {
        let left_out = left_out.iter().map(|&feature| feature.to_owned()).collect();
        let sets = feature_sets(&package("p", features), &left_out).into_iter();
        let short = |args: FeatureSet| args.join(" ").replace("--no-default-features", "-");
        sets.map(|args| short(args).replace("--features ", ""))
            .collect()
    }

    #[test]
    fn this_very_workspace_is_read() {
        let workspace = Workspace::load().expect("cargo reads this workspace");
        assert!(workspace.root().join("deny.toml").is_file());
        let needs = |name| workspace.package(name).map(needs_libtorch);
        assert_eq!(needs("tch-lens"), Some(true));
        assert_eq!(needs("value-causal"), Some(false));
        assert_eq!(needs("xtask"), Some(false));
        assert!(!workspace.published().any(|package| package.name == "xtask"));
        assert!(workspace.declares("lapack") && !workspace.declares("no such"));
        let pc = workspace.package("causal-pc").expect("it is a member");
        assert!(has_test(pc, "oracles") && !has_test(pc, "causal-pc"));
    }

    #[test]
    fn sets_that_turn_on_the_same_are_built_once() {
        assert_eq!(sets(&[], &[]), [""]);
        let optional: [(&str, &[&str]); 2] = [("default", &[]), ("proptest", &["dep:proptest"])];
        assert_eq!(sets(&optional, &[]), ["", "- proptest"]);
        assert_eq!(sets(&[("default", &["a"]), ("a", &[])], &[]), ["", "-"]);
        let facade: [(&str, &[&str]); 4] = [
            ("default", &["bench", "metrics"]),
            ("bench", &["dep:b"]),
            ("metrics", &["dep:m"]),
            ("lens", &["bench", "dep:l"]),
        ];
        let all = ["", "-", "- bench", "- lens", "- metrics", "--all-features"];
        assert_eq!(sets(&facade, &[]), all);
    }

    #[test]
    fn features_that_need_a_missing_library_are_left_out_wherever_they_are_turned_on() {
        let pc: [(&str, &[&str]); 3] = [("default", &[]), ("lapack", &["l"]), ("other", &["o"])];
        assert_eq!(sets(&pc, &["lapack"]), ["", "- other"]);
        let facade: [(&str, &[&str]); 3] = [
            ("default", &["kci"]),
            ("kci", &["pc?/lapack"]),
            ("other", &[]),
        ];
        assert_eq!(sets(&facade, &["lapack"]), ["-", "- other"]);
    }

    #[test]
    fn packages_selected_together_name_their_features_by_package() {
        let pc = package("pc", &[("lapack", &[]), ("proptest", &[])]);
        let facade = package("facade", &[("default", &[])]);
        let all = |left_out: BTreeSet<String>| all_features([&pc, &facade], &left_out).join(" ");
        assert_eq!(all(BTreeSet::new()), "--all-features");
        assert_eq!(
            all(["lapack".to_owned()].into()),
            "--no-default-features --features pc/proptest,facade/default"
        );
    }
}
