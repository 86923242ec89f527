//! What a registry asks of a package, checked before anybody tries to publish it.

use cargo_metadata::{MetadataCommand, Package};
use xshell::{Shell, cmd};

/// Files that every published package must carry.
const NEEDED: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];

fn published() -> Vec<Package> {
    let metadata = MetadataCommand::new().no_deps().exec();
    let metadata = metadata.expect("cargo reads this workspace");
    let is_published = |package: &Package| package.publish.as_ref().is_none_or(|to| !to.is_empty());
    metadata.packages.into_iter().filter(is_published).collect()
}

#[test]
fn published_packages_have_the_metadata_that_a_registry_asks_for() {
    let published = published();
    assert!(published.iter().any(|package| package.name == "causal-pc"));
    for package in published {
        let name = &package.name;
        let filled =
            |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        assert!(filled(&package.description), "{name}: description");
        assert!(filled(&package.license), "{name}: license");
        assert!(package.rust_version.is_some(), "{name}: rust-version");
        assert!(package.readme.is_some(), "{name}: readme");
        for words in [&package.keywords, &package.categories] {
            assert!(
                (1..=5).contains(&words.len()),
                "{name}: one to five: {words:?}"
            );
        }
        for keyword in &package.keywords {
            assert!(is_keyword(keyword), "{name}: keyword \"{keyword}\"");
        }
    }
}

#[test]
fn published_packages_carry_licences_and_a_first_page() {
    let sh = Shell::new().expect("there is a folder");
    for package in published() {
        let name = package.name.as_str();
        let list = cmd!(sh, "cargo package --quiet --list --allow-dirty -p {name}");
        let files = list
            .quiet()
            .read()
            .expect("cargo lists the files of a package");
        for needed in NEEDED {
            assert!(
                files.lines().any(|file| file == needed),
                "{name} carries no {needed}"
            );
        }
    }
}

/// The registry's rule: at most 20 ASCII letters, digits, `_`, `-` or `+`, the first a letter or
/// digit.
fn is_keyword(keyword: &str) -> bool {
    let may_follow = |c: char| c.is_ascii_alphanumeric() || "_-+".contains(c);
    (1..=20).contains(&keyword.len())
        && keyword.starts_with(|c: char| c.is_ascii_alphanumeric())
        && keyword.chars().all(may_follow)
}

#[test]
fn keywords_follow_the_registry() {
    assert!(is_keyword("transitive-reduction") && is_keyword("c++"));
    for wrong in [
        "",
        "two words",
        "-dash",
        "caf\u{e9}",
        "twenty-one-characters",
    ] {
        assert!(!is_keyword(wrong), "{wrong}");
    }
}
