//! `scripts/libtorch/fetch.py` with small wheels.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use xshell::{Shell, cmd};

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
        if cmd!(sh, "python3 -m pip --version")
            .quiet()
            .ignore_stderr()
            .read()
            .is_err()
        {
            println!("skipped: there is no pip");
            return None;
        }
        let index = Index(tempfile::tempdir().expect("a temporary folder"));
        let lines = index.wheel("torch", torch) + &index.wheel("nvidia_cuda", &CUDA);
        fs::write(index.0.path().join("requirements.txt"), lines).expect("a temporary folder");
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

    /// What `cargo xtask libtorch` says of it where it is the user's.
    fn looked_at(&self) -> String {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let xtask = xtask.arg("libtorch").env("LIBTORCH", self.libtorch());
        let said = xtask.output().expect("it was built");
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
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
    let ready = "libtorch 2.11.0 is in ";
    assert!(it.looked_at().starts_with(ready), "{}", it.looked_at());
    let header = HEADER.trim_start_matches("torch/");
    let header = fs::read_to_string(it.libtorch().join(header));
    assert_eq!(header.expect("it is there"), HEADER);
    let left = fs::read_dir(it.0.path().join("root")).expect("it is there");
    assert_eq!(left.count(), 1);

    // A file that is lost is made again.
    fs::remove_file(it.libtorch().join("lib/libcudart.so.13")).expect("it was made");
    let lost = it.looked_at();
    let what = "lib/libcudart.so.13 is missing or not whole";
    assert!(lost.contains(what), "{lost}");
    it.fetch().expect("it is ours");
    assert!(it.looked_at().starts_with(ready), "{}", it.looked_at());
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
