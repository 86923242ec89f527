//! How each kind of step does its work.

use crate::command::{Cmd, Failure};
use crate::features::{all_features_together, feature_sets, tested_sets};
use crate::plan::{Optimised, Work};
use crate::system::LeftOut;
use crate::toolchain::{CLIPPY, RUSTFMT};
use crate::workspace::{Package, Workspace};
use crate::{deny, examples, libtorch, organism, package, system, toolchain};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The feature that needs libtorch, in whichever package declares it.
const LENS: &str = "lens";

/// Kind and name of the test program that works in a browser where there is one.
const BROWSER_TEST: (&str, &str) = ("test", "audit");

/// Makes a chat server from packages of Python, and runs a command while it serves.
const WITH_SERVER: &str = "scripts/chat_server/with_server";

/// What is tested with it: package, test program, and which of its tests.
const SERVED_TESTS: [(&str, &str, &str); 2] = [
    ("valuebench", "chat", "real"),
    ("examples", "run_study", "real_server"),
];

/// The workspace, and what its steps find out once for all of them.
pub struct Site {
    /// The packages and their folder.
    pub workspace: Workspace,
    left_out: OnceCell<LeftOut>,
    no_browser: OnceCell<Option<String>>,
    no_libtorch: OnceCell<Option<String>>,
}

/// What a step has to say when it is over.
#[derive(Default)]
pub struct Log {
    /// What went wrong; empty if the step passed.
    pub failures: Vec<Failure>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Whether the first failure is to be the last.
    stop_at_failure: bool,
}

impl Site {
    /// A site at which nothing is found out yet.
    pub fn new(workspace: Workspace) -> Self {
        Site {
            workspace,
            left_out: OnceCell::new(),
            no_browser: OnceCell::new(),
            no_libtorch: OnceCell::new(),
        }
    }

    /// Does `work`. Goes on after a failure, so that one run shows all, unless told otherwise.
    pub fn perform(&self, work: &Work, stop_at_failure: bool) -> Log {
        let mut log = Log {
            stop_at_failure,
            ..Log::default()
        };
        match work {
            Work::Format => self.format(&mut log),
            Work::Libtorch => self.demand_libtorch(&mut log),
            Work::Lint => self.lint(&mut log),
            Work::Document => self.document(&mut log),
            Work::TestAlone { package } => self.test_alone(package, &mut log),
            Work::TestTogether => self.test_together(&mut log),
            Work::TestServed => self.test_served(&mut log),
            Work::TestOptimised(test) => self.test_optimised(test, &mut log),
            Work::Examples => log.failures.extend(examples::check(&self.workspace)),
            Work::Study => self.study(&mut log),
            Work::Deny => self.deny(&mut log),
            Work::Package => self.pack(&mut log),
        }
        let left_out = self.left_out.get().map(|left_out| &left_out.notes);
        log.notes.extend(left_out.into_iter().flatten().cloned());
        log.notes
            .extend(self.no_browser.get().into_iter().flatten().cloned());
        if let Some(Some(problem)) = self.no_libtorch.get() {
            log.notes
                .push(format!("whatever needs libtorch was left out: {problem}"));
        }
        log
    }

    fn format(&self, log: &mut Log) {
        if log.keep(toolchain::ensure(RUSTFMT)).is_some() {
            log.run(&self.workspace.cargo("fmt").args(["--all", "--", "--check"]));
        }
    }

    fn lint(&self, log: &mut Log) {
        if log.keep(toolchain::ensure(CLIPPY)).is_none() {
            return;
        }
        let clippy = || self.cargo("clippy").arg("--all-targets");
        let deny_warnings = ["--", "-D", "warnings"];
        log.run(&clippy().args(self.together()).args(deny_warnings));
        log.run(
            &clippy()
                .args(self.together())
                .args(self.all_features())
                .args(deny_warnings),
        );
        for package in self.buildable() {
            for set in feature_sets(package, &self.left_out_of([package])) {
                let clippy = clippy().args(["--package", &package.name]).args(set.args);
                log.run(&clippy.args(deny_warnings));
            }
        }
    }

    fn document(&self, log: &mut Log) {
        let doc = self.cargo("doc").arg("--no-deps");
        let doc = doc.args(self.together()).args(self.all_features());
        log.run(&doc.env("RUSTDOCFLAGS", "-D warnings"));
    }

    fn test_alone(&self, name: &str, log: &mut Log) {
        let Some(package) = self.workspace.package(name) else {
            return log
                .failures
                .push(Failure::told(format!("there is no package {name}")));
        };
        if self.misses_libtorch(package) {
            return self.demand_libtorch(log);
        }
        if package.has_target(BROWSER_TEST.0, BROWSER_TEST.1) {
            self.no_browser.get_or_init(system::no_browser);
        }
        for set in tested_sets(package, &self.left_out_of([package])) {
            println!("{name} with {}:", set.name);
            log.run(&self.test(name).args(set.args));
        }
    }

    fn test_served(&self, log: &mut Log) {
        let with_server = || Cmd::new(self.workspace.root.join(WITH_SERVER));
        if let Err(failure) = with_server().run() {
            let note =
                format!("the chat client met no real server, which could not be made: {failure}");
            return log.notes.push(note);
        }
        for (name, target, tests) in SERVED_TESTS {
            let Some(package) = self.workspace.package(name) else {
                continue;
            };
            let left_out = self.left_out_of([package]);
            let all = tested_sets(package, &left_out).pop();
            if let Some(all) = all.filter(|_| !left_out.contains(LENS)) {
                let cargo = ["cargo", "test", "--package", name, "--test", target];
                let test = with_server().args(cargo).args(all.args).arg(tests);
                log.run(&test.env("CARGO_INCREMENTAL", "0"));
            }
        }
    }

    fn test_optimised(&self, test: &Optimised, log: &mut Log) {
        let misses_libtorch = |package| self.misses_libtorch(package);
        let package = self.workspace.package(test.package);
        if package.is_some_and(misses_libtorch) {
            return self.demand_libtorch(log);
        }
        let mut cmd = self.test(test.package);
        cmd = cmd.args(["--release", "--test", test.target]);
        if test.full_size {
            cmd = cmd.args(["--lib", "--", "--ignored", "--show-output"]);
        }
        log.run(&cmd);
    }

    fn test_together(&self, log: &mut Log) {
        let test = self.cargo("test").arg("--no-fail-fast");
        log.run(&test.args(self.together()).args(self.all_features()));
    }

    fn study(&self, log: &mut Log) {
        match self.no_libtorch() {
            Some(problem) => println!("skipped, for want of libtorch: {problem}"),
            None => log.failures.extend(organism::check(&self.workspace.root)),
        }
    }

    fn deny(&self, log: &mut Log) {
        if let Some(check) = log.keep(deny::check(&self.workspace)) {
            log.run(&check);
        }
    }

    fn pack(&self, log: &mut Log) {
        let workspace = &self.workspace;
        for package in workspace.published() {
            let problems = log
                .keep(package::problems(workspace, package))
                .unwrap_or_default();
            let told = |problem| Failure::told(format!("package {}: {problem}", package.name));
            log.failures.extend(problems.into_iter().map(told));
        }
        if self.no_libtorch().is_some() {
            return self.demand_libtorch(log);
        }
        if package::cargo_packs_siblings() {
            return log.run(&package::build(workspace, workspace.published()));
        }
        let (with_siblings, alone): (Vec<_>, Vec<_>) = workspace
            .published()
            .partition(|package| package.has_siblings());
        log.run(&package::build(workspace, alone));
        log.notes.extend(with_siblings.into_iter().map(only_listed));
    }

    fn test(&self, package: &str) -> Cmd {
        self.cargo("test")
            .args(["--no-fail-fast", "--package", package])
    }

    /// A cargo command that builds: everything is built once, in many feature sets, so what would
    /// make the next build of the same quicker only fills the disk.
    fn cargo(&self, subcommand: &str) -> Cmd {
        self.workspace
            .cargo(subcommand)
            .env("CARGO_INCREMENTAL", "0")
    }

    /// The packages that can be built here.
    fn buildable(&self) -> impl Iterator<Item = &Package> {
        self.workspace
            .packages
            .iter()
            .filter(|package| !self.misses_libtorch(package))
    }

    /// Cargo's arguments for all of them in one build.
    fn together(&self) -> Vec<String> {
        let mut args = vec!["--workspace".to_owned()];
        for package in &self.workspace.packages {
            if self.misses_libtorch(package) {
                args.extend(["--exclude".to_owned(), package.name.clone()]);
            }
        }
        args
    }

    /// Cargo's arguments for all features of all packages that can be built here.
    fn all_features(&self) -> Vec<String> {
        let packages: Vec<&Package> = self.buildable().collect();
        let left_out = self.left_out_of(packages.iter().copied());
        all_features_together(packages, &left_out)
    }

    /// The features of `packages` that cannot be built here.
    fn left_out_of<'a>(&self, packages: impl IntoIterator<Item = &'a Package>) -> BTreeSet<String> {
        let mut features = self.left_out().features.clone();
        let has_lens = |package: &Package| package.features.contains_key(LENS);
        if packages.into_iter().any(has_lens) && self.no_libtorch().is_some() {
            features.insert(LENS.to_owned());
        }
        features
    }

    /// The features that miss a library of the system, looked for (and fetched, where allowed) on
    /// first use.
    fn left_out(&self) -> &LeftOut {
        self.left_out
            .get_or_init(|| system::prepare(&self.workspace))
    }

    fn misses_libtorch(&self, package: &Package) -> bool {
        package.needs_libtorch() && self.no_libtorch().is_some()
    }

    /// Why there is no libtorch, if there is none; fetched on first use.
    fn no_libtorch(&self) -> Option<&str> {
        let problem = self.no_libtorch.get_or_init(|| {
            libtorch::ensure(&self.workspace.root)
                .err()
                .map(|failure| failure.to_string())
        });
        problem.as_deref()
    }

    fn demand_libtorch(&self, log: &mut Log) {
        let problem = self.no_libtorch().map(Failure::told);
        log.failures.extend(problem);
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

fn only_listed(package: &Package) -> String {
    let name = &package.name;
    format!(
        "{name} was listed and not built: packages on unpublished ones need cargo 1.90 or newer"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_after_a_failure_unless_told_not_to() {
        let works = Cmd::cargo().arg("--version");
        let fails = Cmd::cargo().arg("--no-such-option");
        for (stop_at_failure, expected) in [(false, 2), (true, 1)] {
            let mut log = Log {
                stop_at_failure,
                ..Log::default()
            };
            for cmd in [&works, &fails, &fails] {
                log.run(cmd);
            }
            assert_eq!(log.failures.len(), expected);
        }
    }
}
