//! The job array of `examples/slurm` on a Slurm of one node, started for the test.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::small::{Small, answers, csvs};

/// Daemons that end with the test.
struct Daemons(Vec<Child>);

impl Drop for Daemons {
    fn drop(&mut self) {
        for daemon in self.0.iter_mut().rev() {
            let _ended = daemon.kill();
            let _status = daemon.wait();
        }
    }
}

fn found(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until `done`, for a minute at most.
fn wait(what: &str, mut done: impl FnMut() -> bool) -> Result<(), String> {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > Duration::from_secs(90) {
            return Err(format!("{what} took more than 90 s"));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Slurm with munge, as its own user everywhere, all its files in `folder`. Why not, where this machine has or lets none.
fn start(folder: &Path) -> Result<(Daemons, String), String> {
    for program in ["munged", "slurmctld", "slurmd", "sbatch"] {
        if !found(program) {
            return Err(format!("there is no {program} here"));
        }
    }
    if output(Command::new("id").arg("-u")).trim() != "0" {
        return Err("slurmd wants to be root".to_owned());
    }
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let host = output(&mut Command::new("hostname")).trim().to_owned();
    for name in ["spool", "state", "logs"] {
        fs::create_dir(at(name)).unwrap();
    }
    let key: Vec<u8> = (0..128_u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    fs::write(at("munge.key"), key).unwrap();
    Command::new("chmod")
        .args(["600", &at("munge.key")])
        .status()
        .unwrap();
    let log = |name: &str| fs::File::create(folder.join("logs").join(name)).unwrap();
    let mut daemons = Daemons(Vec::new());
    let mut start = |program: &str, arguments: &[&str], conf: &str| {
        let mut command = Command::new(program);
        command.args(arguments).env("SLURM_CONF", conf);
        command
            .stdout(log(program))
            .stderr(log(&format!("{program}.err")));
        let child = command
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        daemons.0.push(child);
        Ok::<_, String>(())
    };
    let (conf, socket) = (at("slurm.conf"), at("munge.socket"));
    let (munge_socket, key) = (
        format!("--socket={socket}"),
        format!("--key-file={}", at("munge.key")),
    );
    let files = [
        format!("--pid-file={}", at("munge.pid")),
        format!("--log-file={}", at("munge.log")),
        format!("--seed-file={}", at("munge.seed")),
    ];
    let mut arguments = vec!["--foreground", "--force", &munge_socket, &key];
    arguments.extend(files.iter().map(String::as_str));
    start("munged", &arguments, &conf)?;
    wait("munge", || Path::new(&socket).exists())?;

    let ports = (free_port(), free_port());
    let text = format!(
        "ClusterName=study\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
         AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={socket}\n\
         SlurmctldPort={}\nSlurmdPort={}\nStateSaveLocation={}\nSlurmdSpoolDir={}\n\
         SlurmctldPidFile={}\nSlurmdPidFile={}\nProctrackType=proctrack/pgid\nTaskPlugin=task/none\n\
         MpiDefault=none\nSwitchType=switch/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n\
         ReturnToService=2\nSchedulerType=sched/builtin\nSchedulerParameters=sched_interval=1\n\
         NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN\n\
         PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP\n",
        ports.0,
        ports.1,
        at("state"),
        at("spool"),
        at("slurmctld.pid"),
        at("slurmd.pid"),
    );
    fs::write(&conf, text).unwrap();
    start("slurmctld", &["-D", "-i"], &conf)?;
    start("slurmd", &["-D", "-N", &host], &conf)?;
    let up = || {
        output(
            Command::new("sinfo")
                .args(["-h", "-o", "%T"])
                .env("SLURM_CONF", &conf),
        )
        .trim()
            == "idle"
    };
    wait("the node", up).map_err(|late| {
        let logs = ["slurmctld.err", "slurmd.err"].map(|name| {
            let text = fs::read_to_string(folder.join("logs").join(name)).unwrap_or_default();
            text.lines().rev().take(6).collect::<Vec<_>>().join("\n")
        });
        format!("{late}: {}", logs.join("\n"))
    })?;
    Ok((daemons, conf))
}

#[test]
fn an_array_of_four_shards_equals_a_single_run() {
    let folder = tempfile::tempdir().unwrap();
    let (daemons, conf) = match start(folder.path()) {
        Ok(started) => started,
        Err(why) => {
            eprintln!("skipped: no Slurm: {why}");
            return;
        }
    };
    let whole = Small::varied("");
    whole.finish(&[]);

    let sharded = Small::varied("");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../slurm");
    let submitted = Command::new("sh")
        .arg(scripts.join("submit.sh"))
        .args([
            "4".as_ref(),
            sharded.file().as_os_str(),
            sharded.out().as_os_str(),
        ])
        .env("SLURM_CONF", &conf)
        .env("OMP_NUM_THREADS", "1")
        .env("RUN_STUDY", env!("CARGO_BIN_EXE_run_study"))
        .env("MERGE_STUDY", env!("CARGO_BIN_EXE_merge_study"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(submitted.status.success(), "{submitted:?}");
    let queue = || {
        output(
            Command::new("squeue")
                .args(["-h", "-r"])
                .env("SLURM_CONF", &conf),
        )
    };
    let finished = wait("the array", || queue().trim().is_empty());
    let logs: String = fs::read_dir(folder.path())
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .collect();
    drop(daemons);
    finished.unwrap();
    assert!(sharded.out().join("study.json").exists(), "{logs}");
    assert_eq!(csvs(&sharded.out()), csvs(&whole.out()));
    assert_eq!(answers(&sharded.out()), answers(&whole.out()));
}
