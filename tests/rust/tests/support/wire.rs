//! A server in this process that does what it is told with one connection at a time, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use smileid_jobs::{Client, ClientBuilder, Signature};

pub const PARTNER_ID: &str = "001";
pub const KEY: &str = "apikey";

/// Runs `serve` with each connection and its number, on a thread of its own.
pub struct Wire {
    pub port: u16,
    accepted: Arc<AtomicUsize>,
}

impl Wire {
    pub fn start(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (accepted, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
        let counted = Arc::clone(&accepted);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let (number, serve) = (counted.fetch_add(1, Ordering::SeqCst) + 1, Arc::clone(&serve));
                std::thread::spawn(move || serve(stream, number));
            }
        });
        Self { port, accepted }
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn client(&self) -> ClientBuilder {
        Client::builder(PARTNER_ID, KEY).base_url(format!("http://127.0.0.1:{}", self.port))
    }
}

/// Reads one request, or `None` when the client has closed.
pub fn request(stream: &mut impl Read) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut some = [0; 4096];
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return None,
            Ok(length) => seen.extend_from_slice(&some[..length]),
        }
    }
}

/// A signed, complete status.
pub fn complete() -> String {
    let pair = Signature::new(PARTNER_ID, KEY).unwrap().generate_signature(None);
    format!(
        r#"{{"timestamp":"{}","signature":"{}","job_complete":true,"job_success":true,"code":"2302"}}"#,
        pair.timestamp, pair.signature
    )
}

/// An answer with a body and more headers.
pub fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Answers every request on a connection with a complete status.
pub fn answer_all(stream: &mut (impl Read + Write)) {
    while request(stream).is_some() {
        stream.write_all(&answer("", complete().as_bytes())).unwrap();
    }
}

/// Answers one request, ends the connection and tells whether the client has ended it too.
pub fn answer_one(mut stream: TcpStream, ends: &Sender<bool>) {
    request(&mut stream).unwrap();
    stream.write_all(&answer("", complete().as_bytes())).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    ends.send(stream.read(&mut [0]).is_ok_and(|length| length == 0)).unwrap();
}
