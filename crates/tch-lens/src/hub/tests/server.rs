//! A hub of the tests' own: one repository, its list of files, its content at a second address for large files, and everything
//! that can go wrong on the way.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use sha2::{Digest, Sha256};

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Fault {
    #[default]
    None,
    /// The first answers with content end after so many bytes, as often as this.
    Cut(usize, usize),
    /// Ranges are not known.
    NoRanges,
    /// Every question is refused with a status, a code and a message.
    Refused(u16, &'static str, &'static str),
    /// Only files are.
    FilesRefused(u16, &'static str),
}

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) range: Option<String>,
    /// Whether at the second address.
    pub(super) away: bool,
}

pub(super) struct Server {
    pub(super) endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    files: BTreeMap<String, Vec<u8>>,
    /// Names in the list without a file.
    more: Vec<String>,
    state: Mutex<(Fault, Vec<Asked>)>,
    away: SocketAddr,
}

impl Server {
    pub(super) fn new(files: BTreeMap<String, Vec<u8>>, more: &[&str]) -> Self {
        let [hub, away] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let shared = Arc::new(Shared {
            files,
            more: more.iter().map(|name| (*name).to_owned()).collect(),
            state: Mutex::default(),
            away: away.local_addr().unwrap(),
        });
        let endpoint = format!("http://{}", hub.local_addr().unwrap());
        for (listener, is_away) in [(hub, false), (away, true)] {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let shared = Arc::clone(&shared);
                    // A client that goes away is no matter of the server's.
                    thread::spawn(move || shared.serve(stream, is_away).ok());
                }
            });
        }
        Self { endpoint, shared }
    }

    /// All files of a folder, under a path.
    pub(super) fn of_folder(folder: &Path) -> Self {
        Self::new(files_of(folder, ""), &[])
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.shared.state.lock().unwrap().0 = fault;
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.state.lock().unwrap().1)
    }
}

pub(super) fn files_of(folder: &Path, under: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| {
            (
                format!("{under}{}", path.file_name().unwrap().to_str().unwrap()),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

pub(super) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Large files have another kind of checksum and lie elsewhere.
fn is_large(file: &str) -> bool {
    file.ends_with(".safetensors") || file.ends_with(".npz")
}

impl Shared {
    fn serve(&self, stream: TcpStream, away: bool) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let mut words = first.split(' ');
        let mut asked = Asked {
            method: words.next().unwrap_or_default().to_owned(),
            path: words.next().unwrap_or_default().to_owned(),
            token: None,
            range: None,
            away,
        };
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            match name.to_lowercase().as_str() {
                "authorization" => asked.token = Some(value.to_owned()),
                "range" => asked.range = Some(value.to_owned()),
                _ => {}
            }
        }
        let fault = {
            let mut state = self.state.lock().unwrap();
            state.1.push(asked.clone());
            state.0
        };
        self.answer(stream, &asked, fault)
    }

    fn answer(&self, mut out: TcpStream, asked: &Asked, fault: Fault) -> std::io::Result<()> {
        let is_file = !asked.path.starts_with("/api/models/");
        match fault {
            Fault::Refused(status, code, message) => return refuse(out, status, code, message),
            Fault::FilesRefused(status, code) if is_file => return refuse(out, status, code, ""),
            _ => {}
        }
        if !is_file {
            let body = self.listing(asked.path.contains("/tree/"));
            let length = body.len();
            return write!(
                out,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
        let path = asked.path.split('?').next().unwrap_or_default();
        let (_, file) = path
            .split_once("/resolve/")
            .or_else(|| path.split_once("/cached/"))
            .unwrap_or(("", ""));
        let (_, file) = file.split_once('/').unwrap_or(("", ""));
        let Some(content) = self.files.get(&file.replace("%20", " ")) else {
            return refuse(out, 404, "EntryNotFound", "");
        };
        let hash = sha256(content);
        let head = format!("X-Repo-Commit: {COMMIT}\r\nConnection: close\r\n");
        if is_large(file) && !asked.away {
            let (to, n) = (self.away, content.len());
            return write!(
                out,
                "HTTP/1.1 302 Found\r\n{head}Location: http://{to}/resolve/x/{file}?Signature=secret\r\nETag: \"other\"\r\n\
                 X-Linked-Etag: \"{hash}\"\r\nX-Linked-Size: {n}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        let etag = &hash[..if is_large(file) { 64 } else { 40 }];
        if !is_large(file) && !path.contains("/cached/") {
            // As the hub does for small files.
            return write!(
                out,
                "HTTP/1.1 307 Temporary Redirect\r\n{head}Location: /cached/x/{file}\r\nETag: W/\"{etag}\"\r\nContent-Length: 0\r\n\r\n"
            );
        }
        self.content(
            out,
            asked,
            fault,
            content,
            &format!("{head}ETag: W/\"{etag}\"\r\n"),
        )
    }

    /// What there is, as this client and, with more of each file, as Python's wants it.
    fn listing(&self, tree: bool) -> String {
        if tree {
            let files = self.files.iter().map(|(name, content)| {
                let (hash, size) = (sha256(content), content.len());
                let large = json!({ "oid": hash, "size": size, "pointerSize": 100 });
                let large = is_large(name).then_some(large);
                json!({ "type": "file", "path": name, "size": size, "oid": &hash[..40], "lfs": large })
            });
            return serde_json::Value::from_iter(files).to_string();
        }
        let names = self.files.keys().chain(&self.more);
        let siblings: Vec<_> = names.map(|name| json!({ "rfilename": name })).collect();
        json!({ "id": "org/tiny", "sha": COMMIT, "siblings": siblings, "private": false })
            .to_string()
    }

    fn content(
        &self,
        mut out: TcpStream,
        asked: &Asked,
        fault: Fault,
        content: &[u8],
        head: &str,
    ) -> std::io::Result<()> {
        let range = asked.range.as_deref().filter(|_| fault != Fault::NoRanges);
        let from = range.and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .split('-')
                .next()?
                .parse()
                .ok()
        });
        let of = content.len();
        let (status, from, range) = match from {
            Some(from) if from < of => (
                "206 Partial Content",
                from,
                format!("Content-Range: bytes {from}-{}/{of}\r\n", of - 1),
            ),
            Some(_) => return refuse(out, 416, "", ""),
            None => ("200 OK", 0, String::new()),
        };
        write!(
            out,
            "HTTP/1.1 {status}\r\n{head}{range}Content-Length: {}\r\n\r\n",
            of - from
        )?;
        if asked.method == "HEAD" {
            return Ok(());
        }
        let mut body = content[from..].to_vec();
        if let Fault::Cut(after, times @ 1..) = fault {
            self.state.lock().unwrap().0 = Fault::Cut(after, times - 1);
            body.truncate(after);
        }
        out.write_all(&body)
    }
}

fn refuse(mut out: TcpStream, status: u16, code: &str, message: &str) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status} No\r\nConnection: close\r\nX-Error-Code: {code}\r\nX-Error-Message: {message}\r\nContent-Length: 0\r\n\r\n"
    )
}
