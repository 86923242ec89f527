//! A server that answers as a test tells it to.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use valuebench::chat::{ChatClient, ChatOptions};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request line and the headers.
    pub head: String,
    pub body: serde_json::Value,
    pub at: Instant,
}

/// It listens until the test program ends.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request on a thread of its own by `answer`, which gets the request's number and
    /// the connection; then closes the connection.
    pub fn start(
        answer: impl Fn(usize, &Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || -> io::Result<()> {
                    let mut stream = stream?;
                    let request = read(&mut stream)?;
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    answer(number, &request, &mut stream)
                });
            }
        });
        Self { address, requests }
    }

    /// Answers every request with the same bytes.
    pub fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_, _, stream| stream.write_all(&bytes))
    }

    /// Answers the first requests with these bytes, and all after them with the last.
    pub fn saying_in_turn(replies: Vec<Vec<u8>>) -> Self {
        Self::start(move |number, _, stream| {
            stream.write_all(&replies[number.min(replies.len() - 1)])
        })
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Options for this server that wait for milliseconds where others wait for seconds.
    pub fn options(&self) -> ChatOptions {
        ChatOptions::new(format!("http://{}/v1", self.address), "tiny")
            .timeout(Duration::from_secs(600))
            .waits(Duration::from_millis(1), Duration::from_millis(4))
            .retries(3)
    }

    pub fn client(&self) -> ChatClient {
        ChatClient::new(self.options()).unwrap()
    }
}

/// A name of the server behind TLS that only the proxy knows.
pub const FAR: &str = "far.test";

/// A server behind TLS that says yes; gives its requests, and its certificate in PEM form.
pub fn encrypted() -> (SocketAddr, Arc<Mutex<Vec<Request>>>, String) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into(), FAR.into()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider);
    let config = config
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let config = config
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the certificate hangs up.
            let Ok(request) = read(&mut stream) else {
                continue;
            };
            seen.lock().unwrap().push(request);
            stream.write_all(&saying("yes")).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
    });
    (address, requests, own.cert.pem())
}

/// A proxy that carries one connection to a server; gives what came from the client.
pub fn tunnel(server: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let passed = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&passed);
    thread::spawn(move || -> io::Result<()> {
        let (mut client, _) = listener.accept()?;
        let mut server = TcpStream::connect(server)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        record.lock().unwrap().extend(head);
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        let (mut back_from, mut back_to) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || io::copy(&mut back_from, &mut back_to));
        let mut bytes = [0; 4096];
        loop {
            let n = client.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            record.lock().unwrap().extend(&bytes[..n]);
            server.write_all(&bytes[..n])?;
        }
    });
    (address, passed)
}

fn read(stream: impl Read) -> io::Result<Request> {
    let at = Instant::now();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let lower = head.to_lowercase();
    let length = lower.split("content-length:").nth(1).unwrap();
    let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap();
    Ok(Request { head, body, at })
}

/// A reply with a status, further header lines and a body.
pub fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// A completion that says this.
pub fn saying(text: &str) -> Vec<u8> {
    reply("200 OK", "", &completion(text))
}

/// The body of a completion that says this.
pub fn completion(text: &str) -> String {
    serde_json::json!({
        "id": "1",
        "object": "chat.completion",
        "model": "tiny-1",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text },
            "text": text,
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7 },
    })
    .to_string()
}

/// The content of a request's only message.
pub fn asked(request: &Request) -> &str {
    request.body["messages"][0]["content"].as_str().unwrap()
}
