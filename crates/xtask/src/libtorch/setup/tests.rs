//! The set-up with small wheels, and scripts in the place of pip.

use super::*;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::process::{Command, Stdio};
use zip::ZipWriter;
use zip::write::FileOptions;

const HEADER: &str = "include/torch/csrc/api/include/torch/torch.h";

/// A folder with a workspace, wheels that a script hands out, and the list of those asked for.
struct Place {
    folder: tempfile::TempDir,
    torch: String,
    cuda: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["root", "index"] {
            fs::create_dir(folder.path().join(name)).expect("a temporary folder");
        }
        let torch = [
            "torch/lib/libc10.so",
            "torch/lib/libtorch_cpu.so",
            &format!("torch/{HEADER}"),
        ];
        let torch = wheel(&folder.path().join("index/torch.whl"), &torch);
        let cuda = wheel(
            &folder.path().join("index/cuda.whl"),
            &["cuda/libcudart.so.13"],
        );
        Place {
            folder,
            torch,
            cuda,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wheels(&self) -> [Wheel<'_>; 2] {
        let size = |file: &str| {
            fs::metadata(self.path("index").join(file))
                .expect("it is ours")
                .len()
        };
        let wheel = Wheel {
            project: "torch",
            version: "1",
            platform: "any",
            file: "torch.whl",
            size: size("torch.whl"),
            sha256: &self.torch,
            parts: &[("torch/include/", "include/"), ("torch/lib/", "lib/")],
        };
        let cuda = Wheel {
            project: "cuda",
            file: "cuda.whl",
            size: size("cuda.whl"),
            sha256: &self.cuda,
            parts: &[("cuda/libcudart.so.13", "lib/libcudart.so.13")],
            ..wheel
        };
        [wheel, cuda]
    }

    /// A script that answers as `python -m pip` does, and does `download` when asked for a wheel: there `$dest` is
    /// the folder and `$name` the project.
    fn pip(&self, download: &str) -> String {
        let asked = self.path("asked");
        let index = self.path("index");
        let script = format!(
            "#!/bin/sh\n[ \"$3\" = --version ] && exit 0\nindex='{}'\nwhile [ $# -gt 1 ]; do [ \"$1\" = --dest ] && \
             dest=$2; shift; done\nname=${{1%%==*}}\necho $name >> '{}'\n{download}\n",
            index.display(),
            asked.display()
        );
        self.program("python", &script)
    }

    fn program(&self, name: &str, script: &str) -> String {
        let path = self.path(name);
        // Written by another process: a script that this one had open could not be started while a test beside
        // this one is starting something.
        let mut shell = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        shell
            .stdin
            .take()
            .expect("it is piped")
            .write_all(script.as_bytes())
            .expect("the shell reads");
        assert!(shell.wait().expect("the shell ends").success());
        path.to_string_lossy().into_owned()
    }

    fn tools(&self, download: &str) -> Tools {
        Tools {
            pythons: vec![self.pip(download)],
            may_install: false,
            ..Tools::default()
        }
    }

    fn run(&self, tools: Tools) -> Result<PathBuf, String> {
        let root = self.path("root");
        let setup = Setup {
            root: &root,
            wheels: &self.wheels(),
            tools,
            supported: true,
        };
        setup.run().map_err(|failure| failure.to_string())
    }

    fn refused(&self, tools: Tools) -> String {
        let text = self.run(tools).expect_err("it must not succeed");
        assert!(
            !self.path("root").join(FOLDER).exists(),
            "nothing is in place after {text}"
        );
        text
    }

    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Writes a zip file with these entries and returns its checksum.
fn wheel(path: &Path, entries: &[&str]) -> String {
    let mut zip = ZipWriter::new(File::create(path).expect("a temporary folder"));
    for entry in entries {
        zip.start_file(*entry, FileOptions::default())
            .expect("it is written to a file");
        zip.write_all(entry.as_bytes())
            .expect("it is written to a file");
    }
    zip.finish().expect("it is written to a file");
    let digest = Sha256::digest(fs::read(path).expect("it was just written"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

const HAND_OUT: &str = "cp \"$index/$name.whl\" \"$dest\"";

#[test]
fn a_fresh_set_up_fetches_every_wheel_once_and_leaves_nothing_else() {
    let place = Place::new();
    let folder = place.run(place.tools(HAND_OUT)).expect("it can be done");
    assert_eq!(look(&folder), Found::Ready);
    assert!(folder.join("lib/libcudart.so.13").is_file());
    assert_eq!(
        fs::read_to_string(folder.join(HEADER)).expect("it is there"),
        format!("torch/{HEADER}")
    );
    assert_eq!(
        fs::read_dir(place.path("root"))
            .expect("it is there")
            .count(),
        1
    );
    place
        .run(place.tools("exit 1"))
        .expect("nothing is left to do");
    assert_eq!(place.asked(), ["torch", "cuda"]);
}

#[test]
fn an_interrupted_set_up_keeps_whole_wheels_and_nothing_of_the_others() {
    let place = Place::new();
    let text = place.refused(place.tools(&format!("[ $name = torch ] || exit 7\n{HAND_OUT}")));
    assert!(text.contains("cuda 1") && text.contains('7'), "{text}");
    let left = place
        .path("root")
        .join(".libtorch.partial/attempt-of-a-killed-process");
    fs::create_dir(&left).expect("it is not there");
    fs::write(left.join("half.whl"), "half").expect("a temporary folder");
    place.run(place.tools(HAND_OUT)).expect("it can be done");
    assert_eq!(place.asked(), ["torch", "cuda", "cuda"]);
    assert_eq!(
        fs::read_dir(place.path("root"))
            .expect("it is there")
            .count(),
        1
    );
}

#[test]
fn a_kept_wheel_that_is_not_whole_is_fetched_again() {
    let place = Place::new();
    let partial = place.path("root").join(".libtorch.partial");
    fs::create_dir(&partial).expect("it is not there");
    let whole = fs::read(place.path("index/torch.whl")).expect("it is ours");
    fs::write(partial.join("torch.whl"), &whole[..whole.len() / 2]).expect("a temporary folder");
    place.run(place.tools(HAND_OUT)).expect("it can be done");
    assert_eq!(place.asked(), ["torch", "cuda"]);
}

#[test]
fn our_folder_is_made_again_when_a_file_is_lost_and_another_is_refused() {
    let place = Place::new();
    let folder = place.run(place.tools(HAND_OUT)).expect("it can be done");
    fs::remove_file(folder.join("lib/libcudart.so.13")).expect("it is there");
    place.run(place.tools(HAND_OUT)).expect("it is ours");
    assert!(folder.join("lib/libcudart.so.13").is_file());
    fs::write(folder.join("build-version"), "2.9.1\n").expect("it is ours");
    let text = place
        .run(place.tools(HAND_OUT))
        .expect_err("another release");
    assert!(
        text.contains("2.9.1") && text.contains("rm -r .libtorch"),
        "{text}"
    );
    assert!(
        folder.join("lib/libcudart.so.13").is_file(),
        "nothing was changed"
    );
}

#[test]
fn what_pip_says_is_shown_with_a_way_out() {
    let place = Place::new();
    let offline = "echo 'ERROR: No matching distribution found for torch==1' >&2; exit 1";
    let text = place.refused(place.tools(offline));
    for part in [
        "No matching distribution",
        "PIP_FIND_LINKS",
        "torch-2.11.0-cp311",
        "LIBTORCH",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let full = "echo 'OSError: [Errno 28] No space left on device' >&2; exit 2";
    let text = place.refused(place.tools(full));
    assert!(
        text.contains("make room") && !text.contains("PIP_FIND_LINKS"),
        "{text}"
    );
}

#[test]
fn another_file_than_the_recorded_one_is_refused() {
    let place = Place::new();
    let longer = format!("{HAND_OUT}; echo more >> \"$dest/$name.whl\"");
    let text = place.refused(place.tools(&longer));
    assert!(
        text.contains("torch.whl") && text.contains("bytes"),
        "{text}"
    );
    let size = place.wheels()[0].size;
    let other = format!("head -c {size} /dev/zero > \"$dest/torch.whl\"");
    let text = place.refused(place.tools(&other));
    assert!(
        text.contains("SHA-256") && text.contains(&place.torch),
        "{text}"
    );
    let text = place.refused(place.tools("exit 0"));
    assert!(
        text.contains("torch.whl") && text.contains("No such file"),
        "{text}"
    );
}

#[test]
fn a_wheel_without_a_part_is_refused() {
    let mut place = Place::new();
    place.cuda = wheel(&place.path("index/cuda.whl"), &["cuda/README"]);
    let text = place.refused(place.tools(HAND_OUT));
    assert!(text.contains("cuda/libcudart.so.13"), "{text}");
    place.cuda = wheel(&place.path("index/cuda.whl"), &["cuda/libcudart.so.13"]);
    place.torch = wheel(
        &place.path("index/torch.whl"),
        &["torch/include/../../../escaped", "torch/lib/x"],
    );
    let text = place.refused(place.tools(HAND_OUT));
    assert!(text.contains("escaped"), "{text}");
    assert!(!place.path("escaped").exists() && !place.path("root/escaped").exists());
}

#[test]
fn missing_programs_are_named_before_anything_is_fetched() {
    let place = Place::new();
    let none = || place.path("none").to_string_lossy().into_owned();
    let without_pip = place.program(
        "bare-python",
        "#!/bin/sh\necho 'No module named pip' >&2; exit 1\n",
    );
    let text = place.refused(Tools {
        pythons: vec![none(), without_pip],
        ..place.tools("exit 1")
    });
    assert!(
        text.contains("python3-pip") && text.contains("LIBTORCH"),
        "{text}"
    );
    let text = place.refused(Tools {
        cxx: none(),
        ..place.tools("exit 1")
    });
    assert!(text.contains("g++") && text.contains(&none()), "{text}");
    let text = place.refused(Tools {
        cc: none(),
        ..place.tools("exit 1")
    });
    assert!(text.contains("gcc"), "{text}");
    assert!(place.asked().is_empty());
}

#[test]
fn a_missing_strip_costs_space_alone() {
    let place = Place::new();
    let strip = place.path("none").to_string_lossy().into_owned();
    place
        .run(Tools {
            strip,
            ..place.tools(HAND_OUT)
        })
        .expect("it can be done");
}

#[test]
fn a_full_disk_is_told_before_anything_is_fetched() {
    let place = Place::new();
    let df = place.program("df", "#!/bin/sh\necho Filesystem\necho 'd 9 9 1000 9% /'\n");
    let text = place.refused(Tools {
        df,
        ..place.tools("exit 1")
    });
    assert!(
        text.contains("1.02 MB free") && text.contains("make room"),
        "{text}"
    );
    assert!(place.asked().is_empty());
}

#[test]
fn other_platforms_are_told_to_set_libtorch() {
    let place = Place::new();
    let root = place.path("root");
    let setup = Setup {
        root: &root,
        wheels: &[],
        tools: place.tools("exit 1"),
        supported: false,
    };
    let text = setup.run().expect_err("no wheels here").to_string();
    assert!(
        text.contains("x86-64") && text.contains("Set LIBTORCH"),
        "{text}"
    );
}

#[test]
fn a_second_set_up_waits_for_the_first_and_fetches_nothing() {
    let place = Place::new();
    let slow = format!("sleep 0.3; {HAND_OUT}");
    let tools = || Tools {
        pythons: vec![place.path("python").to_string_lossy().into_owned()],
        ..place.tools(&slow)
    };
    let (first, second) = (tools(), tools());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.run(first));
        let second = scope.spawn(|| place.run(second));
        for done in [first, second] {
            done.join()
                .expect("it does not panic")
                .expect("it can be done");
        }
    });
    assert_eq!(place.asked(), ["torch", "cuda"]);
}
