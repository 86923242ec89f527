//! Folders that should be a libtorch, and the script that makes one, with small wheels.

use super::*;
use std::process::Command;

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

const HEADER: &str = "torch/include/torch/csrc/api/include/torch/torch.h";
const PARTS: [&str; 4] = [
    HEADER,
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    "torch/lib/libtorch_cpu.so",
];
const CUDA: [&str; 2] = [
    "nvidia/cu13/lib/libcudart.so.13",
    "nvidia/cu13/lib/libcupti.so.13",
];

/// Makes a wheel, and prints the line that requires it with its hash.
const MAKE: &str = "import hashlib, sys, zipfile
name, entries = sys.argv[1], sys.argv[2:]
path = f'{name}-1-py3-none-any.whl'
with zipfile.ZipFile(path, 'w') as wheel:
    [wheel.writestr(entry, entry) for entry in entries]
    about = f'Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n'
    wheel.writestr(f'{name}-1.dist-info/METADATA', about)
    wheel.writestr(f'{name}-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nTag: py3-none-any\\n')
    wheel.writestr(f'{name}-1.dist-info/RECORD', '')
print(name + '==1 --hash=sha256:' + hashlib.sha256(open(path, 'rb').read()).hexdigest())";

/// A folder with wheels, of which the script makes a libtorch.
struct Index(tempfile::TempDir);

impl Index {
    /// Wheels with the given entries of torch; nothing where this machine has no pip.
    fn new(torch: &[&str]) -> Option<Self> {
        let sh = Shell::new().expect("there is a folder");
        if !succeeds(cmd!(sh, "python3 -m pip --version")) {
            println!("skipped: there is no pip");
            return None;
        }
        let index = Index(folder());
        let lines = index.wheel("torch", torch) + &index.wheel("nvidia_cuda", &CUDA);
        write(index.0.path(), "requirements.txt", &lines);
        Some(index)
    }

    fn wheel(&self, name: &str, entries: &[&str]) -> String {
        let sh = Shell::new().expect("there is a folder");
        sh.change_dir(self.0.path());
        let made = cmd!(sh, "python3 -c {MAKE} {name} {entries...}").read();
        made.expect("there is Python") + "\n"
    }

    fn libtorch(&self) -> PathBuf {
        self.0.path().join("root/libtorch")
    }

    /// Runs the script; its words if it fails, in which case nothing may be in place.
    fn fetch(&self) -> Result<(), String> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../scripts/libtorch/fetch.py"
        );
        fs::create_dir_all(self.0.path().join("root")).expect("a temporary folder");
        let mut python = Command::new("python3");
        let python = python.arg(script).arg(self.libtorch());
        let python = python.arg(self.0.path().join("requirements.txt"));
        let python = python
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.0.path());
        let said = python.output().expect("there is Python");
        if said.status.success() {
            return Ok(());
        }
        assert!(!self.libtorch().exists());
        Err(String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
    }
}

#[test]
fn the_script_makes_a_whole_libtorch_and_leaves_nothing_else() {
    let Some(it) = Index::new(&PARTS) else { return };
    // The second waits for the first.
    std::thread::scope(|scope| {
        for one in [scope.spawn(|| it.fetch()), scope.spawn(|| it.fetch())] {
            let done = one.join().expect("it does not panic");
            done.expect("it can be done");
        }
    });
    assert_eq!(look(&it.libtorch()), Found::Ready);
    let header = fs::read_to_string(it.libtorch().join(NEEDED[3]));
    assert_eq!(header.expect("it is there"), HEADER);
    let left = fs::read_dir(it.0.path().join("root")).expect("it is there");
    assert_eq!(left.count(), 1);

    // A file that is lost is made again.
    fs::remove_file(it.libtorch().join("lib/libcudart.so.13")).expect("it was made");
    let missing = "lib/libcudart.so.13".to_owned();
    assert_eq!(
        look(&it.libtorch()),
        Found::Incomplete(missing, Whose::Ours)
    );
    it.fetch().expect("it is ours");
    assert_eq!(look(&it.libtorch()), Found::Ready);
}

#[test]
fn a_wheel_with_another_hash_or_without_a_part_is_refused() {
    let Some(it) = Index::new(&PARTS) else { return };
    it.wheel("torch", &PARTS[..3]);
    let text = it.fetch().expect_err("it is another wheel");
    assert!(text.contains("torch==1") && text.contains("hash"), "{text}");
    let Some(it) = Index::new(&PARTS[..3]) else {
        return;
    };
    let text = it.fetch().expect_err("it lacks a part");
    assert!(text.contains(PARTS[3]), "{text}");
}

#[test]
fn what_leads_out_of_the_folder_stays_in_it() {
    let above = [PARTS.as_slice(), &["torch/include/../../../escaped"]].concat();
    let Some(it) = Index::new(&above) else { return };
    it.fetch().expect("it can be done");
    assert!(!it.0.path().join("escaped").exists());
    assert!(!it.0.path().join("root/escaped").exists());
}
