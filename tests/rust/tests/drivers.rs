//! What a client keeps per event loop and per runtime, and for how long.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
mod wire;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use smileid_jobs::blocking::{ProcessClient, event_loop};
use smileid_jobs::driver::event_loop::EventLoop;
use smileid_jobs::{Client, ErrorCode, Phase};
use wire::{KEY, PARTNER_ID, Wire, answer_all};

const PATIENCE: Duration = Duration::from_secs(20);

fn ask_in(event_loop: &Arc<EventLoop>, client: &ProcessClient) {
    let (tells, told) = mpsc::channel();
    let call = client.call(|client| client.get_job_status("u", "j")).unwrap();
    let _running = call.start_in(event_loop, move |result| tells.send(result).unwrap()).unwrap();
    let patience = Instant::now() + PATIENCE;
    loop {
        match told.try_recv() {
            Ok(ended) => return assert!(ended.unwrap().job_complete()),
            Err(_) => event_loop.turn(),
        }
        assert!(Instant::now() < patience, "nothing has happened");
    }
}

#[test]
fn each_of_many_event_loops_uses_its_own_connection_again() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = ProcessClient::new(server.client()).unwrap();
    let event_loops: Vec<_> = (0..100).map(|_| event_loop().unwrap()).collect();
    for _ in 0..3 {
        event_loops.iter().for_each(|event_loop| ask_in(event_loop, &client));
        assert_eq!(server.accepted(), event_loops.len());
    }
}

fn timers() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains("timerfd")).count()
}

#[test]
fn a_client_that_is_gone_leaves_no_timer_though_nobody_drives_its_runtime() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    for _ in 0..20 {
        let client = ProcessClient::new(server.client()).unwrap();
        assert!(client.call(|client| client.get_job_status("u", "j")).unwrap().wait().unwrap().job_complete());
        assert_eq!(timers(), 1);
        drop(client);
        assert_eq!(timers(), 0);
    }
}

#[tokio::test]
async fn a_request_whose_time_is_up_before_there_is_a_connection_says_so() {
    // Its queue is full: the system drops what else would connect.
    let full = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = full.local_addr().unwrap();
    let mut waits = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waits.push(stream);
    }
    let client = Client::builder(PARTNER_ID, KEY).base_url(format!("http://{address}"));
    let client = client.request_timeout(Duration::from_millis(300)).connect_timeout(PATIENCE).max_retries(0);
    let client = client.build().unwrap();
    let error = client.get_job_status("u", "j").await.unwrap_err();
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(Phase::Connect)));
    let error = client.get_job_status("u", "j").timeout(Duration::from_millis(100)).await.unwrap_err();
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(Phase::Overall)));
}

#[test]
fn a_slow_input_of_many_jobs_leaves_the_sockets_their_turns() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = server.client().build().unwrap();
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let input = (0..40).map(move |number| {
        std::thread::sleep(Duration::from_millis(10));
        counted.fetch_add(1, Ordering::SeqCst);
        ("u", number.to_string())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // As a task: before the future of a `block_on` the runtime always looks at its sockets.
    let consumer = async move {
        let mut outcomes = client.poll_many().stream(input);
        outcomes.next().await.unwrap().unwrap().result.unwrap();
        read.load(Ordering::SeqCst)
    };
    let read = runtime.block_on(async { tokio::spawn(consumer).await.unwrap() });
    assert!(read < 20, "{read} jobs were read before the first answer");
}
