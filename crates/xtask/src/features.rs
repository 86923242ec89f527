//! Which feature sets of a package are worth a build of their own.

use crate::workspace::Package;
use std::collections::BTreeSet;

/// One choice of features, as cargo's arguments and as words.
#[derive(Debug, PartialEq, Eq)]
pub struct FeatureSet {
    /// What to pass to cargo; empty for the default features.
    pub args: Vec<String>,
    /// What a person calls it.
    pub name: String,
}

/// The feature sets in which a package must build and pass its tests: the default, none, each alone
/// and all, without those that turn on just what an earlier one does, and without the features
/// `left_out`.
///
/// # Example
/// A package with `default = ["a"]`, `a` and `b` gives default, none, `b`, and all: `a` alone is
/// the default.
pub fn feature_sets(package: &Package, left_out: &BTreeSet<String>) -> Vec<FeatureSet> {
    let usable = usable(package, left_out);
    let alone = |features: &[&str]| {
        let mut args = vec!["--no-default-features".to_owned()];
        if !features.is_empty() {
            args.extend(["--features".to_owned(), features.join(",")]);
        }
        args
    };
    let mut wanted: Vec<(Vec<&str>, FeatureSet)> = Vec::new();
    if usable.contains(&"default") || !package.features.contains_key("default") {
        let default = usable
            .iter()
            .copied()
            .filter(|feature| *feature == "default")
            .collect();
        wanted.push((
            default,
            FeatureSet {
                args: Vec::new(),
                name: "default features".into(),
            },
        ));
    }
    wanted.push((
        Vec::new(),
        FeatureSet {
            args: alone(&[]),
            name: "no features".into(),
        },
    ));
    for feature in usable
        .iter()
        .copied()
        .filter(|feature| *feature != "default")
    {
        wanted.push((
            vec![feature],
            FeatureSet {
                args: alone(&[feature]),
                name: format!("feature {feature} alone"),
            },
        ));
    }
    let all = FeatureSet {
        args: all_features(package, left_out),
        name: "all features".into(),
    };
    wanted.push((usable.clone(), all));

    let mut seen = BTreeSet::new();
    wanted.retain(|(features, _)| seen.insert(turned_on(package, features)));
    wanted.into_iter().map(|(_, set)| set).collect()
}

/// The feature sets in which a package is tested by itself: of an unpublished one, on which nobody
/// depends, only the first and the last; clippy builds what lies between.
pub fn tested_sets(package: &Package, left_out: &BTreeSet<String>) -> Vec<FeatureSet> {
    let mut sets = feature_sets(package, left_out);
    if !package.is_published() && sets.len() > 2 {
        sets.drain(1..sets.len() - 1);
    }
    sets
}

/// Cargo's arguments for every feature of one package but those `left_out`.
fn all_features(package: &Package, left_out: &BTreeSet<String>) -> Vec<String> {
    let usable = usable(package, left_out);
    if usable.len() == package.features.len() {
        return vec!["--all-features".to_owned()];
    }
    let mut args = vec!["--no-default-features".to_owned()];
    if !usable.is_empty() {
        args.extend(["--features".to_owned(), usable.join(",")]);
    }
    args
}

/// Cargo's arguments for every feature of several packages, selected together, but those
/// `left_out`.
pub fn all_features_together<'a>(
    packages: impl IntoIterator<Item = &'a Package>,
    left_out: &BTreeSet<String>,
) -> Vec<String> {
    let mut features = Vec::new();
    let mut complete = true;
    for package in packages {
        let usable = usable(package, left_out);
        complete &= usable.len() == package.features.len();
        features.extend(
            usable
                .iter()
                .map(|feature| format!("{}/{feature}", package.name)),
        );
    }
    if complete {
        return vec!["--all-features".to_owned()];
    }
    vec![
        "--no-default-features".to_owned(),
        "--features".to_owned(),
        features.join(","),
    ]
}

/// The features of a package that do not need anything `left_out`, sorted.
fn usable<'a>(package: &'a Package, left_out: &BTreeSet<String>) -> Vec<&'a str> {
    let needs_left_out = |feature: &&str| {
        turned_on(package, &[feature]).iter().any(|on| {
            let of_a_dependency = on.rsplit_once('/').map(|(_, feature)| feature);
            left_out.contains(of_a_dependency.unwrap_or(on))
        })
    };
    package
        .features
        .keys()
        .map(String::as_str)
        .filter(|feature| !needs_left_out(feature))
        .collect()
}

/// Everything that `features` turn on, directly or through others; `default` itself is only a name.
fn turned_on(package: &Package, features: &[&str]) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    let mut open: Vec<&str> = features.to_vec();
    while let Some(feature) = open.pop() {
        if on.insert(feature.to_owned()) {
            open.extend(
                package
                    .features
                    .get(feature)
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            );
        }
    }
    on.remove("default");
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[(&str, &[&str])]) -> Package {
        let owned = |on: &[&str]| on.iter().map(|&feature| feature.to_owned()).collect();
        let features = features
            .iter()
            .map(|&(name, on)| (name.to_owned(), owned(on)))
            .collect();
        Package {
            name: "p".into(),
            features,
            ..Package::default()
        }
    }

    fn names(package: &Package, left_out: &[&str]) -> Vec<String> {
        feature_sets(package, &set(left_out))
            .into_iter()
            .map(|set| set.name)
            .collect()
    }

    fn set(features: &[&str]) -> BTreeSet<String> {
        features.iter().map(|&feature| feature.to_owned()).collect()
    }

    #[test]
    fn a_package_without_features_is_built_once() {
        let sets = feature_sets(&package(&[]), &set(&[]));
        assert_eq!(
            sets,
            [FeatureSet {
                args: vec![],
                name: "default features".into()
            }]
        );
    }

    #[test]
    fn an_empty_default_and_one_feature_make_two_sets() {
        let package = package(&[("default", &[]), ("proptest", &["dep:proptest"])]);
        let sets = feature_sets(&package, &set(&[]));
        assert_eq!(sets.len(), 2);
        assert!(sets[0].args.is_empty());
        assert_eq!(
            sets[1].args,
            ["--no-default-features", "--features", "proptest"]
        );
    }

    #[test]
    fn sets_that_turn_on_the_same_are_built_once() {
        let facade = package(&[
            ("default", &["bench", "metrics"]),
            ("bench", &["dep:b"]),
            ("metrics", &["dep:m"]),
            ("lens", &["bench", "dep:l"]),
        ]);
        assert_eq!(
            names(&facade, &[]),
            [
                "default features",
                "no features",
                "feature bench alone",
                "feature lens alone",
                "feature metrics alone",
                "all features"
            ]
        );
        let plain = package(&[("default", &["a"]), ("a", &[])]);
        assert_eq!(names(&plain, &[]), ["default features", "no features"]);
    }

    #[test]
    fn an_unpublished_package_is_tested_in_its_first_and_last_set() {
        let features: [(&str, &[&str]); 2] = [("lapack", &["dep:a"]), ("lens", &["dep:b"])];
        let published = package(&features);
        let private = Package {
            publish: Some(Vec::new()),
            ..package(&features)
        };
        assert_eq!(tested_sets(&published, &set(&[])).len(), 4);
        let sets = tested_sets(&private, &set(&[]));
        let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["default features", "all features"]);
    }

    #[test]
    fn features_that_need_a_missing_library_are_left_out_wherever_they_are_turned_on() {
        let pc = package(&[
            ("default", &[]),
            ("lapack", &["dep:ndarray-linalg"]),
            ("proptest", &["dep:proptest"]),
        ]);
        assert_eq!(
            names(&pc, &["lapack"]),
            ["default features", "feature proptest alone"]
        );
        assert_eq!(
            all_features(&pc, &set(&["lapack"])),
            ["--no-default-features", "--features", "default,proptest"]
        );
        assert_eq!(all_features(&pc, &set(&[])), ["--all-features"]);

        let facade = package(&[
            ("default", &["kci"]),
            ("kci", &["causal-pc?/lapack"]),
            ("other", &[]),
        ]);
        assert_eq!(
            names(&facade, &["lapack"]),
            ["no features", "feature other alone"]
        );
    }

    #[test]
    fn packages_selected_together_name_their_features_by_package() {
        let pc = Package {
            name: "pc".into(),
            ..package(&[("lapack", &[]), ("proptest", &[])])
        };
        let facade = Package {
            name: "facade".into(),
            ..package(&[("default", &[])])
        };
        assert_eq!(
            all_features_together([&pc, &facade], &set(&[])),
            ["--all-features"]
        );
        assert_eq!(
            all_features_together([&pc, &facade], &set(&["lapack"])),
            [
                "--no-default-features",
                "--features",
                "pc/proptest,facade/default"
            ]
        );
    }
}
