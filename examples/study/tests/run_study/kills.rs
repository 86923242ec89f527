//! Runs that are killed or meet a full disk at any moment: nothing kept is lost or asked again, and the end is that of a
//! run which nothing disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::journal::{
    Journal, JournalError, Likelihoods, Question, Recorded, Verdict,
};

use crate::judged::{server, with_server};
use crate::likelihood;
use crate::small::{Small, answers, csvs, run_study};

type Outcome = (Vec<(&'static str, Vec<u8>)>, Vec<Recorded>);

fn outcome(out: &Path) -> Outcome {
    (csvs(out), answers(out))
}

/// What the journal holds, with the time that each answer took, which differs if it is asked again. Read from a copy, so
/// that the next run finds the files as the kill left them.
fn kept(out: &Path) -> BTreeMap<Question, Recorded> {
    let copies = tempfile::tempdir().unwrap();
    for name in ["study.journal", "study.journal-wal"] {
        if out.join(name).exists() {
            fs::copy(out.join(name), copies.path().join(name)).unwrap();
        }
    }
    let mut all = BTreeMap::new();
    // A run that was killed while it made its journal has left no journal to read.
    if let Ok(journal) = Journal::of_file(copies.path().join("study.journal")) {
        let each = |recorded: Recorded| {
            all.insert(recorded.response.question, recorded);
            Ok::<_, JournalError>(())
        };
        journal.for_each(each).unwrap();
    }
    all
}

/// That nothing which was there is lost, or was asked again. What was unjudged may be judged by now.
fn assert_kept(before: &BTreeMap<Question, Recorded>, now: &BTreeMap<Question, Recorded>) {
    let is_judged = |verdict: &Verdict| matches!(verdict, Verdict::Judged { .. });
    for (question, recorded) in before {
        let mut recorded = recorded.clone();
        let now = now.get(question).expect("an answer is lost");
        if !is_judged(&recorded.response.verdict) {
            recorded.response.verdict = now.response.verdict.clone();
        }
        if !recorded.thought.as_ref().is_some_and(is_judged) {
            recorded.thought = now.thought.clone();
        }
        assert_eq!(&recorded, now, "asked or judged again");
    }
}

/// How many kills found the journal empty, begun and complete.
#[derive(Default)]
struct Kills {
    empty: usize,
    begun: usize,
    complete: usize,
}

impl Kills {
    fn all(&self) -> usize {
        self.empty + self.begun + self.complete
    }
}

/// Starts runs of `study` and kills each after a random time up to `life`, until one comes to its end; then does the same
/// with another study, until there were so many kills. Every study has so many answers and is checked at its end. On a machine that becomes slower
/// or faster meanwhile `life` follows.
fn kill(
    study: impl Fn() -> Small,
    start: impl Fn(&Small) -> Command,
    n: usize,
    mut life: Duration,
    seed: u64,
    (answers, check): (usize, &dyn Fn(&Path)),
) -> Kills {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut kills = Kills::default();
    while kills.all() < n {
        let study = study();
        let mut before: BTreeMap<Question, Recorded> = BTreeMap::new();
        loop {
            let mut command = start(&study);
            let mut run = silent(&mut command).spawn().unwrap();
            let enough = kills.all() == n;
            if !enough {
                sleep(life.mul_f64(random.random_range(0.0..1.0)));
            }
            if enough || run.try_wait().unwrap().is_some() {
                assert!(run.wait().unwrap().success());
                life = life.mul_f64(0.9);
                break;
            }
            run.kill().unwrap();
            if !was_killed(&mut run) {
                break; // It ended in between.
            }
            let now = kept(&study.out());
            assert_kept(&before, &now);
            if now.len() == before.len() && now.len() < answers {
                life = life.mul_f64(1.1);
            }
            match now.len() {
                0 => kills.empty += 1,
                n if n < answers => kills.begun += 1,
                _ => kills.complete += 1,
            }
            before = now;
        }
        check(&study.out());
    }
    kills
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

#[cfg(unix)]
fn was_killed(run: &mut Child) -> bool {
    use std::os::unix::process::ExitStatusExt;
    let status = run.wait().unwrap();
    assert!(status.success() || status.signal() == Some(9), "{status}");
    status.signal().is_some()
}

#[cfg(not(unix))]
fn was_killed(run: &mut Child) -> bool {
    !run.wait().unwrap().success()
}

#[test]
fn fifty_kills_change_nothing() {
    let whole = Small::varied("");
    let started = Instant::now();
    whole.finish(&[]);
    let life = started.elapsed();
    let expected = outcome(&whole.out());
    let kills = scope(|scope| {
        let half = |seed| {
            let expected = &expected;
            let study = || Small::varied("");
            scope.spawn(move || {
                kill(
                    study,
                    |study| run_study(study, &[]),
                    25,
                    life,
                    seed,
                    (expected.1.len(), &|out| {
                        assert_eq!(&outcome(out), expected);
                    }),
                )
            })
        };
        [half(1), half(2)].map(|half| half.join().unwrap())
    });
    let sum = |of: fn(&Kills) -> usize| kills.iter().map(of).sum::<usize>();
    let (empty, begun, complete) = (sum(|k| k.empty), sum(|k| k.begun), sum(|k| k.complete));
    eprintln!(
        "killed {empty} times before, {begun} times between and {complete} times after all answers"
    );
    assert_eq!(empty + begun + complete, 50);
    assert!(empty > 0 && begun > 0, "no kill while it asked");
}

/// The same where a server answers and judges. Its replies depend on what it is asked, and nothing else.
#[test]
fn kills_while_a_server_is_asked_lose_nothing() {
    let port = server(|request| {
        sleep(Duration::from_millis(3));
        let sum = request.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        let texts = ["yes", "no", "It may be.\\nAnswer: who knows"];
        // Who judges that answer knows what to say: a judge that never does is given up.
        match request.contains("who knows") {
            true => crate::judged::says("unsure"),
            false => crate::judged::says(texts[sum as usize / 7 % texts.len()]),
        }
    });
    let served = || {
        let study = Small::served();
        study.change("[judging]", "[judging]\njudge = \"chat\"\nthoughts = true");
        study
    };
    let start = |study: &Small| with_server(study, port);
    let whole = served();
    let started = Instant::now();
    let ended = start(&whole).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let life = started.elapsed();
    let expected = outcome(&whole.out());
    let same = |out: &Path| assert_eq!(outcome(out), expected);
    let kills = kill(served, start, 8, life, 3, (expected.1.len(), &same));
    assert_eq!(kills.all(), 8);
}

/// In other batches sums round differently, so that likelihoods are the same to five digits, and tables byte by byte where
/// they are told in hundredths.
#[test]
fn kills_while_likelihoods_are_read_off_leave_the_tables_as_they_are() {
    let study = || {
        let study = likelihood::study("", true);
        study.change("yes = [", "resolution = 100\nyes = [");
        study
    };
    let whole = study();
    let started = Instant::now();
    whole.finish(&[]);
    let life = started.elapsed();
    let expected = outcome(&whole.out());
    let same = |out: &Path| {
        let found = outcome(out);
        assert!(found.0 == expected.0, "other tables");
        for (found, expected) in found.1.iter().zip(&expected.1) {
            let [a, b] = [found, expected].map(|it| Likelihoods::parse(&it.response.text).unwrap());
            let pairs = a.yes.iter().zip(&b.yes).chain(a.no.iter().zip(&b.no));
            assert!(
                pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5),
                "{found:?}"
            );
        }
    };
    let start = |study: &Small| run_study(study, &[]);
    let kills = kill(study, start, 6, life, 4, (expected.1.len(), &same));
    assert_eq!(kills.all(), 6);
    assert!(kills.begun > 0, "no kill while it asked");
}

/// Ends with an error on a disk without room, and goes on where there is some.
fn runs_out_of_room(study: &Small, mut start: Command, room: impl FnOnce(), expected: &Outcome) {
    let full = start.output().unwrap();
    let why = String::from_utf8_lossy(&full.stderr);
    assert!(
        !full.status.success() && why.contains("study.journal: cannot record answers: "),
        "{full:?}"
    );
    let before = kept(&study.out());
    assert!(before.len() < expected.1.len());
    room();
    study.finish(&[]);
    assert_kept(&before, &kept(&study.out()));
    assert_eq!(&outcome(&study.out()), expected);
}

#[test]
fn a_full_disk_ends_a_run_and_loses_nothing() {
    let whole = Small::varied("");
    whole.finish(&[]);
    let expected = outcome(&whole.out());
    let size = fs::metadata(whole.out().join("study.journal"))
        .unwrap()
        .len();

    // No file may grow beyond so many blocks of 512 bytes, and the program is told so instead of killed.
    let study = Small::varied("");
    let limited = format!("trap '' XFSZ; ulimit -f {} && exec \"$@\"", size / 2 / 512);
    let plain = run_study(&study, &[]);
    let mut start = Command::new("sh");
    start.args(["-c", &limited, "sh"]);
    start.arg(plain.get_program()).args(plain.get_args());
    start.env("OMP_NUM_THREADS", "1");
    runs_out_of_room(&study, start, || (), &expected);

    let study = Small::varied("");
    fs::create_dir(study.out()).unwrap();
    let mount = |options: &str, what: &[&str]| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options]).args(what);
        let mounted = mount.arg(study.out()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success())
    };
    if !mount(&format!("size={}", size / 2), &["none"]) {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    }
    let _mounted = Mounted(&study);
    let more = || assert!(mount("remount,size=64m", &[]));
    runs_out_of_room(&study, run_study(&study, &[]), more, &expected);
}

/// Takes the file system away before the folder goes.
struct Mounted<'a>(&'a Small);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _status = Command::new("umount").arg(self.0.out()).status();
    }
}

/// A pipe that nobody reads.
#[test]
fn a_closed_pipe_ends_a_run_quietly() {
    let study = Small::varied("");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run_study(&study, &[]).stdout(writer).output().unwrap();
    assert_eq!(closed.status.code(), Some(141), "{closed:?}");
    assert!(closed.stderr.is_empty(), "{closed:?}");
    assert!(!study.out().exists(), "nothing is asked");

    let head = |arguments: &[&str]| {
        let command = run_study(&study, arguments);
        let mut head = Command::new("sh");
        head.args(["-c", "\"$@\" | head -1", "sh"]);
        head.arg(command.get_program()).args(command.get_args());
        head.env("OMP_NUM_THREADS", "1").output().unwrap()
    };
    for arguments in [&["--plan"][..], &[]] {
        let first = head(arguments);
        assert!(
            first.status.success() && first.stderr.is_empty(),
            "{first:?}"
        );
        let line = String::from_utf8(first.stdout).unwrap();
        assert!(line.starts_with("Three values: ") && line.lines().count() == 1);
    }
    let whole = Small::varied("");
    whole.finish(&[]);
    study.finish(&[]);
    assert_eq!(outcome(&study.out()), outcome(&whole.out()));
}

/// Ctrl-C, SIGTERM and SIGHUP end a run between two answers: what came is kept, one line says how to go on, and the code is
/// that of the signal.
#[cfg(unix)]
#[test]
fn a_run_that_is_told_to_end_keeps_its_answers_and_says_how_to_go_on() {
    let expected = {
        let study = Small::varied("");
        study.finish(&[]);
        outcome(&study.out())
    };
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let study = Small::varied("");
        let mut run = run_study(&study, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The first answers are kept after a second at the latest, so the journal is there long before the end.
        while !study.out().join("study.journal").exists() {
            assert!(run.try_wait().unwrap().is_none());
            sleep(Duration::from_millis(2));
        }
        sleep(Duration::from_millis(50));
        let id = run.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let ended = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        // On a fast machine it may have come to its end.
        if !ended.status.success() {
            assert_eq!(ended.status.code(), Some(code), "{said}");
            assert!(said.contains("the same command goes on"), "{said}");
        }
        let before = kept(&study.out());
        study.finish(&[]);
        assert_kept(&before, &kept(&study.out()));
        assert_eq!(outcome(&study.out()), expected);
    }
}

/// `nohup` has SIGHUP ignored, and so it stays.
#[cfg(target_os = "linux")]
#[test]
fn what_was_ignored_stays_ignored() {
    let study = Small::varied("");
    let program = run_study(&study, &[]);
    let mut nohup = Command::new("nohup");
    nohup.arg(program.get_program()).args(program.get_args());
    let mut run = nohup
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !study.out().join("study.journal").exists() {
        assert!(run.try_wait().unwrap().is_none());
        sleep(Duration::from_millis(2));
    }
    let id = run.id().to_string();
    let sent = Command::new("kill").args(["-HUP", &id]).status();
    assert!(sent.unwrap().success());
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
}

/// A second signal ends the program whatever it is at: here it waits for a server that never answers.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_program_at_once() {
    use std::os::unix::process::ExitStatusExt;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let study = Small::served();
    let mut run = run_study(&study, &[])
        .env(
            "OPENAI_BASE_URL",
            format!("http://{}/v1", silent.local_addr().unwrap()),
        )
        .env("OPENAI_MODEL", "silent")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Once it has connected, it has long watched signals.
    let (_asked, _) = silent.accept().unwrap();
    let id = run.id().to_string();
    for _ in 0..2 {
        assert!(run.try_wait().unwrap().is_none());
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.unwrap().success());
        sleep(Duration::from_millis(200));
    }
    assert_eq!(run.wait().unwrap().signal(), Some(15));
}
