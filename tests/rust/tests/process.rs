//! The process slot that Python and C stand on, and what the environment may and may not change.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/play.rs"]
mod play;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use play::play;
use serde_json::json;
use smileid_jobs::blocking::{ProcessClient, shutdown};
use smileid_jobs::{Client, ClientBuilder, ErrorCode};
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
    // Beside a caller that waits, it is the library's thread that would ask.
    std::thread::scope(|scope| {
        let waits = client.call(|client| client.get_job_status("u-waits", "stall").timeout(Duration::from_secs(2)));
        scope.spawn(|| waits.unwrap().wait());
        while sandbox.requests("u-waits", "stall").is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..20 {
            let call = client.call(|client| client.get_job_status("u-token", "complete")).unwrap();
            assert_eq!(call.wait_unless(&token).unwrap_err().code(), ErrorCode::Cancelled);
        }
    });
    assert!(sandbox.requests("u-token", "complete").is_empty(), "what is cancelled already asks nothing");
    let (done, ended) = mpsc::channel();
    let call = client.call(|client| client.get_job_status("u-close", "stall")).unwrap();
    call.spawn(move |result| done.send(result).unwrap()).unwrap();
    client.close();
    let error = ended.recv_timeout(Duration::from_secs(5)).unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ClientClosed);
    let refused = client.call(|client| client.get_job_status("u-close", "complete")).map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ClientClosed);
}

/// A signed answer about a job that goes on.
fn pending(partner_id: &str, api_key: &str) -> String {
    let signature = smileid_jobs::Signature::new(partner_id, api_key).unwrap();
    let pair = signature.generate_signature(None);
    json!({ "job_complete": false, "timestamp": pair.timestamp, "signature": pair.signature }).to_string()
}

/// Answers one query per connection, says that the connection stays open, and closes it a little later.
fn closing_server(answer: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = std::sync::Arc::default();
    let count = std::sync::Arc::<std::sync::atomic::AtomicUsize>::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
            stream.write_all((head + &answer).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    (url, connections)
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_not_used() {
    let (url, connections) = closing_server(pending("001", "k"));
    // Without retries, so that nothing hides a request on a dead connection.
    let client = ProcessClient::new(Client::builder("001", "k").base_url(url).max_retries(0)).unwrap();
    for asked in 1..=3 {
        client.call(|client| client.get_job_status("u", "j")).unwrap().wait().unwrap();
        assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), asked);
        std::thread::sleep(Duration::from_millis(400));
    }
}

#[test]
fn one_client_serves_its_callers_and_the_librarys_own_thread() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    for round in 0..20 {
        let user = format!("u-both-{round}");
        let (done, ended) = mpsc::channel();
        let spawned = client.call(|client| client.get_job_status(user.as_str(), "complete")).unwrap();
        spawned.spawn(move |result| done.send(result).unwrap()).unwrap();
        let waited = client.call(|client| client.get_job_status(user.as_str(), "pending-1")).unwrap();
        assert!(!waited.wait().unwrap().job_complete());
        assert!(ended.recv_timeout(Duration::from_secs(5)).unwrap().unwrap().job_complete());
    }
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let client = &client;
            scope.spawn(move || {
                for _ in 0..20 {
                    let user = format!("u-thread-{thread}");
                    let call = client.call(|client| client.get_job_status(user.as_str(), "complete")).unwrap();
                    assert!(call.wait().unwrap().job_complete());
                }
            });
        }
    });
}

/// Answers as long as a connection lives, and counts those that are open.
fn counting_server(answer: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let open = std::sync::Arc::<AtomicUsize>::default();
    let count = std::sync::Arc::clone(&open);
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count, response) = (stream.unwrap(), std::sync::Arc::clone(&count), response.clone());
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while let Ok(1..) = std::io::Read::read(&mut stream, &mut request) {
                    // The body comes last and ends with a brace.
                    if request.contains(&b'}') {
                        request.fill(0);
                        stream.write_all(response.as_bytes()).unwrap();
                    }
                }
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (url, open)
}

#[test]
fn a_closed_client_leaves_no_connection_open() {
    let (url, open) = counting_server(pending("001", "k"));
    let open = || open.load(std::sync::atomic::Ordering::SeqCst);
    let client = ProcessClient::new(Client::builder("001", "k").base_url(url)).unwrap();
    for _ in 0..2 {
        // All are begun before one of them is waited for to its end.
        let slice = Duration::from_nanos(1);
        let mut calls: Vec<_> =
            (0..8).map(|_| client.call(|client| client.get_job_status("u", "j")).unwrap()).collect();
        let early: Vec<_> = calls.iter_mut().map(|call| call.wait_for(slice).is_some()).collect();
        for (call, is_over) in calls.into_iter().zip(early) {
            assert!(is_over || !call.wait().unwrap().job_complete());
        }
        assert!(open() > 0, "connections are kept");
    }
    client.close();
    let closed = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        open() == 0
    });
    assert!(closed, "{} are open", open());
}

#[test]
fn many_jobs_go_on_while_nobody_waits_and_end_with_their_handle() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let delay = Duration::from_millis(10);
    let many = client.poll_many(|client| client.poll_many().initial_delay(delay)).unwrap();
    many.with(|many| many.add("u-many", "pending-3")).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(sandbox.requests("u-many", "pending-3").is_empty(), "nothing is asked before an outcome is wanted");
    let outcome = many.take().unwrap();
    let asked = || sandbox.requests("u-many", "pending-3").len();
    assert!((0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        asked() == 4
    }));
    assert!(outcome.wait().unwrap().unwrap().result.unwrap().job_complete());
    assert!(many.take().unwrap().wait().unwrap().is_none(), "nothing is left");
    many.with(|many| many.add("u-many", "stall")).unwrap();
    let _stalled = many.take().unwrap();
    while sandbox.requests("u-many", "stall").is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(many);
    assert!((0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        sandbox.requests("u-many", "stall").iter().all(|request| request.closed_ms.is_some())
    }));
}

#[test]
fn a_watch_ends_with_its_handle() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let delay = Duration::from_millis(5);
    let watch = client.watch(|client| client.watch_job_status("u-watch", "pending-1").initial_delay(delay)).unwrap();
    assert!(!watch.next().unwrap().wait().unwrap().unwrap().status.job_complete());
    assert!(watch.next().unwrap().wait().unwrap().unwrap().status.job_complete());
    assert!(watch.next().unwrap().wait().unwrap().is_none());
    let watch = client.watch(|client| client.watch_job_status("u-watch", "stall")).unwrap();
    let mut next = watch.next().unwrap();
    while sandbox.requests("u-watch", "stall").is_empty() {
        assert!(next.wait_for(Duration::from_millis(5)).is_none());
    }
    drop(next);
    watch.close();
    assert!((0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        sandbox.requests("u-watch", "stall").iter().all(|request| request.closed_ms.is_some())
    }));
    assert!(watch.next().unwrap().wait().unwrap().is_none(), "it is over");
}

#[test]
fn a_panic_of_ours_is_an_internal_error() {
    let sandbox = Sandbox::start().unwrap();
    let client = process_client(&sandbox);
    let ask = || client.call(|client| client.get_job_status("u-panic", "testing-panic")).unwrap();
    assert_eq!(ask().wait().unwrap_err().code(), ErrorCode::Internal);
    let (done, ended) = mpsc::channel();
    ask().spawn(move |result| done.send(result).unwrap()).unwrap();
    assert_eq!(ended.recv_timeout(Duration::from_secs(5)).unwrap().unwrap_err().code(), ErrorCode::Internal);
    let status = client.call(|client| client.get_job_status("u-panic", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete(), "the client works on");
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
    let outcome = play(&nothing_works, &[], &json!({ "what": "get_job_status", "args": args }));
    assert_eq!(outcome["status"]["job_complete"], true, "{outcome}");
}

#[test]
fn a_configured_store_without_certificates_is_refused() {
    let args = json!({ "partner_id": "001", "api_key": "apikey", "environment": "sandbox" });
    let client = json!({ "what": "client", "args": args });
    let outcome = play(&[("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nonexistent")], &[], &client);
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
        .spawn(move |result| done.send(result).unwrap())
        .unwrap();
    while sandbox.requests("u-down", "stall").is_empty() {
        std::thread::yield_now();
    }
    shutdown(Duration::from_secs(1));
    let ended = ended.recv_timeout(Duration::from_secs(5)).expect("whoever waits is told");
    assert_eq!(ended.unwrap_err().code(), ErrorCode::ClientClosed);
    let status = client.call(|client| client.get_job_status("u-down", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete());
    // Also those whose turn has not come when the thread ends.
    let (done, ended) = mpsc::channel();
    for _ in 0..100 {
        for _ in 0..10 {
            let done = done.clone();
            let call = client.call(|client| client.get_job_status("u-down", "stall")).unwrap();
            call.spawn(move |result| done.send(result).unwrap()).unwrap();
        }
        shutdown(Duration::from_secs(1));
    }
    drop(done);
    assert_eq!(ended.iter().filter(|result| result.is_err()).count(), 1000);
    leaves_nothing_open(&client, &sandbox);
}

/// A shutdown that waits for nobody leaves what a caller drives to that caller.
fn leaves_nothing_open(client: &ProcessClient, sandbox: &Sandbox) {
    let open_files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let mut before = 0;
    for round in 0..20 {
        std::thread::scope(|scope| {
            let call = client.call(|client| client.get_job_status("u-leave", "stall")).unwrap();
            let asked = sandbox.requests("u-leave", "stall").len();
            let waiting = scope.spawn(move || call.wait());
            while sandbox.requests("u-leave", "stall").len() == asked {
                std::thread::yield_now();
            }
            shutdown(Duration::ZERO);
            assert_eq!(waiting.join().unwrap().unwrap_err().code(), ErrorCode::ClientClosed);
        });
        if round == 5 {
            before = open_files();
        }
    }
    assert!(open_files() <= before + 3, "{} files are open, and {before} were", open_files());
}

#[test]
fn a_client_reads_the_machine_once() {
    // In a process of its own, as above.
    let Some(folder) = std::env::var_os("SMILEID_TEST_FOLDER").map(PathBuf::from) else {
        let folder = std::env::temp_dir().join(format!("smileid-once-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_client_reads_the_machine_once"])
            .env("SMILEID_TEST_FOLDER", &folder)
            .current_dir(&folder)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(status.success());
        return;
    };
    let sandbox = Sandbox::start().unwrap();
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write("ca.pem", certificate.cert.pem()).unwrap();
    let builder = Client::builder(sandbox.partner_id(), sandbox.api_key()).base_url(sandbox.url());
    let client = ProcessClient::new(builder.ca_bundle("ca.pem")).unwrap();
    // As for a daemon, whose directory is the root, and whose files may be gone.
    std::env::set_current_dir(std::env::temp_dir()).unwrap();
    std::fs::remove_file(folder.join("ca.pem")).unwrap();
    shutdown(Duration::from_secs(1));
    let status = client.call(|client| client.get_job_status("u-once", "complete")).unwrap().wait().unwrap();
    assert!(status.job_complete());
}

/// What the environment names, and what an explicit setting makes of it.
#[test]
fn an_explicit_server_wins_over_the_environments() {
    let own = std::env::current_exe().unwrap();
    let Some(expected) = std::env::var_os("SMILEID_TEST_SERVERS") else {
        for (variable, value, expected) in [
            ("SMILEID_ENVIRONMENT", "sandbox", "https://testapi.smileidentity.com"),
            ("SMILEID_ENVIRONMENT", "production", "https://api.smileidentity.com"),
            ("SMILEID_BASE_URL", "https://gateway.example/smile", "https://gateway.example"),
        ] {
            let status = Command::new(&own)
                .args(["--exact", "an_explicit_server_wins_over_the_environments"])
                .env_remove("SMILEID_ENVIRONMENT")
                .env_remove("SMILEID_BASE_URL")
                .envs([("SMILEID_PARTNER_ID", "001"), ("SMILEID_API_KEY", "apikey"), (variable, value)])
                .env("SMILEID_TEST_SERVERS", expected)
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "{variable}={value}");
        }
        return;
    };
    let server =
        |builder: ClientBuilder| Ok::<_, smileid_jobs::Error>(ProcessClient::new(builder)?.server().to_owned());
    assert_eq!(server(ClientBuilder::from_env()).unwrap(), expected.into_string().unwrap());
    let other = ClientBuilder::from_env().environment("production");
    assert_eq!(server(other).unwrap(), "https://api.smileidentity.com");
    let other = ClientBuilder::from_env().base_url("http://127.0.0.1:9");
    assert_eq!(server(other.clone()).unwrap(), "http://127.0.0.1:9");
    assert_eq!(server(other.environment("sandbox")).unwrap_err().argument(), Some("environment"));
    // As the bindings do it.
    let later = ClientBuilder::empty().base_url("http://127.0.0.1:9").or_env();
    assert_eq!(server(later).unwrap(), "http://127.0.0.1:9");
}
