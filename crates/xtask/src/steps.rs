//! The plan of `cargo xtask test`: every step, in the order in which their builds serve each other.

use crate::command::{Cmd, Failure};
use crate::features::{all_features_together, feature_sets};
use crate::system::LeftOut;
use crate::toolchain::{CLIPPY, RUSTFMT};
use crate::workspace::{Package, Workspace};
use crate::{deny, examples, package, system, toolchain};
use std::cell::OnceCell;

/// Test programs that compute so much that only an optimised build is quick: package and test
/// target.
const RELEASE_TESTS: &[(&str, &str)] = &[("causal-pc", "oracles")];

/// One named part of the run.
pub struct Step<'a> {
    /// What `--only` and `--skip` call it.
    pub name: String,
    /// One line for `--list`.
    pub about: String,
    work: Box<dyn Fn(&mut Log) + 'a>,
}

/// What a step has to say when it is over.
#[derive(Default)]
pub struct Log {
    /// What went wrong; empty if the step passed.
    pub failures: Vec<Failure>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Whether the first failure is to be the last.
    pub stop_at_failure: bool,
}

/// The workspace, and what its steps find out once for all of them.
pub struct Site {
    /// The packages and their folder.
    pub workspace: Workspace,
    left_out: OnceCell<LeftOut>,
}

impl Site {
    /// A site at which nothing is found out yet.
    pub fn new(workspace: Workspace) -> Self {
        Site {
            workspace,
            left_out: OnceCell::new(),
        }
    }

    /// The features that cannot be built here, looked for (and fetched, where allowed) on first
    /// use.
    fn left_out(&self, log: &mut Log) -> &LeftOut {
        let left_out = self
            .left_out
            .get_or_init(|| system::prepare(&self.workspace));
        log.notes.extend(left_out.notes.iter().cloned());
        left_out
    }
}

impl<'a> Step<'a> {
    /// A step that does `work`.
    pub fn new(name: &str, about: &str, work: impl Fn(&mut Log) + 'a) -> Self {
        let work = Box::new(work);
        Step {
            name: name.to_owned(),
            about: about.to_owned(),
            work,
        }
    }

    /// Does the step's work.
    pub fn run(&self, stop_at_failure: bool) -> Log {
        let mut log = Log {
            stop_at_failure,
            ..Log::default()
        };
        (self.work)(&mut log);
        log
    }
}

impl Log {
    /// Runs a command, unless an earlier one failed and the first failure is to be the last.
    fn run(&mut self, cmd: &Cmd) {
        if self.failures.is_empty() || !self.stop_at_failure {
            self.keep(cmd.run());
        }
    }

    /// Writes down a failure, and hands on what succeeded.
    fn keep<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.failures.push(failure)).ok()
    }
}

/// Every step, in order: quick ones first, then those that share check builds, test builds and
/// release builds.
pub fn plan(site: &Site) -> Vec<Step<'_>> {
    let workspace = &site.workspace;
    let mut steps = vec![
        Step::new("fmt", "rustfmt would change no file", |log| {
            fmt(workspace, log);
        }),
        Step::new(
            "clippy",
            "no lint and no warning, in every feature set",
            |log| clippy(site, log),
        ),
        Step::new("doc", "the documentation builds without a warning", |log| {
            doc(site, log);
        }),
    ];
    for package in &workspace.packages {
        let about = format!(
            "tests and doctests of {}, built alone, in every feature set",
            package.name
        );
        steps.push(Step::new(
            &format!("test-{}", package.name),
            &about,
            |log| {
                test_alone(site, package, log);
            },
        ));
    }
    let together = "tests and doctests of all packages, built together with all features";
    steps.push(Step::new("test-workspace", together, |log| {
        test_together(site, log);
    }));
    for &(package, target) in RELEASE_TESTS {
        if workspace
            .package(package)
            .is_some_and(|package| package.has_target("test", target))
        {
            let about = format!("the test program `{target}` of {package}, optimised");
            steps.push(Step::new(&format!("test-{target}"), &about, move |log| {
                log.run(&workspace.cargo("test").args([
                    "--release",
                    "--package",
                    package,
                    "--test",
                    target,
                ]));
            }));
        }
    }
    let about = "the example programs run on the data in the repository and write every file";
    let run_examples = |log: &mut Log| log.failures.extend(examples::check(workspace));
    steps.extend([
        Step::new("examples", about, run_examples),
        Step::new(
            "deny",
            "licences, sources, and who may depend on whom (cargo-deny)",
            |log| {
                if let Some(check) = log.keep(deny::check(workspace)) {
                    log.run(&check);
                }
            },
        ),
        Step::new(
            "package",
            "each library packs with all that a registry asks for, and builds from its package",
            |log| {
                pack(workspace, log);
            },
        ),
    ]);
    steps
}

fn fmt(workspace: &Workspace, log: &mut Log) {
    if log.keep(toolchain::ensure(RUSTFMT)).is_some() {
        log.run(&workspace.cargo("fmt").args(["--all", "--", "--check"]));
    }
}

fn clippy(site: &Site, log: &mut Log) {
    if log.keep(toolchain::ensure(CLIPPY)).is_none() {
        return;
    }
    let workspace = &site.workspace;
    let left_out = &site.left_out(log).features;
    let clippy = || workspace.cargo("clippy").arg("--all-targets");
    let deny_warnings = ["--", "-D", "warnings"];
    log.run(&clippy().arg("--workspace").args(deny_warnings));
    let all = all_features_together(&workspace.packages, left_out);
    log.run(&clippy().arg("--workspace").args(all).args(deny_warnings));
    for package in &workspace.packages {
        for set in feature_sets(package, left_out) {
            log.run(
                &clippy()
                    .args(["--package", &package.name])
                    .args(set.args)
                    .args(deny_warnings),
            );
        }
    }
}

fn doc(site: &Site, log: &mut Log) {
    let all = all_features_together(&site.workspace.packages, &site.left_out(log).features);
    let doc = site
        .workspace
        .cargo("doc")
        .args(["--workspace", "--no-deps"])
        .args(all);
    log.run(&doc.env("RUSTDOCFLAGS", "-D warnings"));
}

fn test_alone(site: &Site, package: &Package, log: &mut Log) {
    for set in feature_sets(package, &site.left_out(log).features) {
        println!("{} with {}:", package.name, set.name);
        log.run(
            &site
                .workspace
                .cargo("test")
                .args(["--package", &package.name])
                .args(set.args),
        );
    }
}

fn test_together(site: &Site, log: &mut Log) {
    let all = all_features_together(&site.workspace.packages, &site.left_out(log).features);
    log.run(&site.workspace.cargo("test").arg("--workspace").args(all));
}

fn pack(workspace: &Workspace, log: &mut Log) {
    for package in workspace.published() {
        for problem in log
            .keep(package::problems(workspace, package))
            .into_iter()
            .flatten()
        {
            log.failures.push(Failure::told(format!(
                "package {}: {problem}",
                package.name
            )));
        }
    }
    if package::cargo_packs_siblings() {
        log.run(&package::build(workspace, workspace.published()));
        return;
    }
    let (with_siblings, alone): (Vec<_>, Vec<_>) = workspace
        .published()
        .partition(|package| package.has_siblings());
    log.run(&package::build(workspace, alone));
    for package in with_siblings {
        log.notes.push(format!(
            "package {} was listed and not built: its siblings are not published, which needs cargo 1.90 or newer",
            package.name
        ));
    }
}
