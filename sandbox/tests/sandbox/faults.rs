//! Each fault, byte by byte.

use std::io::{ErrorKind, Read as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smileid_jobs_sandbox::Sandbox;

use crate::client::{Client, ask, query, story};

/// A sandbox with one job, and a client that has just asked for it.
fn asked(answer: Value) -> (Sandbox, Client) {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([answer]));
    let mut client = Client::connect(&sandbox);
    client.post("/v1/job_status", &query("u", "j").to_string());
    (sandbox, client)
}

#[test]
fn truncate_promises_all_sends_half_and_closes() {
    let (sandbox, mut client) = asked(json!({"complete": "approved", "truncate": true}));
    let head = client.head();
    let body = client.rest();
    assert_eq!(body.len(), head.declared() / 2);
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    let record = &sandbox.requests("u", "j")[0];
    assert!(record.answered_ms.is_some() && record.status == Some(200));
}

#[test]
fn truncate_leaves_a_chunked_body_without_its_end() {
    let (_sandbox, mut client) = asked(json!({"complete": "approved", "truncate": true, "chunked": true}));
    assert_eq!(client.head().header("transfer-encoding"), Some("chunked"));
    let body = client.rest();
    assert!(!body.is_empty() && !body.ends_with(b"0\r\n\r\n"));
}

#[test]
fn reset_answers_nothing_and_resets() {
    let (sandbox, mut client) = asked(json!({"reset": true}));
    let error = client.stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let record = &sandbox.requests("u", "j")[0];
    assert!(record.answered_ms.is_some() && record.status.is_none());
}

#[test]
fn reset_can_strike_in_mid_body() {
    let (_sandbox, mut client) = asked(json!({"complete": "approved", "truncate": true, "reset": true}));
    let mut buffer = [0; 4096];
    // The first half may be read before the reset overtakes it.
    let error = loop {
        match client.stream.read(&mut buffer) {
            Ok(length) => assert!(length > 0, "closed politely"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn stalled_headers_send_nothing() {
    let (sandbox, client) = asked(json!({"complete": "approved", "stall": "headers"}));
    crate::client::wait_for(&sandbox, "u", "j", |records| records.len() == 1);
    client.stream.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
    let error = (&client.stream).read(&mut [0; 1]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    let record = &sandbox.requests("u", "j")[0];
    assert!(record.is_open() && record.status.is_none());
}

#[test]
fn a_stalled_body_stops_half_way() {
    let (sandbox, mut client) = asked(json!({"complete": "approved", "stall": "body"}));
    let half = client.head().declared() / 2;
    client.take(half);
    client.stream.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
    let error = client.stream.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    let record = &sandbox.requests("u", "j")[0];
    assert!(record.is_open() && record.status == Some(200));
}

#[test]
fn size_pads_a_body_that_stays_valid() {
    for size in [10, 5_000, 300_000] {
        let (_sandbox, mut client) = asked(json!({"complete": "approved", "size": size}));
        let response = client.response();
        let body = response.json();
        assert_eq!(body["job_complete"], true);
        assert!(response.body.len() >= size && response.body.len() < size + 2_000, "{size}");
    }
    let (_sandbox, mut client) = asked(json!({"body_text": "[1]", "size": 1_000}));
    assert_eq!(client.response().json(), json!([1]));
}

#[test]
fn huge_bodies_are_streamed_whole() {
    let size = 40 * 1024 * 1024;
    let (sandbox, mut client) = asked(json!({"complete": "approved", "size": size}));
    let declared = client.head().declared();
    assert!(declared >= size);
    let mut left = declared;
    while left > 0 {
        let piece = left.min(1024 * 1024);
        client.take(piece);
        left -= piece;
    }
    assert!(sandbox.requests("u", "j")[0].answered_ms.is_some());
}

#[test]
fn chunked_bodies_come_in_several_chunks() {
    for size in [0, 200_000] {
        let (_sandbox, mut client) = asked(json!({"complete": "approved", "chunked": true, "size": size}));
        let (response, chunks) = client.response_in_chunks();
        assert_eq!(response.json()["job_complete"], true);
        assert!(chunks > 1);
        assert_eq!(response.header("content-length"), None);
    }
}

#[test]
fn gzip_bodies_unpack_to_the_answer() {
    for chunked in [false, true] {
        let (_sandbox, mut client) =
            asked(json!({"complete": "approved", "gzip": true, "chunked": chunked, "size": 1_000_000}));
        let response = if chunked { client.response_in_chunks().0 } else { client.response() };
        assert_eq!(response.header("content-encoding"), Some("gzip"));
        assert!(response.body.len() < 50_000);
        let mut text = String::new();
        flate2::read::GzDecoder::new(response.body.as_slice()).read_to_string(&mut text).unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["job_complete"], true);
    }
}

#[test]
fn dripping_sends_byte_after_byte() {
    let (_sandbox, mut client) = asked(json!({"body_text": "0123456789", "drip_ms": 4}));
    let start = Instant::now();
    assert_eq!(client.response().body, b"0123456789");
    assert!(start.elapsed() >= Duration::from_millis(30));
    let (_sandbox, mut client) = asked(json!({"body_text": "0123456789", "drip_ms": 1, "chunked": true}));
    assert_eq!(client.response_in_chunks().1, 10);
}

#[test]
fn a_delay_holds_the_whole_answer_back() {
    let (sandbox, mut client) = asked(json!({"complete": "approved", "delay_ms": 40}));
    assert_eq!(client.response().status, 200);
    let record = &sandbox.requests("u", "j")[0];
    let took = record.answered_ms.unwrap() - record.at_ms;
    assert!((39.0..5_000.0).contains(&took), "{took}");
}

#[test]
fn a_length_of_the_storys_own_is_sent_as_it_is() {
    let (_sandbox, mut client) = asked(json!({"body_text": "{}", "headers": {"Content-Length": "9"}}));
    assert_eq!(client.head().declared(), 9);
    assert_eq!(client.take(2), b"{}");
}

#[test]
fn a_fault_on_one_connection_leaves_the_others_alone() {
    let (sandbox, _stalled) = asked(json!({"stall": "body", "complete": "approved"}));
    assert_eq!(ask(&sandbox, &query("v", "complete")).status, 200);
}
