//! A server with fixed, signed answers, as fast as one thread can write them.
//!
//! `bench-server CA_FILE` prints `{"http": …, "https": …}` and ends with its standard input. The first segment of the path
//! says what is answered: `small` (pending, 0.2 KB), `complete` (2 KB) or `large` (100 KB, 50 history entries); a
//! number behind it (`complete-50`) is a delay in milliseconds. Requests are read, not checked.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::Signature;
use smileid_jobs_bench::{API_KEY, JOB_ID, PARTNER_ID, USER_ID};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Failure = Box<dyn std::error::Error>;
type Answers = Arc<HashMap<&'static str, Vec<u8>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let ca_file = std::env::args().nth(1).ok_or("expected the file to write the certificate to")?;
    let answers = Arc::new(answers()?);
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
        let (name, delay) = path.split_once('-').unwrap_or((&path, ""));
        if let Ok(ms) = delay.parse() {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let Some(answer) = answers.get(name) else { return };
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

fn answers() -> Result<HashMap<&'static str, Vec<u8>>, Failure> {
    let mut result: Value =
        serde_json::from_str::<Value>(include_str!("../../../sandbox/bodies/approved.json"))?["result"].take();
    result["PartnerParams"]["user_id"] = USER_ID.into();
    result["PartnerParams"]["job_id"] = JOB_ID.into();
    result["Country"] = "NG".into();
    result["IDType"] = "NIN".into();
    result["FullName"] = "Ọmọ Specimen".into();
    let links: Vec<String> = (0..2)
        .map(|n| format!("https://images.example/{n}.jpg?X-Amz-Signature={}", "0123456789abcdef".repeat(4)))
        .collect();
    let images = json!({ "selfie_image": links[0], "liveness_image_0": links[1] });
    let large: Vec<Value> = (0..50)
        .map(|n| {
            let mut entry = result.clone();
            entry["SmileJobID"] = format!("{n:010}").into();
            entry["Address"] = "12 Specimen Crescent, ".repeat(28).into();
            entry
        })
        .collect();
    let complete =
        json!({ "job_complete": true, "job_success": true, "code": "2302", "result": result, "image_links": images });
    let mut with_history = complete.clone();
    with_history["history"] = large.into();
    let small = json!({ "job_complete": false, "job_success": false, "code": "2302", "result": {}, "history": [], "image_links": {} });
    let signature = Signature::new(PARTNER_ID, API_KEY)?;
    let signed = |mut body: Value| -> Vec<u8> {
        let pair = signature.generate_signature(Some("2026-01-05T09:30:00.000Z"));
        body["timestamp"] = pair.timestamp.into();
        body["signature"] = pair.signature.into();
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n",
            body.len()
        );
        (head + &body).into_bytes()
    };
    Ok([("small", signed(small)), ("complete", signed(complete)), ("large", signed(with_history))].into())
}
