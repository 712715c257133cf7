//! A client that hides nothing, and signs with code of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use smileid_jobs_sandbox::{RequestRecord, Sandbox};

/// No read waits longer: what should not happen fails, it does not hang.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn sign(api_key: &str, timestamp: &str, partner_id: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(api_key.as_bytes()).unwrap();
    mac.update(format!("{timestamp}{partner_id}sid_request").as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// A request body as it should be.
pub(crate) fn query(user: &str, job: &str) -> Value {
    let timestamp = now();
    json!({
        "partner_id": "001",
        "user_id": user,
        "job_id": job,
        "timestamp": timestamp,
        "signature": sign("apikey", &timestamp, "001"),
    })
}

/// The same, asking for history and image links.
pub(crate) fn query_all(user: &str, job: &str) -> Value {
    let mut body = query(user, job);
    body["history"] = json!(true);
    body["image_links"] = json!(true);
    body
}

/// A response, as far as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn declared(&self) -> usize {
        self.header("content-length").unwrap().parse().unwrap()
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(sandbox: &Sandbox) -> Self {
        let stream = TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) {
        self.send(format!("POST {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }

    pub(crate) fn ask(&mut self, body: &Value) -> Response {
        self.post("/v1/job_status", &body.to_string());
        self.response()
    }

    /// Reads more; false at the end of the stream.
    fn more(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        let length = self.stream.read(&mut piece).unwrap();
        self.buffer.extend_from_slice(&piece[..length]);
        length > 0
    }

    /// The head of the next response; its body is left unread.
    pub(crate) fn head(&mut self) -> Response {
        let end = loop {
            match self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.more(), "the connection ended before the head"),
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let (line, headers) = head.split_once("\r\n").unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, headers: headers.to_owned(), body: Vec::new() }
    }

    pub(crate) fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.more(), "the connection ended in the body");
        }
        self.buffer.drain(..length).collect()
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(self.take(1));
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    /// A whole response, and how many chunks it came in.
    pub(crate) fn response_in_chunks(&mut self) -> (Response, usize) {
        let mut response = self.head();
        assert_eq!(response.header("transfer-encoding"), Some("chunked"));
        let mut chunks = 0;
        loop {
            let length = usize::from_str_radix(&self.line(), 16).unwrap();
            response.body.extend(self.take(length));
            assert_eq!(self.line(), "");
            if length == 0 {
                return (response, chunks);
            }
            chunks += 1;
        }
    }

    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        response.body = self.take(response.declared());
        response
    }

    /// What comes until the server closes the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.buffer)
    }

    pub(crate) fn close(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(sandbox: &Sandbox, body: &Value) -> Response {
    Client::connect(sandbox).ask(body)
}

pub(crate) fn call(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Response {
    let mut client = Client::connect(sandbox);
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    client.response()
}

pub(crate) fn story(sandbox: &Sandbox, user: &str, answers: &Value) {
    let story = json!({"user_id": user, "job_id": "j", "answers": answers});
    sandbox.post_story(&story.to_string()).unwrap();
}

/// Polls the log until it says so, within a bound.
pub(crate) fn wait_for(sandbox: &Sandbox, user: &str, job: &str, so: impl Fn(&[RequestRecord]) -> bool) {
    let start = Instant::now();
    while !so(&sandbox.requests(user, job)) {
        assert!(start.elapsed() < PATIENCE, "the log never said so");
        std::thread::sleep(Duration::from_millis(1));
    }
}
