//! A server with fixed, signed answers, as fast as one thread can write them.
//!
//! `bench-server CA_FILE` prints `{"http": …, "https": …}` and ends with its standard input. The first segment of the path
//! says what is answered: `small` (pending, 0.2 KB), `complete` (2 KB) or `large` (98 KB, 50 history entries); a
//! number behind it (`complete-50`) is a delay in milliseconds, `complete-stalled` ends in mid-body. `stats` is answered with how many others were. Requests are
//! read, not checked.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smileid_jobs_bench::{Failure, bodies};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Answers = Arc<HashMap<&'static str, Vec<u8>>>;

/// Requests that came in whole, `stats` apart.
static ASKED: AtomicU64 = AtomicU64::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let ca_file = std::env::args().nth(1).ok_or("expected the file to write the certificate to")?;
    let answers = Arc::new(bodies()?.map(|(name, body)| (name, answer(&body))).into());
    let acceptor = acceptor(&ca_file)?;
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let secure = TcpListener::bind("127.0.0.1:0").await?;
    let (http, https) = (plain.local_addr()?.port(), secure.local_addr()?.port());
    println!(r#"{{"http": "http://127.0.0.1:{http}", "https": "https://localhost:{https}"}}"#);
    std::io::stdout().flush()?;
    let mut stdin = tokio::io::stdin();
    let mut nothing = [0; 1];
    loop {
        tokio::select! {
            accepted = plain.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                tokio::spawn(serve(stream, Arc::clone(&answers)));
            }
            accepted = secure.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                let (acceptor, answers) = (acceptor.clone(), Arc::clone(&answers));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, answers).await;
                    }
                });
            }
            read = stdin.read(&mut nothing) => if read? == 0 { return Ok(()) },
        }
    }
}

fn acceptor(ca_file: &str) -> Result<TlsAcceptor, Failure> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    std::fs::write(ca_file, made.cert.pem())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Answers one connection's requests, one after another.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: Answers) {
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let Some((path, length)) = request(&mut stream, &mut buffer).await else { return };
        buffer.drain(..length);
        if path == "stats" {
            let stats = answer(&format!(r#"{{"asked": {}}}"#, ASKED.load(Ordering::Relaxed)));
            if stream.write_all(&stats).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            continue;
        }
        ASKED.fetch_add(1, Ordering::Relaxed);
        let (name, delay) = path.split_once('-').unwrap_or((&path, ""));
        if let Ok(ms) = delay.parse() {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let Some(answer) = answers.get(name) else { return };
        // Half of it, and then nothing until the client has had enough.
        let answer = if delay == "stalled" { answer.split_at(answer.len() / 2).0 } else { answer };
        if stream.write_all(answer).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// The path's first segment and the length of one whole request.
async fn request(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<(String, usize)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(buffer.get(..end)?).ok()?;
            let path = head.split(' ').nth(1)?.trim_start_matches('/').split('/').next()?.to_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let whole = end + 4 + length.unwrap_or(0);
            if buffer.len() >= whole {
                return Some((path, whole));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer(body: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n",
        body.len()
    );
    (head + body).into_bytes()
}
