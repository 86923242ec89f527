//! Served models: one takes up what the rules left open, one answers itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use value_causal::bench::Stance;
use value_causal::bench::journal::Verdict;

use crate::small::{Small, answers, run_study};

/// A server that says no to everything, one request per connection. It ends with the test program.
fn naysayer() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| reply(stream));
        }
    });
    port
}

fn reply(stream: TcpStream) -> std::io::Result<()> {
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
    let message = r#"{"role":"assistant","content":"no"}"#;
    let body = format!(
        r#"{{"model":"naysayer","choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#
    );
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    write!(
        &stream,
        "{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
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
    let judged = run_study(&study, &[])
        .env(
            "OPENAI_BASE_URL",
            format!("http://127.0.0.1:{}/v1", naysayer()),
        )
        .env("OPENAI_MODEL", "naysayer")
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap();
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
    let answered = run_study(&study, &[])
        .env(
            "OPENAI_BASE_URL",
            format!("http://127.0.0.1:{}/v1", naysayer()),
        )
        .env("OPENAI_MODEL", "naysayer")
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap();
    assert!(answered.status.success(), "{answered:?}");
    assert!(
        answers(&study.out())
            .iter()
            .all(|answer| answer.response.text == "no")
    );
    let test = std::fs::read_to_string(study.out().join("test.csv")).unwrap();
    assert_eq!(test.lines().count(), 1 + 3, "the empty role and two others");
}
