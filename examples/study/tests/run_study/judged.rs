//! Served models: one takes up what the rules left open, one answers itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use program::{Failure, Interruption};
use study::file::{Judging, Served, StudyFile};
use study::served::{ServedRespondent, chat_judge, judge_by_chat};
use study::server::Server;
use study::{Asked, Meter, Outcome, Respondent};
use value_causal::bench::chat::{ChatClient, ChatJudge, ChatOptions};
use value_causal::bench::journal::{Aspect, Journal, Question, Verdict};
use value_causal::bench::{Prompt, Scale, Stance};

use crate::small::{Small, answers, run_study};

/// A status and a body.
type Reply = (&'static str, String);

/// A server that says no to everything.
fn naysayer() -> u16 {
    server(|_| says("no"))
}

/// A server that replies to each request, by its body, with that status and body, one request per connection. It ends
/// with the test program.
pub fn server(replies: impl Fn(&str) -> Reply + Send + Sync + 'static) -> u16 {
    let replies = Arc::new(replies);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let replies = replies.clone();
            thread::spawn(move || reply(stream, &*replies));
        }
    });
    port
}

fn reply(stream: TcpStream, replies: &dyn Fn(&str) -> Reply) -> std::io::Result<()> {
    let mut request = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let line = line.to_lowercase();
        if let Some(n) = line.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body)?;
    let (status, body) = replies(&String::from_utf8_lossy(&body));
    let head = "content-type: application/json\r\nconnection: close";
    write!(
        &stream,
        "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub fn says(text: &str) -> Reply {
    let message = format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let body = format!(
        r#"{{"model":"naysayer","choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#
    );
    ("200 OK", body)
}

fn who_are_you() -> Reply {
    let body = r#"{"error":{"message":"who are you?"}}"#;
    ("401 Unauthorized", body.to_owned())
}

fn fails() -> Reply {
    ("500 Internal Server Error", "{}".to_owned())
}

/// The study with the server at `port`.
pub fn with_server(study: &Small, port: u16) -> Command {
    let mut command = run_study(study, &[]);
    command
        .env("OPENAI_BASE_URL", format!("http://127.0.0.1:{port}/v1"))
        .env("OPENAI_MODEL", "naysayer")
        .env_remove("OPENAI_API_KEY");
    command
}

fn run_with(study: &Small, port: u16) -> Output {
    with_server(study, port).output().unwrap()
}

#[test]
fn a_served_judge_takes_up_what_is_open() {
    let study = Small::open();
    study.change("open = \"unsure\"", "open = \"unjudged\"");
    let refused = run_study(&study, &[]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("answers are unjudged, the first because the rules leave it open"),
        "{why}"
    );

    study.change("[judging]", "[judging]\njudge = \"chat\"");
    let judged = run_with(&study, naysayer());
    assert!(judged.status.success(), "{judged:?}");
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(
        said.contains("answers are there already, 0 to come"),
        "{said}"
    );
    let no = |verdict: &Verdict| matches!(verdict, Verdict::Judged { stance: Stance::No, judge } if judge == "naysayer");
    let answers = answers(&study.out());
    assert!(
        answers
            .iter()
            .all(|answer| answer.thought.as_ref().is_some_and(no))
    );
    assert!(answers.iter().any(|answer| no(&answer.response.verdict)));
    let table = std::fs::read_to_string(study.out().join("table_2.md")).unwrap();
    assert!(table.contains("| Before steering | 0.0"), "{table}");
}

#[test]
fn a_served_model_answers_roles_and_instructions() {
    let study = Small::served();
    let answered = run_with(&study, naysayer());
    assert!(answered.status.success(), "{answered:?}");
    assert!(
        answers(&study.out())
            .iter()
            .all(|answer| answer.response.text == "no")
    );
    let test = std::fs::read_to_string(study.out().join("test.csv")).unwrap();
    assert_eq!(test.lines().count(), 1 + 3, "the empty role and two others");
}

#[test]
fn a_judge_that_cannot_be_had_is_asked_no_further() {
    let study = Small::open();
    study.change("[judging]", "[judging]\njudge = \"chat\"");
    let nobody = run_study(&study, &[])
        .env_remove("OPENAI_MODEL")
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&nobody.stderr);
    assert!(
        !nobody.status.success() && why.contains("OPENAI_MODEL"),
        "{why}"
    );
    assert!(!study.out().exists(), "nothing is asked");

    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let refusing = server(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        who_are_you()
    });
    let refused = run_with(&study, refusing);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("HTTP status 401"),
        "{why}"
    );
    let all = answers(&study.out()).len();
    assert!(all > 100);
    let said = String::from_utf8_lossy(&refused.stdout);
    let thoughts = format!("{all} thoughts are unjudged: no judge has seen them");
    assert!(said.contains(&thoughts), "{said}");
    assert!(asked.load(Ordering::Relaxed) < all / 2);

    // A port where nobody listens.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = ChatOptions::new(format!("http://127.0.0.1:{port}/v1"), "nobody").retries(0);
    let judge = ChatJudge::new(ChatClient::new(nobody).unwrap());
    let mut journal = Journal::of_file(study.out().join("study.journal")).unwrap();
    let meter = |n| Meter::new(n, "thoughts");
    let error = judge_by_chat(
        &mut journal,
        Aspect::Thought,
        &judge,
        "nobody",
        meter,
        &Interruption::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("gave up after 1 attempt"));
    let thoughts = journal.unjudged(Aspect::Thought).unwrap();
    let tried = thoughts
        .iter()
        .filter(|thought| thought.reason.is_some())
        .count();
    assert!(tried > 0 && tried < all / 2, "{tried} of {all}");
    drop(journal);

    assert!(run_with(&study, naysayer()).status.success());
    let judged = |verdict: &Verdict| matches!(verdict, Verdict::Judged { .. });
    let thoughts = answers(&study.out()).into_iter();
    assert!(
        thoughts
            .map(|answer| answer.thought)
            .all(|thought| thought.as_ref().is_some_and(judged))
    );
}

/// Answers are handed over as they come: all but the first wait until that one was.
#[test]
fn a_served_answer_waits_for_no_other() {
    let (handed_over, first) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(true)),
    );
    let seen = handed_over.clone();
    let port = server(move |_| {
        let began = Instant::now();
        let is_first = first.swap(false, Ordering::SeqCst);
        while !is_first && !seen.load(Ordering::SeqCst) {
            if began.elapsed() > Duration::from_secs(10) {
                return says("too late");
            }
            thread::sleep(Duration::from_millis(5));
        }
        says("no")
    });
    let mut texts = Vec::new();
    ask_six(port, "", &mut |answered| {
        handed_over.store(true, Ordering::SeqCst);
        texts.push(answered.unwrap().text);
        Ok(())
    })
    .unwrap();
    assert_eq!(texts, ["no"; 6]);
}

/// Six questions to the model at `port`, asked as these lines of a study file say.
fn ask_six(
    port: u16,
    settings: &str,
    each: &mut dyn FnMut(Outcome) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let options = ChatOptions::new(format!("http://127.0.0.1:{port}/v1"), "naysayer");
    let settings: Server = toml::from_str(settings).unwrap();
    let client = ChatClient::new(settings.applied_to(options)).unwrap();
    let mut respondent = ServedRespondent::new(client, Served::Message, 8).unwrap();
    let mut questions = (0..6).map(|item| {
        Ok::<_, Failure>(Asked {
            read_off: false,
            question: Question { row: 0, item },
            prompt: Prompt {
                text: format!("Question {item}"),
                steered: 0..0,
            },
            turned: None,
            pushes: Vec::new(),
            scale: Scale::YesNo,
        })
    });
    respondent.answer(&mut questions, each)
}

#[test]
fn a_server_is_asked_as_the_study_file_says() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let slow = server(move |_| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(50));
        now.fetch_sub(1, Ordering::SeqCst);
        says("no")
    });
    let mut nothing = |_: Outcome| Ok(());
    ask_six(slow, "concurrency = 1", &mut nothing).unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 1);

    let began = Instant::now();
    ask_six(naysayer(), "requests_per_minute = 600", &mut nothing).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(5 * 100));

    let late = server(|_| {
        thread::sleep(Duration::from_secs(10));
        says("no")
    });
    let error = ask_six(late, "timeout = 0.2\nretries = 0", &mut nothing).unwrap_err();
    assert!(error.to_string().contains("within 200ms"), "{error}");

    let error = ask_six(
        server(|_| fails()),
        "retries = 1\nconcurrency = 1",
        &mut nothing,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("gave up after 2 attempts"),
        "{error}"
    );
}

#[test]
fn a_key_travels_unencrypted_where_the_study_file_allows_it() {
    let study = Small::served();
    // An address that leads here and does not say so.
    let run = || {
        run_study(&study, &[])
            .env(
                "OPENAI_BASE_URL",
                format!("http://0.0.0.0:{}/v1", naysayer()),
            )
            .env("OPENAI_MODEL", "naysayer")
            .env("OPENAI_API_KEY", "sk-0123456789")
            .output()
            .unwrap()
    };
    let refused = run();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("unencrypted"),
        "{why}"
    );
    study.change(
        "[questionnaire]",
        "[model.server]\nkey_over_http = true\n[questionnaire]",
    );
    let answered = run();
    assert!(answered.status.success(), "{answered:?}");

    // The judge has a table of its own.
    study.change("[judging]", "[judging]\njudge = \"chat\"");
    let refused = run();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("unencrypted"),
        "{why}"
    );
    let open = "open = \"unsure\"";
    study.change(
        open,
        &format!("{open}\n[judging.server]\nkey_over_http = true"),
    );
    // Nor is the study another one for how its model is asked.
    study.change(
        "[model.server]",
        "[model.server]\nrequests_per_minute = 60000",
    );
    let judged = run();
    assert!(judged.status.success(), "{judged:?}");
}

#[test]
fn a_judge_like_the_released_one_calls_unsure_what_fails() {
    let study = Small::open();
    let open = "open = \"unsure\"";
    study.change(
        open,
        &format!("judge = \"chat\"\nlike = \"released\"\n{open}\n[judging.server]\nretries = 0"),
    );
    // One that refuses is no judge.
    let refused = run_with(&study, server(|_| who_are_you()));
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(
        !refused.status.success() && said.contains("like the released one"),
        "{said}"
    );
    let unjudged = |verdict: &Verdict| matches!(verdict, Verdict::Unjudged { .. });
    let kept = answers(&study.out());
    assert!(kept.iter().any(|answer| unjudged(&answer.response.verdict)));
    assert!(kept.iter().all(|answer| answer.thought.is_none()));

    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = bodies.clone();
    let unclear = server(move |body| {
        let mut bodies = seen.lock().unwrap();
        bodies.push(body.to_owned());
        match bodies.len() {
            1 => fails(),
            _ => says("Well, yes"),
        }
    });
    let judged = run_with(&study, unclear);
    assert!(judged.status.success(), "{judged:?}");
    let thoughts = answers(&study.out())
        .into_iter()
        .map(|answer| answer.thought);
    assert!(thoughts.flatten().all(|thought| matches!(
        thought,
        Verdict::Judged { stance: Stance::Unsure, judge } if judge.starts_with("unsure, because")
    )));
    let failed = answers(&study.out()).into_iter().filter(|answer| {
        matches!(
            &answer.response.verdict,
            Verdict::Judged { judge, .. } if judge.contains("gave up after 1 attempt:")
        )
    });
    assert_eq!(failed.count(), 1);
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(
        said.contains("thoughts count as unsure because their judging failed, the first because "),
        "{said}"
    );
    let n = said
        .lines()
        .filter(|line| line.contains("answers count as unsure"));
    assert_eq!(n.count(), 1, "{said}");
    let bodies = bodies.lock().unwrap();
    let released = |body: &String| body.contains("Judgement: '") && !body.contains("temperature");
    assert!(bodies.len() > 100 && bodies.iter().all(released));
    drop(bodies);

    // How it judges is part of the study, how its server is asked is not.
    study.change("retries = 0", "requests_per_minute = 6000");
    assert!(run_with(&study, naysayer()).status.success());
    study.change("like = \"released\"", "like = \"paper\"");
    let refused = run_with(&study, naysayer());
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("another study: judging.like is \"released\""),
        "{why}"
    );
}

/// As models want that reason before they reply: no temperature, another name for the limit, fields of their own.
#[test]
fn a_judge_is_asked_as_the_study_file_says() {
    let study = Small::open();
    let judging = r#"[judging]
judge = "chat"
server = { max_completion_tokens = true }
sampling = { max_tokens = 4000, extra = { reasoning_effort = "low" } }"#;
    study.change("[judging]", judging);
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = bodies.clone();
    let port = server(move |body| {
        seen.lock().unwrap().push(body.to_owned());
        says("no")
    });
    let judged = run_with(&study, port);
    assert!(judged.status.success(), "{judged:?}");
    let bodies = bodies.lock().unwrap();
    let as_asked = |body: &String| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["max_completion_tokens"] == 4000
            && body["reasoning_effort"] == "low"
            && body.get("temperature").is_none()
            && body.get("max_tokens").is_none()
    };
    assert!(bodies.len() > 100 && bodies.iter().all(as_asked));

    study.change("judge = \"chat\"\n", "");
    let refused = run_with(&study, naysayer());
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("judging.server: expected judge = \"chat\""),
        "{why}"
    );
}

#[test]
fn judging_says_how_far_it_is() {
    let study = Small::open();
    study.finish(&[]);
    let mut journal = Journal::of_file(study.out().join("study.journal")).unwrap();
    let n = journal.unjudged(Aspect::Thought).unwrap().len();
    let options = ChatOptions::new(format!("http://127.0.0.1:{}/v1", naysayer()), "naysayer");
    let judge = chat_judge(ChatClient::new(options).unwrap(), &Judging::default());
    let log = Log::default();
    let meter = |n| Meter::lines(n, "thoughts judged", log.clone(), Duration::ZERO);
    judge_by_chat(
        &mut journal,
        Aspect::Thought,
        &judge,
        "naysayer",
        meter,
        &Interruption::default(),
    )
    .unwrap();
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), n);
    for (line, done) in lines.iter().zip(1..) {
        let parts: Vec<&str> = line.split(", ").collect();
        assert_eq!(parts[0], format!("{done} of {n} thoughts judged"));
        let rate: f64 = parts[1].strip_suffix("/s").unwrap().parse().unwrap();
        assert!(rate > 0.0, "{line}");
        // Not before it can be known.
        assert_eq!(
            parts.len(),
            if done < 64.max(n / 10) { 2 } else { 3 },
            "{line}"
        );
        assert!(parts.get(2).is_none_or(|left| left.ends_with(" left")));
    }
    assert!(lines[n - 1].ends_with(", 0 s left"));
}

/// What is written, kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn senseless_settings_of_a_server_are_refused_by_name() {
    let refused = |study: &Small| StudyFile::read(&study.file()).unwrap_err().to_string();
    for (setting, expected) in [
        (
            "concurrency = 0",
            "concurrency: expected at least 1, found 0",
        ),
        (
            "requests_per_minute = 0",
            "requests_per_minute: expected at least 1, found 0",
        ),
        (
            "connect_timeout = nan",
            "connect_timeout: expected 0.001 to 86400 seconds, found NaN",
        ),
        (
            "timeout = -1",
            "timeout: expected 0.001 to 86400 seconds, found -1",
        ),
        ("retries = -1", "retries = -1"),
        ("patience = 3", "unknown field `patience`"),
    ] {
        let study = Small::served();
        let table = format!("[model.server]\n{setting}\n[questionnaire]");
        study.change("[questionnaire]", &table);
        let why = refused(&study);
        assert!(why.contains(expected), "{why}");
        if expected.contains(": expected") {
            assert!(why.contains(&format!("model.server.{expected}")), "{why}");
        }
    }
    let study = Small::open();
    study.change("[judging]", "[judging.server]\nretries = 1\n[judging]");
    let why = refused(&study);
    assert!(
        why.contains("judging.server: expected judge = \"chat\", found the rules"),
        "{why}"
    );
    study.change("[judging]", "[judging]\njudge = \"chat\"");
    study.change("retries = 1", "concurrency = 0");
    assert!(refused(&study).contains("judging.server.concurrency: expected at least 1"));
    let study = Small::open();
    study.change("[questionnaire]", "[model.server]\n[questionnaire]");
    let why = refused(&study);
    assert!(
        why.contains("model.server: expected a served model, found a folder"),
        "{why}"
    );
}

/// It says something, but never a judgement.
#[test]
fn a_judge_that_talks_of_something_else_ends_the_run_after_a_few() {
    let study = Small::open();
    study.change("[judging]", "[judging]\njudge = \"chat\"");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let senseless = server(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        says("As an AI, I love pasta.")
    });
    let run = run_with(&study, senseless);
    let (why, said) = (
        String::from_utf8_lossy(&run.stderr),
        String::from_utf8_lossy(&run.stdout),
    );
    assert_eq!(run.status.code(), Some(1), "{why}");
    assert!(
        why.contains("none of the first requests (10) got a judgement"),
        "{why}"
    );
    assert!(why.contains("\"As an AI, I love pasta.\""), "{why}");
    assert!(said.contains("answers are unjudged"), "{said}");
    let n = asked.load(Ordering::Relaxed);
    assert!((10..20).contains(&n), "{n}");
    assert!(!study.out().join("train.csv").exists());
    assert!(run_with(&study, naysayer()).status.success());
}
