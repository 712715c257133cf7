//! Which requests go through a proxy.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/certified.rs"]
mod certified;
#[path = "support/play.rs"]
mod play;
#[path = "support/wire.rs"]
#[allow(unreachable_pub, dead_code, reason = "each test file uses a part of it")]
mod wire;

use std::io::{Read, Write};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use certified::{Bundle, certificate, server_config};
use play::play;
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};
use smileid_jobs::{Client, Error, ErrorCode, Phase};
use wire::{KEY, PARTNER_ID, Wire, answer_all, request};

/// A proxy that refuses everything, and what it was asked.
fn proxy() -> (Wire, mpsc::Receiver<String>) {
    let (asks, asked) = mpsc::channel();
    let wire = Wire::start(move |mut stream, _| {
        if let Some(request) = request(&mut stream) {
            let _ = asks.send(request);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (wire, asked)
}

fn tunnel(asked: &mpsc::Receiver<String>) -> String {
    asked.recv_timeout(Duration::from_secs(10)).unwrap().to_lowercase()
}

#[tokio::test]
async fn a_proxy_that_was_given_is_asked_for_a_tunnel_with_its_own_credentials() {
    let (wire, asked) = proxy();
    let client = Client::builder(PARTNER_ID, KEY)
        .base_url("https://smile.invalid/prefix")
        .proxy(format!("http://user:word@127.0.0.1:{}", wire.port))
        .max_retries(0)
        .build()
        .unwrap();
    let error = client.get_job_status("u", "j").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connect);
    let asked = tunnel(&asked);
    assert!(asked.starts_with("connect smile.invalid:443 http/1.1\r\n"), "{asked}");
    assert!(asked.contains("proxy-authorization: basic dxnlcjp3b3jk\r\n"), "{asked}");
    assert!(!format!("{error:?}").contains("word"), "{error:?}");
}

/// What a proxy does with the tunnel it is asked for, and what is said of it.
#[tokio::test]
async fn what_went_wrong_with_the_proxy_is_said_of_the_proxy() {
    let head = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let refused = "refused to connect to the server, or is no HTTP proxy";
    for (answer, code, text, asked) in [
        (head("407 Proxy Authentication Required"), ErrorCode::InvalidArgument, "(HTTP 407)", 1),
        (head("403 Forbidden"), ErrorCode::Connect, refused, 2),
        (head("502 Bad Gateway"), ErrorCode::Connect, refused, 2),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), ErrorCode::Connect, refused, 2),
        (b"x".repeat(9000), ErrorCode::Connect, refused, 2),
        (vec![], ErrorCode::Connect, "broke the connection off", 2),
    ] {
        let wire = Wire::start(move |mut stream, _| {
            let _ = request(&mut stream);
            let _ = stream.write_all(&answer);
        });
        let error = refusal(&format!("http://user:s3cret@127.0.0.1:{}", wire.port), 1).await;
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.message().contains("proxy") && error.message().contains(text), "{error:?}");
        assert!(!format!("{error:?}").contains("s3cret") && error.cause().is_some(), "{error:?}");
        assert_eq!(wire.accepted(), asked, "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_not_mistaken_for_the_server() {
    for proxy in ["http://127.0.0.1:1", "http://user:word@127.0.0.1:1"] {
        let error = refusal(proxy, 0).await;
        assert_eq!(error.code(), ErrorCode::Connect, "{error:?}");
        assert!(error.message().contains("the proxy could not be connected to"), "{error:?}");
    }
    // Where no name server can be reached, it takes longer to find out that nobody has the name.
    let error = refusal("http://proxy.invalid:3128", 0).await;
    assert!(error.code() == ErrorCode::Connect || error.phase() == Some(Phase::Connect), "{error:?}");
    assert!(error.message().contains("proxy"), "{error:?}");
    // Plain HTTP, where TLS was expected.
    let wire = Wire::start(|mut stream, _| {
        let _ = stream.read(&mut [0]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let error = refusal(&format!("https://127.0.0.1:{}", wire.port), 0).await;
    assert_eq!(error.code(), ErrorCode::Tls, "{error:?}");
    assert!(error.message().contains("handshake with the proxy"), "{error:?}");
    // A fault of its own.
    let wire = Wire::start(|mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 80]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = refusal(&format!("https://127.0.0.1:{}", wire.port), 1).await;
    assert_eq!((error.code(), wire.accepted()), (ErrorCode::Network, 2), "{error:?}");
    assert!(error.message().contains("handshake with the proxy broke off"), "{error:?}");
    let wire = Wire::start(|mut stream, _| {
        let _ = request(&mut stream);
        std::thread::sleep(Duration::from_secs(5));
    });
    let error = refusal(&format!("http://127.0.0.1:{}", wire.port), 0).await;
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(Phase::Connect)), "{error:?}");
    assert!(error.message().contains("go through a proxy"), "{error:?}");
}

async fn refusal(proxy: &str, max_retries: u64) -> Error {
    let client = Client::builder(PARTNER_ID, KEY)
        .base_url("https://smile.invalid")
        .proxy(proxy)
        .connect_timeout(Duration::from_millis(1500))
        .max_retries(max_retries)
        .build()
        .unwrap();
    client.get_job_status("u", "j").await.unwrap_err()
}

#[tokio::test]
async fn one_tunnel_carries_one_query_after_another_and_ends_with_the_client() {
    let made = certificate(&["smile.invalid"]);
    let bundle = Bundle::new("tunnel", &made.cert.pem());
    let config = server_config(&made, &[]);
    let (ends, ended) = mpsc::channel();
    // The proxy is the server as well: what is in the tunnel is between the client and smile.invalid.
    let wire = Wire::start(move |mut stream, _| {
        assert!(request(&mut stream).unwrap().starts_with("CONNECT smile.invalid:443 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let inside = ServerConnection::new(Arc::clone(&config)).unwrap();
        answer_all(&mut StreamOwned::new(inside, stream));
        ends.send(()).unwrap();
    });
    let client = Client::builder(PARTNER_ID, KEY)
        .base_url("https://smile.invalid")
        .proxy(format!("http://127.0.0.1:{}", wire.port))
        .ca_bundle(&bundle.0)
        .max_retries(0)
        .build()
        .unwrap();
    for _ in 0..5 {
        assert!(client.get_job_status("u", "j").await.unwrap().job_complete());
    }
    assert_eq!(wire.accepted(), 1);
    client.close();
    let waited = tokio::task::spawn_blocking(move || ended.recv_timeout(Duration::from_secs(10)));
    waited.await.unwrap().expect("closing the client closes its tunnels");
}

/// Asks with no other proxy variables than these.
fn ask_with(environment: &[(&str, &str)], trust_env: bool) -> Value {
    let names =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];
    let args = json!({
        "partner_id": PARTNER_ID, "api_key": KEY, "base_url": "https://smile.invalid", "max_retries": 0,
        "trust_env": trust_env, "user_id": "u", "job_id": "j",
    });
    play(environment, &names, &json!({ "what": "get_job_status", "args": args }))
}

#[test]
fn the_environments_proxy_is_used_unless_it_says_or_is_told_otherwise() {
    for (name, no_proxy, trust_env, is_used) in [
        ("HTTPS_PROXY", "", true, true),
        ("https_proxy", "other.invalid", true, true),
        ("ALL_PROXY", "", true, true),
        // Nothing is asked over plain http but this machine.
        ("HTTP_PROXY", "", true, false),
        ("HTTPS_PROXY", "", false, false),
        ("HTTPS_PROXY", ".smile.invalid", true, false),
        ("HTTPS_PROXY", "*", true, false),
    ] {
        let (wire, asked) = proxy();
        let url = format!("http://127.0.0.1:{}", wire.port);
        let outcome = ask_with(&[(name, &url), ("NO_PROXY", no_proxy)], trust_env);
        // Either the proxy refuses, or nobody has that name: where no name server can be reached, that takes longer to find out.
        assert!(is_unreachable(&outcome), "{outcome}");
        assert_eq!(wire.accepted() > 0, is_used, "{name}, NO_PROXY={no_proxy}, trust_env={trust_env}");
        if is_used {
            assert!(tunnel(&asked).starts_with("connect smile.invalid:443 "));
        }
    }
}

fn is_unreachable(outcome: &Value) -> bool {
    outcome["error"]["code"] == "connect" || outcome["error"]["phase"] == "connect"
}

#[test]
fn what_is_no_http_proxy_in_the_environment_is_named_before_anything_is_asked() {
    for (name, value) in [
        ("ALL_PROXY", "socks4://127.0.0.1:1"),
        ("all_proxy", "socks5h://127.0.0.1:1"),
        ("HTTPS_PROXY", "SOCKS5://127.0.0.1:1"),
        ("https_proxy", "ftp://127.0.0.1:1"),
        ("HTTPS_PROXY", "'http://127.0.0.1:1'"),
        ("HTTPS_PROXY", "http:/127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:99999"),
        ("HTTPS_PROXY", "http://user:pass word@127.0.0.1:1"),
    ] {
        // The one that is asked first counts.
        let fallback = if name.eq_ignore_ascii_case("ALL_PROXY") { "HTTP_PROXY" } else { "ALL_PROXY" };
        let variables = [(name, value), (fallback, "http://127.0.0.1:1")];
        let outcome = ask_with(&variables, true);
        let error = &outcome["error"];
        assert_eq!((&error["code"], &error["argument"]), (&json!("invalid_argument"), &json!("proxy")), "{value}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("{name} is not")) && !message.contains("127.0.0.1"), "{message}");
        for (no_proxy, trust_env) in [("", false), ("smile.invalid", true)] {
            let outcome = ask_with(&[variables[0], variables[1], ("NO_PROXY", no_proxy)], trust_env);
            assert!(is_unreachable(&outcome), "{outcome}");
        }
    }
}

#[test]
fn white_space_around_the_environments_proxy_does_not_matter() {
    for around in ["{}\n", " {}", "\t{} \r\n"] {
        let (wire, asked) = proxy();
        let value = around.replace("{}", &format!("http://user:word@127.0.0.1:{}", wire.port));
        let outcome = ask_with(&[("HTTPS_PROXY", &value), ("NO_PROXY", "other.invalid")], true);
        assert_eq!(outcome["error"]["code"], "connect", "{outcome}");
        assert!(tunnel(&asked).contains("proxy-authorization: basic dxnlcjp3b3jk\r\n"));
    }
}
