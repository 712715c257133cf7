//! A TLS server that goes away at bad moments, for clients whose next write must not end their process.
//!
//! `close-unread CA_FILE` prints its port and ends with its standard input. It closes every second connection as soon as the
//! handshake is done, and the others when a request has arrived, without reading it: then its system answers whatever is
//! still written with a reset. Asked for a tunnel (`CONNECT`), it first says that there is one.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

static ACCEPTED: AtomicUsize = AtomicUsize::new(0);

fn main() -> Result<(), Box<dyn Error>> {
    let ca_file = std::env::args().nth(1).ok_or("expected the file to write the certificate to")?;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "smile.invalid".to_owned()])?;
    std::fs::write(ca_file, made.cert.pem())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || serve(stream, config).is_ok());
        }
    });
    // Until nobody needs it any more.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// What goes wrong here is only that the client went first.
fn serve(mut stream: TcpStream, config: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let waits_for_request = ACCEPTED.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut first = [0; 1];
    stream.peek(&mut first)?;
    if first == *b"C" {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut first)?;
            head.extend_from_slice(&first);
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    }
    let mut tls = ServerConnection::new(config)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    // It may have come in one piece with the end of the handshake, and is read already then.
    if waits_for_request && tls.process_new_packets()?.plaintext_bytes_to_read() == 0 {
        stream.peek(&mut first)?;
    }
    Ok(())
}
