//! What the operating system has to bring: found, installed where that is allowed, or left out with
//! a sentence that says so.

use crate::workspace::Workspace;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use xshell::{Cmd, Shell, cmd};

/// A feature that links a library which cargo does not fetch: its name in whichever package
/// declares it, what the linker calls the library, and the Debian package that has it.
const SYSTEM_FEATURES: [(&str, &str, &str); 1] = [("lapack", "openblas", "libopenblas-dev")];

/// What Chromium is called on the path.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Whether system packages may be installed.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Whether missing system packages are installed.
#[derive(clap::Args)]
pub struct Install {
    /// Install missing packages of a Debian or Ubuntu with apt-get, as is done where CI=true;
    /// without it whatever needs them is left out, and told.
    #[arg(long)]
    install: bool,
}

impl Install {
    /// Holds for the rest of this process.
    pub fn apply(&self) {
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        ALLOWED.store(self.install || ci, Ordering::Relaxed);
    }
}

/// The features that cannot be built here, each with the sentence that says why.
pub fn left_out(workspace: &Workspace) -> Vec<(&'static str, String)> {
    let declared = |(feature, ..): &&(&str, &str, &str)| workspace.declares(feature);
    let missing = |&(feature, library, debian): &(&'static str, &str, &str)| {
        let there = || links(&workspace.sh, library);
        let problem = provide(&workspace.sh, debian, there).err()?;
        Some((
            feature,
            format!("feature `{feature}` was left out: it needs lib{library}, and {problem}"),
        ))
    };
    let declared = SYSTEM_FEATURES.iter().filter(declared);
    declared.filter_map(missing).collect()
}

/// Why the tests find no browser, if so, in a sentence.
pub fn no_browser(sh: &Shell) -> Option<String> {
    let runs = |name: &&str| succeeds(cmd!(sh, "{name} --version"));
    let there = || sh.var_os("CHROMIUM").is_some() || BROWSERS.iter().any(runs);
    let problem = provide(sh, "chromium", there).err()?;
    Some(format!(
        "the audit's page was opened in no browser: that needs Chromium, and {problem}"
    ))
}

/// Has C and C++ compiled through ccache, where packages may be installed: cargo builds the same sources again in
/// every feature set, and of those torch-sys alone takes a minute.
pub fn keep_compiled(sh: &Shell, folder: &Path) {
    let there = || succeeds(cmd!(sh, "ccache --version"));
    if !ALLOWED.load(Ordering::Relaxed) || provide(sh, "ccache", there).is_err() {
        return;
    }
    sh.set_var("CCACHE_DIR", folder);
    for (variable, compiler) in [("CC", "cc"), ("CXX", "c++")] {
        if sh.var_os(variable).is_none() {
            sh.set_var(variable, format!("ccache {compiler}"));
        }
    }
}

/// Makes sure that `there` holds, by installing a Debian package if that is allowed.
///
/// # Errors
/// If it does not hold: why not, and what to do by hand, as the end of a sentence.
pub fn provide(sh: &Shell, debian: &str, there: impl Fn() -> bool) -> Result<(), String> {
    if there() {
        return Ok(());
    }
    install(sh, debian)?;
    match there() {
        true => Ok(()),
        false => Err(format!("{debian} is installed, and that did not help")),
    }
}

/// Whether the linker finds `library`: the compiler is asked to link an empty program with it.
fn links(sh: &Shell, library: &str) -> bool {
    let Ok(folder) = sh.create_temp_dir() else {
        return false;
    };
    let source = folder.path().join("empty.rs");
    if sh.write_file(&source, "fn main() {}").is_err() {
        return false;
    }
    let program = folder.path().join("empty");
    succeeds(cmd!(sh, "rustc -l {library} -o {program} {source}"))
}

fn install(sh: &Shell, debian: &str) -> Result<(), String> {
    if !ALLOWED.load(Ordering::Relaxed) {
        return Err(format!(
            "{debian} (as Debian calls it) is not here: install it, or say --install"
        ));
    }
    if !Path::new("/etc/debian_version").is_file() {
        return Err(format!(
            "this is no Debian or Ubuntu: install your system's equivalent of {debian}"
        ));
    }
    let root = cmd!(sh, "id -u").quiet().read().is_ok_and(|id| id == "0");
    let sudo: &[&str] = if root { &[] } else { &["sudo", "-n", "env"] };
    let apt_get = |args: &[&str]| {
        cmd!(
            sh,
            "env {sudo...} DEBIAN_FRONTEND=noninteractive apt-get {args...}"
        )
        .run()
    };
    let fetch = || apt_get(&["install", "-y", "--no-install-recommends", debian]);
    let fetched = fetch().or_else(|_| apt_get(&["update"]).and_then(|()| fetch()));
    fetched.map_err(|error| {
        format!("apt-get could not install {debian} ({error}): install it by hand")
    })
}

/// Whether a program is there and ends well, in silence.
pub fn succeeds(cmd: Cmd<'_>) -> bool {
    cmd.quiet().ignore_stderr().read().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_is_asked_and_not_guessed() {
        let sh = Shell::new().expect("there is a folder");
        assert!(links(&sh, "c"), "every program links the C library");
        assert!(!links(&sh, "no_such_library_here"));
    }

    #[test]
    fn nothing_is_installed_unless_that_is_allowed() {
        let sh = Shell::new().expect("there is a folder");
        assert_eq!(provide(&sh, "something", || true), Ok(()));
        let refused = provide(&sh, "something", || false).expect_err("it may not install");
        assert!(
            refused.contains("something") && refused.contains("--install"),
            "{refused}"
        );
    }
}
