//! Running other programs so that a failure always names the exact command that repeats it.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Why a step, or the whole run, did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A program ran and said no.
    #[error("{} ({status}); repeat it with\n    {command}", .command.name())]
    Exit {
        /// The command that was run.
        command: Box<Cmd>,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program could not be started at all.
    #[error("`{}` could not be started: {source}; it was\n    {command}", .command.program())]
    Start {
        /// The command that was tried.
        command: Box<Cmd>,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Anything else, told in full.
    #[error("{0}")]
    Told(String),
}

impl Failure {
    /// A failure that says everything in its text.
    pub fn told(text: impl Into<String>) -> Self {
        Failure::Told(text.into())
    }
}

/// A program with its arguments, environment and folder, printed as the shell line that repeats it.
#[derive(Clone, Debug)]
pub struct Cmd {
    program: OsString,
    shown: String,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    dir: Option<PathBuf>,
}

impl Cmd {
    /// The program `name`, looked up on the path, in the user's folder.
    pub fn new(name: impl Into<OsString>) -> Self {
        let program = name.into();
        let shown = program.to_string_lossy().into_owned();
        Cmd {
            program,
            shown,
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
        }
    }

    /// The cargo that started this program, so that `cargo +toolchain xtask` stays on its
    /// toolchain.
    pub fn cargo() -> Self {
        let mut cmd = Cmd::new("cargo");
        if let Some(cargo) = std::env::var_os("CARGO") {
            cmd.program = cargo;
        }
        cmd
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable for this command alone.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs in `dir`. The printed line leaves the folder out: every such command means the
    /// workspace's root.
    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// Prints the command, runs it with its output on ours, and waits.
    ///
    /// # Errors
    /// [`Failure::Start`] if it cannot be started, [`Failure::Exit`] if it ends with anything but
    /// success.
    pub fn run(&self) -> Result<(), Failure> {
        println!("$ {self}");
        let status = self
            .command()
            .status()
            .map_err(|source| self.not_started(source))?;
        self.check(status)
    }

    /// Runs, waits, and returns what it wrote to standard output; standard error is ours.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn read(&self) -> Result<String, Failure> {
        let output = self.command().stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| self.not_started(source))?;
        self.check(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs silently and returns standard output, or nothing if it failed: for asking what is
    /// installed.
    pub fn probe(&self) -> Option<String> {
        let output = self.command().output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs with everything it says written to `log`, and does `meanwhile` ten times a second; says how it ended.
    ///
    /// # Errors
    /// [`Failure::Start`] if it cannot be started.
    pub fn run_into(&self, log: File, mut meanwhile: impl FnMut()) -> Result<ExitStatus, Failure> {
        let start = || {
            let mut command = self.command();
            command.stdout(log.try_clone()?).stderr(log);
            let mut child = command.spawn()?;
            loop {
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
                meanwhile();
                std::thread::sleep(Duration::from_millis(100));
            }
        };
        start().map_err(|source| self.not_started(source))
    }

    /// Starts it with standard input and output as pipes; standard error is ours.
    ///
    /// # Errors
    /// [`Failure::Start`] if it cannot be started.
    pub fn spawn_piped(&self) -> Result<Child, Failure> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().map_err(|source| self.not_started(source))
    }

    /// The program's name.
    pub fn program(&self) -> &str {
        &self.shown
    }

    /// The program and its first argument, such as `cargo test`.
    fn name(&self) -> String {
        let first = self
            .args
            .first()
            .map(|arg| format!(" {}", arg.to_string_lossy()));
        format!("`{}{}` failed", self.shown, first.unwrap_or_default())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn check(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        Err(Failure::Exit {
            command: Box::new(self.clone()),
            status,
        })
    }

    fn not_started(&self, source: std::io::Error) -> Failure {
        Failure::Start {
            command: Box::new(self.clone()),
            source,
        }
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "{}", quoted(&self.shown))?;
        for arg in &self.args {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// `text` as one word of a shell line.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_the_shell_line_that_repeats_it() {
        let cmd = Cmd::new("cargo")
            .arg("doc")
            .args(["--features", "a,b c"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            cmd.to_string(),
            "RUSTDOCFLAGS='-D warnings' cargo doc --features 'a,b c'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_failing_command_names_itself_its_status_and_how_to_repeat_it() {
        let cmd = Cmd::cargo().arg("no-such-subcommand").arg("two words");
        let text = cmd
            .read()
            .expect_err("cargo has no such subcommand")
            .to_string();
        assert!(text.contains("`cargo no-such-subcommand` failed"), "{text}");
        assert!(text.contains("101"), "{text}");
        assert!(
            text.contains("cargo no-such-subcommand 'two words'"),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let text = Cmd::new("no-such-program-here")
            .run()
            .expect_err("not installed")
            .to_string();
        assert!(
            text.contains("`no-such-program-here` could not be started"),
            "{text}"
        );
    }

    #[test]
    fn the_environment_reaches_the_command_alone() {
        let cmd = Cmd::cargo().args(["metadata", "--no-deps", "--format-version", "1"]);
        let told = cmd
            .env("CARGO_TARGET_DIR", "marked")
            .read()
            .expect("cargo metadata works here");
        assert!(told.contains("marked"), "{told}");
        assert!(std::env::var_os("CARGO_TARGET_DIR").is_none_or(|folder| folder != "marked"));
    }
}
