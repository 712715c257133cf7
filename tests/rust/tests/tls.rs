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

use std::sync::Arc;

use certified::{Bundle, certificate, server_config};
#[cfg(target_os = "linux")]
use play::play;
use rcgen::CertifiedKey;
use rustls::{ServerConnection, StreamOwned};
#[cfg(target_os = "linux")]
use serde_json::json;
use smileid_jobs::{Client, ErrorCode, JobStatus, Result};
use wire::{KEY, PARTNER_ID, Wire, answer_all};

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
