//! The programs that the set-up runs: found, installed where that is allowed, or asked for.

use super::VERSION;
use crate::command::{Cmd, Failure};
use crate::system;
use std::path::Path;

/// The programs by the names under which they are started.
#[derive(Debug)]
pub struct Tools {
    /// Pythons to look for pip in, the first that has it is taken.
    pub pythons: Vec<String>,
    /// The C compiler, which links.
    pub cc: String,
    /// The C++ compiler, without which nothing can be built over libtorch.
    pub cxx: String,
    /// Drops symbols that only a debugger reads.
    pub strip: String,
    /// Tells free disk space.
    pub df: String,
    /// Whether missing ones may be installed.
    pub may_install: bool,
}

impl Default for Tools {
    fn default() -> Self {
        let named = |variable: &str, default: &str| {
            std::env::var(variable).unwrap_or_else(|_| default.to_owned())
        };
        Tools {
            pythons: vec!["python3".into(), "python".into()],
            cc: named("CC", "cc"),
            cxx: named("CXX", "c++"),
            strip: "strip".into(),
            df: "df".into(),
            may_install: true,
        }
    }
}

impl Tools {
    /// `python -m pip`, of the first Python that has it.
    ///
    /// # Errors
    /// If none has, and it cannot be installed.
    pub fn pip(&self) -> Result<Cmd, Failure> {
        if let Some(pip) = self.find_pip() {
            return Ok(pip);
        }
        let installed = self.install("python3-pip");
        self.find_pip().ok_or_else(|| {
            Failure::told(format!(
                "pip, which fetches libtorch, is in none of {}: {}; then run this again. Or set LIBTORCH to the \
                 folder of a PyTorch {VERSION} that you have",
                self.pythons.join(", "),
                installed
            ))
        })
    }

    /// Makes sure that there are compilers.
    ///
    /// # Errors
    /// If one is missing, and cannot be installed.
    pub fn compilers(&self) -> Result<(), Failure> {
        for (program, package) in [(&self.cc, "gcc"), (&self.cxx, "g++")] {
            let works = || Cmd::new(program).arg("--version").probe().is_some();
            if works() {
                continue;
            }
            let installed = self.install(package);
            if !works() {
                return Err(Failure::told(format!(
                    "what uses libtorch is built with the compiler `{program}`, which is not here: {installed}; \
                     then run this again"
                )));
            }
        }
        Ok(())
    }

    /// Bytes free on the disk of `folder`, if that can be known.
    pub fn free_space(&self, folder: &Path) -> Option<u64> {
        let said = Cmd::new(&self.df).arg("-Pk").arg(folder).probe()?;
        let kilobytes: u64 = said
            .lines()
            .last()?
            .split_whitespace()
            .nth(3)?
            .parse()
            .ok()?;
        Some(kilobytes.saturating_mul(1024))
    }

    fn find_pip(&self) -> Option<Cmd> {
        let pip = |python: &String| Cmd::new(python).args(["-m", "pip"]);
        self.pythons
            .iter()
            .map(pip)
            .find(|pip| pip.clone().arg("--version").probe().is_some())
    }

    /// Installs a Debian package if that may be; otherwise says how.
    fn install(&self, package: &str) -> String {
        if !self.may_install {
            return format!("install it ({package} on Debian)");
        }
        match system::install(package) {
            Ok(()) => format!("{package} is installed, and it still does not run"),
            Err(problem) => problem,
        }
    }
}
