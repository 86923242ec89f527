//! Served models: one takes up what the rules left open, one answers itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use examples::Failure;
use examples::run::file::Served;
use examples::run::served::{ServedRespondent, judge_by_chat};
use examples::run::{Answered, Asked, Respondent};
use value_causal::bench::chat::{ChatClient, ChatJudge, ChatOptions};
use value_causal::bench::journal::{Aspect, Journal, Question, Verdict};
use value_causal::bench::{Prompt, Stance};

use crate::small::{Small, answers, run_study};

/// A server that says no to everything.
fn naysayer() -> u16 {
    server(|| says("no"))
}

/// A server that replies to each request with that status and body, one request per connection. It ends with the test
/// program.
fn server(replies: impl Fn() -> (&'static str, String) + Send + Sync + 'static) -> u16 {
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

fn reply(stream: TcpStream, replies: &dyn Fn() -> (&'static str, String)) -> std::io::Result<()> {
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
    request.read_exact(&mut vec![0; length])?;
    let (status, body) = replies();
    let head = "content-type: application/json\r\nconnection: close";
    write!(
        &stream,
        "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn says(text: &str) -> (&'static str, String) {
    let message = format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let body = format!(
        r#"{{"model":"naysayer","choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#
    );
    ("200 OK", body)
}

/// Runs the study with the server at `port`.
fn run_with(study: &Small, port: u16) -> Output {
    run_study(study, &[])
        .env("OPENAI_BASE_URL", format!("http://127.0.0.1:{port}/v1"))
        .env("OPENAI_MODEL", "naysayer")
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap()
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
        said.contains("answers are there already, 0 are to come"),
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
    let study = Small::open();
    study.change("[steering]", "[ignored]");
    let refused = run_study(&study, &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("unknown field `ignored`"));
    let text = std::fs::read_to_string(study.file()).unwrap();
    let (before, after) = text.split_once("[ignored]").unwrap();
    let (_, after) = after.split_once("[instructions]").unwrap();
    std::fs::write(study.file(), format!("{before}[instructions]{after}")).unwrap();
    let folder = text
        .lines()
        .find(|line| line.starts_with("folder"))
        .unwrap();
    study.change(folder, "served = \"message\"");
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
    let refusing = server(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let who = r#"{"error":{"message":"who are you?"}}"#;
        ("401 Unauthorized", who.to_owned())
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
    let error = judge_by_chat(&mut journal, Aspect::Thought, &judge, "nobody").unwrap_err();
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
    let port = server(move || {
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
    let options = ChatOptions::new(format!("http://127.0.0.1:{port}/v1"), "naysayer");
    let client = ChatClient::new(options).unwrap();
    let mut respondent = ServedRespondent::new(client, Served::Message, 8).unwrap();
    let mut questions = (0..6).map(|item| {
        Ok::<_, Failure>(Asked {
            question: Question { row: 0, item },
            prompt: Prompt {
                text: format!("Question {item}"),
                steered: 0..0,
            },
            feature: None,
        })
    });
    let mut texts = Vec::new();
    let mut each = |answered: Answered| {
        handed_over.store(true, Ordering::SeqCst);
        texts.push(answered.text);
        Ok(())
    };
    respondent.answer(&mut questions, &mut each).unwrap();
    assert_eq!(texts, ["no"; 6]);
}
