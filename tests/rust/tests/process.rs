//! The process slot that Python and C stand on, and what the environment may and may not change.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::blocking::{ProcessClient, shutdown};
use smileid_jobs::{Client, ErrorCode};
use smileid_jobs_sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

fn process_client(sandbox: &Sandbox) -> ProcessClient {
    ProcessClient::new(Client::builder(sandbox.partner_id(), sandbox.api_key()).base_url(sandbox.url())).unwrap()
}

#[test]
fn a_thread_without_a_runtime_can_ask() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let status = client.call(|client| client.get_job_status("u-sync", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete());
}

#[test]
fn a_call_is_waited_for_in_slices_and_dropped_in_between() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let mut call = client.call(|client| client.get_job_status("u-slices", "stall")).unwrap();
    assert!(call.wait_for(Duration::from_millis(20)).is_none());
    while sandbox.requests("u-slices", "stall").is_empty() {
        assert!(call.wait_for(Duration::from_millis(5)).is_none());
    }
    drop(call);
    let closed = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        sandbox.requests("u-slices", "stall").iter().all(|request| request.closed_ms.is_some())
    });
    assert!(closed, "the sandbox sees the connection close");
}

#[test]
fn a_token_cancels_and_close_ends_calls() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let token = CancellationToken::new();
    let call = client.call(|client| client.get_job_status("u-token", "stall")).unwrap();
    let canceller = token.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || canceller.cancel());
        assert_eq!(call.wait_unless(&token).unwrap_err().code(), ErrorCode::Cancelled);
    });
    let (done, ended) = mpsc::channel();
    let call = client.call(|client| client.get_job_status("u-close", "stall")).unwrap();
    call.spawn(move |result| done.send(result).unwrap());
    client.close();
    let error = ended.recv_timeout(Duration::from_secs(5)).unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ClientClosed);
    let refused = client.call(|client| client.get_job_status("u-close", "complete")).map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ClientClosed);
}

#[test]
fn a_panic_of_ours_is_an_internal_error() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let ask = || client.call(|client| client.get_job_status("u-panic", "testing-panic")).unwrap();
    assert_eq!(ask().wait().unwrap_err().code(), ErrorCode::Internal);
    let (done, ended) = mpsc::channel();
    ask().spawn(move |result| done.send(result).unwrap());
    assert_eq!(ended.recv_timeout(Duration::from_secs(5)).unwrap().unwrap_err().code(), ErrorCode::Internal);
    let status = client.call(|client| client.get_job_status("u-panic", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete(), "the client works on");
}

/// Plays one case in a process of its own, so that its environment is its own too.
fn play(environment: &[(&str, &str)], play: &Value) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_drive-cases"))
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{play}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&line).unwrap()
}

#[test]
fn the_sandbox_is_reached_without_ca_files_and_behind_a_proxy() {
    let sandbox = Sandbox::start().unwrap();
    let nothing_works = [
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
    ];
    let args = json!({
        "partner_id": sandbox.partner_id(), "api_key": sandbox.api_key(), "base_url": sandbox.url(),
        "user_id": "u-env", "job_id": "complete",
    });
    let outcome = play(&nothing_works, &json!({ "what": "get_job_status", "args": args }));
    assert_eq!(outcome["status"]["job_complete"], true, "{outcome}");
}

#[test]
fn a_configured_store_without_certificates_is_refused() {
    let args = json!({ "partner_id": "001", "api_key": "apikey", "environment": "sandbox" });
    let client = json!({ "what": "client", "args": args });
    let outcome = play(&[("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nonexistent")], &client);
    assert_eq!(outcome["error"]["code"], "invalid_argument", "{outcome}");
    assert_eq!(outcome["error"]["argument"], "ca_bundle");
}

#[test]
fn a_call_after_shutdown_starts_anew() {
    // In a process of its own, this would end the calls of the tests beside it.
    if std::env::var_os("SMILEID_TEST_SHUTDOWN").is_none() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_call_after_shutdown_starts_anew"])
            .env("SMILEID_TEST_SHUTDOWN", "1")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let (done, ended) = mpsc::channel();
    client
        .call(|client| client.get_job_status("u-down", "stall"))
        .unwrap()
        .spawn(move |result| done.send(result).unwrap());
    while sandbox.requests("u-down", "stall").is_empty() {
        std::thread::yield_now();
    }
    shutdown(Duration::from_secs(1));
    // The runtime may be gone before the call's end is handed over; what counts is that nothing hangs.
    let _ = ended.recv_timeout(Duration::from_secs(5));
    let status = client.call(|client| client.get_job_status("u-down", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete());
}
