//! What lies in a folder that should be a libtorch.

use super::VERSION;
use std::fs;
use std::path::Path;

/// The list of files with their sizes in a folder that we made, which is how we know it again.
pub const CONTENTS: &str = "contents.txt";
/// The release of a libtorch; torch-sys reads it too.
pub const BUILD_VERSION: &str = "build-version";

/// What building and running against libtorch cannot do without.
const NEEDED: &[&str] = &[
    "lib/libc10.so",
    "lib/libtorch.so",
    "lib/libtorch_cpu.so",
    "include/torch/csrc/api/include/torch/torch.h",
];

/// What lies in a folder.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no such folder.
    Absent,
    /// A whole libtorch of the right release.
    Ready,
    /// Something else, in words.
    Foreign(String),
    /// The right release, but not all of it.
    Incomplete {
        /// The first file that is missing or of another size.
        missing: String,
        /// Whether it is a folder that we made, and so may make again.
        ours: bool,
    },
}

/// Looks at `folder`, or at what it links to.
pub fn look(folder: &Path) -> Found {
    if fs::symlink_metadata(folder).is_err() {
        return Found::Absent;
    }
    if !folder.is_dir() {
        return Found::Foreign("it is no folder, and no link to one".into());
    }
    match version(folder) {
        None => Found::Foreign(format!(
            "it has no file {BUILD_VERSION} and no version.py that tell its release"
        )),
        Some(found) if found != VERSION => Found::Foreign(format!("it holds PyTorch {found}")),
        Some(_) => whole(folder),
    }
}

/// The release without what follows a `+`: a downloaded libtorch has it in `build-version`, a Python's torch in
/// `version.py`.
fn version(folder: &Path) -> Option<String> {
    let told = fs::read_to_string(folder.join(BUILD_VERSION))
        .ok()
        .or_else(|| {
            let python = fs::read_to_string(folder.join("version.py")).ok()?;
            let line = python
                .lines()
                .find_map(|line| line.strip_prefix("__version__ = "))?;
            Some(line.trim_matches(['\'', '"']).to_owned())
        })?;
    told.trim().split('+').next().map(str::to_owned)
}

fn whole(folder: &Path) -> Found {
    let contents = fs::read_to_string(folder.join(CONTENTS)).ok();
    let ours = contents.is_some();
    let listed = contents.iter().flat_map(|text| text.lines());
    let other_size = listed.filter_map(|line| {
        let (size, file) = line.split_once(' ')?;
        let found = fs::metadata(folder.join(file)).map(|file| file.len().to_string());
        (found.ok().as_deref() != Some(size)).then(|| file.to_owned())
    });
    let absent = NEEDED
        .iter()
        .filter(|file| !folder.join(file).is_file())
        .map(|&file| file.to_owned());
    match absent.chain(other_size).next() {
        Some(missing) => Found::Incomplete { missing, ours },
        None => Found::Ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a temporary folder");
        fs::write(path, text).expect("a temporary folder");
    }

    #[test]
    fn a_folder_is_ready_only_with_the_release_and_every_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        assert_eq!(look(&folder.join("none")), Found::Absent);
        assert!(matches!(look(folder), Found::Foreign(_)));
        write(
            folder,
            "version.py",
            "from typing import Optional\n__version__ = '2.11.0+cu130'\n",
        );
        for (done, &file) in NEEDED.iter().enumerate() {
            let missing = NEEDED[done].to_owned();
            assert_eq!(
                look(folder),
                Found::Incomplete {
                    missing,
                    ours: false
                }
            );
            write(folder, file, "x");
        }
        assert_eq!(look(folder), Found::Ready);
        write(folder, BUILD_VERSION, "2.10.0\n");
        assert_eq!(
            look(folder),
            Found::Foreign("it holds PyTorch 2.10.0".into())
        );
    }

    #[test]
    fn a_listed_file_of_another_size_makes_our_folder_incomplete() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        write(folder, BUILD_VERSION, "2.11.0");
        NEEDED.iter().for_each(|file| write(folder, file, "abc"));
        write(folder, CONTENTS, "3 lib/libc10.so\n3 lib/libtorch.so\n");
        assert_eq!(look(folder), Found::Ready);
        write(folder, "lib/libtorch.so", "ab");
        let missing = "lib/libtorch.so".to_owned();
        assert_eq!(
            look(folder),
            Found::Incomplete {
                missing,
                ours: true
            }
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_absent() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        assert!(matches!(look(&link), Found::Foreign(_)));
    }
}
