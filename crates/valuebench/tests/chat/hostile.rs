//! A server that fails in every way.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use valuebench::chat::{
    ChatClient, ChatError, ChatOptions, ChatQuestion, ChatSampling, Message, Reply,
};

use crate::server::{Server, completion, reply, saying};

fn ask(client: &ChatClient) -> Result<Reply, ChatError> {
    client.ask(
        &ChatQuestion::Chat(&[Message::user("?")]),
        &ChatSampling::greedy(8),
    )
}

/// What the only attempt at a server that says these bytes ends in.
fn once(bytes: &[u8]) -> ChatError {
    let server = Server::saying(bytes);
    let options = server.options().retries(0).max_reply_bytes(20_000);
    let error = ask(&ChatClient::new(options).unwrap()).unwrap_err();
    match error {
        ChatError::GaveUp { attempts: 1, last } => {
            assert!(last.may_pass(), "{last}");
            *last
        }
        error => {
            assert!(!error.may_pass(), "{error}");
            error
        }
    }
}

#[test]
fn a_reply_comes_with_its_counts() {
    let server = Server::saying(saying("yes"));
    let got = ask(&server.client()).unwrap();
    assert_eq!((got.text.as_str(), got.attempts), ("yes", 1));
    assert_eq!(
        (got.prompt_tokens, got.completion_tokens),
        (Some(5), Some(2))
    );
    assert_eq!(got.finish.as_deref(), Some("stop"));
    assert_eq!(got.model.as_deref(), Some("tiny-1"));
    let requests = server.requests();
    assert!(
        requests[0]
            .head
            .starts_with("POST /v1/chat/completions HTTP/1.1\r\n")
    );
    assert!(!requests[0].head.to_lowercase().contains("authorization"));
    assert_eq!(requests[0].body["model"], "tiny");
}

#[test]
fn failures_that_pass_are_asked_again() {
    let failing = |status: &str| reply(status, "", r#"{"error":{"message":"busy"}}"#);
    let server = Server::saying_in_turn(vec![
        failing("500 Internal Server Error"),
        failing("503 Service Unavailable"),
        reply("200 OK", "", "<html>not JSON"),
        saying("no"),
    ]);
    let got = ask(&server.client()).unwrap();
    assert_eq!((got.text.as_str(), got.attempts), ("no", 4));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn failures_that_do_not_pass_end() {
    let server = Server::saying(reply(
        "503 Service Unavailable",
        "",
        r#"{"error":{"message":"model is loading"}}"#,
    ));
    let error = ask(&server.client()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "gave up after 4 attempts: {}: HTTP status 503: model is loading",
            server.address
        )
    );
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn what_cannot_help_is_not_asked_again() {
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "418 ?",
    ] {
        let server = Server::saying(reply(status, "", r#"{"detail":"no such model"}"#));
        let error = ask(&server.client()).unwrap_err();
        assert!(matches!(error, ChatError::Status { .. }), "{error}");
        assert!(error.to_string().ends_with("no such model"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
    let quota = r#"{"error":{"message":"buy more","code":"insufficient_quota"}}"#;
    let server = Server::saying(reply("429 Too Many Requests", "", quota));
    assert!(matches!(
        ask(&server.client()).unwrap_err(),
        ChatError::Status { status: 429, .. }
    ));
    assert_eq!(server.requests().len(), 1);
}

/// The time between the first request and the second, where the first says `Retry-After`.
fn wait_after(header: &str, longest: Duration) -> Duration {
    let header = format!("Retry-After: {header}\r\n");
    let server = Server::saying_in_turn(vec![
        reply("429 Too Many Requests", &header, "slow down"),
        saying("yes"),
    ]);
    let options = server.options().longest_retry_after(longest);
    assert_eq!(ask(&ChatClient::new(options).unwrap()).unwrap().attempts, 2);
    let requests = server.requests();
    requests[1].at - requests[0].at
}

#[test]
fn retry_after_is_obeyed_up_to_its_limit() {
    let minute = Duration::from_secs(60);
    assert!(wait_after("0.2", minute) >= Duration::from_millis(200));
    // A date has whole seconds, so this one is one to two seconds ahead.
    let date = SystemTime::now() + Duration::from_secs(2);
    let wait = wait_after(&httpdate::fmt_http_date(date), minute);
    assert!(wait >= Duration::from_millis(900), "{wait:?}");
    // Were it not cut, or were nonsense believed, this would take days.
    for header in [
        "1000000",
        "99999999999999999999",
        "Fri, 31 Dec 2099 23:59:59 GMT",
        "soon",
    ] {
        wait_after(header, Duration::from_millis(50));
    }
}

#[test]
fn a_pause_that_the_server_asks_for_holds_for_all() {
    let first = reply("429 Too Many Requests", "Retry-After: 0.3\r\n", "");
    let server = Server::saying_in_turn(vec![first, saying("yes")]);
    let client = ChatClient::new(server.options().concurrency(1)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(ask(&client).unwrap().attempts, 2));
        while server.requests().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(ask(&client).unwrap().attempts, 1);
    });
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for later in &requests[1..] {
        assert!(later.at - requests[0].at >= Duration::from_millis(300));
    }
}

#[test]
fn silence_and_dripping_end_in_time() {
    let limit = Duration::from_millis(150);
    let silent = Server::start(|_, _, _| {
        thread::sleep(Duration::from_secs(5));
        Ok(())
    });
    let dripping = Server::start(|_, _, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        loop {
            stream.write_all(b" ")?;
            thread::sleep(Duration::from_millis(10));
        }
    });
    let dripping_head = Server::start(|_, _, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
        loop {
            stream.write_all(b"x")?;
            thread::sleep(Duration::from_millis(10));
        }
    });
    for server in [silent, dripping, dripping_head] {
        let options = server.options().timeout(limit).retries(1);
        let error = ask(&ChatClient::new(options).unwrap()).unwrap_err();
        let ChatError::GaveUp { attempts: 2, last } = error else {
            panic!("{error}");
        };
        assert_eq!(
            last.to_string(),
            format!(
                "{}: expected a whole reply within 150ms, found none",
                server.address
            )
        );
    }
}

#[test]
fn a_server_that_is_not_there() {
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = ChatOptions::new(format!("http://{address}"), "tiny").retries(0);
    let error = ask(&ChatClient::new(options).unwrap()).unwrap_err();
    let ChatError::GaveUp { last, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(*last, ChatError::Connect { .. }), "{last}");
    assert!(
        last.to_string()
            .starts_with(&format!("{address}: cannot be reached: ")),
        "{last}"
    );
}

#[test]
fn no_secure_connection_where_the_server_speaks_none() {
    let server = Server::saying("");
    let url = format!("https://{}/v1", server.address);
    let options = ChatOptions::new(url, "tiny")
        .key("sk-0123456789")
        .retries(0);
    let error = ask(&ChatClient::new(options).unwrap()).unwrap_err();
    assert!(server.requests().is_empty(), "{error}");
}

#[test]
fn connections_that_break_off() {
    let cut_body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\": [";
    let cut_chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"choices\"";
    let no_last_chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
    let no_chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n{}\r\n";
    let negative = b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}";
    let two_lengths = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}";
    for bytes in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\0\xff\r\n\r\n",
        b"HTTP/1.1 999999 ?\r\n\r\n",
        cut_body,
        cut_chunk,
        no_last_chunk,
        no_chunk,
        negative,
    ] {
        let error = once(bytes);
        let text = String::from_utf8_lossy(bytes);
        assert!(
            matches!(error, ChatError::Broken { .. }),
            "{text:?}: {error}"
        );
    }
    // Which of the two is believed is the HTTP library's to say.
    let error = once(two_lengths);
    let known = matches!(error, ChatError::Broken { .. } | ChatError::Shape { .. });
    assert!(known, "{error}");

    let server = Server::saying_in_turn(vec![cut_body.to_vec(), cut_chunk.to_vec(), saying("yes")]);
    assert_eq!(ask(&server.client()).unwrap().attempts, 3);
}

#[test]
fn bodies_that_are_no_json() {
    let body = completion("yes");
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{body}");
    let deep = reply("200 OK", "", &"[".repeat(10_000));
    let latin = b"HTTP/1.1 200 OK\r\n\r\n{\"\xe9\": 1}";
    for bytes in [
        short.into_bytes(),
        deep,
        reply("200 OK", "", ""),
        reply("200 OK", "", "{\"choices\": [}"),
        reply("200 OK", "", "<html>Bad gateway</html>"),
        reply("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}"),
        latin.to_vec(),
    ] {
        let error = once(&bytes);
        assert!(matches!(error, ChatError::NotJson { .. }), "{error}");
        assert!(error.to_string().len() < 1000, "{error}");
    }
}

#[test]
fn json_that_is_no_completion() {
    for (body, expected) in [
        ("null", "expected a list `choices`, found null"),
        ("[1]", "expected a list `choices`, found [1]"),
        (
            r#"{"error":"x"}"#,
            r#"expected a list `choices`, found {"error":"x"}"#,
        ),
        (
            r#"{"choices":[]}"#,
            r#"expected at least one choice, found {"choices":[]}"#,
        ),
        (
            r#"{"choices":[{"message":{"content":7}}]}"#,
            r#"expected text in `choices[0].message.content`, found {"message":{"content":7}}"#,
        ),
        (
            r#"{"choices":[{"text":"yes"}]}"#,
            r#"expected text in `choices[0].message.content`, found {"text":"yes"}"#,
        ),
    ] {
        let error = once(&reply("200 OK", "", body));
        assert!(matches!(error, ChatError::Shape { .. }), "{error}");
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn replies_without_end() {
    let endless = |head: &'static str, part: &'static [u8]| {
        Server::start(move |_, _, stream| {
            stream.write_all(head.as_bytes())?;
            loop {
                stream.write_all(part)?;
            }
        })
    };
    let chunk: &[u8] = b"10\r\n                \r\n";
    for server in [
        endless("HTTP/1.1 200 OK\r\n\r\n", &[b' '; 4096]),
        endless(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        ),
        endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\n",
            &[b' '; 4096],
        ),
        endless("HTTP/1.1 200 OK\r\nX: ", &[b'x'; 4096]),
        endless("", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let options = server.options().max_reply_bytes(20_000);
        let error = ask(&ChatClient::new(options).unwrap()).unwrap_err();
        assert!(matches!(error, ChatError::TooLarge { .. }), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
    // More header lines than HTTP libraries take.
    let lines = endless("HTTP/1.1 200 OK\r\n", b"X: x\r\n");
    let error = ask(&lines.client()).unwrap_err();
    assert!(!matches!(error, ChatError::Shape { .. }), "{error}");
    // A failure's message is cut as well.
    let failure = endless("HTTP/1.1 400 Bad Request\r\n\r\n", &[b'x'; 4096]);
    let error = ask(&failure.client()).unwrap_err();
    assert!(
        matches!(error, ChatError::Status { status: 400, .. }),
        "{error}"
    );
}

/// Whatever comes, there is a reply or an error, in time.
#[test]
fn replies_with_random_damage() {
    let mut random = fastrand::Rng::with_seed(1);
    let chunks = format!(
        "{:x}\r\n{}\r\n0\r\n\r\n",
        completion("yes").len(),
        completion("yes")
    );
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let whole = [saying("yes"), chunked.into_bytes()];
    let damaged: Vec<Vec<u8>> = (0..400)
        .map(|n| {
            let mut bytes = whole[n % 2].clone();
            for _ in 0..random.usize(1..4) {
                let (from, to) = (random.usize(..bytes.len()), random.usize(..bytes.len()));
                match random.u8(..4) {
                    0 => bytes[from] = random.u8(..),
                    1 => bytes.truncate(from.max(1)),
                    2 => bytes.extend_from_within(from.min(to)..from.max(to)),
                    _ => bytes.swap(from, to),
                }
            }
            bytes
        })
        .collect();
    let server = Server::start(move |number, _, stream| stream.write_all(&damaged[number]));
    let options = server
        .options()
        .retries(0)
        .timeout(Duration::from_secs(600));
    let client = ChatClient::new(options).unwrap();
    let outcomes: Vec<_> = (0..400).map(|_| ask(&client)).collect();
    let is_known = |outcome: &Result<Reply, ChatError>| match outcome {
        Ok(_) => true,
        Err(error) => error.to_string().contains(&server.address.to_string()),
    };
    assert!(outcomes.iter().all(is_known), "{outcomes:?}");
    assert!(outcomes.iter().any(Result::is_ok) && outcomes.iter().any(Result::is_err));
}

#[test]
fn requests_at_a_time_and_in_a_minute() {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let server = Server::start(move |_, _, stream| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20));
        now.fetch_sub(1, Ordering::SeqCst);
        stream.write_all(&saying("yes"))
    });
    let options = server.options().concurrency(3).requests_per_minute(6000);
    let client = ChatClient::new(options).unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| ask(&client).unwrap());
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 3);
    let mut times: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.at - start)
        .collect();
    times.sort_unstable();
    for (number, time) in (0..).zip(times) {
        assert!(
            time >= Duration::from_millis(10) * number,
            "{number}: {time:?}"
        );
    }
}

#[test]
fn who_stops_does_not_wait_for_the_next_attempt() {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let server = Server::start(move |_, _, stream| {
        stream.write_all(&reply(
            "503 Service Unavailable",
            "Retry-After: 9999\r\n",
            "",
        ))?;
        stopping.store(true, Ordering::Relaxed);
        Ok(())
    });
    let day = Duration::from_secs(24 * 3600);
    let options = server.options().waits(day, day).longest_retry_after(day);
    let client = ChatClient::new(options).unwrap();
    let question = [Message::user("?")];
    let error = client.ask_unless(
        &stop,
        &ChatQuestion::Chat(&question),
        &ChatSampling::default(),
    );
    assert_eq!(error.unwrap_err(), ChatError::Stopped);
    assert_eq!(server.requests().len(), 1);
}
