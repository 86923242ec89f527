//! A server that answers chats as a function of their messages says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What is answered to the texts of the messages.
type Answers = dyn Fn(&[String]) -> String + Send + Sync;

pub struct Server {
    pub url: String,
    /// Requests so far.
    pub n: Arc<AtomicUsize>,
    /// The messages of each.
    pub heard: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Server {
    /// Serves until the test ends.
    pub fn start(answers: impl Fn(&[String]) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            n: Arc::default(),
            heard: Arc::default(),
        };
        let (n, heard) = (server.n.clone(), server.heard.clone());
        let answers: Arc<Answers> = Arc::new(answers);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (n, heard, answers) = (n.clone(), heard.clone(), answers.clone());
                thread::spawn(move || serve(&stream, &n, &heard, &*answers));
            }
        });
        server
    }
}

/// Requests on one connection, until it is closed.
fn serve(
    stream: &TcpStream,
    n: &AtomicUsize,
    heard: &Mutex<Vec<Vec<String>>>,
    answers: &Answers,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).ok().filter(|n| *n > 0)? > 2 {
            let lower = line.to_lowercase();
            if let Some(number) = lower.strip_prefix("content-length:") {
                length = number.trim().parse().ok()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: Value = serde_json::from_slice(&body).ok()?;
        let messages = body["messages"].as_array()?.iter();
        let messages: Vec<String> = messages
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect();
        n.fetch_add(1, Ordering::SeqCst);
        let answer = answers(&messages);
        heard.lock().unwrap().push(messages);
        let reply =
            json!({ "choices": [{ "message": { "role": "assistant", "content": answer } }] });
        let reply = reply.to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        write!(&mut &*stream, "{head} {}\r\n\r\n{reply}", reply.len()).ok()?;
    }
}
