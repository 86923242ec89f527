//! What a registry asks of a package, checked before anybody tries to publish it.

use crate::command::{Cmd, Failure};
use crate::workspace::{Package, Workspace};

/// Files that every published package must carry.
const NEEDED: &[&str] = &[
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src/lib.rs",
];

/// What is wrong with one package: metadata that the registry would refuse or users would miss, and
/// missing files.
///
/// # Errors
/// If cargo cannot list the package's files.
pub fn problems(workspace: &Workspace, package: &Package) -> Result<Vec<String>, Failure> {
    let list = workspace.cargo("package").args([
        "--quiet",
        "--list",
        "--allow-dirty",
        "--package",
        &package.name,
    ]);
    let files = list.read()?;
    let mut problems = metadata_problems(package);
    problems.extend(
        missing_files(&files)
            .into_iter()
            .map(|file| format!("{file} is not in the package")),
    );
    Ok(problems)
}

/// The command that packs `packages` and builds what was packed, each against the others' packed
/// form.
///
/// The working tree may hold uncommitted files: this is a check, and publishes nothing.
pub fn build<'a>(workspace: &Workspace, packages: impl IntoIterator<Item = &'a Package>) -> Cmd {
    let cmd = workspace
        .cargo("package")
        .args(["--allow-dirty", "--locked"])
        .env("CARGO_PROFILE_DEV_DEBUG", "false");
    packages
        .into_iter()
        .fold(cmd, |cmd, package| cmd.args(["--package", &package.name]))
}

/// Whether this cargo can build a package whose siblings are not published yet (since 1.90).
pub fn cargo_packs_siblings() -> bool {
    Cmd::cargo()
        .arg("--version")
        .probe()
        .is_some_and(|said| packs_siblings(&said))
}

fn packs_siblings(version: &str) -> bool {
    let mut numbers = version
        .split([' ', '.'])
        .filter_map(|word| word.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(1), Some(90))
}

fn missing_files(list: &str) -> Vec<&'static str> {
    NEEDED
        .iter()
        .copied()
        .filter(|needed| !list.lines().any(|file| file == *needed))
        .collect()
}

fn metadata_problems(package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.to_owned());
        }
    };
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    demand(given(&package.description), "`description` is missing");
    demand(given(&package.license), "`license` is missing");
    demand(given(&package.rust_version), "`rust-version` is missing");
    demand(package.readme.is_some(), "`readme` is missing");
    demand(
        (1..=5).contains(&package.keywords.len()),
        "`keywords` must be one to five",
    );
    demand(
        (1..=5).contains(&package.categories.len()),
        "`categories` must be one to five",
    );
    for keyword in package
        .keywords
        .iter()
        .filter(|keyword| !is_keyword(keyword))
    {
        problems.push(format!(
            "keyword \"{keyword}\" must be at most 20 ASCII letters, digits, `_`, `-` or `+`, and \
             begin with a letter or digit"
        ));
    }
    problems
}

/// The registry's rule for keywords.
fn is_keyword(keyword: &str) -> bool {
    keyword.len() <= 20
        && keyword.starts_with(|c: char| c.is_ascii_alphanumeric())
        && keyword
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Package {
        let some = |text: &str| Some(text.to_owned());
        Package {
            name: "p".into(),
            description: some("What it does"),
            license: some("MIT OR Apache-2.0"),
            readme: Some("README.md".into()),
            rust_version: some("1.89"),
            keywords: vec!["transitive-reduction".into(), "c++".into()],
            categories: vec!["science".into()],
            ..Package::default()
        }
    }

    #[test]
    fn complete_metadata_has_no_problem() {
        assert_eq!(metadata_problems(&complete()), Vec::<String>::new());
    }

    #[test]
    fn each_gap_in_the_metadata_is_named() {
        let broken = Package {
            name: "p".into(),
            ..Package::default()
        };
        let found = metadata_problems(&broken).join("; ");
        for name in [
            "description",
            "license",
            "rust-version",
            "readme",
            "keywords",
            "categories",
        ] {
            assert!(found.contains(name), "{name} is not in {found}");
        }
        let blank = Package {
            description: Some(" ".into()),
            ..complete()
        };
        assert_eq!(metadata_problems(&blank), ["`description` is missing"]);
    }

    #[test]
    fn keywords_follow_the_registry() {
        for wrong in [
            "",
            "two words",
            "-dash",
            "caf\u{e9}",
            "twenty-one-characters",
        ] {
            let package = Package {
                keywords: vec![wrong.into()],
                ..complete()
            };
            assert_eq!(metadata_problems(&package).len(), 1, "{wrong}");
        }
        let many = Package {
            keywords: vec!["a".into(); 6],
            ..complete()
        };
        assert_eq!(metadata_problems(&many).len(), 1);
    }

    #[test]
    fn missing_files_are_named() {
        assert_eq!(
            missing_files("Cargo.toml\nREADME.md\nsrc/lib.rs\n"),
            ["LICENSE-APACHE", "LICENSE-MIT"]
        );
        assert!(missing_files(&NEEDED.join("\n")).is_empty());
    }

    #[test]
    fn old_cargos_are_known() {
        assert!(packs_siblings("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"));
        assert!(packs_siblings("cargo 1.90.0-nightly"));
        assert!(!packs_siblings("cargo 1.89.0 (c24e10642 2025-06-23)"));
        assert!(!packs_siblings(""));
    }
}
