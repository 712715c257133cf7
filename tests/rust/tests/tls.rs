//! Whom the library believes to be the server.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(unreachable_pub, dead_code, reason = "each test file uses a part of it")]
mod wire;

#[path = "support/certified.rs"]
mod certified;

use std::sync::Arc;

use certified::{Bundle, certificate, server_config};
use rcgen::CertifiedKey;
use rustls::{ServerConnection, StreamOwned};
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
