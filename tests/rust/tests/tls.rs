//! Whom the library believes to be the server.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(unreachable_pub, dead_code, reason = "each test file uses a part of it")]
mod wire;

#[path = "support/certified.rs"]
mod certified;

#[cfg(target_os = "linux")]
#[path = "support/play.rs"]
mod play;

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use certified::{Bundle, certificate, server_config};
#[cfg(target_os = "linux")]
use play::play;
use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
#[cfg(target_os = "linux")]
use serde_json::json;
use smileid_jobs::{Client, Error, ErrorCode, JobStatus, Result};
use wire::{KEY, PARTNER_ID, Wire, answer_all, request};

fn serve(made: &CertifiedKey<rcgen::KeyPair>, alpn: &[&str]) -> Wire {
    let config = server_config(made, alpn);
    Wire::start(move |stream, _| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        answer_all(&mut StreamOwned::new(connection, stream));
    })
}

async fn ask(host: &str, server: &Wire, bundle: &Bundle) -> Result<JobStatus> {
    let client = Client::builder(PARTNER_ID, KEY)
        .base_url(format!("https://{host}:{}", server.port))
        .ca_bundle(&bundle.0)
        .max_retries(0)
        .build()?;
    client.get_job_status("u", "j").await?;
    // On the same connection.
    client.get_job_status("u", "j").await
}

#[tokio::test]
async fn a_certificate_for_the_name_or_the_address_is_believed() {
    let made = certificate(&["localhost", "127.0.0.1"]);
    let bundle = Bundle::new("good", &made.cert.pem());
    for alpn in [&[][..], &["http/1.1"], &["h2", "http/1.1"]] {
        let server = serve(&made, alpn);
        for host in ["localhost", "127.0.0.1"] {
            assert!(ask(host, &server, &bundle).await.unwrap().job_complete());
        }
        assert_eq!(server.accepted(), 2);
    }
}

#[tokio::test]
async fn one_for_another_name_or_from_somebody_unknown_is_not() {
    let (ours, other) = (certificate(&["smile.example"]), certificate(&["localhost"]));
    let server = serve(&ours, &[]);
    let error = ask("localhost", &server, &Bundle::new("name", &ours.cert.pem())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Tls);
    let error = ask("localhost", &serve(&other, &[]), &Bundle::new("issuer", &ours.cert.pem())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Tls);
    assert!(error.cause().is_some_and(|cause| cause.to_string().contains("certificate")), "{error:?}");
}

#[tokio::test]
async fn a_server_that_cannot_speak_our_http_is_a_tls_error() {
    let made = certificate(&["localhost"]);
    let error = ask("localhost", &serve(&made, &["h2"]), &Bundle::new("alpn", &made.cert.pem())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Tls);
}

/// One that is valid for `localhost` from one year to another, and whose name no other one has.
fn valid(from: i32, to: i32) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, format!("valid {from} to {to}"));
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let (good, expired, early) = (valid(2000, 4000), valid(2000, 2001), valid(3000, 4000));
    let elsewhere = certificate(&["smile.example"]);
    for (shown, trusted, text) in [
        (&expired, &expired, "has expired; check this machine's clock"),
        (&early, &early, "not valid yet; check this machine's clock"),
        (&elsewhere, &elsewhere, "for another name than the one asked for"),
        (&good, &elsewhere, "issuer that is not trusted here"),
    ] {
        let bundle = Bundle::new("said", &trusted.cert.pem());
        let error = ask("localhost", &serve(shown, &[]), &bundle).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Tls, "{error:?}");
        assert!(error.message().contains(text) && error.cause().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn why_there_was_no_handshake_is_said() {
    let bundle = Bundle::new("alerts", &certificate(&["localhost"]).cert.pem());
    let alert = |number| vec![0x15, 3, 3, 0, 2, 2, number];
    for (answer, text) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "does not speak TLS"),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), "does not speak TLS"),
        (alert(70), "neither TLS 1.2 nor TLS 1.3"),
        (alert(40), "refused the TLS handshake; it may want a client certificate"),
        (alert(116), "asks for a client certificate, which is not supported"),
        (alert(112), "does not know the name"),
        (alert(120), "does not speak HTTP/1.1"),
        (alert(49), "broke off the TLS handshake"),
    ] {
        let server = Wire::start(move |mut stream, _| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let error = ask("localhost", &server, &bundle).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Tls, "{error:?}");
        assert!(error.message().contains(text), "{error:?}");
    }
}

/// As a load balancer's during a deployment, or of a network that spoils what it carries.
#[tokio::test]
async fn a_fault_that_may_pass_is_no_verdict_on_the_server() {
    let made = certificate(&["localhost"]);
    let (bundle, config) = (Bundle::new("passing", &made.cert.pem()), server_config(&made, &[]));
    // Internal error, bad MAC, decrypt error, and none but a spoilt record.
    for alert in [Some(80), Some(20), Some(51), None] {
        let config = Arc::clone(&config);
        let server = Wire::start(move |mut stream, number| {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            if number > 2 {
                return answer_all(&mut StreamOwned::new(connection, stream));
            }
            let mut flight = Vec::new();
            match alert {
                Some(alert) => _ = stream.read(&mut [0; 4096]).map(|_| flight.extend([0x15, 3, 3, 0, 2, 2, alert])),
                None => {
                    connection.read_tls(&mut stream).unwrap();
                    connection.process_new_packets().unwrap();
                    while connection.wants_write() {
                        connection.write_tls(&mut flight).unwrap();
                    }
                    *flight.last_mut().unwrap() ^= 1;
                }
            }
            stream.write_all(&flight).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let error = ask("localhost", &server, &bundle).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Network, "{error:?}");
        assert!(error.message().contains("the TLS handshake broke off") && error.cause().is_some(), "{error:?}");
        let client = Client::builder(PARTNER_ID, KEY)
            .base_url(format!("https://localhost:{}", server.port))
            .ca_bundle(&bundle.0)
            .max_retries(1);
        assert!(client.build().unwrap().get_job_status("u", "j").await.unwrap().job_complete());
        assert_eq!(server.accepted(), 3);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_after_the_handshake_is_one() {
    let made = certificate(&["localhost"]);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let server = Wire::start(move |stream, _| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        assert!(request(&mut stream).is_none());
        // Closing it unread would reset it, and take the alert away.
        let _ = stream.sock.read_to_end(&mut Vec::new());
    });
    let error = ask("localhost", &server, &Bundle::new("mutual", &made.cert.pem())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Tls, "{error:?}");
    assert!(error.message().contains("asks for a client certificate"), "{error:?}");
}

#[tokio::test]
async fn a_record_that_was_spoilt_later_breaks_the_connection_and_is_no_handshake() {
    let made = certificate(&["localhost"]);
    let config = server_config(&made, &[]);
    let server = Wire::start(move |stream, _| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        request(&mut stream).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{").unwrap();
        stream.flush().unwrap();
        stream.sock.write_all(&[b"\x17\x03\x03\x00\x20".as_slice(), &[b'x'; 32]].concat()).unwrap();
        let _ = stream.sock.read_to_end(&mut Vec::new());
    });
    let error = ask("localhost", &server, &Bundle::new("spoilt", &made.cert.pem())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Network, "{error:?}");
    assert!(error.message().contains("the TLS connection broke"), "{error:?}");
}

fn refused_bundle(path: &Path) -> Error {
    Client::builder(PARTNER_ID, KEY).base_url("https://smile.invalid").ca_bundle(path).build().map(|_| ()).unwrap_err()
}

#[cfg(unix)]
#[test]
fn why_a_bundle_is_not_one_is_said_at_once() {
    let (folder, pipe) = (std::env::temp_dir(), Bundle::new("pipe", ""));
    std::fs::remove_file(&pipe.0).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe.0).status().unwrap().success());
    let (text, missing) = (Bundle::new("text", "no certificate"), folder.join("smileid-jobs-no-such-file.pem"));
    for (path, text, cause) in [
        (missing.as_path(), "cannot be read", Some("No such file")),
        (&folder, "no regular file", None),
        (&pipe.0, "no regular file", None),
        (&text.0, "holds no CA certificate", None),
    ] {
        let error = refused_bundle(path);
        assert_eq!((error.code(), error.argument()), (ErrorCode::InvalidArgument, Some("ca_bundle")));
        assert!(error.message().contains(text) && !error.message().contains("smileid-jobs"), "{error:?}");
        let shown = error.cause().map(ToString::to_string);
        assert_eq!(shown.is_some(), cause.is_some(), "{error:?}");
        assert!(cause.is_none_or(|cause| shown.unwrap().contains(cause)), "{error:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn why_the_store_that_the_environment_names_is_none_is_said_at_once() {
    let pipe = Bundle::new("env-pipe", "");
    std::fs::remove_file(&pipe.0).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe.0).status().unwrap().success());
    let text = Bundle::new("env-text", "no certificate");
    for (path, text) in [
        (pipe.0.to_str().unwrap(), "no regular file"),
        ("/smileid-jobs/no-such-file.pem", "cannot be read"),
        (text.0.to_str().unwrap(), "holds no CA certificate"),
    ] {
        let args = json!({
            "partner_id": PARTNER_ID, "api_key": KEY, "base_url": "https://smile.invalid", "user_id": "u", "job_id": "j",
        });
        let outcome =
            play(&[("SSL_CERT_FILE", path)], &["SSL_CERT_DIR"], &json!({ "what": "get_job_status", "args": args }));
        let error = &outcome["error"];
        assert_eq!(
            (&error["code"], &error["argument"]),
            (&json!("invalid_argument"), &json!("ca_bundle")),
            "{outcome}"
        );
        assert!(error["message"].as_str().unwrap().contains(text), "{outcome}");
    }
}

const ALONE: &str = "SMILEID_TEST_WITHOUT_FILES";

/// The bundled roots do not stand in for a store that is there: this process could not read it for a moment.
#[cfg(target_os = "linux")]
#[test]
fn a_process_without_a_file_to_spare_does_not_take_the_bundled_roots() {
    let make = || Client::builder(PARTNER_ID, KEY).base_url("https://smile.invalid").build();
    if std::env::var_os(ALONE).is_some() {
        let mut held = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            held.push(file);
        }
        let error = make().map(|_| ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Io, "{error:?}");
        assert!(error.cause().unwrap().to_string().contains("Too many open files"), "{error:?}");
        drop(held);
        make().unwrap();
        return;
    }
    // Needs a store.
    if !Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
        return;
    }
    let this = "a_process_without_a_file_to_spare_does_not_take_the_bundled_roots";
    let output = std::process::Command::new("sh")
        .args(["-c", r#"ulimit -n 64 && exec "$0" --exact --nocapture "$1""#])
        .arg(std::env::current_exe().unwrap())
        .arg(this)
        .env(ALONE, "1")
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// As for networks whose way out reads along.
#[cfg(target_os = "linux")]
#[test]
fn the_store_that_the_environment_names_replaces_the_platforms() {
    let (ours, other) = (certificate(&["localhost"]), certificate(&["localhost"]));
    let server = serve(&ours, &[]);
    let asked = |store: &Bundle| {
        let args = json!({
            "partner_id": PARTNER_ID, "api_key": KEY, "base_url": format!("https://localhost:{}", server.port),
            "user_id": "u", "job_id": "j",
        });
        let case = json!({ "what": "get_job_status", "args": args });
        play(&[("SSL_CERT_FILE", store.0.to_str().unwrap())], &["SSL_CERT_DIR"], &case)
    };
    let outcome = asked(&Bundle::new("store", &ours.cert.pem()));
    assert_eq!(outcome["status"]["job_complete"], true, "{outcome}");
    let outcome = asked(&Bundle::new("other-store", &other.cert.pem()));
    assert_eq!(outcome["error"]["code"], "tls", "{outcome}");
}
