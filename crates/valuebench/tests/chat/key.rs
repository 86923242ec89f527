//! The key goes to its server and nowhere else.

use std::cell::RefCell;
use std::fmt::Debug;
use std::io::Write;
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use valuebench::chat::{
    ChatClient, ChatError, ChatJudge, ChatOptions, ChatQuestion, ChatRespondent, ChatSampling,
    Message, ReferenceGraph, Statement,
};

use crate::server::{FAR, Server, completion, encrypted, reply, saying, tunnel};

const KEY: &str = "sk-Zq7Wx4Tn9Lb2Rv6Hc8Km3Pd5Gs1Fj0Yt";

fn question() -> [Message; 1] {
    [Message::user("?")]
}

fn client(server: &Server) -> ChatClient {
    ChatClient::new(server.options().retries(1).key(KEY)).unwrap()
}

/// Whether eight letters of the key in a row are in the text, as they are or in hexadecimal.
fn shows_key(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    let lower = text.to_lowercase();
    KEY.as_bytes().windows(8).any(|part| {
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        text.contains(std::str::from_utf8(part).unwrap()) || lower.contains(&hex)
    })
}

#[test]
fn the_search_finds_a_key() {
    assert!(shows_key(&format!("a {KEY} b")));
    assert!(shows_key("7a 71:Zq7W x4Tn"));
    assert!(shows_key(
        &KEY.bytes()
            .map(|byte| format!("{byte:02X} "))
            .collect::<String>()
    ));
    assert!(!shows_key("sk-Zq7"));
}

#[test]
fn the_server_gets_it() {
    let server = Server::saying(saying("yes"));
    for _ in 0..3 {
        client(&server)
            .ask(&ChatQuestion::Chat(&question()), &ChatSampling::default())
            .unwrap();
    }
    for request in server.requests() {
        let head = request.head.to_lowercase();
        assert!(head.contains(&format!(
            "\r\nauthorization: bearer {}\r\n",
            KEY.to_lowercase()
        )));
        assert!(request.head.contains(KEY));
    }
}

#[test]
fn the_server_gets_it_again_over_the_same_connection() {
    let server = Server::start(|_, request, stream| {
        use std::io::{BufRead, BufReader, Read};
        let body = completion("yes");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes())?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head)?, 0);
        }
        assert_eq!(head, request.head);
        let length = head.to_lowercase();
        let length = length.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        reader.read_exact(&mut vec![0; length])?;
        stream.write_all(saying("no").as_slice())
    });
    let client = client(&server);
    let ask = || {
        client
            .ask(&ChatQuestion::Chat(&question()), &ChatSampling::default())
            .unwrap()
    };
    assert_eq!((ask().text.as_str(), ask().text.as_str()), ("yes", "no"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_encrypted_server_gets_it_if_its_certificate_is_trusted() {
    let (address, requests, certificate) = encrypted();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate).unwrap();
    let options = ChatOptions::new(format!("https://localhost:{}/v1", address.port()), "tiny");
    let options = options.key(KEY).timeout(Duration::from_secs(600));
    let ask = |options: ChatOptions| {
        let client = ChatClient::new(options).unwrap();
        client.ask(&ChatQuestion::Chat(&question()), &ChatSampling::default())
    };
    let error = ask(options.clone()).unwrap_err();
    assert!(matches!(error, ChatError::Tls { .. }), "{error}");
    assert!(requests.lock().unwrap().is_empty());
    keep_log(&HTTP_BYTES);
    assert_eq!(ask(options.certificates(file)).unwrap().text, "yes");
    let lines = LINES.take();
    assert!(lines.contains("POST") && !shows_key(&lines), "{lines}");
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].head.contains(&format!("Bearer {KEY}\r\n")),
        "{}",
        requests[0].head
    );
}

/// Between the server and this program, which is started anew with the proxy in its environment.
#[test]
fn a_proxy_passes_encrypted_bytes_on_as_they_are() {
    let (address, requests, certificate) = encrypted();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate).unwrap();
    let (proxy, passed) = tunnel(address);
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in ["ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        child.env_remove(name);
    }
    let child = child
        .args(["--exact", "key::asks_through_a_proxy", "--ignored"])
        .env("HTTPS_PROXY", format!("http://{proxy}"))
        .env("TEST_URL", format!("https://{FAR}/v1"))
        .env("TEST_CERTIFICATE", file)
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
    assert!(requests.lock().unwrap()[0].head.contains(KEY));
    let passed = passed.lock().unwrap();
    assert!(passed.starts_with(b"CONNECT far.test:443 "));
    assert!(passed.len() > 20_000);
    let in_clear = |part: &[u8]| passed.windows(part.len()).any(|bytes| bytes == part);
    assert!(!KEY.as_bytes().windows(6).any(in_clear));
}

#[test]
#[ignore = "run by `a_proxy_passes_encrypted_bytes_on_as_they_are`"]
fn asks_through_a_proxy() {
    let variable = |name| std::env::var(name).expect("set by the other test");
    let options = ChatOptions::new(variable("TEST_URL"), "tiny")
        .key(KEY)
        .retries(0);
    let client = ChatClient::new(options.certificates(variable("TEST_CERTIFICATE"))).unwrap();
    // Long enough for every byte to occur in what is encrypted.
    let question = [Message::user("why? ".repeat(4000))];
    let reply = client.ask(&ChatQuestion::Chat(&question), &ChatSampling::default());
    assert_eq!(reply.unwrap().text, "yes");
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::saying(saying("yes"));
    let port = elsewhere.address.port();
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        for to in [
            format!("http://localhost:{port}/v1?k={KEY}"),
            "/v2".into(),
            "//[".into(),
        ] {
            let server = Server::saying(reply(status, &format!("Location: {to}\r\n"), ""));
            let error =
                client(&server).ask(&ChatQuestion::Chat(&question()), &ChatSampling::default());
            let error = error.unwrap_err();
            assert!(matches!(error, ChatError::Redirect { .. }), "{error}");
            assert!(error.to_string().contains("redirects to"), "{error}");
            assert!(!shows_key(&format!("{error} {error:?}")), "{error}");
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert!(elsewhere.requests().is_empty());
}

/// A log that keeps what the thread of a test writes to it, at every level but of some targets.
struct Log;

/// The logs to which the HTTP library writes what it sends, at level trace.
const HTTP_BYTES: [&str; 3] = ["ureq", "ureq_proto", "ureq_proto::util"];

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
    static NO_TRACE_OF: RefCell<&'static [&'static str]> = const { RefCell::new(&HTTP_BYTES) };
}

impl log::Log for Log {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() < log::Level::Trace
            || NO_TRACE_OF.with_borrow(|targets| !targets.contains(&of.target()))
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.with_borrow_mut(|lines| lines.push_str(&format!("{}\n", record.args())));
        }
    }

    fn flush(&self) {}
}

/// Keeps what this thread logs from here on, without the trace of these targets.
fn keep_log(no_trace_of: &'static [&'static str]) {
    static SET: Once = Once::new();
    SET.call_once(|| {
        log::set_logger(&Log).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    NO_TRACE_OF.set(no_trace_of);
    LINES.take();
}

/// Servers that send back all they got, in every place where a server can.
fn echoing() -> Vec<Server> {
    let key = || KEY.to_owned();
    let long = format!("{}{KEY}", "x ".repeat(145));
    vec![
        Server::saying(saying(&format!("yes, {KEY}"))),
        Server::saying(reply(
            "401 Unauthorized",
            &format!("X-Key: {KEY}\r\n"),
            &key(),
        )),
        Server::saying(reply("400 Bad Request", "", &long)),
        Server::saying(reply(
            "400 Bad Request",
            "",
            &format!(
                r#"{{"error":{{"message":"wrong key \u0073{}","code":"{KEY}"}}}}"#,
                &KEY[1..]
            ),
        )),
        Server::saying(reply(
            "429 Slow",
            &format!("Retry-After: {KEY}\r\n"),
            &key(),
        )),
        Server::saying(reply("500 Oh", "", &format!(r#"{{"detail":"{KEY}"}}"#))),
        Server::saying(reply(
            "307 There",
            &format!("Location: https://{KEY}.test\r\n"),
            "",
        )),
        Server::saying(reply("200 OK", "", &key())),
        Server::saying(reply("200 OK", "", &long)),
        Server::saying(reply("200 OK", "", &format!(r#"{{"choices":"{KEY}"}}"#))),
        Server::saying(reply("200 OK", "", &completion(KEY).replace("tiny-1", KEY))),
        Server::saying(reply(
            "200 OK",
            "",
            &completion(KEY).replace("\"stop\"", &format!("{KEY:?}")),
        )),
        Server::saying(reply(
            "200 OK",
            "",
            &format!(r#"{{"choices":[{{"message":{{"refusal":"not with {KEY}"}}}}]}}"#),
        )),
        Server::saying(format!("{KEY}\r\n\r\n")),
        Server::saying(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n{{}}"
        )),
        Server::saying(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n{{}}"
        )),
        Server::saying(format!("HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n")),
        Server::start(|_, request, stream| {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
            stream.write_all(request.head.as_bytes())
        }),
    ]
}

/// Everything that can be printed of a client and of what it gives.
fn all_that_is_printed(server: &Server) -> String {
    let mut printed = String::new();
    let mut debug = |thing: &dyn Debug| printed.push_str(&format!("{thing:?}\n{thing:#?}\n"));
    let options = server.options().retries(1).concurrency(1).key(KEY);
    debug(&options);
    let client = ChatClient::new(options).unwrap();
    debug(&client);
    let stop = AtomicBool::new(false);
    let reply = client.ask(&ChatQuestion::Chat(&question()), &ChatSampling::default());
    debug(&reply);
    if let Err(error) = reply {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        debug(&(error.to_string(), source));
    }
    let judge = ChatJudge::new(client.clone());
    debug(&judge);
    let response = Statement::Response("well");
    debug(&judge.judge_all(&[response], &stop, |_, _| ()));
    let like_released = ChatJudge::like_released(client.clone());
    debug(&like_released.judge_all(&[response], &stop, |_, _| ()));
    let values = ["Empathy".to_owned()];
    match ReferenceGraph::ask(&client, &values, None, &ChatSampling::default()) {
        Ok(graph) => debug(&graph),
        Err(error) => debug(&(error.to_string(), error)),
    }
    debug(&ChatRespondent::new(client, ChatSampling::default()));
    printed
}

#[test]
fn nothing_printed_logged_or_written_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    for (number, server) in echoing().iter().enumerate() {
        keep_log(&HTTP_BYTES);
        // Judging and the like run on threads of their own, so this one is asked here as well.
        let printed = all_that_is_printed(server);
        assert!(!shows_key(&printed), "server {number}: {printed}");
        std::fs::write(folder.path().join(format!("{number}.txt")), printed).unwrap();
        // What the server says itself is not ours to keep out of the HTTP library's log.
        let lines = LINES.take();
        assert!(
            lines.contains("POST"),
            "the HTTP library has logged nothing"
        );
        assert!(server.requests()[0].head.contains(KEY));
    }
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!shows_key(&String::from_utf8_lossy(&file)));
    }
    // A server that keeps the key to itself: then the log must not show it, at any level.
    let server = Server::saying(saying("yes"));
    keep_log(&HTTP_BYTES);
    client(&server)
        .ask(&ChatQuestion::Chat(&question()), &ChatSampling::default())
        .unwrap();
    let lines = LINES.take();
    assert!(lines.contains("POST"), "{lines}");
    assert!(!shows_key(&lines), "{lines}");
}

/// The HTTP library writes all bytes to its trace log, so with that on nothing is sent with a key.
#[test]
fn a_log_that_would_show_it_ends_the_asking() {
    for left_out in [
        &[][..],
        &HTTP_BYTES[..1],
        &HTTP_BYTES[..2],
        &HTTP_BYTES[1..],
    ] {
        let server = Server::saying(saying("yes"));
        let client = client(&server);
        keep_log(left_out);
        let error = client
            .ask(&ChatQuestion::Chat(&question()), &ChatSampling::default())
            .unwrap_err();
        let lines = LINES.take();
        keep_log(&HTTP_BYTES);
        assert!(matches!(error, ChatError::KeyInLog { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("at level trace would show the API key"),
            "{error}"
        );
        assert!(
            server.requests().is_empty() && !shows_key(&lines),
            "{lines}"
        );
    }
    // Without a key there is nothing to hide.
    let server = Server::saying(saying("yes"));
    let client = ChatClient::new(server.options()).unwrap();
    keep_log(&[]);
    let reply = client.ask(&ChatQuestion::Chat(&question()), &ChatSampling::default());
    let lines = LINES.take();
    keep_log(&HTTP_BYTES);
    assert_eq!(reply.unwrap().text, "yes");
    assert!(
        lines.len() > 1000,
        "the HTTP library logs its bytes elsewhere by now: {lines}"
    );
}

#[test]
fn a_key_for_an_encrypted_server_is_not_sent_in_the_clear() {
    let options = ChatOptions::new("http://192.0.2.1/v1", "tiny").key(KEY);
    let error = ChatClient::new(options.connect_timeout(Duration::from_millis(1))).unwrap_err();
    assert!(!shows_key(&format!("{error} {error:?}")));
    assert!(error.to_string().contains("192.0.2.1"), "{error}");
    let error = ChatClient::new(ChatOptions::new(KEY, "tiny").key(KEY)).unwrap_err();
    assert!(!shows_key(&format!("{error} {error:?}")), "{error}");
}
