//! Connections: kept, shared, many; and the log of what came over them.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use smileid_jobs_sandbox::Sandbox;

use crate::client::{Client, call, query, story};

#[test]
fn a_connection_serves_many_requests() {
    let sandbox = Sandbox::start().unwrap();
    let mut client = Client::connect(&sandbox);
    for n in 1..=50 {
        let answer = client.ask(&query("u", "pending-49"));
        assert_eq!(answer.header("connection"), None);
        assert_eq!(answer.json()["job_complete"], n == 50);
    }
    client.post("/_sandbox/jobs", "{");
    assert_eq!(client.response().status, 400);
    client.post("/v1/job_status", "{");
    assert_eq!(client.response().status, 400);
    assert_eq!(client.ask(&query("v", "complete")).status, 200, "errors keep it open too");
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([{"delay_ms": 5}, {"complete": "approved"}]));
    let mut client = Client::connect(&sandbox);
    client.post("/v1/job_status", &query("u", "j").to_string());
    client.post("/v1/job_status", &query("u", "j").to_string());
    assert_eq!(client.response().json()["job_complete"], false);
    assert_eq!(client.response().json()["job_complete"], true);
}

#[test]
fn a_client_that_wants_to_close_is_let_go() {
    let sandbox = Sandbox::start().unwrap();
    let body = query("u", "complete").to_string();
    for head in ["POST /v1/job_status HTTP/1.1\r\nConnection: close\r\n", "POST /v1/job_status HTTP/1.0\r\n"] {
        let mut client = Client::connect(&sandbox);
        client.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(client.response().header("connection"), Some("close"));
        assert!(client.rest().is_empty());
    }
}

#[test]
fn requests_may_come_in_pieces_chunks_or_after_a_100() {
    let sandbox = Sandbox::start().unwrap();
    let body = query("u", "complete").to_string();
    let mut client = Client::connect(&sandbox);
    let whole = format!("POST /v1/job_status HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for piece in whole.as_bytes().chunks(7) {
        client.send(piece);
    }
    assert_eq!(client.response().status, 200);

    let (first, second) = body.split_at(20);
    client.send("POST /v1/job_status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(format!("{:x}\r\n{first}\r\n", first.len()));
    client.send(format!("{:x};ext=1\r\n{second}\r\n0\r\nTrailer: x\r\n\r\n", second.len()));
    assert_eq!(client.response().status, 200);

    client.send(format!(
        "POST /v1/job_status HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    assert_eq!(client.head().status, 100);
    client.send(&body);
    assert_eq!(client.response().status, 200);
}

#[test]
fn three_hundred_connections_at_once() {
    let sandbox = Sandbox::start().unwrap();
    let together = Barrier::new(300);
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..300 {
            let (sandbox, together) = (&sandbox, &together);
            scope.spawn(move || {
                let mut client = Client::connect(sandbox);
                together.wait();
                let user = format!("u{number}");
                assert_eq!(client.ask(&query(&user, "pending-1")).json()["job_complete"], false);
                assert_eq!(client.ask(&query(&user, "pending-1")).json()["job_complete"], true);
            });
        }
    });
    assert_eq!(sandbox.log().len(), 600);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_log_over_http_is_the_log_of_the_library() {
    let sandbox = Sandbox::start().unwrap();
    let user = "u 1&é";
    let mut client = Client::connect(&sandbox);
    let asked = query(user, "flaky-503-1");
    client.ask(&asked);
    client.ask(&query(user, "flaky-503-1"));
    client.ask(&query("other", "complete"));
    client.post("/v1/job_status", "not json");
    client.response();

    let listing = |filter: &str| call(&sandbox, "GET", &format!("/_sandbox/requests{filter}"), "").json();
    let job = listing("?user_id=u+1%26%C3%A9&job_id=flaky-503-1");
    assert_eq!((&job["count"], &job["open"]), (&json!(2), &json!(0)));
    let first = &job["requests"][0];
    assert_eq!(first["n"], 1);
    assert_eq!(first["method"], "POST");
    assert_eq!(first["path"], "/v1/job_status");
    assert_eq!(first["headers"]["host"], "sandbox");
    assert_eq!(first["body"], asked);
    assert_eq!(first["verdict"], "accepted");
    assert_eq!(first["status"], 503);
    assert!(first["at_ms"].as_f64() <= first["answered_ms"].as_f64());
    assert!(first["closed_ms"].is_null());
    assert!(first["answered_ms"].as_f64() <= job["requests"][1]["at_ms"].as_f64());
    assert_eq!(serde_json::to_value(sandbox.requests(user, "flaky-503-1")).unwrap(), job["requests"]);

    assert_eq!(listing("?user_id=other")["count"], 1);
    let all = listing("");
    assert_eq!(all["count"], 4);
    assert_eq!(all["requests"][3]["body"], "not json");
    assert_eq!(all["requests"][3]["n"], 0);
    assert_eq!(serde_json::to_value(sandbox.log()).unwrap(), all["requests"]);
}

#[test]
fn own_endpoints_refuse_what_they_do_not_know() {
    let sandbox = Sandbox::start().unwrap();
    assert_eq!(call(&sandbox, "PUT", "/_sandbox/jobs", "").status, 405);
    assert_eq!(call(&sandbox, "GET", "/_sandbox/other", "").status, 404);
    assert!(sandbox.log().is_empty(), "its own endpoints are not logged");
}

#[test]
fn stopping_frees_the_port_and_ends_open_requests() {
    let sandbox = Sandbox::start().unwrap();
    let port = sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut client = Client::connect(&sandbox);
    client.post("/v1/job_status", &query("u", "stall").to_string());
    crate::client::wait_for(&sandbox, "u", "stall", |records| records.len() == 1);
    drop(sandbox);
    assert!(client.rest().is_empty());
    drop(client);
    let again = Sandbox::builder().port(port).start().unwrap();
    assert_eq!(call(&again, "GET", "/_sandbox/requests", "").json()["count"], 0);
    let taken = Sandbox::builder().port(port).start();
    assert!(taken.err().unwrap().to_string().contains("cannot listen"));
}

#[test]
fn only_loopback_unless_told_otherwise() {
    let any = std::net::IpAddr::from([0, 0, 0, 0]);
    let refused = Sandbox::builder().host(any).start().err().unwrap();
    assert!(refused.to_string().contains("loopback"));
    let sandbox = Sandbox::builder().host(any).allow_remote(true).start().unwrap();
    assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    assert!(Sandbox::builder().api_key("").start().is_err());
    assert!(Sandbox::builder().partner_id("").start().is_err());
}
