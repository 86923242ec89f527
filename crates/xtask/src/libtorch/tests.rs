//! Folders that should be a libtorch. The script that makes one is tested in `tests/scripts`.

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a temporary folder");
    fs::write(path, text).expect("a temporary folder");
}

#[test]
fn a_folder_is_ready_only_with_the_release_and_every_file() {
    let folder = folder();
    let folder = folder.path();
    assert_eq!(look(&folder.join("none")), Found::Absent);
    assert!(matches!(look(folder), Found::Foreign(_)));
    #[cfg(unix)]
    {
        let to_nothing = folder.join("link");
        std::os::unix::fs::symlink("nowhere", &to_nothing).expect("a link");
        assert!(matches!(look(&to_nothing), Found::Foreign(_)));
    }
    let python = "from typing import Optional\n__version__ = '2.11.0+cu130'\n";
    write(folder, "version.py", python);
    for file in NEEDED {
        let missing = file.to_owned();
        assert_eq!(look(folder), Found::Incomplete(missing, Whose::Theirs));
        write(folder, file, "x");
    }
    assert_eq!(look(folder), Found::Ready);
    write(folder, "build-version", "2.10.0\n");
    let other = "it holds PyTorch 2.10.0".to_owned();
    assert_eq!(look(folder), Found::Foreign(other));
    write(folder, "build-version", VERSION);
    let listed = "1 lib/libc10.so\n2 lib/libtorch.so\n";
    write(folder, "contents.txt", listed);
    let missing = "lib/libtorch.so".to_owned();
    assert_eq!(look(folder), Found::Incomplete(missing, Whose::Ours));
}

#[test]
fn a_folder_that_does_not_fit_is_refused_with_what_it_is_and_never_changed() {
    let folder = folder();
    let path = folder.path();
    let sh = Shell::new().expect("there is a folder");
    let text = chosen(path.join("none")).expect_err("nothing").to_string();
    assert!(text.contains("no such folder"), "{text}");
    write(path, "build-version", "1.13.1+cpu\n");
    let text = chosen(path.into()).expect_err("no libtorch").to_string();
    assert!(text.contains("1.13.1") && text.contains(VERSION), "{text}");
    let text = fetched(&sh, path.into()).expect_err("another").to_string();
    assert!(text.contains("rm -r .libtorch"), "{text}");
    write(path, "build-version", VERSION);
    let text = chosen(path.into()).expect_err("no libtorch").to_string();
    assert!(text.contains("libc10.so"), "{text}");
    assert_eq!(fs::read_dir(path).expect("it is there").count(), 1);
}
