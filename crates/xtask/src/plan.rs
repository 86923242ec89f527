//! The plan of `cargo xtask test`: the steps by name, and which of them the user asked for.

use crate::command::Failure;
use crate::workspace::Workspace;

/// Tests that compute so much that only an optimised build is quick. Those of tch-lens pass without
/// it too, but then its products are libtorch's.
const OPTIMISED_TESTS: &[Optimised] = &[
    program("causal-pc", "oracles"),
    program("tch-lens", "engine"),
    program("tch-lens", "goldens"),
    Optimised {
        name: "calibrations",
        package: "examples",
        target: "audit",
        full_size: true,
    },
];

/// A test program to be built optimised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optimised {
    /// What its step is called after `test-`.
    name: &'static str,
    /// The package that has it.
    pub package: &'static str,
    /// The test program.
    pub target: &'static str,
    /// Whether it runs the tests that a debug build passes over for their size, here and in the
    /// package's library, in the place of the others.
    pub full_size: bool,
}

const fn program(package: &'static str, target: &'static str) -> Optimised {
    Optimised {
        name: target,
        package,
        target,
        full_size: false,
    }
}

/// One named part of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What `--only` and `--skip` call it.
    pub name: String,
    /// One line for `--list`.
    pub about: String,
    /// What it does.
    pub work: Work,
}

/// What a step can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Compare every file with what rustfmt makes of it.
    Format,
    /// Look for libtorch, and fetch it where it is missing.
    Libtorch,
    /// Run clippy on every feature set.
    Lint,
    /// Build the documentation.
    Document,
    /// Test one package by itself, in its feature sets.
    TestAlone {
        /// The package.
        package: String,
    },
    /// Test all packages in one build with all features.
    TestTogether,
    /// Test against a real chat server.
    TestServed,
    /// Run tests, optimised.
    TestOptimised(&'static Optimised),
    /// Run the example programs.
    Examples,
    /// Run the study whose right answer is known.
    Study,
    /// Check licences, sources and who depends on whom.
    Deny,
    /// Pack the libraries and build the packages.
    Package,
}

/// Every step, in the order in which their builds serve each other: check builds, test builds,
/// optimised builds, and what builds by itself.
pub fn plan(workspace: &Workspace) -> Vec<Step> {
    let mut steps = vec![
        step("fmt", "rustfmt would change no file", Work::Format),
        step(
            "libtorch",
            "libtorch is here, or is fetched",
            Work::Libtorch,
        ),
        step(
            "clippy",
            "no lint and no warning, in every feature set",
            Work::Lint,
        ),
        step(
            "doc",
            "the documentation builds without a warning",
            Work::Document,
        ),
    ];
    steps.extend(
        workspace
            .packages
            .iter()
            .map(|package| test_alone(&package.name)),
    );
    let together = "tests and doctests of all packages, built together with all features";
    steps.push(step("test-workspace", together, Work::TestTogether));
    if workspace.package("valuebench").is_some() {
        let served = "the chat client, and a study, against a real server where there is Python";
        steps.push(step("test-served", served, Work::TestServed));
    }
    let there = |test: &&Optimised| {
        let package = workspace.package(test.package);
        package.is_some_and(|package| package.has_target("test", test.target))
    };
    steps.extend(OPTIMISED_TESTS.iter().filter(there).map(|test| {
        let (target, package) = (test.target, test.package);
        let about = if test.full_size {
            format!("the tests at full size of `{target}` of {package}, optimised")
        } else {
            format!("the test program `{target}` of {package}, optimised")
        };
        let name = format!("test-{}", test.name);
        step(&name, &about, Work::TestOptimised(test))
    }));
    let examples = "the example programs run on the data in the repository and write every file";
    let study = "the study of the organism, optimised, finds in live answers what is planted";
    let deny = "licences, sources, and who may depend on whom (cargo-deny)";
    let package = "each library packs with all that a registry asks for, and builds so packed";
    steps.extend([
        step("examples", examples, Work::Examples),
        step("study", study, Work::Study),
        step("deny", deny, Work::Deny),
        step("package", package, Work::Package),
    ]);
    steps
}

/// For each step whether it is to run: it is in `only`, or that is empty, and it is not in `skip`.
///
/// A word of these lists is a step's name, or the part of it before a `-`.
///
/// # Errors
/// If a word means no step.
pub fn select(steps: &[Step], only: &[String], skip: &[String]) -> Result<Vec<bool>, Failure> {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    for word in only.iter().chain(skip) {
        if !names.iter().any(|name| is_meant(name, word)) {
            let names = names.join(", ");
            return Err(Failure::told(format!(
                "there is no step \"{word}\"; the steps are {names}"
            )));
        }
    }
    let is_in = |name: &str, words: &[String]| words.iter().any(|word| is_meant(name, word));
    let runs = |name: &&str| (only.is_empty() || is_in(name, only)) && !is_in(name, skip);
    Ok(names.iter().map(runs).collect())
}

/// Whether `word` names the step, or the group of steps that it belongs to.
pub fn is_meant(name: &str, word: &str) -> bool {
    name.strip_prefix(word)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn step(name: &str, about: &str, work: Work) -> Step {
    Step {
        name: name.to_owned(),
        about: about.to_owned(),
        work,
    }
}

fn test_alone(package: &str) -> Step {
    let about = format!("tests and doctests of {package}, built alone, in its feature sets");
    step(
        &format!("test-{package}"),
        &about,
        Work::TestAlone {
            package: package.to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Package, Target};

    fn selected(only: &[&str], skip: &[&str]) -> Result<Vec<bool>, String> {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>()
        };
        let steps = ["fmt", "test-a", "test-a-b", "tests"].map(|name| step(name, "", Work::Deny));
        select(&steps, &owned(only), &owned(skip)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn steps_are_selected_by_name_and_by_group() {
        assert_eq!(selected(&[], &[]), Ok(vec![true; 4]));
        assert_eq!(selected(&["fmt"], &[]), Ok(vec![true, false, false, false]));
        assert_eq!(selected(&["test"], &[]), Ok(vec![false, true, true, false]));
        assert_eq!(
            selected(&["test"], &["test-a-b"]),
            Ok(vec![false, true, false, false])
        );
        assert_eq!(
            selected(&[], &["test", "tests"]),
            Ok(vec![true, false, false, false])
        );
    }

    #[test]
    fn a_word_that_means_no_step_is_refused_with_those_that_do() {
        for (only, skip) in [
            (["tset"], [""; 0].as_slice()),
            ([""], &[]),
            (["fmt"], &["te"]),
        ] {
            let text = selected(&only, skip).expect_err("no such step");
            assert!(text.contains("fmt, test-a, test-a-b, tests"), "{text}");
        }
    }

    #[test]
    fn every_package_is_tested_and_optimised_tests_only_where_they_are() {
        let package = |name: &str, tests: &[&str]| {
            let target = |&name: &&str| Target {
                name: name.into(),
                kind: vec!["test".into()],
            };
            let targets = tests.iter().map(target).collect();
            Package {
                name: name.into(),
                targets,
                ..Package::default()
            }
        };
        let names = |packages| -> Vec<String> {
            let steps = plan(&Workspace {
                root: ".".into(),
                target_directory: "target".into(),
                packages,
            });
            steps
                .into_iter()
                .map(|step| step.name)
                .filter(|name| is_meant(name, "test"))
                .collect()
        };
        assert_eq!(
            names(vec![package("a", &["oracles"])]),
            ["test-a", "test-workspace"]
        );
        assert_eq!(
            names(vec![package("causal-pc", &["oracles"])]),
            ["test-causal-pc", "test-workspace", "test-oracles"]
        );
        assert_eq!(
            names(vec![package("examples", &["audit"])]),
            ["test-examples", "test-workspace", "test-calibrations"]
        );
    }
}
