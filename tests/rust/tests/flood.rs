//! A server that sends faster than anybody can read holds up nobody, and its answer is late all the same.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
mod wire;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smileid_jobs::blocking::ProcessClient;
use smileid_jobs::{ClientBuilder, Error, ErrorCode, JobStatus, Phase, Result};
use tokio_util::sync::CancellationToken;
use wire::{Wire, request};

const LIMIT: Duration = Duration::from_millis(500);

/// How late the end may come on a busy machine.
const LATEST: Duration = Duration::from_secs(3);

/// What is sent first, what is then sent for ever, and what the client waits for meanwhile.
const FLOODS: [(&str, &str, Phase); 3] = [
    ("", "HTTP/1.1 103 Early Hints\r\n\r\n", Phase::Response),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", Phase::Body),
    // Parts that are none: zeroes before a part's length.
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0000000000", Phase::Body),
];

/// One flood at a time: each takes all that a processor gives.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn flooding(first: &'static str, unit: &'static str) -> Wire {
    Wire::start(move |mut stream, _| {
        let much = unit.repeat((1 << 20) / unit.len());
        if request(&mut stream).is_some() && stream.write_all(first.as_bytes()).is_ok() {
            while stream.write_all(much.as_bytes()).is_ok() {}
        }
    })
}

fn client(server: &Wire) -> ClientBuilder {
    server.client().max_retries(0).request_timeout(LIMIT).max_response_bytes(1 << 30)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn check(ended: Result<JobStatus>, took: Duration, phase: Phase) {
    let error: Error = ended.unwrap_err();
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(phase)));
    assert!((LIMIT..LATEST).contains(&took), "{phase:?}: {took:?}");
}

/// Counts its turns, one every few ms.
async fn tick(ticks: Arc<AtomicUsize>) {
    loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        ticks.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_runtime_of_one_thread_keeps_the_limit_and_serves_its_other_tasks() {
    let _alone = alone();
    for (first, unit, phase) in FLOODS {
        let server = flooding(first, unit);
        for is_spawned in [false, true] {
            let client = client(&server).build().unwrap();
            let asked = async move {
                let began_at = Instant::now();
                let ended = client.get_job_status("u", "j").await;
                (ended, began_at.elapsed())
            };
            let ticks = Arc::new(AtomicUsize::new(0));
            let (ended, took) = runtime().block_on(async {
                tokio::spawn(tick(Arc::clone(&ticks)));
                if is_spawned { tokio::spawn(asked).await.unwrap() } else { asked.await }
            });
            check(ended, took, phase);
            assert!(ticks.load(Ordering::Relaxed) >= 1, "{phase:?}: {ticks:?}");
        }
    }
}

#[test]
fn a_waiting_caller_is_told_in_time_whichever_thread_drives_its_call() {
    let _alone = alone();
    for (first, unit, phase) in FLOODS {
        let server = flooding(first, unit);
        let client = ProcessClient::new(client(&server)).unwrap();
        let call = || client.call(|client| client.get_job_status("u", "j")).unwrap();
        // The first is driven by its own thread, and those beside it by the library's.
        std::thread::scope(|scope| {
            for beside in 0..2 {
                let call = call();
                std::thread::sleep(Duration::from_millis(20) * beside);
                scope.spawn(move || {
                    let began_at = Instant::now();
                    check(call.wait(), began_at.elapsed(), phase);
                });
            }
        });
    }
}

#[test]
fn a_waiting_caller_can_stop_waiting() {
    let _alone = alone();
    for (first, unit, _) in FLOODS {
        let server = flooding(first, unit);
        let client = ProcessClient::new(client(&server).request_timeout(Duration::from_secs(60))).unwrap();
        let mut call = client.call(|client| client.get_job_status("u", "j")).unwrap();
        let began_at = Instant::now();
        assert!(call.wait_for(LIMIT / 5).is_none());
        assert!(began_at.elapsed() < LATEST, "{:?}", began_at.elapsed());
        let cancel = CancellationToken::new();
        let cancels = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(LIMIT / 5);
            cancels.cancel();
        });
        let began_at = Instant::now();
        assert_eq!(call.wait_unless(&cancel).unwrap_err().code(), ErrorCode::Cancelled);
        assert!(began_at.elapsed() < LATEST, "{:?}", began_at.elapsed());
    }
}

#[cfg(unix)]
mod hosted {
    use std::sync::mpsc::{self, Receiver};

    use mio::unix::SourceFd;
    use mio::{Events, Interest, Token};
    use smileid_jobs::background::Running;
    use smileid_jobs::blocking::event_loop;
    use smileid_jobs::driver::event_loop::EventLoop;

    use super::*;

    /// A host's loop that does nothing else.
    struct Host {
        event_loop: Arc<EventLoop>,
        poll: mio::Poll,
        turns: usize,
        /// The longest that a turn has taken.
        longest: Duration,
    }

    impl Host {
        fn new() -> Self {
            let (event_loop, poll) = (event_loop().unwrap(), mio::Poll::new().unwrap());
            poll.registry().register(&mut SourceFd(&event_loop.fd()), Token(0), Interest::READABLE).unwrap();
            Self { event_loop, poll, turns: 0, longest: Duration::ZERO }
        }

        fn start(&self, client: &ProcessClient) -> (Running, Receiver<Result<JobStatus>>) {
            let (tells, told) = mpsc::channel();
            let call = client.call(|client| client.get_job_status("u", "j")).unwrap();
            (call.start_in(&self.event_loop, move |result| drop(tells.send(result))).unwrap(), told)
        }

        fn turn(&mut self) {
            let mut events = Events::with_capacity(1);
            self.poll.poll(&mut events, Some(Duration::from_millis(5))).unwrap();
            if !events.is_empty() {
                let began_at = Instant::now();
                self.event_loop.turn();
                self.turns += 1;
                self.longest = self.longest.max(began_at.elapsed());
            }
        }
    }

    #[test]
    fn an_event_loop_keeps_the_limit_and_goes_on_meanwhile() {
        let _alone = alone();
        for (first, unit, phase) in FLOODS {
            let server = flooding(first, unit);
            let (client, mut host) = (ProcessClient::new(client(&server)).unwrap(), Host::new());
            let began_at = Instant::now();
            let (_, told) = host.start(&client);
            let ended = loop {
                match told.try_recv() {
                    Ok(ended) => break ended,
                    Err(_) => host.turn(),
                }
            };
            check(ended, began_at.elapsed(), phase);
            assert!(host.turns >= 4 && host.longest < LIMIT, "{phase:?}: {} {:?}", host.turns, host.longest);
        }
    }

    #[test]
    fn an_event_loop_can_give_a_call_up() {
        let _alone = alone();
        for (first, unit, _) in FLOODS {
            let server = flooding(first, unit);
            let client = client(&server).request_timeout(Duration::from_secs(60));
            let (client, mut host) = (ProcessClient::new(client).unwrap(), Host::new());
            let ((aborted, _), (_, told)) = (host.start(&client), host.start(&client));
            let began_at = Instant::now();
            while began_at.elapsed() < LIMIT / 5 {
                host.turn();
            }
            aborted.abort();
            client.close();
            let ended = loop {
                match told.try_recv() {
                    Ok(ended) => break ended,
                    Err(_) => host.turn(),
                }
            };
            assert_eq!(ended.unwrap_err().code(), ErrorCode::ClientClosed);
            assert!(began_at.elapsed() < LATEST, "{:?}", began_at.elapsed());
        }
    }
}
