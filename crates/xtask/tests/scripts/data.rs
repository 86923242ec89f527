//! `scripts/data/fetch.py` against a git server of the test's own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

struct Server {
    daemon: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.daemon.kill().and_then(|()| self.daemon.wait()).ok();
    }
}

fn git(folder: &Path, words: &[&str]) -> String {
    let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(who)
        .args(words)
        .output();
    let output = output.expect("git is here");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Two commits of `owner/name`, the second with one more file.
fn repository(base: &Path) -> [String; 2] {
    let folder = base.join("owner/name");
    std::fs::create_dir_all(folder.join("d")).expect("there is room");
    git(&folder, &["init", "--quiet"]);
    for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        git(&folder, &["config", setting, "true"]);
    }
    [("d/a.csv", "hi\n"), ("d/b.csv", "there\n")].map(|(file, content)| {
        std::fs::write(folder.join(file), content).expect("there is room");
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "--quiet", "-m", file]);
        git(&folder, &["rev-parse", "HEAD"])
    })
}

/// git's own server, of a folder, once it answers; none where this git has none.
fn served(base: &Path) -> Option<Server> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = free.expect("a port is free").port();
    // Not through `git daemon`, which starts it as a process of its own.
    let folder = git(base, &["--exec-path"]);
    let mut daemon = Command::new(Path::new(&folder).join("git-daemon"));
    daemon.args(["--export-all", "--listen=127.0.0.1"]);
    daemon.args(["--log-destination=none", &format!("--port={port}")]);
    daemon.arg(format!("--base-path={}", base.display()));
    let mut daemon = daemon.spawn().ok()?;
    for _ in 0..100 {
        if daemon.try_wait().is_ok_and(|ended| ended.is_some()) {
            return None;
        }
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            let address = format!("git://127.0.0.1:{port}");
            return Some(Server { daemon, address });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("git daemon does not answer");
}

struct Fetch {
    folder: PathBuf,
    list: PathBuf,
}

impl Fetch {
    fn from(&self, server: &str) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/data/fetch.py");
        let mut python = Command::new("python3");
        python
            .arg(script)
            .arg(&self.folder)
            .arg("--list")
            .arg(&self.list)
            .args(["--from", server]);
        python.output().expect("Python is here")
    }

    fn refused(&self, server: &str) -> String {
        let output = self.from(server);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }
}

#[test]
fn files_are_fetched_by_commit_and_compared() {
    let base = tempfile::tempdir().expect("there is room");
    let [first, second] = repository(base.path());
    let Some(server) = served(base.path()) else {
        return println!("this git has no daemon: fetching was not tested");
    };
    let fetch = Fetch {
        folder: base.path().join("data"),
        list: base.path().join("list"),
    };
    let hash = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";
    let list = |a: &str, b: &str| {
        let text = format!(
            "# A note.\ng/a.csv {a} 3 owner/name d/a.csv {first}\ng/b.csv - {b} owner/name d/b.csv {first},{second}\n"
        );
        std::fs::write(&fetch.list, text).expect("there is room");
    };
    list(hash, "7");
    let why = fetch.refused(&server.address);
    assert!(
        why.contains("d/b.csv") && why.contains("expected 7 bytes, found 6"),
        "{why}"
    );
    list(hash, "6");
    let done = fetch.from(&server.address);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(
        (fetch.read("g/a.csv"), fetch.read("g/b.csv")),
        ("hi\n".into(), "there\n".into())
    );

    // What is there needs no server,
    assert!(fetch.from("git://127.0.0.1:1").status.success());
    // what is not does, and it is said so in words,
    std::fs::remove_file(fetch.folder.join("g/a.csv")).expect("it was fetched");
    let why = fetch.refused("git://127.0.0.1:1");
    assert!(
        why.contains("cannot be had: is this machine offline?") && why.contains("g/a.csv"),
        "{why}"
    );
    // and what is something else is not taken, wherever it is.
    list(&hash.replace("98ea", "89ea"), "6");
    let why = fetch.refused(&server.address);
    assert!(
        why.contains("expected SHA-256 89ea") && why.contains("found 98ea"),
        "{why}"
    );
    std::fs::write(fetch.folder.join("g/a.csv"), "ho\n").expect("there is room");
    let why = fetch.refused(&server.address);
    assert!(
        why.contains("a.csv: expected SHA-256") && why.contains("remove it"),
        "{why}"
    );
    let left = std::fs::read_dir(&fetch.folder).expect("it was made");
    assert_eq!(left.count(), 1, "nothing but the group is left");
}

/// The list that is fetched by: lines of six words, with whole commits and checksums.
#[test]
fn the_list_pins_commits_and_checksums() {
    let list = include_str!("../../../../scripts/data/files.txt");
    let hex =
        |text: &str, n: usize| text.len() == n && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut groups = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let [name, sha, bytes, _, path, commits] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("expected six words: {line}");
        };
        assert!(sha == "-" || hex(sha, 64), "{line}");
        assert!(
            bytes.parse::<u32>().is_ok() && commits.split(',').all(|commit| hex(commit, 40)),
            "{line}"
        );
        assert_eq!(Path::new(name).file_name(), Path::new(path).file_name());
        groups.extend(name.split('/').next());
    }
    groups.dedup();
    assert_eq!(groups, ["valuebench", "gemma", "llama", "roles"]);
    for (group, file) in [("gemma", "gemma-2b-it"), ("llama", "llama3-8b-it")] {
        let experiment = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../examples/experiments/{file}.toml"));
        let experiment = std::fs::read_to_string(experiment).expect("it is there");
        let files = experiment
            .split("\n[files]\n")
            .nth(1)
            .and_then(|rest| rest.split('[').next());
        let named = files
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.split('"').nth(1));
        let named: Vec<&str> = named.collect();
        assert_eq!(named.len(), 4, "{file}");
        for table in named {
            assert!(
                list.contains(&format!("{group}/{table} ")),
                "{file}: {table}"
            );
        }
    }
}
